import type { Database } from "better-sqlite3";
import {
  type Activity,
  duplicateOf,
  epochMs,
  FILE_SOURCE,
  isInstant,
  isoInstant,
  isSameLength,
  SAME_SESSION_MS,
  type StoredActivity,
} from "../model/index.ts";
import type { ActivityReader } from "./activity-reader.ts";
import { ACTIVITY_FIELDS, asStored, LAP_FIELDS, ZONE_FIELDS } from "./columns.ts";
import { activityDigest, canonicalJson } from "./digest.ts";
import { isEarlierRevision, mergeActivities } from "./merge.ts";
import { SampleTable } from "./samples.ts";

/** Whose activities. */
export interface Owner {
  readonly source: string;
  readonly account: string;
}

/** What a write did to an activity, and how many sample rows it wrote. */
export interface WriteOutcome {
  readonly id: number;
  /** The id it is stored under; differs from the incoming one when that is an alias. */
  readonly externalId: string;
  readonly outcome: "added" | "updated" | "unchanged";
  readonly samples: number;
  /** What is stored is not made of the incoming activity alone: it is older, or poorer in more than `extra`. */
  readonly kept: boolean;
}

/** How an activity is written. */
export interface WriteActivityOptions {
  /** Takes back the mark of a session that had disappeared at its source. */
  readonly seenUpstream: boolean;
  /** As `Provider.revisionKey`. */
  readonly revisionKey?: string | undefined;
  /** It was mapped from bytes that are stored, which may be older than what is: only a newer parser knows more. */
  readonly isAgain?: boolean;
}

type SqlValue = string | number | null;

interface ActivityRow {
  readonly id: number;
  readonly source: string;
  readonly account: string;
  readonly external_id: string;
  readonly parser_version: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly deleted_at: string | null;
  readonly extra: string;
  readonly digest: Buffer;
  readonly [column: string]: unknown;
}

/** Writes activities with their laps, zones, samples and aliases, inside the caller's transaction. */
export class ActivityTable {
  readonly samples: SampleTable;
  readonly #db: Database;
  readonly #reader: ActivityReader;
  readonly #byKey;
  readonly #byAlias;
  readonly #insert;
  readonly #update;
  readonly #setRaw;
  readonly #setFirstRaw;
  readonly #filesBetween;
  readonly #addAlias;
  readonly #removeAlias;
  readonly #deleteLaps;
  readonly #deletePauses;
  readonly #deleteZones;
  readonly #insertLap;
  readonly #insertPause;
  readonly #insertZone;

  constructor(db: Database, reader: ActivityReader) {
    this.#db = db;
    this.#reader = reader;
    this.samples = new SampleTable(db);
    const columns = ACTIVITY_FIELDS.map(([, column]) => column);
    this.#byKey = db.prepare("SELECT * FROM activities WHERE source = ? AND account = ? AND external_id = ?");
    this.#byAlias = db.prepare(
      `SELECT a.* FROM activity_aliases l JOIN activities a ON a.id = l.activity_id
       WHERE l.source = ? AND l.account = ? AND l.external_id = ?`,
    );
    this.#insert = db.prepare(
      `INSERT INTO activities (source, account, external_id, parser_version, created_at, updated_at, extra, digest, ${columns.join(", ")})
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ${columns.map(() => "?").join(", ")})`,
    );
    this.#update = db.prepare(
      `UPDATE activities SET external_id = ?, parser_version = ?, updated_at = ?, deleted_at = ?, extra = ?, digest = ?,
       ${columns.map((column) => `${column} = ?`).join(", ")} WHERE id = ?`,
    );
    this.#setRaw = db.prepare("UPDATE activities SET raw_id = ? WHERE id = ?");
    this.#setFirstRaw = db.prepare("UPDATE activities SET raw_id = ? WHERE id = ? AND raw_id IS NULL");
    this.#filesBetween = db
      .prepare(`SELECT id FROM activities WHERE source = '${FILE_SOURCE}' AND start_time BETWEEN ? AND ?`)
      .pluck();
    this.#addAlias = db.prepare(
      `INSERT INTO activity_aliases (source, account, external_id, activity_id) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET activity_id = excluded.activity_id WHERE activity_id <> excluded.activity_id`,
    );
    this.#removeAlias = db.prepare(
      "DELETE FROM activity_aliases WHERE source = ? AND account = ? AND external_id = ?",
    );
    const lapColumns = LAP_FIELDS.map(([, column]) => column);
    const zoneColumns = ZONE_FIELDS.map(([, column]) => column);
    this.#deleteLaps = db.prepare("DELETE FROM laps WHERE activity_id = ?");
    this.#deletePauses = db.prepare("DELETE FROM pauses WHERE activity_id = ?");
    this.#deleteZones = db.prepare("DELETE FROM hr_zones WHERE activity_id = ?");
    this.#insertLap = db.prepare(
      `INSERT INTO laps (activity_id, lap_index, ${lapColumns.join(", ")}) VALUES (?, ?, ${lapColumns.map(() => "?").join(", ")})`,
    );
    // Two pauses from one instant are one: the source told it twice.
    this.#insertPause = db.prepare(
      "INSERT OR IGNORE INTO pauses (activity_id, start_time, end_time) VALUES (?, ?, ?)",
    );
    this.#insertZone = db.prepare(
      `INSERT INTO hr_zones (activity_id, ${zoneColumns.join(", ")}) VALUES (?, ${zoneColumns.map(() => "?").join(", ")})`,
    );
  }

  /**
   * Inserts or updates one activity. It is found by its external id, else as an alias, else through an id that its `aliases` name
   * and that is stored on its own: such a row becomes this activity (a mirror whose original came later), keeping the
   * number that the user knows. An update happens only when a value changes. `seenUpstream` (default true) takes back the
   * mark of a session that had disappeared at its source.
   */
  write(
    owner: Owner,
    activity: Activity,
    mode: "replace" | "merge",
    parserVersion: number,
    now: string,
    options: WriteActivityOptions = { seenUpstream: true },
  ): WriteOutcome {
    const found = this.#find(owner, activity);
    const incomingExtra = canonicalJson(activity.extra);
    const incoming = activityDigest(activity, incomingExtra);
    if (found === undefined) {
      const id = Number(
        this.#insert.run(
          owner.source,
          owner.account,
          activity.externalId,
          parserVersion,
          now,
          now,
          incomingExtra,
          incoming,
          ...columnsOf(activity),
        ).lastInsertRowid,
      );
      const samples = this.#writeChildren(id, activity, true);
      this.#link(owner, id, activity.externalId, activity.aliases ?? []);
      this.#unmarkOriginal(owner, id, activity, now);
      this.#markFiles(owner, activity, now);
      return { id, externalId: activity.externalId, outcome: "added", samples, kept: false };
    }
    const { row } = found;
    let { externalId } = found;
    let next = activity;
    let extra = incomingExtra;
    let digest = incoming;
    let isOutdated = false;
    const stored =
      mode === "merge" && !incoming.equals(row.digest) ? this.#reader.get(row.id, true) : undefined;
    if (stored !== undefined) {
      // What an outdated state says, or the bytes that this was made from, is the older of the two.
      isOutdated =
        isEarlierRevision(activity, stored, options.revisionKey) ||
        (options.isAgain === true && row.parser_version === parserVersion);
      if (isOutdated) ({ externalId } = stored);
      next = this.#merge(owner, stored, activity, isOutdated, options.revisionKey);
      extra = canonicalJson(next.extra);
      digest = activityDigest(next, extra);
    }
    // What only `extra` has of an older copy does not make that the better one.
    const kept = isOutdated || (stored !== undefined && !digest.equals(activityDigest(activity, extra)));
    const deletedAt = options.seenUpstream ? null : row.deleted_at;
    const same = digest.equals(row.digest) && row.deleted_at === deletedAt && externalId === row.external_id;
    let samples = 0;
    if (!same) {
      this.#update.run(externalId, parserVersion, now, deletedAt, extra, digest, ...columnsOf(next), row.id);
      if (!digest.equals(row.digest)) samples = this.#writeChildren(row.id, next, false);
    } else if (row.parser_version !== parserVersion) {
      this.#db.prepare("UPDATE activities SET parser_version = ? WHERE id = ?").run(parserVersion, row.id);
    }
    const others = externalId === row.external_id ? [] : [row.external_id];
    this.#link(owner, row.id, externalId, [...(activity.aliases ?? []), ...others, activity.externalId]);
    if (!same) {
      this.#unmarkOriginal(owner, row.id, next, now);
      this.#markFiles(owner, next, now);
    }
    return { id: row.id, externalId, outcome: same ? "unchanged" : "updated", samples, kept };
  }

  /** Remembers that `externalId` is another id of the stored session `of`. A row stored under it on its own is absorbed. */
  alias(owner: Owner, externalId: string, of: string): void {
    const row = this.find(owner, of);
    if (row !== undefined) this.#link(owner, row.id, row.external_id, [externalId]);
  }

  /** By external id, else by alias. */
  find(owner: Owner, externalId: string): ActivityRow | undefined {
    return (this.#byKey.get(owner.source, owner.account, externalId) ??
      this.#byAlias.get(owner.source, owner.account, externalId)) as ActivityRow | undefined;
  }

  /** What an activity is possibly a copy of; a file that of any source. */
  originalOf(activity: StoredActivity): { readonly id: number } | undefined {
    const mark = duplicateOf(activity);
    if (mark === null) return undefined;
    const own = this.find(activity, mark);
    if (own !== undefined || activity.source !== FILE_SOURCE) return own;
    return this.#db
      .prepare(
        `SELECT id FROM activities WHERE external_id = :mark AND source <> '${FILE_SOURCE}'
         UNION ALL SELECT activity_id FROM activity_aliases WHERE external_id = :mark AND source <> '${FILE_SOURCE}'`,
      )
      .get({ mark }) as { readonly id: number } | undefined;
  }

  /** Links an activity to the first of its raw payloads: to another one (`replace`), or only where it has none yet. */
  setRaw(id: number, rawId: number, replace: boolean): void {
    (replace ? this.#setRaw : this.#setFirstRaw).run(rawId, id);
  }

  #find(owner: Owner, activity: Activity): { row: ActivityRow; externalId: string } | undefined {
    const own = this.#byKey.get(owner.source, owner.account, activity.externalId) as ActivityRow | undefined;
    if (own !== undefined) return { row: own, externalId: own.external_id };
    const aliased = this.#byAlias.get(owner.source, owner.account, activity.externalId) as
      | ActivityRow
      | undefined;
    if (aliased !== undefined) return { row: aliased, externalId: aliased.external_id };
    for (const alias of activity.aliases ?? []) {
      const row = this.find(owner, alias);
      if (row !== undefined) return { row, externalId: activity.externalId };
    }
    return undefined;
  }

  /** Both copies as one. The mark of a possible duplicate stays the one that is stored as long as what it names is. */
  #merge(
    owner: Owner,
    stored: StoredActivity,
    activity: Activity,
    isOutdated: boolean,
    revisionKey: string | undefined,
  ): Activity {
    const isRewrite = revisionKey !== undefined;
    const merged = isOutdated
      ? mergeActivities(activity, stored, { isRewrite })
      : mergeActivities(stored, activity, { isRewrite });
    const { possible_duplicate_of: _, ...extra } = merged.extra;
    const known = duplicateOf(stored);
    const stands = known !== null && (owner.source === FILE_SOURCE || this.find(owner, known) !== undefined);
    const told = isOutdated ? null : duplicateOf(activity);
    const row = told === null ? undefined : this.find(owner, told);
    const mark = stands ? known : (row?.external_id ?? told ?? known);
    return { ...merged, extra: mark === null ? extra : { ...extra, possible_duplicate_of: mark } };
  }

  /**
   * Of activities that are possible duplicates of each other one counts. Where the new mark closes a ring, because an earlier export
   * saw it the other way round, the mark that leads back is taken away.
   */
  #unmarkOriginal(owner: Owner, id: number, { extra }: Activity, now: string): void {
    const seen = new Set([id]);
    let mark = duplicateOf({ extra });
    while (mark !== null) {
      const row = this.find(owner, mark);
      const original = row === undefined ? undefined : this.#reader.get(row.id, false);
      if (original === undefined || seen.has(original.id)) return;
      seen.add(original.id);
      mark = duplicateOf(original);
      if (mark === null || this.find(owner, mark)?.id !== id) continue;
      const whole = this.#reader.get(original.id, true);
      if (whole !== undefined) this.#mark(whole, null, now);
      return;
    }
  }

  /**
   * A file of a session that its source gives as well is marked when it comes second (`providers/file`), and here when it came
   * first.
   */
  #markFiles(owner: Owner, activity: Activity, now: string): void {
    if (owner.source === FILE_SOURCE || !isInstant(activity.startTime)) return;
    const start = epochMs(activity.startTime);
    const near = this.#filesBetween.all(
      isoInstant(start - SAME_SESSION_MS),
      isoInstant(start + SAME_SESSION_MS),
    ) as number[];
    for (const id of near) {
      const file = this.#reader.get(id, true);
      if (file === undefined || duplicateOf(file) !== null || !isSameLength(file, activity)) continue;
      this.#mark(file, activity.externalId, now);
    }
  }

  #mark(activity: StoredActivity, original: string | null, now: string): void {
    const { possible_duplicate_of: _, ...left } = activity.extra;
    const extra = canonicalJson(original === null ? left : { ...left, possible_duplicate_of: original });
    this.#db
      .prepare("UPDATE activities SET extra = ?, digest = ?, updated_at = ? WHERE id = ?")
      .run(extra, activityDigest(activity, extra), now, activity.id);
  }

  #link(owner: Owner, id: number, externalId: string, aliases: readonly string[]): void {
    for (const alias of new Set(aliases)) {
      if (alias === externalId) continue;
      const other = this.#byKey.get(owner.source, owner.account, alias) as ActivityRow | undefined;
      if (other !== undefined && other.id !== id) {
        this.#db
          .prepare("UPDATE activity_aliases SET activity_id = ? WHERE activity_id = ?")
          .run(id, other.id);
        this.#db.prepare("DELETE FROM activities WHERE id = ?").run(other.id);
      }
      this.#addAlias.run(owner.source, owner.account, alias, id);
    }
    this.#removeAlias.run(owner.source, owner.account, externalId);
  }

  #writeChildren(id: number, activity: Activity, isNew: boolean): number {
    if (!isNew) {
      this.#deleteLaps.run(id);
      this.#deletePauses.run(id);
      this.#deleteZones.run(id);
    }
    activity.laps.forEach((lap, index) =>
      this.#insertLap.run(id, index, ...LAP_FIELDS.map(([field]) => lap[field])),
    );
    for (const { start, end } of activity.pauses)
      this.#insertPause.run(id, isoInstant(start), isoInstant(end));
    for (const zone of activity.hrZones)
      this.#insertZone.run(id, ...ZONE_FIELDS.map(([field]) => zone[field]));
    return this.samples.replace(id, activity.samples, isNew);
  }
}

function columnsOf(activity: Activity): SqlValue[] {
  return ACTIVITY_FIELDS.map(([field]) => {
    const value = activity[field];
    return typeof value === "boolean" ? Number(value) : asStored(value);
  });
}
