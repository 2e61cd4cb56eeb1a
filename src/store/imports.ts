import type { Database } from "better-sqlite3";

/** The counts of one imported file. */
export interface ImportCounts {
  readonly activities: number;
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly samples: number;
  readonly routes: number;
}

/** The `imports` table: which files were read, and what came of it. A row that stays `running` was interrupted. */
export class ImportTable {
  readonly #start;
  readonly #finish;

  constructor(db: Database) {
    this.#start = db.prepare(
      "INSERT INTO imports (source, name, bytes, started_at, status) VALUES (?, ?, ?, ?, 'running')",
    );
    this.#finish = db.prepare(
      `UPDATE imports SET finished_at = ?, status = ?, sha256 = ?, activities = ?, added = ?, updated = ?, unchanged = ?, skipped = ?,
       samples = ?, routes = ?, warnings = ? WHERE id = ?`,
    );
  }

  /** Remembers that a file is being read. `name` is its base name. */
  start(source: string, name: string, bytes: number, now: string): number {
    return Number(this.#start.run(source, name, bytes, now).lastInsertRowid);
  }

  /** Writes down how it ended; `sha256` of the file, null for a folder. */
  finish(
    id: number,
    status: "ok" | "partial" | "failed",
    sha256: Buffer | null,
    counts: ImportCounts,
    warnings: readonly unknown[],
    now: string,
  ): void {
    this.#finish.run(
      now,
      status,
      sha256,
      counts.activities,
      counts.added,
      counts.updated,
      counts.unchanged,
      counts.skipped,
      counts.samples,
      counts.routes,
      JSON.stringify(warnings),
      id,
    );
  }
}
