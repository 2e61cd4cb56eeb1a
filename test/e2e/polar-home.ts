import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/store/driver.ts";
import { CredentialFile } from "../../src/auth/credential-file.ts";
import { runCli, startCli, type CliProcess, type CliResult } from "../cli.ts";
import { FakeAccessLink, type CommitNotice, type FakeAccessLinkOptions } from "../fakes/accesslink.ts";

/** A fake AccessLink and a private home that is connected to it, for runs of the real binary. */
export interface PolarHome {
  readonly fake: FakeAccessLink;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly databasePath: string;
  start(...args: string[]): CliProcess;
  run(...args: string[]): Promise<CliResult>;
  close(): Promise<void>;
}

export async function startPolarHome(options: FakeAccessLinkOptions = {}): Promise<PolarHome> {
  const fake = await FakeAccessLink.start({ registered: true, ...options });
  const home = mkdtempSync(join(tmpdir(), "fitglue-polar-e2e-"));
  const configDir = join(home, "config");
  const env = { ...fake.environment, FITGLUE_CONFIG_DIR: configDir, FITGLUE_DATA_DIR: join(home, "data") };
  const credentials = new CredentialFile({
    configDir,
    acquireLock: async () => ({ release: () => undefined }),
    warn: () => undefined,
  });
  await credentials.set({
    provider: "polar",
    account: String(fake.userId),
    clientId: fake.oauth.options.clientId,
    clientSecret: fake.oauth.options.clientSecret,
    accessToken: fake.authorization.replace("Bearer ", ""),
    refreshToken: null,
    expiresAt: null,
    refreshTokenExpiresAt: null,
    scopes: ["accesslink.read_all"],
    obtainedAt: Date.UTC(2026, 10, 1),
    details: { memberId: "fitglue-test" },
  });
  return {
    fake,
    home,
    env,
    databasePath: join(home, "data", "fitglue.db"),
    start: (...args) => startCli(args, { home, env }),
    run: (...args) => runCli(args, { home, env }),
    async close() {
      rmSync(home, { recursive: true, force: true });
      await fake.close();
    },
  };
}

/** Rows of the database as another process sees it now. */
export function readDatabase<T>(
  path: string,
  read: (query: (sql: string, ...values: unknown[]) => T[]) => void,
): void {
  const db = connect(path, { readonly: true, fileMustExist: true });
  try {
    read((sql, ...values) => db.prepare(sql).all(...values) as T[]);
  } finally {
    db.close();
  }
}

const VISIBLE = `
  SELECT a.id,
    (SELECT count(*) FROM samples s WHERE s.activity_id = a.id) AS samples,
    (SELECT count(*) FROM hr_zones z WHERE z.activity_id = a.id) AS zones,
    (SELECT count(*) FROM item_payloads p
      JOIN raw_payloads r ON r.id = p.raw_id
      WHERE p.external_id = a.external_id AND p.kind = 'exercise') AS payloads
  FROM activities a
  WHERE a.external_id = @id OR a.id IN (SELECT activity_id FROM activity_aliases WHERE external_id = @id)`;

interface Visible {
  readonly id: number;
  readonly samples: number;
  readonly zones: number;
  readonly payloads: number;
}

/** The samples of a `ride`: three of heart rate and three of speed at the same instants. */
const RIDE_SAMPLES = 3;

/**
 * The invariant, looked at from a second connection at the instant a commit arrives: everything that the transaction
 * holds is visible, whole, with its raw bytes. Throws what is missing.
 */
export function mustBeVisible(path: string, notice: CommitNotice): void {
  readDatabase<Visible>(path, (query) => {
    for (const id of notice.ids) {
      const rows = query(VISIBLE, { id });
      const [row] = rows;
      const whole = row?.samples === RIDE_SAMPLES && row.zones === 1 && row.payloads === 1;
      if (rows.length !== 1 || !whole) {
        throw new Error(
          `commit of ${notice.transactionId}: session ${id} is stored as ${JSON.stringify(rows)}`,
        );
      }
    }
  });
}
