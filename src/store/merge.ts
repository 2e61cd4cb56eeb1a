import {
  type Activity,
  countValues,
  heartRateOf,
  holesOf,
  type JsonObject,
  SAMPLE_FIELDS,
  type SampleField,
  type Samples,
} from "../model/index.ts";
import { ACTIVITY_FIELDS } from "./columns.ts";

/** Where one recording has no value of a column for longer than this (milliseconds), those of the other count. */
const HOLE_MS = 30_000;

const HEART_RATE_FIELDS = ["avgHeartRate", "maxHeartRate", "minHeartRate"] as const;

/**
 * Two copies of one session as one: what `newer` says, and what `older` says where it says nothing. A poorer copy never removes
 * a value.
 */
export function mergeActivities(older: Activity, newer: Activity): Activity {
  const merged: Record<string, unknown> = { ...newer };
  for (const [field] of ACTIVITY_FIELDS) merged[field] = newer[field] ?? older[field];
  const samples = mergeSamples(older.samples, newer.samples);
  return {
    ...(merged as unknown as Activity),
    ...heartRateFigures(older, newer, samples),
    laps: newer.laps.length > 0 ? newer.laps : older.laps,
    pauses: newer.pauses.length > 0 ? newer.pauses : older.pauses,
    hrZones: newer.hrZones.length > 0 ? newer.hrZones : older.hrZones,
    samples,
    hasGps: older.hasGps === true ? true : (newer.hasGps ?? older.hasGps),
    extra: { ...older.extra, ...newer.extra },
  };
}

/** As a source says; of the united samples only where neither copy says more than its own samples do. */
function heartRateFigures(
  older: Activity,
  newer: Activity,
  samples: Samples,
): Pick<Activity, (typeof HEART_RATE_FIELDS)[number]> {
  const [first, second] = isStated(newer) || !isStated(older) ? [newer, older] : [older, newer];
  const isComputed = !isStated(first) && (first.avgHeartRate ?? second.avgHeartRate) !== null;
  const figures = isComputed ? heartRateOf(samples) : first;
  return {
    avgHeartRate: figures.avgHeartRate ?? second.avgHeartRate,
    maxHeartRate: figures.maxHeartRate ?? second.maxHeartRate,
    minHeartRate: figures.minHeartRate ?? second.minHeartRate,
  };
}

function isStated(activity: Activity): boolean {
  const own = heartRateOf(activity.samples);
  return HEART_RATE_FIELDS.some((field) => activity[field] !== null && activity[field] !== own[field]);
}

/**
 * Two recordings of one session as one: for each column the one with more values (`newer` when equal), and in its holes the
 * other. A cumulative distance is of one of them: the two do not count from the same place.
 */
export function mergeSamples(older: Samples, newer: Samples): Samples {
  const parts = SAMPLE_FIELDS.flatMap((field): Part[] => {
    const isOlderFuller = countValues(older[field]) > countValues(newer[field]);
    const [base, other] = isOlderFuller ? [older, newer] : [newer, older];
    const taken: Part = { field, from: base, ...valuesOf(base, field) };
    if (field === "distance") return [taken];
    const offered = valuesOf(other, field);
    const isHole = holesOf(taken.time, offered.time, spanOf(older, newer));
    const inHole = (_: number, index: number): boolean => isHole[index] === 1;
    const { time, value } = offered;
    return [taken, { field, from: other, time: time.filter(inHole), value: value.filter(inHole) }];
  }).filter(({ time }) => time.length > 0);
  if (parts.every(({ from }) => from === newer)) return newer;
  const timestamp = Float64Array.from(new Set(parts.flatMap(({ time }) => [...time]))).toSorted();
  const place = new Map<number, number>();
  timestamp.forEach((instant, index) => place.set(instant, index));
  const columns: Partial<Record<SampleField, Float64Array>> = {};
  for (const { field, time, value } of parts) {
    const column = (columns[field] ??= new Float64Array(timestamp.length).fill(Number.NaN));
    time.forEach((instant, index) => {
      column[place.get(instant) ?? -1] = value[index] ?? Number.NaN;
    });
  }
  return { timestamp, ...columns };
}

interface Values {
  readonly time: Float64Array;
  readonly value: Float64Array;
}

/** What of a column comes from one of the two recordings. */
interface Part extends Values {
  readonly field: SampleField;
  readonly from: Samples;
}

/** A column without its missing values. */
function valuesOf(samples: Samples, field: SampleField): Values {
  const column = samples[field];
  if (column === undefined) return { time: new Float64Array(0), value: new Float64Array(0) };
  const isThere = (_: number, index: number): boolean => !Number.isNaN(column[index]);
  return { time: samples.timestamp.filter(isThere), value: column.filter(isThere) };
}

function spanOf(a: Samples, b: Samples): { start: number; end: number; gap: number } {
  const first = ({ timestamp }: Samples): number => timestamp[0] ?? Number.POSITIVE_INFINITY;
  const last = ({ timestamp }: Samples): number => timestamp.at(-1) ?? Number.NEGATIVE_INFINITY;
  return { start: Math.min(first(a), first(b)), end: Math.max(last(a), last(b)), gap: HOLE_MS };
}

/** Whether `a` is an earlier state than `b` of what its source numbers under that key of `extra`. */
export function isEarlierRevision(a: Activity, b: Activity, key: string | undefined): boolean {
  if (key === undefined) return false;
  return revisionOf(a.extra, key) < revisionOf(b.extra, key);
}

function revisionOf(extra: JsonObject, key: string): number {
  const revision = extra[key];
  return typeof revision === "number" ? revision : Number.NEGATIVE_INFINITY;
}
