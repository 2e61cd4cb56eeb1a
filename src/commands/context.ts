import type { Connections } from "../connections.ts";
import type { Settings } from "../config/settings.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { ProviderId } from "../model/index.ts";
import type { Io } from "../output/io.ts";
import type { Prompts } from "../output/prompt.ts";
import type { Provider } from "../providers/types.ts";
import type { Store } from "../store/index.ts";
import type { Connection } from "../sync/sync.ts";

/** The flags that every command takes. */
export interface GlobalOptions {
  readonly db: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly debug: boolean;
  /** False after `--no-input`: ask nothing. */
  readonly input: boolean;
  /** False after `--no-color`. */
  readonly color: boolean;
}

/**
 * What commands work with. Everything expensive is a function and is made on first use, so that `--help` opens nothing.
 */
export interface CommandContext {
  readonly io: Io;
  /** Known once the command line is parsed. */
  readonly globals: GlobalOptions;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  now(): number;
  /** Throws `ConfigError`. */
  settings(): Settings;
  /** The database; opened once, closed by the app. For reading, a missing file is an empty database and is not made. */
  store(access: "read" | "write"): Store;
  /** Runs `work` under the run lock: one writing run at a time, others wait up to 5 s. */
  locked<T>(work: () => Promise<T>): Promise<T>;
  /** All providers, in the order in which they are asked to recognise a file. */
  providers(): Promise<readonly Provider[]>;
  /** The providers that have credentials. */
  connected(): Promise<readonly ProviderId[]>;
  /** Throws `AuthError` when not connected. */
  connection(provider: Provider): Promise<Connection>;
  /** Credentials and the network. */
  connections(): Promise<Connections>;
  /** Questions to the person; each fails with `UsageError` where nothing may be asked. */
  prompts(): Prompts;
  /** Opens a page for the person; undefined where no browser can be opened. */
  browser(): ((url: string) => Promise<void>) | undefined;
  /** What the process exits with, unless an error says otherwise. */
  exit(code: ExitCode): void;
  /** A word for stderr; nothing with `--quiet`. */
  say(text: string): void;
}
