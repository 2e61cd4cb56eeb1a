import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/store/driver.ts";
import { CredentialFile } from "../../src/auth/credential-file.ts";
import { runCli, startCli, type CliProcess, type CliResult } from "../cli.ts";
import {
  exercisePoint,
  FakeGoogle,
  type FakeGoogleOptions,
  GOOGLE_CLIENT,
  pulseOf,
  tcxDocument,
} from "../fakes/google.ts";

/** A fake Google and a private home that is connected to it, for runs of the real binary. */
export interface FitbitHome {
  readonly google: FakeGoogle;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly databasePath: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): CliProcess;
  run(...args: string[]): Promise<CliResult>;
  rows(sql: string): Record<string, unknown>[];
  close(): Promise<void>;
}

export interface FitbitHomeOptions extends FakeGoogleOptions {
  /** Unix milliseconds at which the stored access token is said to end; default in an hour. */
  readonly expiresAt?: number;
  /** False: nobody has connected yet. */
  readonly connected?: boolean;
}

export async function startFitbitHome(options: FitbitHomeOptions = {}): Promise<FitbitHome> {
  const google = await FakeGoogle.start(options);
  const home = mkdtempSync(join(tmpdir(), "fitglue-fitbit-e2e-"));
  const configDir = join(home, "config");
  const env = { ...google.env, FITGLUE_CONFIG_DIR: configDir, FITGLUE_DATA_DIR: join(home, "data") };
  const databasePath = join(home, "data", "fitglue.db");
  if (options.connected !== false) {
    const token = await google.login();
    const credentials = new CredentialFile({
      configDir,
      acquireLock: async () => ({ release: () => undefined }),
      warn: () => undefined,
    });
    await credentials.set({
      provider: "fitbit",
      account: google.healthUserId,
      clientId: GOOGLE_CLIENT.id,
      clientSecret: GOOGLE_CLIENT.secret,
      accessToken: String(token["access_token"]),
      refreshToken: String(token["refresh_token"]),
      expiresAt: options.expiresAt ?? Date.now() + 3_599_000,
      refreshTokenExpiresAt: null,
      scopes: String(token["scope"]).split(" "),
      obtainedAt: Date.now(),
      details: {},
    });
  }
  return {
    google,
    home,
    env,
    databasePath,
    start: (args, more) => startCli(args, { home, env: { ...env, ...more } }),
    run: (...args) => runCli(args, { home, env }),
    rows(sql) {
      const db = connect(databasePath, { readonly: true, fileMustExist: true });
      try {
        return db.prepare(sql).all() as Record<string, unknown>[];
      } finally {
        db.close();
      }
    },
    async close() {
      rmSync(home, { recursive: true, force: true });
      await google.close();
    },
  };
}

/** Ten minutes with a pulse and a route of a minute, so many days before now. */
export function addRun(google: FakeGoogle, id: string, daysAgo: number): void {
  const from = Math.floor(Date.now() / 86_400_000 - daysAgo) * 86_400_000 + 6 * 3_600_000;
  const point = exercisePoint({
    id,
    start: new Date(from).toISOString(),
    end: new Date(from + 600_000).toISOString(),
    offset: 3600,
    hasGps: true,
  });
  google.add({ point, tcx: tcxDocument(from, 60) }, pulseOf(from, 60));
}
