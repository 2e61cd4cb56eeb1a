import type { Database } from "better-sqlite3";
import type { Skipped } from "../model/index.ts";
import type { Owner } from "./activities.ts";

/** An item that could not be mapped; its raw payloads are stored under the same identity. */
export interface SkippedItem {
  readonly source: string;
  readonly account: string;
  readonly externalId: string;
  readonly code: string;
  readonly reason: string;
  readonly parserVersion: number;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  /** How many raw payloads are stored with it, and their plain size together. */
  readonly payloads: number;
  readonly bytes: number;
}

/** The `skipped_items` table. */
export class SkippedTable {
  readonly #write;
  readonly #remove;
  readonly #has;
  readonly #list;
  readonly #again;

  constructor(db: Database) {
    this.#write = db.prepare(
      `INSERT INTO skipped_items (source, account, external_id, code, reason, raw_id, parser_version, first_seen_at, last_seen_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET code = excluded.code, reason = excluded.reason, raw_id = coalesce(excluded.raw_id, raw_id),
         parser_version = excluded.parser_version, last_seen_at = excluded.last_seen_at`,
    );
    this.#remove = db.prepare(
      "DELETE FROM skipped_items WHERE source = ? AND account = ? AND external_id = ?",
    );
    this.#has = db
      .prepare("SELECT 1 FROM skipped_items WHERE source = ? AND account = ? AND external_id = ?")
      .pluck();
    this.#again = db.prepare(
      "UPDATE skipped_items SET code = ?, reason = ?, parser_version = ? WHERE source = ? AND account = ? AND external_id = ?",
    );
    this.#list = db.prepare(
      `SELECT source, account, external_id AS externalId, code, reason, parser_version AS parserVersion,
         first_seen_at AS firstSeenAt, last_seen_at AS lastSeenAt,
         (SELECT count(*) FROM item_payloads i WHERE i.source = s.source AND i.account = s.account
            AND i.external_id = s.external_id) AS payloads,
         (SELECT coalesce(sum(r.bytes), 0) FROM item_payloads i JOIN raw_payloads r ON r.id = i.raw_id
            WHERE i.source = s.source AND i.account = s.account AND i.external_id = s.external_id) AS bytes
       FROM skipped_items s ORDER BY first_seen_at, source, account, external_id`,
    );
  }

  write(owner: Owner, item: Skipped, rawId: number | null, parserVersion: number, now: string): void {
    this.#write.run(
      owner.source,
      owner.account,
      item.externalId,
      item.code,
      item.reason,
      rawId,
      parserVersion,
      now,
      now,
    );
  }

  remove(owner: Owner, externalId: string): void {
    this.#remove.run(owner.source, owner.account, externalId);
  }

  has(owner: Owner, externalId: string): boolean {
    return this.#has.get(owner.source, owner.account, externalId) !== undefined;
  }

  /** Writes down why it still cannot be mapped. */
  failedAgain(owner: Owner, externalId: string, code: string, reason: string, parserVersion: number): void {
    this.#again.run(code, reason, parserVersion, owner.source, owner.account, externalId);
  }

  list(): SkippedItem[] {
    return this.#list.all() as SkippedItem[];
  }
}
