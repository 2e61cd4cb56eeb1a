import type { Database } from "better-sqlite3";

/** Where exports go: the same activity may go to several folders, in several formats. */
export interface ExportTarget {
  readonly format: string;
  /** An absolute path. */
  readonly folder: string;
}

/** What was written there of an activity. */
export interface ExportRecord {
  readonly fileName: string;
  /** Whether the activity is still as it was then. */
  readonly current: boolean;
}

/** One file that is on disk. */
export interface ExportedFile {
  readonly activityId: number;
  readonly fileName: string;
}

/** The `exports` table: which activity was written to which folder, in which format, and in what state. */
export class ExportTable {
  readonly #find;
  readonly #record;

  constructor(db: Database) {
    this.#find = db.prepare(
      `SELECT e.file_name AS fileName, e.digest = a.digest AS current FROM exports e JOIN activities a ON a.id = e.activity_id
       WHERE e.activity_id = ? AND e.format = ? AND e.folder = ?`,
    );
    this.#record = db.prepare(
      `INSERT INTO exports (activity_id, format, folder, file_name, digest, exported_at)
       SELECT id, ?, ?, ?, digest, ? FROM activities WHERE id = ?
       ON CONFLICT DO UPDATE SET file_name = excluded.file_name, digest = excluded.digest, exported_at = excluded.exported_at`,
    );
  }

  /** What is remembered of an activity at a target. */
  find(activityId: number, { format, folder }: ExportTarget): ExportRecord | undefined {
    const row = this.#find.get(activityId, format, folder) as
      | { fileName: string; current: number }
      | undefined;
    return row === undefined ? undefined : { fileName: row.fileName, current: row.current === 1 };
  }

  /** Remembers files that are durable, inside the caller's transaction. */
  record(files: readonly ExportedFile[], { format, folder }: ExportTarget, now: string): void {
    for (const { activityId, fileName } of files) this.#record.run(format, folder, fileName, now, activityId);
  }
}
