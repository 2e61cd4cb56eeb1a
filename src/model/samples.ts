import type { Activity } from "./activity.ts";

/** The measured columns of a sample, in the order of the `samples` table. Units as in `docs/schema.md`. */
export const SAMPLE_FIELDS = [
  "heartRate",
  "positionLat",
  "positionLong",
  "altitude",
  "distance",
  "speed",
  "cadence",
  "power",
  "temperature",
] as const;

/** bpm, degrees, degrees, m, cumulative m, m/s, rpm (spm on foot), W, °C. */
export type SampleField = (typeof SAMPLE_FIELDS)[number];

/**
 * The samples of one activity by column. All columns are as long as `timestamp`; `NaN` is "missing"
 * (a typed array has no null), and a column that would be all `NaN` is left out.
 */
export interface Samples extends Readonly<Partial<Record<SampleField, Float64Array>>> {
  /** Unix milliseconds UTC, strictly ascending: two sources of one instant are one row. */
  readonly timestamp: Float64Array;
}

/** No samples at all. */
export const NO_SAMPLES: Samples = { timestamp: new Float64Array(0) };

/** One sample on its way into {@link samplesFromRows}; an absent or null field is missing. */
export type SampleRow = { readonly timestamp: number } & {
  readonly [F in SampleField]?: number | null | undefined;
};

/**
 * Builds columns from rows in any order. Rows of the same timestamp are united; where two of them give
 * the same field, the earlier row in the input wins. Non-finite values are missing; rows with no value are dropped.
 */
export function samplesFromRows(rows: Iterable<SampleRow>): Samples {
  const byTime = new Map<number, Partial<Record<SampleField, number>>>();
  for (const row of rows) {
    if (!Number.isFinite(row.timestamp)) continue;
    for (const field of SAMPLE_FIELDS) {
      const value = row[field];
      if (value === undefined || value === null || !Number.isFinite(value)) continue;
      let merged = byTime.get(row.timestamp);
      if (merged === undefined) byTime.set(row.timestamp, (merged = {}));
      merged[field] ??= value;
    }
  }
  const timestamp = Float64Array.from(byTime.keys()).toSorted();
  const columns: Partial<Record<SampleField, Float64Array>> = {};
  timestamp.forEach((time, index) => {
    const merged = byTime.get(time) ?? {};
    for (const field of SAMPLE_FIELDS) {
      const value = merged[field];
      if (value === undefined) continue;
      (columns[field] ??= new Float64Array(timestamp.length).fill(Number.NaN))[index] = value;
    }
  });
  return { timestamp, ...columns };
}

/** The columns that hold anything, in table order. */
export function sampleFieldsOf(samples: Samples): SampleField[] {
  return SAMPLE_FIELDS.filter((field) => samples[field] !== undefined);
}

/**
 * Which of the offered instants lie in a hole of the taken ones (1) and which do not (0): more than `gap` without any of
 * them, between two or between one and an end of `window`. Both in ascending order, all in one unit of time.
 */
export function holesOf(
  taken: Float64Array,
  offered: Float64Array,
  { start, end, gap }: { readonly start: number; readonly end: number; readonly gap: number },
): Uint8Array {
  const isHole = new Uint8Array(offered.length);
  if (taken.length === 0) return isHole.fill(1);
  let next = 0;
  for (let index = 0; index < offered.length; index++) {
    const instant = offered[index] ?? Number.NaN;
    while (next < taken.length && (taken[next] ?? 0) < instant) next++;
    const left = taken[next - 1] ?? Number.NEGATIVE_INFINITY;
    const right = taken[next] ?? Number.POSITIVE_INFINITY;
    const length = Math.min(right, end) - Math.max(left, start);
    if (right !== instant && length > gap) isHole[index] = 1;
  }
  return isHole;
}

/** Mean, greatest and least of the heart rate, bpm; null where there is none. */
export function heartRateOf(
  samples: Samples,
): Pick<Activity, "avgHeartRate" | "maxHeartRate" | "minHeartRate"> {
  let count = 0;
  let sum = 0;
  let greatest = Number.NEGATIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  for (const value of samples.heartRate ?? []) {
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
    greatest = Math.max(greatest, value);
    least = Math.min(least, value);
  }
  if (count === 0) return { avgHeartRate: null, maxHeartRate: null, minHeartRate: null };
  return { avgHeartRate: sum / count, maxHeartRate: greatest, minHeartRate: least };
}

/** A reading counts until the next one, but not longer than this. */
const MAX_GAP_MS = 10_000;

/** As {@link heartRateOf}, with the mean weighted by time. */
export function weightedHeartRateOf(
  samples: Samples,
): Pick<Activity, "avgHeartRate" | "maxHeartRate" | "minHeartRate"> {
  const { timestamp, heartRate } = samples;
  let sum = 0;
  let weight = 0;
  let highest = Number.NEGATIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  heartRate?.forEach((bpm, index) => {
    if (Number.isNaN(bpm)) return;
    const until = timestamp[index + 1] ?? (timestamp[index] ?? 0) + 1000;
    const own = Math.min(until - (timestamp[index] ?? 0), MAX_GAP_MS);
    sum += bpm * own;
    weight += own;
    highest = Math.max(highest, bpm);
    lowest = Math.min(lowest, bpm);
  });
  if (weight === 0) return { avgHeartRate: null, maxHeartRate: null, minHeartRate: null };
  return { avgHeartRate: sum / weight, maxHeartRate: highest, minHeartRate: lowest };
}
