import { join } from "node:path";
import { onTestFinished } from "vitest";
import type {
  CommandContext,
  ConnectionHealth,
  Diagnosis,
  GlobalOptions,
} from "../../src/commands/context.ts";
import { loadSettings } from "../../src/config/settings.ts";
import { AuthError } from "../../src/errors.ts";
import type { ExitCode } from "../../src/exit-codes.ts";
import type { Provider } from "../../src/providers/types.ts";
import { acquireRunLock, openStore, type Store } from "../../src/store/index.ts";
import { tempDir } from "../temp.ts";

/** 2026-11-20T12:00:00Z, when every command test takes place. */
export const NOW = Date.UTC(2026, 10, 20, 12);

/** What a test may say about the world around a command. */
export interface FakeContextOptions {
  readonly globals?: Partial<GlobalOptions>;
  readonly terminal?: boolean;
  readonly unicode?: boolean;
  readonly providers?: readonly Provider[];
  readonly connections?: readonly ConnectionHealth[];
  readonly keychain?: Readonly<Record<"this" | "cron", string | null>>;
  readonly skewMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A context with a real database in a folder of its own, output in buffers, and logins and clock as the test says. */
export interface FakeContext extends CommandContext {
  readonly home: string;
  readonly code: () => ExitCode | undefined;
  readonly out: () => string;
  readonly err: () => string;
  /** The document on stdout. */
  readonly json: () => unknown;
}

/** A login about which nothing is wrong. */
export function login(overrides: Partial<ConnectionHealth> = {}): ConnectionHealth {
  return {
    provider: "polar",
    name: "Polar",
    account: "10579",
    storedIn: "file",
    connectedAt: Date.UTC(2026, 9, 1),
    accessExpiresAt: null,
    refreshable: false,
    loginEndsAt: null,
    missingScopes: [],
    retentionDays: 28,
    problem: null,
    ...overrides,
  };
}

export function fakeContext(options: FakeContextOptions = {}): FakeContext {
  const home = tempDir();
  const settings = loadSettings({ HOME: home, ...options.environment }, {});
  const buffers = { out: "", err: "" };
  const stream = (name: "out" | "err") => ({
    write: (text: string) => void (buffers[name] += text),
    isTTY: options.terminal === true,
    columns: 80,
  });
  let store: Store | undefined;
  let code: ExitCode | undefined;
  onTestFinished(() => store?.close());
  const diagnosis: Diagnosis = {
    connections: async () => options.connections ?? [],
    keychain: async (session) => {
      const reason = options.keychain?.[session] ?? null;
      return { reachable: reason === null, reason };
    },
    clockSkew: async () =>
      options.skewMs === undefined ? undefined : { host: "time.test", aheadMs: options.skewMs },
  };
  return {
    home,
    version: "1.2.3",
    io: {
      stdout: stream("out"),
      stderr: stream("err"),
      stdin: { isTTY: false, async *lines() {} },
      color: false,
      unicode: options.unicode ?? true,
      interactive: false,
    },
    globals: {
      db: undefined,
      json: false,
      quiet: false,
      verbose: false,
      debug: false,
      input: true,
      color: true,
      ...options.globals,
    },
    signal: new AbortController().signal,
    now: () => NOW,
    settings: () => settings,
    store: (access) =>
      (store ??= openStore(settings.databasePath, { ifMissing: access === "write" ? "create" : "empty" })),
    async locked(work) {
      store ??= openStore(settings.databasePath, { ifMissing: "create" });
      const lock = await acquireRunLock(settings.databasePath);
      try {
        return await work();
      } finally {
        lock.release();
      }
    },
    providers: async () => options.providers ?? [],
    connected: async () => [],
    connection: async () => {
      throw new AuthError("AUTH_REQUIRED", "not connected");
    },
    diagnosis: async () => diagnosis,
    healthCheck: async () => undefined,
    connections: () => {
      throw new Error("this test has no network");
    },
    prompts: () => {
      throw new Error("this test asks nothing");
    },
    browser: async () => undefined,
    exit: (value) => void (code = value),
    say: (text) => void (buffers.err += options.globals?.quiet === true ? "" : text),
    code: () => code,
    out: () => buffers.out,
    err: () => buffers.err,
    json: () => JSON.parse(buffers.out) as unknown,
  };
}

/** Where a context's configuration is. */
export function configPath(context: CommandContext, name: string): string {
  return join(context.settings().configDir, name);
}
