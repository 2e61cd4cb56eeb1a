import type { SampleField } from "../../model/index.ts";
import { parseDevice } from "./device.ts";
import type { RecordColumn, RecordSource, RecordType } from "./elements.ts";
import { normalSource } from "./identity.ts";
import { chooseReadings, ReadingList } from "./readings.ts";
import type { Candidate, Readings, Window } from "./readings.ts";
import { conversionOf } from "./units.ts";
import type { Dimension } from "./units.ts";

/** A sample column that records can fill. */
export type JoinedField = Extract<SampleField, "heartRate" | "speed" | "power" | "cadence">;

interface Meaning {
  readonly field: JoinedField;
  readonly dimension: Dimension;
  /** What the number is in when no unit is written: only where HealthKit knows no other. */
  readonly bareUnit: string | null;
  /** Whether 0 is a measurement (a freewheeling rider) and not a gap. */
  readonly zero: boolean;
}

const SPEED: Meaning = { field: "speed", dimension: "speed", bareUnit: null, zero: true };
const POWER: Meaning = { field: "power", dimension: "power", bareUnit: "W", zero: true };

const MEANING: Readonly<Record<RecordType, Meaning>> = {
  HKQuantityTypeIdentifierHeartRate: {
    field: "heartRate",
    dimension: "frequency",
    bareUnit: "count/min",
    zero: false,
  },
  HKQuantityTypeIdentifierRunningSpeed: SPEED,
  HKQuantityTypeIdentifierCyclingSpeed: SPEED,
  HKQuantityTypeIdentifierRowingSpeed: SPEED,
  HKQuantityTypeIdentifierPaddleSportsSpeed: SPEED,
  HKQuantityTypeIdentifierCrossCountrySkiingSpeed: SPEED,
  HKQuantityTypeIdentifierRunningPower: POWER,
  HKQuantityTypeIdentifierCyclingPower: POWER,
  HKQuantityTypeIdentifierCyclingCadence: {
    field: "cadence",
    dimension: "frequency",
    bareUnit: "count/min",
    zero: true,
  },
};

/** All the records that may belong to workouts, as `Scan` has them or as `records.ts` has kept them. */
export interface RecordTable {
  readonly records: ReadonlyMap<RecordType, RecordColumn>;
  readonly sources: readonly RecordSource[];
  readonly units: readonly string[];
}

/** The records of one type whose start lies in a workout, by start: what `RecordColumn` has of them. */
export interface Slice {
  readonly type: RecordType;
  readonly length: number;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly value: Float64Array;
  readonly source: Float64Array;
  readonly unit: Float64Array;
}

/** What the records give a workout. */
export interface Joined {
  readonly columns: ReadonlyMap<JoinedField, Readings>;
  /** Units that were not understood. */
  readonly unknownUnits: ReadonlySet<string>;
}

/** Finds a workout's records without looking at the others: every column is in order of start, once. */
export class RecordIndex {
  readonly table: RecordTable;
  readonly #ordered: readonly { type: RecordType; column: RecordColumn; order: Uint32Array | null }[];

  constructor(table: RecordTable) {
    this.table = table;
    this.#ordered = [...table.records].map(([type, column]) => ({ type, column, order: orderOf(column) }));
  }

  /** The records with `startDate` in the window, of every type that has any. */
  within(window: Window): Slice[] {
    const slices: Slice[] = [];
    for (const { type, column, order } of this.#ordered) {
      const at = (rank: number): number => order?.[rank] ?? rank;
      const from = lowerBound(column.length, (rank) => column.start(at(rank)) >= window.start);
      const to = lowerBound(column.length, (rank) => column.start(at(rank)) > window.end);
      if (to > from) slices.push(sliceOf(type, column, order, from, to));
    }
    return slices;
  }

  /** Lets go of records that no window from `start` on needs: workouts come by start, and memory is needed for storing them. */
  forget(start: number): void {
    for (const { column } of this.#ordered) column.forget?.(start);
  }
}

/** Unpacked, since everything is looked at more than once from here on. */
function sliceOf(
  type: RecordType,
  column: RecordColumn,
  order: Uint32Array | null,
  from: number,
  to: number,
): Slice {
  const length = to - from;
  const start = new Float64Array(length);
  const end = new Float64Array(length);
  const value = new Float64Array(length);
  const source = new Float64Array(length);
  const unit = new Float64Array(length);
  for (let row = 0; row < length; row++) {
    const index = order === null ? from + row : (order[from + row] ?? 0);
    start[row] = column.start(index);
    end[row] = column.end(index);
    value[row] = column.value(index);
    source[row] = column.source(index);
    unit[row] = column.unit(index);
  }
  return { type, length, start, end, value, source, unit };
}

/** The order by start of a column that is not in it yet; null when it is. Records are written in order of creation. */
function orderOf(column: RecordColumn): Uint32Array | null {
  const { length } = column;
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  let sorted = true;
  for (let index = 0, before = Number.NEGATIVE_INFINITY; index < length; index++) {
    const start = column.start(index);
    if (start < before) sorted = false;
    if (start < least) least = start;
    if (start > greatest) greatest = start;
    before = start;
  }
  if (sorted) return null;
  // Start and index in one number sort natively, several times faster than with a comparator.
  if ((greatest - least + 1) * length <= Number.MAX_SAFE_INTEGER) {
    const keys = new Float64Array(length);
    for (let index = 0; index < length; index++) keys[index] = (column.start(index) - least) * length + index;
    keys.sort();
    // No `from`: it makes a list of all values first.
    const order = new Uint32Array(length);
    for (let rank = 0; rank < length; rank++) order[rank] = (keys[rank] ?? 0) % length;
    return order;
  }
  return Uint32Array.from({ length }, (_, index) => index).sort(
    (a, b) => column.start(a) - column.start(b) || a - b,
  );
}

/** The first rank for which `reached` holds, or `length`; it must hold for all that follow. */
function lowerBound(length: number, reached: (rank: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Who recorded a workout. */
export interface Recorder {
  readonly sourceName: string | null;
  readonly device: string | null;
}

interface OpenCandidate extends Omit<Candidate, "readings"> {
  readonly list: ReadingList;
}

/**
 * Joins records to a workout, each field by itself and one value a second ({@link chooseReadings}). Nothing depends on
 * the order in the file.
 */
export function joinRecords(
  slices: readonly Slice[],
  table: RecordTable,
  window: Window,
  recorder: Recorder,
): Joined {
  const unknownUnits = new Set<string>();
  const byField = new Map<JoinedField, Map<string, OpenCandidate>>();
  for (const { type, length, start, end, value, source, unit } of slices) {
    const meaning = MEANING[type];
    let candidates = byField.get(meaning.field);
    if (candidates === undefined) byField.set(meaning.field, (candidates = new Map()));
    // A handful of each in a workout, and thousands of records.
    const lists = new Map<number, ReadingList>();
    const conversions = new Map<number, ((value: number) => number) | null>();
    for (let row = 0; row < length; row++) {
      const unitIndex = unit[row] ?? -1;
      let convert = conversions.get(unitIndex);
      if (convert === undefined) {
        const written = table.units[unitIndex] ?? "";
        convert = conversionOf(written === "" ? meaning.bareUnit : written, meaning.dimension);
        conversions.set(unitIndex, convert);
      }
      const raw = value[row] ?? Number.NaN;
      if (convert === null && Number.isFinite(raw)) unknownUnits.add(table.units[unitIndex] ?? "");
      const converted = convert?.(raw) ?? Number.NaN;
      if (!(converted > 0 || (converted === 0 && meaning.zero)) || converted === Number.POSITIVE_INFINITY) {
        continue;
      }
      const sourceIndex = source[row] ?? -1;
      let list = lists.get(sourceIndex);
      if (list === undefined) {
        list = listOf(candidates, table.sources[sourceIndex], recorder);
        lists.set(sourceIndex, list);
      }
      const from = start[row] ?? Number.NaN;
      list.add(from, (end[row] ?? Number.NaN) - from, converted);
    }
  }
  const columns = new Map<JoinedField, Readings>();
  for (const [field, open] of byField) {
    const candidates = [...open.values()].map(({ list, ...source }) => ({
      ...source,
      readings: list.finish(),
    }));
    if (candidates.length > 0) columns.set(field, chooseReadings(candidates, window));
  }
  return { columns, unknownUnits };
}

/** The list of a source's readings; one source may be several entries of the table. */
function listOf(
  candidates: Map<string, OpenCandidate>,
  source: RecordSource | undefined,
  recorder: Recorder,
): ReadingList {
  const described = describeSource(source, recorder);
  let candidate = candidates.get(described.key);
  if (candidate === undefined) {
    candidate = { ...described, list: new ReadingList() };
    candidates.set(described.key, candidate);
  }
  return candidate.list;
}

/** A source's name and hardware: its device string alone is another one whenever the pointer in it is. */
function describeSource(
  source: RecordSource | undefined,
  recorder: Recorder,
): { key: string; affinity: number } {
  const name = normalSource(source?.name ?? null);
  const { hardware } = parseDevice(source?.device ?? "");
  const sameName = name !== "" && name === normalSource(recorder.sourceName);
  const sameHardware = hardware !== null && hardware === parseDevice(recorder.device ?? "").hardware;
  return { key: `${name}\n${hardware ?? ""}`, affinity: sameName ? 2 : sameHardware ? 1 : 0 };
}
