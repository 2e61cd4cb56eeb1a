import type { Connections } from "../connections.ts";
import type { Settings } from "../config/settings.ts";
import type { FitglueError } from "../errors.ts";
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

/** What is stored of one login, secrets aside. Instants are Unix milliseconds. */
export interface ConnectionHealth {
  readonly provider: string;
  /** For people. */
  readonly name: string;
  /** Null when the credentials cannot be read. */
  readonly account: string | null;
  /** Where the credentials are. */
  readonly storedIn: "keychain" | "file" | null;
  readonly connectedAt: number | null;
  /** When the access token ends; null when it does not, or nobody tells. */
  readonly accessExpiresAt: number | null;
  /** Whether a new access token can be had without the person. */
  readonly refreshable: boolean;
  /** When the login itself ends, whatever is done: Google's seven days for an app in Testing. Null when it does not. */
  readonly loginEndsAt: number | null;
  /** Scopes that were asked for and not granted. */
  readonly missingScopes: readonly string[];
  /** As `RemoteSource.retentionDays`. */
  readonly retentionDays: number | null;
  /** Why the credentials cannot be used. */
  readonly problem: FitglueError | null;
}

/** Whether the system's keychain answers. */
export interface KeychainHealth {
  readonly reachable: boolean;
  /** Why not; null when it is reachable. */
  readonly reason: string | null;
}

/** What watches the job from outside; see `sync --ping`. Every call resolves. */
export interface HealthCheck {
  start(): Promise<void>;
  success(report: string): Promise<void>;
  failure(report: string): Promise<void>;
}

/** What can be asked of the machine and of the logins on it. */
export interface Diagnosis {
  /** Every login, unreadable ones included. No network. */
  connections(): Promise<readonly ConnectionHealth[]>;
  /** `cron`: as a job without a D-Bus session would find it. */
  keychain(session: "this" | "cron"): Promise<KeychainHealth>;
  /** How far this clock is ahead of the first service that answers, in milliseconds; undefined when none does. */
  clockSkew(): Promise<{ readonly host: string; readonly aheadMs: number } | undefined>;
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
  prompts(): Promise<Prompts>;
  /** Opens a page for the person; undefined where no browser can be opened. */
  browser(): Promise<((url: string) => Promise<void>) | undefined>;
  diagnosis(): Promise<Diagnosis>;
  /** The package's own. */
  readonly version: string;
  /** `url`, else the configured one; undefined when there is none. Throws `ConfigError` for one that is not allowed. */
  healthCheck(url: string | undefined): Promise<HealthCheck | undefined>;
  /** What the process exits with, unless an error says otherwise. */
  exit(code: ExitCode): void;
  /** A word for stderr; nothing with `--quiet`. */
  say(text: string): void;
}
