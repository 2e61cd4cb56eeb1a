import { setImmediate as nextTurn } from "node:timers/promises";
import type { Database } from "better-sqlite3";
import { activityDigest, newSha256 } from "./digest.ts";
import { unpack } from "./payloads.ts";
import type { Store } from "./store.ts";
import { type TableCounts, tableCounts } from "./statistics.ts";

/** What `verify` found of one kind. */
export interface VerifyFinding {
  /** Stable, kebab-case. */
  readonly code: string;
  /** `damage`: bytes are not what was written (exit 7). `odd`: they are, but do not fit together (exit 3). */
  readonly severity: "damage" | "odd";
  readonly count: number;
  /** What it means, with one example. No health data. */
  readonly message: string;
}

export interface Verification {
  readonly counts: TableCounts;
  /** Raw payloads that were inflated and hashed. */
  readonly payloads: number;
  /** Activities whose digest was computed again. */
  readonly activities: number;
  readonly findings: readonly VerifyFinding[];
}

/** How far a verification is; nothing depends on it. */
export type VerifyProgress = (step: string, done: number, total: number) => void;

/** Rows between two looks at the signal. */
const TURN = 32;

interface Group {
  readonly severity: VerifyFinding["severity"];
  readonly meaning: string;
  count: number;
  example: string;
}

/** Collects findings by code: a damaged file may have thousands. */
class Findings {
  readonly #groups = new Map<string, Group>();

  add(severity: VerifyFinding["severity"], code: string, meaning: string, example: string, count = 1): void {
    const group = this.#groups.get(code);
    if (group === undefined) this.#groups.set(code, { severity, meaning, count, example });
    else group.count += count;
  }

  list(): VerifyFinding[] {
    return [...this.#groups].map(([code, { severity, meaning, count, example }]) => ({
      code,
      severity,
      count,
      message: `${meaning} (${example})`,
    }));
  }
}

/**
 * Reads the whole database and proves it: SQLite's own structure, every reference, every raw payload against its digest,
 * every activity against its digest. Changes nothing; memory stays flat; other processes may go on writing.
 *
 * `interrupted` is asked between rows; a check that cannot go on because the file is damaged becomes a finding.
 */
export async function verifyStore(
  store: Store,
  options: { readonly interrupted?: () => boolean; readonly onProgress?: VerifyProgress } = {},
): Promise<Verification> {
  const findings = new Findings();
  const { db } = store;
  const progress: VerifyProgress = options.onProgress ?? (() => undefined);
  const interrupted = options.interrupted ?? (() => false);
  let counts: TableCounts = {};
  let payloads = 0;
  let activities = 0;
  const step = async (name: string, work: () => void | Promise<void>): Promise<void> => {
    // A signal is heard only between turns of the event loop.
    await nextTurn();
    if (interrupted()) return;
    try {
      await work();
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (!code.startsWith("SQLITE_") && code !== "STORE_DAMAGED") throw error;
      findings.add("damage", "unreadable", "parts of the file cannot be read", `${name}: ${code}`);
    }
  };
  await step("integrity", () => {
    progress("integrity", 0, 1);
    for (const line of integrityErrors(db))
      findings.add("damage", "integrity", "SQLite finds the file damaged", line);
  });
  await step("counts", () => {
    counts = tableCounts(db);
  });
  await step("references", () => {
    checkReferences(db, findings);
  });
  await step("payloads", async () => {
    payloads = await checkPayloads(db, findings, interrupted, (done) =>
      progress("raw payloads", done, counts["raw_payloads"] ?? 0),
    );
  });
  await step("activities", async () => {
    activities = await checkActivities(store, findings, interrupted, (done) =>
      progress("activities", done, counts["activities"] ?? 0),
    );
  });
  return { counts, payloads, activities, findings: findings.list() };
}

/** What `PRAGMA integrity_check` (whole) or `quick_check` (without indexes) complains of; empty when sound. */
export function integrityErrors(
  db: Database,
  check: "integrity_check" | "quick_check" = "integrity_check",
): string[] {
  const lines = db.prepare(`PRAGMA ${check}(20)`).pluck().all() as string[];
  return lines.length === 1 && lines[0] === "ok" ? [] : lines;
}

/** Rows that point nowhere, by table. */
function danglingReferences(db: Database): { table: string; parent: string; count: number }[] {
  return db
    .prepare(
      `SELECT "table", parent, count(*) AS count FROM pragma_foreign_key_check GROUP BY "table", parent ORDER BY 1, 2`,
    )
    .all() as { table: string; parent: string; count: number }[];
}

/** Whether something of an item exists: an activity, another id of one, or a skipped item. */
const HAS_ITEM = `(EXISTS (SELECT 1 FROM activities a WHERE a.source = p.source AND a.account = p.account AND a.external_id = p.external_id)
  OR EXISTS (SELECT 1 FROM activity_aliases l WHERE l.source = p.source AND l.account = p.account AND l.external_id = p.external_id)
  OR EXISTS (SELECT 1 FROM skipped_items s WHERE s.source = p.source AND s.account = p.account AND s.external_id = p.external_id))`;

function checkReferences(db: Database, findings: Findings): void {
  for (const { table, parent, count } of danglingReferences(db)) {
    findings.add(
      "odd",
      "dangling-rows",
      "rows without the row they belong to",
      `${table} without ${parent}`,
      count,
    );
  }
  const count = (
    code: string,
    meaning: string,
    sql: string,
    example: (row: { source: string; external_id: string }) => string = (row) =>
      `${row.source} ${row.external_id}`,
  ): void => {
    const rows = db.prepare(`SELECT count(*) AS count, source, external_id FROM (${sql})`).get() as {
      count: number;
      source: string;
      external_id: string;
    };
    if (rows.count > 0) findings.add("odd", code, meaning, example(rows), rows.count);
  };
  count(
    "orphan-payload-links",
    "raw payloads linked to items that do not exist",
    `SELECT p.source, p.external_id FROM item_payloads p WHERE NOT ${HAS_ITEM}`,
  );
  count(
    "orphan-payloads",
    "raw payloads that belong to no item",
    `SELECT p.source, p.external_id FROM raw_payloads p WHERE NOT ${HAS_ITEM}
       AND NOT EXISTS (SELECT 1 FROM item_payloads i WHERE i.raw_id = p.id)`,
  );
  count(
    "activities-without-raw",
    "activities without the bytes they were made from",
    `SELECT p.source, p.external_id FROM activities p WHERE p.raw_id IS NULL AND NOT EXISTS
       (SELECT 1 FROM item_payloads i WHERE i.source = p.source AND i.account = p.account AND i.external_id = p.external_id)`,
  );
  count(
    "skipped-without-raw",
    "skipped items without the bytes that could be mapped later",
    `SELECT p.source, p.external_id FROM skipped_items p WHERE p.raw_id IS NULL AND NOT EXISTS
       (SELECT 1 FROM item_payloads i WHERE i.source = p.source AND i.account = p.account AND i.external_id = p.external_id)`,
  );
}

interface PayloadRow {
  readonly id: number;
  readonly sha256: Buffer;
  readonly encoding: string;
  readonly body: Buffer;
  readonly bytes: number;
  readonly source: string;
  readonly kind: string;
}

async function checkPayloads(
  db: Database,
  findings: Findings,
  interrupted: () => boolean,
  progress: (done: number) => void,
): Promise<number> {
  // One at a time: bodies may be large, and a long read would keep the write-ahead log from being cleared.
  const next = db.prepare(
    "SELECT id, sha256, encoding, body, bytes, source, kind FROM raw_payloads WHERE id > ? ORDER BY id LIMIT 1",
  );
  let done = 0;
  let row = next.get(0) as PayloadRow | undefined;
  for (; row !== undefined && !interrupted(); row = next.get(row.id) as PayloadRow | undefined) {
    const where = `raw_payloads.id ${row.id}, ${row.source} ${row.kind}`;
    try {
      const plain = unpack(row.encoding, row.body, row.bytes);
      const sha256 = newSha256().update(plain).digest();
      if (!sha256.equals(row.sha256) || plain.length !== row.bytes)
        findings.add("damage", "payload-digest", "raw payloads that are not what was stored", where);
    } catch {
      findings.add("damage", "payload-inflate", "raw payloads that do not inflate", where);
    }
    progress(++done);
    if (done % TURN === 0) await nextTurn();
  }
  return done;
}

async function checkActivities(
  store: Store,
  findings: Findings,
  interrupted: () => boolean,
  progress: (done: number) => void,
): Promise<number> {
  const next = store.db.prepare("SELECT id, digest FROM activities WHERE id > ? ORDER BY id LIMIT 1");
  let done = 0;
  let last = 0;
  // Digest and content in one snapshot: a run may be updating this very activity.
  const check = store.db.transaction((): boolean => {
    const row = next.get(last) as { id: number; digest: Buffer } | undefined;
    if (row === undefined) return false;
    last = row.id;
    const activity = store.reader.get(row.id, true);
    if (activity !== undefined && !activityDigest(activity).equals(row.digest)) {
      findings.add(
        "odd",
        "activity-digest",
        "activities that were changed by something else than fitglue",
        `activity ${row.id}`,
      );
    }
    return true;
  });
  while (!interrupted() && check.deferred()) {
    progress(++done);
    if (done % TURN === 0) await nextTurn();
  }
  return done;
}
