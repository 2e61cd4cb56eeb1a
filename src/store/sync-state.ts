import type { Database } from "better-sqlite3";
import type { Bookmark, Json, Receipt } from "../model/index.ts";
import type { Owner } from "./activities.ts";

/** What is remembered of a connection between runs. Times are ISO instants, `cooldownUntil` is Unix milliseconds. */
export interface SyncState {
  readonly source: string;
  readonly account: string;
  readonly cooldownUntil: number | null;
  readonly note: string | null;
  readonly lastStartedAt: string | null;
  readonly lastSuccessAt: string | null;
  readonly lastErrorAt: string | null;
  readonly lastErrorCode: string | null;
  readonly lastError: string | null;
}

const COLUMNS = `source, account, cooldown_until AS cooldownUntil, note, last_started_at AS lastStartedAt,
  last_success_at AS lastSuccessAt, last_error_at AS lastErrorAt, last_error_code AS lastErrorCode, last_error AS lastError`;

/** The `sync_state` and `receipts` tables. */
export class SyncStateTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  bookmark(owner: Owner): Bookmark | undefined {
    const text = this.#db
      .prepare("SELECT bookmark FROM sync_state WHERE source = ? AND account = ?")
      .pluck()
      .get(owner.source, owner.account) as string | null | undefined;
    return text === null || text === undefined ? undefined : (JSON.parse(text) as Json);
  }

  setBookmark(owner: Owner, bookmark: Bookmark): void {
    this.#set(owner, { bookmark: JSON.stringify(bookmark) });
  }

  get(owner: Owner): SyncState | undefined {
    return this.#db
      .prepare(`SELECT ${COLUMNS} FROM sync_state WHERE source = ? AND account = ?`)
      .get(owner.source, owner.account) as SyncState | undefined;
  }

  all(): SyncState[] {
    return this.#db
      .prepare(`SELECT ${COLUMNS} FROM sync_state ORDER BY source, account`)
      .all() as SyncState[];
  }

  started(owner: Owner, now: string): void {
    this.#set(owner, { last_started_at: now });
  }

  succeeded(owner: Owner, now: string): void {
    this.#set(owner, {
      last_success_at: now,
      last_error_at: null,
      last_error_code: null,
      last_error: null,
      cooldown_until: null,
    });
  }

  /** `cooldownUntil`: Unix milliseconds before which the source wants no request; null leaves none. */
  failed(owner: Owner, code: string, message: string, now: string, cooldownUntil: number | null): void {
    this.#set(owner, {
      last_error_at: now,
      last_error_code: code,
      last_error: message,
      cooldown_until: cooldownUntil,
    });
  }

  setNote(owner: Owner, note: string | null): void {
    this.#set(owner, { note });
  }

  receipts(owner: Owner): Receipt[] {
    const rows = this.#db
      .prepare(
        "SELECT receipt_id AS id, data FROM receipts WHERE source = ? AND account = ? ORDER BY created_at, receipt_id",
      )
      .all(owner.source, owner.account) as { id: string; data: string }[];
    return rows.map(({ id, data }) => ({ id, data: JSON.parse(data) as Json }));
  }

  countReceipts(): number {
    return this.#db.prepare("SELECT count(*) FROM receipts").pluck().get() as number;
  }

  addReceipt(owner: Owner, receipt: Receipt, now: string): void {
    this.#db
      .prepare(
        `INSERT INTO receipts (source, account, receipt_id, data, created_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET data = excluded.data`,
      )
      .run(owner.source, owner.account, receipt.id, JSON.stringify(receipt.data), now);
  }

  removeReceipt(owner: Owner, receiptId: string): void {
    this.#db
      .prepare("DELETE FROM receipts WHERE source = ? AND account = ? AND receipt_id = ?")
      .run(owner.source, owner.account, receiptId);
  }

  #set(owner: Owner, values: Readonly<Record<string, string | number | null>>): void {
    const names = Object.keys(values);
    this.#db
      .prepare(
        `INSERT INTO sync_state (source, account, ${names.join(", ")}) VALUES (?, ?, ${names.map(() => "?").join(", ")})
         ON CONFLICT DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(", ")}`,
      )
      .run(owner.source, owner.account, ...Object.values(values));
  }
}
