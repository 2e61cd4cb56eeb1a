import type { Database, Statement } from "better-sqlite3";
import { SAMPLE_FIELDS, type SampleField, type Samples } from "../model/index.ts";
import { SAMPLE_COLUMNS } from "./columns.ts";

/** Rows per INSERT: binding dominates the cost of a sample, so many rows share one statement. */
const CHUNK = 64;

/** Reads and writes the `samples` table; `NaN` in a column is SQL's NULL. */
export class SampleTable {
  readonly #db: Database;
  readonly #delete;
  readonly #select;
  /** By the columns that a recording has: most of it is NULL, and what is not bound costs nothing. */
  readonly #inserts = new Map<string, { readonly one: Statement; readonly many: Statement }>();

  constructor(db: Database) {
    this.#db = db;
    this.#delete = db.prepare("DELETE FROM samples WHERE activity_id = ?");
    this.#select = db
      .prepare(
        `SELECT timestamp, ${SAMPLE_COLUMNS.join(", ")} FROM samples WHERE activity_id = ? ORDER BY timestamp`,
      )
      .raw();
  }

  /** Makes `samples` the activity's samples. Returns how many rows were written. */
  replace(activityId: number, samples: Samples, isNew: boolean): number {
    if (!isNew) this.#delete.run(activityId);
    const present = SAMPLE_FIELDS.flatMap((field, index) => {
      const values = samples[field];
      return values === undefined ? [] : [{ name: SAMPLE_COLUMNS[index] ?? "", values }];
    });
    const { one, many } = this.#insertFor(present.map(({ name }) => name));
    const { timestamp } = samples;
    const columns = present.map(({ values }) => values);
    const width = columns.length + 1;
    // One list for all statements of a size: a new one for each is most of the garbage of an import.
    const lists = new Map<number, (number | null)[]>();
    const write = (statement: Statement, from: number, rows: number): void => {
      let bound = lists.get(rows);
      if (bound === undefined) lists.set(rows, (bound = Array.from({ length: rows * width }, () => null)));
      for (let row = 0; row < rows; row++) bound[row * width] = timestamp[from + row] ?? null;
      for (let column = 1; column < width; column++) {
        const values = columns[column - 1] ?? timestamp;
        for (let row = 0; row < rows; row++) {
          const value = values[from + row] ?? Number.NaN;
          bound[row * width + column] = Number.isNaN(value) ? null : value;
        }
      }
      // As arguments: better-sqlite3 takes a value from a list by way of a property lookup.
      statement.run({ id: activityId }, ...bound);
    };
    let index = 0;
    for (; index + CHUNK <= timestamp.length; index += CHUNK) write(many, index, CHUNK);
    for (; index < timestamp.length; index++) write(one, index, 1);
    return timestamp.length;
  }

  #insertFor(columns: readonly string[]): { readonly one: Statement; readonly many: Statement } {
    const key = columns.join(", ");
    let inserts = this.#inserts.get(key);
    if (inserts === undefined) {
      const row = `(@id, ?${", ?".repeat(columns.length)})`;
      const head = `INSERT INTO samples (${["activity_id", "timestamp", ...columns].join(", ")}) VALUES`;
      inserts = {
        one: this.#db.prepare(`${head} ${row}`),
        many: this.#db.prepare(`${head} ${Array.from({ length: CHUNK }, () => row).join(", ")}`),
      };
      this.#inserts.set(key, inserts);
    }
    return inserts;
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
