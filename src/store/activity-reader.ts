import type { Database } from "better-sqlite3";
import type { Activity, HrZone, JsonObject, Lap, Pause, StoredActivity } from "../model/index.ts";
import { epochMs, NO_SAMPLES } from "../model/index.ts";
import { ACTIVITY_FIELDS, LAP_FIELDS, ZONE_FIELDS } from "./columns.ts";
import { SampleTable } from "./samples.ts";

/** Activities that are read together, with one statement for each table: few enough to be held, many enough to share their cost. */
const CHUNK = 200;

const BOOLEANS: ReadonlySet<string> = new Set(["indoor", "hasGps", "manual"]);

/** Everything of an activity but what other tables hold, in the order in which {@link ActivityReader} selects it. */
const OWN = [
  ["id", "id"],
  ["source", "source"],
  ["account", "account"],
  ["externalId", "external_id"],
  ["extra", "extra"],
  ["parserVersion", "parser_version"],
  ["createdAt", "created_at"],
  ["updatedAt", "updated_at"],
  ["deletedAt", "deleted_at"],
  ...ACTIVITY_FIELDS,
] as const;

/** A row, with the number of its activity first. */
type Row = [id: number, ...values: unknown[]];

/** Reads whole activities: their rows, and what else belongs to them. */
export class ActivityReader {
  readonly #db: Database;
  readonly #rows;
  readonly #laps;
  readonly #pauses;
  readonly #zones;
  readonly #aliases;
  #samples: SampleTable | undefined;

  constructor(db: Database) {
    this.#db = db;
    const those = "IN (SELECT value FROM json_each(?))";
    const list = (fields: readonly (readonly [string, string])[]): string =>
      fields.map(([, column]) => column).join(", ");
    this.#rows = db.prepare(`SELECT ${list(OWN)} FROM activities WHERE id ${those}`).raw();
    this.#laps = db
      .prepare(
        `SELECT activity_id, ${list(LAP_FIELDS)} FROM laps WHERE activity_id ${those} ORDER BY activity_id, lap_index`,
      )
      .raw();
    this.#pauses = db
      .prepare(
        `SELECT activity_id, start_time, end_time FROM pauses WHERE activity_id ${those} ORDER BY activity_id, start_time`,
      )
      .raw();
    this.#zones = db
      .prepare(
        `SELECT activity_id, ${list(ZONE_FIELDS)} FROM hr_zones WHERE activity_id ${those} ORDER BY activity_id, zone`,
      )
      .raw();
    this.#aliases = db
      .prepare(
        `SELECT activity_id, external_id FROM activity_aliases WHERE activity_id ${those} ORDER BY activity_id, external_id`,
      )
      .raw();
  }

  /** One activity by the number that the user types. */
  get(id: number, withSamples: boolean): StoredActivity | undefined {
    const [activity] = this.read([id], withSamples);
    return activity;
  }

  /** The activities of these numbers, in the order of these; a number that nobody has is left out. Holds few of them at a time. */
  *read(ids: readonly number[], withSamples: boolean): Generator<StoredActivity, void, void> {
    for (let from = 0; from < ids.length; from += CHUNK) {
      const some = ids.slice(from, from + CHUNK);
      const those = JSON.stringify(some);
      const rows = new Map((this.#rows.all(those) as Row[]).map((row) => [row[0], row]));
      const laps = byActivity(this.#laps.all(those) as Row[], (row) => named<Lap>(row, LAP_FIELDS));
      const pauses = byActivity(this.#pauses.all(those) as Row[], ([, start, end]): Pause => ({
        start: epochMs(start as string),
        end: epochMs(end as string),
      }));
      const zones = byActivity(this.#zones.all(those) as Row[], (row) => named<HrZone>(row, ZONE_FIELDS));
      const aliases = byActivity(this.#aliases.all(those) as Row[], ([, alias]) => alias as string);
      for (const id of some) {
        const row = rows.get(id);
        if (row === undefined) continue;
        yield {
          ...own(row),
          laps: laps.get(id) ?? [],
          pauses: pauses.get(id) ?? [],
          hrZones: zones.get(id) ?? [],
          aliases: aliases.get(id) ?? [],
          samples: withSamples ? (this.#samples ??= new SampleTable(this.#db)).read(id) : NO_SAMPLES,
        };
      }
    }
  }

  /** The other ids of an activity. */
  aliases(id: number): string[] {
    return (this.#aliases.all(JSON.stringify([id])) as Row[]).map(([, alias]) => alias as string);
  }
}

type Others = "laps" | "pauses" | "hrZones" | "aliases" | "samples";

function own(row: Row): Omit<StoredActivity, Others> & Omit<Activity, Others> {
  const fields: Record<string, unknown> = {};
  for (let at = 0; at < OWN.length; at++) {
    const field = OWN[at]?.[0] ?? "";
    const value = row[at];
    if (field === "extra") fields[field] = value === "{}" ? {} : (JSON.parse(value as string) as JsonObject);
    else fields[field] = BOOLEANS.has(field) && value !== null ? value === 1 : value;
  }
  return fields as unknown as Omit<StoredActivity, Others>;
}

/** What rows of a table are made into, by the activity they belong to, in their order. */
function byActivity<T>(rows: readonly Row[], make: (row: Row) => T): Map<number, T[]> {
  const lists = new Map<number, T[]>();
  for (const row of rows) {
    const list = lists.get(row[0]);
    if (list === undefined) lists.set(row[0], [make(row)]);
    else list.push(make(row));
  }
  return lists;
}

/** The values of a row behind the number of its activity, by name. */
function named<T>(row: Row, fields: readonly (readonly [keyof T, string])[]): T {
  return Object.fromEntries(fields.map(([field], at) => [field, row[at + 1]])) as T;
}
