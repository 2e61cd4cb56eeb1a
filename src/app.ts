import type { CommandContext, Diagnosis, GlobalOptions, HealthCheck } from "./commands/context.ts";
import { type Environment, loadSettings, type Settings } from "./config/settings.ts";
import { ExitCode } from "./exit-codes.ts";
import type { Connections } from "./connections.ts";
import type { Exchange } from "./http/index.ts";
import { PROVIDER_IDS, type ProviderId } from "./model/index.ts";
import type { Io } from "./output/io.ts";
import type { Prompts } from "./output/prompt.ts";
import type { Provider } from "./providers/types.ts";
import type { openStore, Store } from "./store/store.ts";
import type { Connection } from "./sync/sync.ts";

/** What the app is built from. */
export interface AppOptions {
  readonly io: Io;
  readonly environment: Environment;
  readonly now: () => number;
  /** The package's own. */
  readonly version: string;
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
  readonly version: string;
  #settings: Settings | undefined;
  #providers: readonly Provider[] | undefined;
  #connections: Connections | undefined;
  #openStore: typeof openStore | undefined;
  #store: Store | undefined;

  constructor(options: AppOptions) {
    this.io = options.io;
    this.signal = options.signal;
    this.#environment = options.environment;
    this.#now = options.now;
    this.version = options.version;
  }

  /** Takes over the parsed global flags, and loads what every command needs but `--help` does not: the database driver. */
  async configure(globals: GlobalOptions): Promise<void> {
    this.globals = globals;
    if (!globals.color) this.io = { ...this.io, color: false };
    if (!globals.input) this.io = { ...this.io, interactive: false };
    ({ openStore: this.#openStore } = await import("./store/store.ts"));
  }

  now(): number {
    return this.#now();
  }

  settings(): Settings {
    this.#settings ??= loadSettings(this.#environment, { db: this.globals.db });
    return this.#settings;
  }

  store(access: "read" | "write"): Store {
    const { databasePath, isDatabaseFolderOwn, journalMode } = this.settings();
    if (this.#openStore === undefined) throw new Error("a command ran before the app was configured");
    this.#store ??= this.#openStore(databasePath, {
      ifMissing: access === "write" ? "create" : "empty",
      isFolderOwn: isDatabaseFolderOwn,
      journalMode,
    });
    return this.#store;
  }

  async locked<T>(work: () => Promise<T>): Promise<T> {
    // Opening first: it makes the folder, and refuses a database that must not be touched.
    this.store("write");
    const { acquireRunLock } = await import("./store/lock.ts");
    const lock = await acquireRunLock(this.settings().databasePath, { signal: this.signal });
    try {
      return await work();
    } finally {
      lock.release();
    }
  }

  /**
   * What SQLite says of the database outside a transaction, as an error of the store. Any page may turn out to be damaged when it
   * is first read, whoever reads it.
   */
  async asStoreError(error: unknown): Promise<unknown> {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("SQLITE_")) return error;
    const { asStoreError } = await import("./store/errors.ts");
    return asStoreError(error, this.settings().databasePath);
  }

  async providers(): Promise<readonly Provider[]> {
    const { createProviders } = await import("./providers/index.ts");
    this.#providers ??= createProviders(this.settings().services);
    return this.#providers;
  }

  async connected(): Promise<readonly ProviderId[]> {
    const names = await (await this.connections()).credentials.list();
    return PROVIDER_IDS.filter((id) => names.includes(id));
  }

  async connection(provider: Provider): Promise<Connection> {
    return (await this.connections()).connection(provider);
  }

  /** The network side; loaded when a command first needs it. */
  async connections(): Promise<Connections> {
    const module = await import("./connections.ts");
    this.#connections ??= new module.Connections({
      settings: this.settings(),
      environment: this.#environment,
      signal: this.signal,
      version: this.version,
      warn: (text) => this.say(`fitglue: ${text}\n`),
      onExchange: this.globals.debug
        ? (provider, exchange) => this.#tellExchange(provider, exchange)
        : undefined,
    });
    return this.#connections;
  }

  async prompts(): Promise<Prompts> {
    const { createPrompts } = await import("./output/prompt.ts");
    return createPrompts(this.io, this.signal);
  }

  async browser(): Promise<((url: string) => Promise<void>) | undefined> {
    const { canOpenBrowser, openBrowser } = await import("./auth/browser.ts");
    return canOpenBrowser(this.#environment) ? openBrowser : undefined;
  }

  async diagnosis(): Promise<Diagnosis> {
    const { createDiagnosis } = await import("./diagnosis.ts");
    return createDiagnosis({
      environment: this.#environment,
      connections: () => this.connections(),
      providers: () => this.providers(),
      now: () => this.now(),
      signal: this.signal,
    });
  }

  async healthCheck(url: string | undefined): Promise<HealthCheck | undefined> {
    const chosen = url ?? this.settings().pingUrl;
    if (chosen === undefined) return undefined;
    const { createHealthCheck } = await import("./diagnosis.ts");
    const { transport } = await this.connections();
    const name = url === undefined ? "FITGLUE_PING_URL" : "--ping";
    return createHealthCheck(name, chosen, transport, this.version, (message) => {
      if (this.globals.verbose || this.globals.debug) this.io.stderr.write(`fitglue: ${message}\n`);
    });
  }

  exit(code: ExitCode): void {
    this.exitCode = code;
  }

  say(text: string): void {
    if (!this.globals.quiet) this.io.stderr.write(text);
  }

  async close(): Promise<void> {
    this.#store?.close();
    this.#store = undefined;
    await this.#connections?.close();
  }

  #tellExchange(provider: string, exchange: Exchange): void {
    const { method, path, attempt, ms, status, bytes, error } = exchange;
    const outcome = error ?? `${status} ${bytes} bytes`;
    this.io.stderr.write(`${provider}: ${method} ${path} #${attempt}: ${outcome}, ${Math.round(ms)} ms\n`);
  }
}
