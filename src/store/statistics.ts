import { existsSync, statSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { databaseExists } from "./open.ts";

/** What is stored of one account at one source. */
export interface SourceCounts {
  readonly source: string;
  readonly account: string;
  /** Those that have disappeared upstream included. */
  readonly activities: number;
  /** Marked as disappeared upstream. */
  readonly deleted: number;
  readonly skipped: number;
  readonly pendingReceipts: number;
  /** `start_time` of the newest activity. */
  readonly newestStartTime: string | null;
}

/** One row of `imports`, the newest that matters. */
export interface ImportRecord {
  readonly source: string;
  readonly name: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly status: "running" | "ok" | "partial" | "failed";
}

/** Row counts by table, in the order of the schema. */
export type TableCounts = Readonly<Record<string, number>>;

/** What is stored, by source and account; also those of which only skipped items or receipts exist. */
export function sourceCounts(db: Database): SourceCounts[] {
  return db
    .prepare(
      `WITH owners AS (
         SELECT source, account FROM activities UNION SELECT source, account FROM skipped_items
         UNION SELECT source, account FROM receipts)
       SELECT o.source, o.account,
         (SELECT count(*) FROM activities a WHERE a.source = o.source AND a.account = o.account) AS activities,
         (SELECT count(*) FROM activities a
            WHERE a.source = o.source AND a.account = o.account AND a.deleted_at IS NOT NULL) AS deleted,
         (SELECT count(*) FROM skipped_items s WHERE s.source = o.source AND s.account = o.account) AS skipped,
         (SELECT count(*) FROM receipts r WHERE r.source = o.source AND r.account = o.account) AS pendingReceipts,
         (SELECT max(start_time) FROM activities a
            WHERE a.source = o.source AND a.account = o.account) AS newestStartTime
       FROM owners o ORDER BY o.source, o.account`,
    )
    .all() as SourceCounts[];
}

/** The last import of all, and those that were cut off and not repeated since. */
export function importRecords(db: Database): { last: ImportRecord | null; interrupted: ImportRecord[] } {
  const columns = "source, name, started_at AS startedAt, finished_at AS finishedAt, status";
  return {
    last: (db.prepare(`SELECT ${columns} FROM imports ORDER BY id DESC LIMIT 1`).get() ??
      null) as ImportRecord | null,
    interrupted: db
      .prepare(
        `SELECT ${columns} FROM imports i WHERE status = 'running' AND NOT EXISTS
           (SELECT 1 FROM imports n WHERE n.id > i.id AND n.source = i.source AND n.name = i.name AND n.status <> 'running')
         ORDER BY id`,
      )
      .all() as ImportRecord[],
  };
}

/** How many rows each table has. Reads every table whole. */
export function tableCounts(db: Database): TableCounts {
  const names = db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    )
    .pluck()
    .all() as string[];
  return Object.fromEntries(
    names.map((name) => [name, db.prepare(`SELECT count(*) FROM "${name}"`).pluck().get() as number]),
  );
}

/** SQLite's own version. */
export function sqliteVersion(db: Database): string {
  return db.prepare("SELECT sqlite_version()").pluck().get() as string;
}

/** Bytes of the database with its write-ahead log; null when there is none. */
export function databaseBytes(path: string): number | null {
  if (!databaseExists(path)) return null;
  return [path, `${path}-wal`].reduce((sum, file) => sum + (existsSync(file) ? statSync(file).size : 0), 0);
}
