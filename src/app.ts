import type { CommandContext, GlobalOptions } from "./commands/context.ts";
import { type Environment, loadSettings, type Settings } from "./config/settings.ts";
import { AuthError } from "./errors.ts";
import { ExitCode } from "./exit-codes.ts";
import type { ProviderId } from "./model/index.ts";
import type { Io } from "./output/io.ts";
import type { Provider } from "./providers/types.ts";
import type { Store } from "./store/index.ts";
import { acquireRunLock } from "./store/lock.ts";
import { openStore } from "./store/index.ts";
import type { Connection } from "./sync/sync.ts";

/** What the app is built from. */
export interface AppOptions {
  readonly io: Io;
  readonly environment: Environment;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** The composition root: makes each expensive thing on first use, and closes what was opened. */
export class App implements CommandContext {
  io: Io;
  readonly signal: AbortSignal;
  exitCode: ExitCode = ExitCode.OK;
  globals: GlobalOptions = {
    db: undefined,
    json: false,
    quiet: false,
    verbose: false,
    debug: false,
    input: true,
    color: true,
  };
  readonly #environment: Environment;
  readonly #now: () => number;
  #settings: Settings | undefined;
  #store: Store | undefined;

  constructor(options: AppOptions) {
    this.io = options.io;
    this.signal = options.signal;
    this.#environment = options.environment;
    this.#now = options.now;
  }

  /** Takes over the parsed global flags. */
  configure(globals: GlobalOptions): void {
    this.globals = globals;
    this.io = {
      ...this.io,
      color: this.io.color && globals.color,
      interactive: this.io.interactive && globals.input,
    };
  }

  now(): number {
    return this.#now();
  }

  settings(): Settings {
    this.#settings ??= loadSettings(this.#environment, { db: this.globals.db });
    return this.#settings;
  }

  store(access: "read" | "write"): Store {
    const { databasePath, journalMode } = this.settings();
    this.#store ??= openStore(databasePath, {
      ifMissing: access === "write" ? "create" : "empty",
      journalMode,
    });
    return this.#store;
  }

  async locked<T>(work: () => Promise<T>): Promise<T> {
    // Opening first: it makes the folder, and refuses a database that must not be touched.
    this.store("write");
    const lock = await acquireRunLock(this.settings().databasePath, { signal: this.signal });
    try {
      return await work();
    } finally {
      lock.release();
    }
  }

  async providers(): Promise<readonly Provider[]> {
    const { createProviders } = await import("./providers/index.ts");
    return createProviders();
  }

  async connected(): Promise<readonly ProviderId[]> {
    return [];
  }

  async connection(provider: Provider): Promise<Connection> {
    throw new AuthError("AUTH_REQUIRED", `not connected to ${provider.name}`, {
      hint: `fitglue connect ${provider.id}`,
    });
  }

  exit(code: ExitCode): void {
    this.exitCode = code;
  }

  say(text: string): void {
    if (!this.globals.quiet) this.io.stderr.write(text);
  }

  close(): void {
    this.#store?.close();
    this.#store = undefined;
  }
}
