import type { Database } from "better-sqlite3";
import type { StoredActivity } from "../model/index.ts";
import { DECODERS, OWN_COLUMNS } from "./columns.ts";
import { asStoreError } from "./errors.ts";

/** What `list`, `export` and `report` take. All parts are optional and are combined with AND. */
export interface ActivityFilter {
  /** Local date `YYYY-MM-DD`, inclusive. */
  readonly from?: string | undefined;
  /** Local date `YYYY-MM-DD`, inclusive. */
  readonly to?: string | undefined;
  /** A sport, or a sub_sport. */
  readonly sport?: string | undefined;
  readonly source?: string | undefined;
  /** Infinity is none, as leaving it out is. */
  readonly limit?: number | undefined;
  /** Default: newest first. */
  readonly order?: "newest" | "oldest" | undefined;
}

/**
 * The local date of an activity: by its own offset; where that is unknown, the reader's zone, as a display may
 * (`docs/schema.md`, Time).
 */
export const LOCAL_DATE = `CASE
  WHEN utc_offset_s IS NOT NULL THEN date(start_time, utc_offset_s || ' seconds')
  WHEN start_time LIKE '%Z' THEN date(start_time, 'localtime')
  ELSE date(start_time) END`;

/** What a filter asks of an activity, in no order and without its limit. */
function where(filter: ActivityFilter): { sql: string; values: (string | number)[] } {
  const parts: string[] = [];
  const values: (string | number)[] = [];
  const add = (sql: string, ...bound: string[]): void => {
    parts.push(sql);
    values.push(...bound);
  };
  if (filter.from !== undefined) add(`${LOCAL_DATE} >= ?`, filter.from);
  if (filter.to !== undefined) add(`${LOCAL_DATE} <= ?`, filter.to);
  if (filter.sport !== undefined) add("(sport = ? OR sub_sport = ?)", filter.sport, filter.sport);
  if (filter.source !== undefined) add("source = ?", filter.source);
  return { sql: parts.length > 0 ? ` WHERE ${parts.join(" AND ")}` : "", values };
}

/** The same in the filter's order, and not more than its limit. */
function selection(filter: ActivityFilter): { sql: string; values: (string | number)[] } {
  const { sql, values } = where(filter);
  const direction = filter.order === "oldest" ? "ASC" : "DESC";
  const ordered = `${sql} ORDER BY start_time ${direction}, id ${direction}`;
  if (filter.limit === undefined || !Number.isFinite(filter.limit)) return { sql: ordered, values };
  return { sql: `${ordered} LIMIT ?`, values: [...values, filter.limit] };
}

/** The values of an activity that {@link selectRows} can read without reading the whole of it. */
export type SelectableField = Exclude<keyof StoredActivity, "laps" | "pauses" | "hrZones" | "samples">;

const FIELD_SQL: Readonly<Record<SelectableField, string>> = {
  ...OWN_COLUMNS,
  aliases: `(SELECT json_group_array(external_id) FROM (SELECT external_id FROM activity_aliases
    WHERE activity_id = activities.id ORDER BY external_id))`,
};

/** The values of some fields of one activity, in the order of the fields. The receiver's own: nobody else looks at it again. */
export type ActivityRow<F extends readonly SelectableField[]> = {
  -readonly [At in keyof F]: StoredActivity[F[At]];
};

/**
 * Only some fields of the activities that a filter leaves, in its order: one statement for all of them, where reading whole
 * activities takes several for each. The connection can do nothing else until the last one is taken. `path` is for errors.
 */
export function* selectRows<const F extends readonly SelectableField[]>(
  db: Database,
  path: string,
  filter: ActivityFilter,
  fields: F,
): Generator<ActivityRow<F>, void, void> {
  try {
    const { sql, values } = selection(filter);
    const rows = db
      .prepare(`SELECT ${fields.map((field) => FIELD_SQL[field]).join(", ")} FROM activities${sql}`)
      .raw()
      .iterate(...values) as IterableIterator<unknown[]>;
    const decoders = fields.flatMap((field, at) => {
      const decode = DECODERS[field];
      return decode === undefined ? [] : [(row: unknown[]) => void (row[at] = decode(row[at]))];
    });
    for (const row of rows) {
      for (let at = 0; at < decoders.length; at++) decoders[at]?.(row);
      yield row as ActivityRow<F>;
    }
  } catch (error) {
    throw asStoreError(error, path);
  }
}

/** The ids that a filter leaves, in its order. */
export function selectIds(db: Database, filter: ActivityFilter): number[] {
  const { sql, values } = selection(filter);
  return db
    .prepare(`SELECT id FROM activities${sql}`)
    .pluck()
    .all(...values) as number[];
}

/** How many activities a filter leaves, its limit aside. */
export function countActivities(db: Database, filter: ActivityFilter): number {
  const { sql, values } = where(filter);
  return Number(
    db
      .prepare(`SELECT count(*) FROM activities${sql}`)
      .pluck()
      .get(...values),
  );
}
