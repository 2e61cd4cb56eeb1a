import type { SampleField } from "../../model/index.ts";
import { parseDevice } from "./device.ts";
import type { RecordColumn, RecordSource, RecordType } from "./elements.ts";
import { normalSource } from "./identity.ts";
import { convert } from "./units.ts";
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

/** Holes longer than this in one source's samples are filled from the next one (seconds). */
const GAP = 30;

/** All the records that may belong to workouts, as `Scan` has them or as `records.ts` has kept them. */
export interface RecordTable {
  readonly records: ReadonlyMap<RecordType, RecordColumn>;
  readonly sources: readonly RecordSource[];
  readonly units: readonly string[];
}

/** The time in which a workout's records lie, both ends included, Unix seconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** The records of one type whose start lies in a workout. */
export interface Slice {
  readonly type: RecordType;
  readonly column: RecordColumn;
  /** Indexes into `column`, by start. */
  readonly indexes: Uint32Array;
}

/** One field's values over time, one a second. */
export interface JoinedColumn {
  /** Unix seconds, strictly ascending. */
  readonly time: Float64Array;
  readonly value: Float64Array;
}

/** What the records give a workout. */
export interface Joined {
  readonly columns: ReadonlyMap<JoinedField, JoinedColumn>;
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
      if (to <= from) continue;
      const indexes =
        order?.subarray(from, to) ?? Uint32Array.from({ length: to - from }, (_, n) => from + n);
      slices.push({ type, column, indexes });
    }
    return slices;
  }
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
    const keys = Float64Array.from({ length }, (_, index) => (column.start(index) - least) * length + index);
    keys.sort();
    return Uint32Array.from(keys, (key) => key % length);
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

/** One source's values in a workout. */
interface Candidate {
  readonly key: string;
  /** How well the source fits the workout's own: 2 by name, 1 by hardware, 0 not. */
  readonly affinity: number;
  readonly values: Map<number, Reading>;
}

interface Reading {
  readonly value: number;
  readonly duration: number;
}

/**
 * Joins records to a workout. For each field one source is chosen: the workout's own (by name, else by hardware) if it
 * covers half of the time, else the one with the most seconds; the next ones fill holes of more than 30 s. No second
 * has two values, and nothing depends on the order in the file.
 */
export function joinRecords(
  slices: readonly Slice[],
  table: RecordTable,
  window: Window,
  recorder: Recorder,
): Joined {
  const unknownUnits = new Set<string>();
  const byField = new Map<JoinedField, Map<string, Candidate>>();
  const sources = new Map<number, { key: string; affinity: number }>();
  for (const { type, column, indexes } of slices) {
    const meaning = MEANING[type];
    let candidates = byField.get(meaning.field);
    if (candidates === undefined) byField.set(meaning.field, (candidates = new Map()));
    for (const index of indexes) {
      const unit = table.units[column.unit(index)] ?? "";
      const value = convert(column.value(index), unit === "" ? meaning.bareUnit : unit, meaning.dimension);
      if (value === null) {
        if (Number.isFinite(column.value(index))) unknownUnits.add(unit);
        continue;
      }
      if (value < 0 || (value === 0 && !meaning.zero)) continue;
      const number = column.source(index);
      let source = sources.get(number);
      if (source === undefined)
        sources.set(number, (source = describeSource(table.sources[number], recorder)));
      let candidate = candidates.get(source.key);
      if (candidate === undefined) candidates.set(source.key, (candidate = { ...source, values: new Map() }));
      keepReading(candidate.values, column.start(index), {
        value,
        duration: column.end(index) - column.start(index),
      });
    }
  }
  const columns = new Map<JoinedField, JoinedColumn>();
  for (const [field, candidates] of byField) {
    const column = chooseSources([...candidates.values()], window);
    if (column.time.length > 0) columns.set(field, column);
  }
  return { columns, unknownUnits };
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

/** Of two values of one second the one over the shorter time, then the smaller: whatever their order was. */
function keepReading(values: Map<number, Reading>, start: number, reading: Reading): void {
  const second = Math.floor(start);
  const other = values.get(second);
  if (
    other === undefined ||
    reading.duration < other.duration ||
    (reading.duration === other.duration && reading.value < other.value)
  ) {
    values.set(second, reading);
  }
}

function chooseSources(candidates: readonly Candidate[], window: Window): JoinedColumn {
  const ranked = candidates
    .map(({ key, affinity, values }) => ({
      key,
      affinity,
      values,
      times: Float64Array.from(values.keys()).sort(),
    }))
    .sort((a, b) => b.times.length - a.times.length || (a.key < b.key ? -1 : 1));
  const own = ranked
    .filter(({ affinity, times }) => affinity > 0 && coverage(times, window) >= 0.5)
    .sort((a, b) => b.affinity - a.affinity)[0];
  const order = own === undefined ? ranked : [own, ...ranked.filter((candidate) => candidate !== own)];

  let time = new Float64Array(0);
  const value = new Map<number, number>();
  for (const { values, times } of order) {
    const isHole = holesOf(time, times, window);
    const added = times.filter((_, index) => isHole[index] === 1);
    for (const second of added) value.set(second, values.get(second)?.value ?? Number.NaN);
    time = Float64Array.from([...time, ...added]).sort();
  }
  return { time, value: time.map((second) => value.get(second) ?? Number.NaN) };
}

/**
 * Which of the offered instants lie in a hole of the taken ones (1) and which do not (0): more than 30 s without any of
 * them, between two or between one and the window's edge. Both in ascending order, Unix seconds.
 */
export function holesOf(taken: Float64Array, offered: Float64Array, window: Window): Uint8Array {
  const isHole = new Uint8Array(offered.length);
  if (taken.length === 0) return isHole.fill(1);
  let next = 0;
  for (let index = 0; index < offered.length; index++) {
    const instant = offered[index] ?? Number.NaN;
    while (next < taken.length && (taken[next] ?? 0) < instant) next++;
    const left = taken[next - 1] ?? Number.NEGATIVE_INFINITY;
    const right = taken[next] ?? Number.POSITIVE_INFINITY;
    const length = Math.min(right, window.end) - Math.max(left, window.start);
    if (right !== instant && length > GAP) isHole[index] = 1;
  }
  return isHole;
}

/** The share of the window that lies within 30 s after a sample. */
function coverage(times: Float64Array, window: Window): number {
  const length = window.end - window.start;
  if (length <= 0) return times.length > 0 ? 1 : 0;
  let covered = 0;
  times.forEach((time, index) => {
    covered += Math.min(GAP, (times[index + 1] ?? window.end) - time);
  });
  return covered / length;
}
