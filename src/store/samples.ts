import type { Database } from "better-sqlite3";
import { countValues, SAMPLE_FIELDS, type SampleField, type Samples } from "../model/index.ts";
import { SAMPLE_COLUMNS } from "./columns.ts";

/** Rows per INSERT: binding dominates the cost of a sample, so many rows share one statement. */
const CHUNK = 64;
const WIDTH = 2 + SAMPLE_COLUMNS.length;

/** Reads and writes the `samples` table; `NaN` in a column is SQL's NULL. */
export class SampleTable {
  readonly #delete;
  readonly #one;
  readonly #many;
  readonly #select;

  constructor(db: Database) {
    const columns = `activity_id, timestamp, ${SAMPLE_COLUMNS.join(", ")}`;
    const row = `(${Array.from({ length: WIDTH }, () => "?").join(", ")})`;
    this.#delete = db.prepare("DELETE FROM samples WHERE activity_id = ?");
    this.#one = db.prepare(`INSERT INTO samples (${columns}) VALUES ${row}`);
    this.#many = db.prepare(
      `INSERT INTO samples (${columns}) VALUES ${Array.from({ length: CHUNK }, () => row).join(", ")}`,
    );
    this.#select = db
      .prepare(
        `SELECT timestamp, ${SAMPLE_COLUMNS.join(", ")} FROM samples WHERE activity_id = ? ORDER BY timestamp`,
      )
      .raw();
  }

  /** Makes `samples` the activity's samples. Returns how many rows were written. */
  replace(activityId: number, samples: Samples, isNew: boolean): number {
    if (!isNew) this.#delete.run(activityId);
    const columns = SAMPLE_FIELDS.map((field) => samples[field]);
    const length = samples.timestamp.length;
    const values: (number | null)[] = [];
    const push = (index: number): void => {
      values.push(activityId, samples.timestamp[index] ?? null);
      for (const column of columns) {
        const value = column === undefined ? Number.NaN : (column[index] ?? Number.NaN);
        values.push(Number.isNaN(value) ? null : value);
      }
    };
    let index = 0;
    while (index + CHUNK <= length) {
      values.length = 0;
      for (const end = index + CHUNK; index < end; index++) push(index);
      this.#many.run(values);
    }
    for (; index < length; index++) {
      values.length = 0;
      push(index);
      this.#one.run(values);
    }
    return length;
  }

  /** All samples of an activity, by column. */
  read(activityId: number): Samples {
    const rows = this.#select.all(activityId) as (number | null)[][];
    const timestamp = new Float64Array(rows.length);
    const columns: Partial<Record<SampleField, Float64Array>> = {};
    rows.forEach((row, index) => {
      timestamp[index] = row[0] ?? Number.NaN;
      SAMPLE_FIELDS.forEach((field, column) => {
        const value = row[column + 1];
        if (value === null || value === undefined) return;
        (columns[field] ??= new Float64Array(rows.length).fill(Number.NaN))[index] = value;
      });
    });
    return { timestamp, ...columns };
  }
}

/**
 * Unites two recordings of one session without losing a value: for each column the one with more values counts (the
 * incoming one when equal), and the rows are those of either.
 */
export function mergeSamples(stored: Samples, incoming: Samples): Samples {
  const chosen = SAMPLE_FIELDS.map((field) => {
    const keep = countValues(stored[field]) > countValues(incoming[field]);
    return { field, from: keep ? stored : incoming };
  }).filter(({ field, from }) => from[field] !== undefined);
  if (chosen.every(({ from }) => from === incoming)) return incoming;
  const times = new Set<number>();
  for (const { field, from } of chosen) {
    from[field]?.forEach((value, index) => {
      const time = from.timestamp[index];
      if (!Number.isNaN(value) && time !== undefined) times.add(time);
    });
  }
  const timestamp = Float64Array.from(times).toSorted();
  const place = new Map<number, number>();
  timestamp.forEach((time, index) => place.set(time, index));
  const columns: Partial<Record<SampleField, Float64Array>> = {};
  for (const { field, from } of chosen) {
    const column = new Float64Array(timestamp.length).fill(Number.NaN);
    from[field]?.forEach((value, index) => {
      const at = place.get(from.timestamp[index] ?? Number.NaN);
      if (at !== undefined) column[at] = value;
    });
    columns[field] = column;
  }
  return { timestamp, ...columns };
}
