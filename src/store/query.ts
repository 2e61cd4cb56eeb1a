import type { Database } from "better-sqlite3";

/** What `list`, `export` and `report` take. All parts are optional and are combined with AND. */
export interface ActivityFilter {
  /** Local date `YYYY-MM-DD`, inclusive. */
  readonly from?: string | undefined;
  /** Local date `YYYY-MM-DD`, inclusive. */
  readonly to?: string | undefined;
  /** A sport, or a sub_sport. */
  readonly sport?: string | undefined;
  readonly source?: string | undefined;
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
  let sql = parts.length > 0 ? ` WHERE ${parts.join(" AND ")}` : "";
  const direction = filter.order === "oldest" ? "ASC" : "DESC";
  sql += ` ORDER BY start_time ${direction}, id ${direction}`;
  if (filter.limit !== undefined) {
    sql += " LIMIT ?";
    values.push(filter.limit);
  }
  return { sql, values };
}

/** The ids that a filter leaves, in its order. */
export function selectIds(db: Database, filter: ActivityFilter): number[] {
  const { sql, values } = where(filter);
  return db
    .prepare(`SELECT id FROM activities${sql}`)
    .pluck()
    .all(...values) as number[];
}
