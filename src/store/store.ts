import type { Database } from "better-sqlite3";
import {
  type Activity,
  type Batch,
  isoInstant,
  type Json,
  type Receipt,
  type StoredActivity,
} from "../model/index.ts";
import { ActivityReader } from "./activity-reader.ts";
import { ActivityTable, type Owner, type WriteOutcome } from "./activities.ts";
import { asStoreError } from "./errors.ts";
import { ExportTable } from "./exports.ts";
import { ImportTable } from "./imports.ts";
import { type PreparedPayload, PayloadTable, type StoredPayloadRow } from "./payloads.ts";
import { type OpenOptions, openDatabase } from "./open.ts";
import {
  type ActivityFilter,
  type ActivityRow,
  type SelectableField,
  countActivities,
  selectIds,
  selectRows,
} from "./query.ts";
import { SkippedTable, type SkippedItem } from "./skipped.ts";
import { SyncStateTable } from "./sync-state.ts";

/** What one batch did. */
export interface BatchResult {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly skipped: number;
  /** Newly marked as disappeared upstream. */
  readonly deleted: number;
  /** Sample rows written. */
  readonly samples: number;
}

/** A batch with its payloads hashed and compressed: everything slow is done before the transaction. */
export interface PreparedBatch {
  readonly batch: Batch;
  readonly items: readonly (readonly PreparedPayload[])[];
  readonly skipped: readonly (readonly PreparedPayload[])[];
}

/** An activity that was made from stored payloads. */
export interface RewrittenItem {
  readonly owner: Owner;
  /** The id that the payloads are stored under: the activity's, or a skipped item's. */
  readonly externalId: string;
  readonly activity: Activity;
  /** As `Batch.mode`. */
  readonly mode: "replace" | "merge";
  readonly parserVersion: number;
  /** As `Provider.revisionKey`. */
  readonly revisionKey?: string | undefined;
}

/** Provenance of a write. */
export interface WriteOptions {
  readonly parserVersion: number;
  /** As `Provider.revisionKey`. */
  readonly revisionKey?: string | undefined;
  /** Unix milliseconds, for `created_at`, `updated_at`, `fetched_at`. */
  readonly now: number;
}

/** Opens the store at `path`; see `openDatabase` for durability, privacy and errors. */
export function openStore(path: string, options: OpenOptions): Store {
  return new Store(openDatabase(path, options), path);
}

/**
 * The database. Everything that must become durable together goes through {@link Store.write}, which is one
 * `IMMEDIATE` transaction. Errors are `StoreError`s (exit 7).
 */
export class Store {
  readonly path: string;
  readonly db: Database;
  #reader: ActivityReader | undefined;
  #activities: ActivityTable | undefined;
  #payloads: PayloadTable | undefined;
  #syncState: SyncStateTable | undefined;
  #skipped: SkippedTable | undefined;
  #imports: ImportTable | undefined;
  #exports: ExportTable | undefined;

  constructor(db: Database, path: string) {
    this.db = db;
    this.path = path;
  }

  // A table prepares its statements when it is first used: a list needs none of the twenty that write.
  get reader(): ActivityReader {
    return (this.#reader ??= new ActivityReader(this.db));
  }

  get activities(): ActivityTable {
    return (this.#activities ??= new ActivityTable(this.db, this.reader));
  }

  get payloads(): PayloadTable {
    return (this.#payloads ??= new PayloadTable(this.db));
  }

  get syncState(): SyncStateTable {
    return (this.#syncState ??= new SyncStateTable(this.db));
  }

  get skipped(): SkippedTable {
    return (this.#skipped ??= new SkippedTable(this.db));
  }

  get imports(): ImportTable {
    return (this.#imports ??= new ImportTable(this.db));
  }

  get exports(): ExportTable {
    return (this.#exports ??= new ExportTable(this.db));
  }

  /** Hashes and compresses a batch's payloads, in parallel. */
  async prepare(batch: Batch): Promise<PreparedBatch> {
    const all = (list: readonly { readonly raw: Batch["items"][number]["raw"] }[]) =>
      Promise.all(list.map((item) => Promise.all(item.raw.map((payload) => this.payloads.prepare(payload)))));
    const [items, skipped] = await Promise.all([all(batch.items), all(batch.skipped ?? [])]);
    return { batch, items, skipped };
  }

  /**
   * Writes a whole batch (items, raw payloads, skipped items, aliases, marks, bookmark, and the receipt as pending) in one
   * durable transaction. When it returns, the batch is on disk; when it throws, none of it is.
   */
  write(owner: Owner, prepared: PreparedBatch, options: WriteOptions): BatchResult {
    return this.transaction(() => {
      const { batch } = prepared;
      const now = isoInstant(options.now);
      const count = {
        added: 0,
        updated: 0,
        unchanged: batch.unchanged ?? 0,
        skipped: 0,
        deleted: 0,
        samples: 0,
      };
      batch.items.forEach(({ activity }, index) => {
        const written = this.activities.write(
          owner,
          activity,
          batch.mode ?? "replace",
          options.parserVersion,
          now,
          { seenUpstream: true, revisionKey: options.revisionKey },
        );
        count[written.outcome]++;
        count.samples += written.samples;
        const replaces = written.outcome !== "unchanged" && !written.kept;
        this.#writePayloads(
          { ...owner, externalId: written.externalId },
          written.id,
          prepared.items[index] ?? [],
          replaces,
          now,
        );
        this.skipped.remove(owner, activity.externalId);
      });
      (batch.skipped ?? []).forEach((item, index) => {
        count.skipped++;
        const payloads = prepared.skipped[index] ?? [];
        const ids = payloads.map((payload) =>
          this.payloads.write({ ...owner, externalId: item.externalId }, payload, now),
        );
        this.skipped.write(owner, item, ids[0] ?? null, options.parserVersion, now);
      });
      for (const alias of batch.aliases ?? []) this.activities.alias(owner, alias.externalId, alias.of);
      if (batch.complete !== undefined) count.deleted = this.#markMissing(owner, batch.complete, now);
      if (batch.bookmark !== undefined) this.syncState.setBookmark(owner, batch.bookmark);
      if (batch.receipt !== undefined) this.syncState.addReceipt(owner, batch.receipt, now);
      return count;
    });
  }

  /**
   * Writes what stored payloads were mapped to again, in one transaction. The raw payloads are there already and stay; the
   * numbers of the activities, and the mark of one that has disappeared upstream, too. A skipped item becomes an activity.
   */
  rewrite(items: readonly RewrittenItem[], options: { readonly now: number }): WriteOutcome["outcome"][] {
    return this.transaction(() => {
      const now = isoInstant(options.now);
      return items.map(({ owner, externalId, activity, mode, parserVersion, revisionKey }) => {
        const written = this.activities.write(owner, activity, mode, parserVersion, now, {
          seenUpstream: false,
          revisionKey,
          isAgain: true,
        });
        this.db
          .prepare(
            `UPDATE activities SET raw_id = (SELECT min(raw_id) FROM item_payloads
               WHERE source = ? AND account = ? AND external_id = ?) WHERE id = ? AND raw_id IS NULL`,
          )
          .run(owner.source, owner.account, externalId, written.id);
        this.skipped.remove(owner, externalId);
        return written.outcome;
      });
    });
  }

  /** Receipts that were written but not yet settled with their source, oldest first. */
  pendingReceipts(owner: Owner): Receipt[] {
    return this.syncState.receipts(owner);
  }

  /** Forgets a settled receipt. */
  settleReceipt(owner: Owner, receiptId: string): void {
    this.transaction(() => this.syncState.removeReceipt(owner, receiptId));
  }

  /** One activity; `undefined` for an unknown id. */
  get(id: number, options: { readonly samples: boolean }): StoredActivity | undefined {
    return this.#guard(() => this.reader.get(id, options.samples));
  }

  /** The activities that a filter leaves, one at a time, newest first unless the filter says otherwise; memory stays flat. */
  *list(
    filter: ActivityFilter,
    options: { readonly samples: boolean } = { samples: false },
  ): Generator<StoredActivity> {
    try {
      yield* this.reader.read(this.ids(filter), options.samples);
    } catch (error) {
      throw asStoreError(error, this.path);
    }
  }

  /**
   * Only some fields of what {@link list} would give, as an array for each, one at a time: quick also for ten thousand. Take all
   * of them before anything else is asked of the store.
   */
  rows<const F extends readonly SelectableField[]>(
    filter: ActivityFilter,
    fields: F,
  ): Generator<ActivityRow<F>, void, void> {
    return selectRows(this.db, this.path, filter, fields);
  }

  /** What {@link rows} gives, as objects. */
  *select<F extends SelectableField>(
    filter: ActivityFilter,
    fields: readonly F[],
  ): Generator<Pick<StoredActivity, F>, void, void> {
    for (const row of this.rows(filter, fields)) {
      const activity: Partial<Record<F, unknown>> = {};
      for (let at = 0; at < fields.length; at++) activity[fields[at] as F] = row[at];
      yield activity as Pick<StoredActivity, F>;
    }
  }

  /** Only the ids of what {@link list} would give. */
  ids(filter: ActivityFilter): number[] {
    return this.#guard(() => selectIds(this.db, filter));
  }

  /** How many activities a filter leaves, its limit aside. */
  count(filter: ActivityFilter = {}): number {
    return this.#guard(() => countActivities(this.db, filter));
  }

  /** The raw payloads of an item, plain. */
  rawPayloads(owner: Owner, externalId: string): StoredPayloadRow[] {
    return this.#guard(() => this.payloads.read({ ...owner, externalId }));
  }

  /** What could not be mapped, oldest first. */
  skippedItems(): SkippedItem[] {
    return this.#guard(() => this.skipped.list());
  }

  /**
   * Runs `work`, which may await, and takes back everything it wrote: a dry run that counts exactly. The one transaction that
   * spans an `await`. The run lock keeps other runs out meanwhile, readers are not disturbed (WAL), and an export to a folder, which
   * remembers what it has written, ends as `STORE_LOCKED`.
   */
  async rehearse<T>(work: () => Promise<T>): Promise<T> {
    this.#guard(() => this.db.exec("BEGIN IMMEDIATE"));
    try {
      return await work();
    } finally {
      // A full disk has taken everything back already.
      if (this.db.inTransaction) this.#guard(() => this.db.exec("ROLLBACK"));
    }
  }

  /** Runs `work` in one IMMEDIATE transaction. Never across an `await`. */
  transaction<T>(work: () => T): T {
    return this.#guard(() => this.db.transaction(work).immediate());
  }

  close(): void {
    this.db.close();
  }

  #writePayloads(
    owner: Owner & { readonly externalId: string },
    activityId: number,
    payloads: readonly PreparedPayload[],
    replace: boolean,
    now: string,
  ): void {
    const present = new Set(this.payloads.kinds(owner));
    let first: number | undefined;
    for (const payload of payloads) {
      // An unchanged session keeps the bytes it was made from: every export words the same workout differently.
      if (!replace && present.has(payload.kind)) continue;
      const id = this.payloads.write(owner, payload, now);
      first ??= id;
    }
    if (first === undefined) return;
    this.activities.setRaw(activityId, first, replace);
  }

  #markMissing(owner: Owner, span: NonNullable<Batch["complete"]>, now: string): number {
    const present = JSON.stringify(span.externalIds satisfies Json);
    return this.db
      .prepare(
        `UPDATE activities SET deleted_at = ?, updated_at = ?
         WHERE source = ? AND account = ? AND deleted_at IS NULL
           AND coalesce(date(start_time, coalesce(utc_offset_s, 0) || ' seconds'), '') >= ?
           AND coalesce(date(start_time, coalesce(utc_offset_s, 0) || ' seconds'), '') < ?
           AND external_id NOT IN (SELECT value FROM json_each(?))
           AND NOT EXISTS (SELECT 1 FROM activity_aliases l
             WHERE l.activity_id = activities.id AND l.external_id IN (SELECT value FROM json_each(?)))`,
      )
      .run(now, now, owner.source, owner.account, span.from, span.to, present, present).changes;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw asStoreError(error, this.path);
    }
  }
}
