import type { Database } from "better-sqlite3";
import type { Activity, HrZone, Lap, Pause, StoredActivity } from "../model/index.ts";
import { epochMs, NO_SAMPLES } from "../model/index.ts";
import { DECODERS, LAP_FIELDS, OWN_COLUMNS, ZONE_FIELDS } from "./columns.ts";
import { SampleTable } from "./samples.ts";

/** Activities that are read together, with one statement for each table: few enough to be held, many enough to share their cost. */
const CHUNK = 200;

const OWN_FIELDS = Object.entries(OWN_COLUMNS);

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
    const these = (fields: readonly (readonly [string, string])[]): string =>
      fields.map(([, column]) => column).join(", ");
    const rows = (table: string, id: string, columns: string, order: string) =>
      db
        .prepare(
          `SELECT ${columns} FROM ${table} WHERE ${id} IN (SELECT value FROM json_each(?)) ORDER BY ${order}`,
        )
        .raw();
    const children = (table: string, columns: string, order: string) =>
      rows(table, "activity_id", `activity_id, ${columns}`, `activity_id, ${order}`);
    this.#rows = rows("activities", "id", these(OWN_FIELDS), "id");
    this.#laps = children("laps", these(LAP_FIELDS), "lap_index");
    this.#pauses = children("pauses", "start_time, end_time", "start_time");
    this.#zones = children("hr_zones", these(ZONE_FIELDS), "zone");
    this.#aliases = children("activity_aliases", "external_id", "external_id");
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
  for (let at = 0; at < OWN_FIELDS.length; at++) {
    const field = OWN_FIELDS[at]?.[0] ?? "";
    fields[field] = DECODERS[field]?.(row[at]) ?? row[at];
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
