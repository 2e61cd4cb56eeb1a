import {
  type Activity,
  epochMs,
  heartRateOf,
  holesOf,
  isInstant,
  type JsonObject,
  SAMPLE_FIELDS,
  type SampleField,
  type Samples,
  weightedHeartRateOf,
} from "../model/index.ts";
import { ACTIVITY_FIELDS } from "./columns.ts";

/** Where one recording has no value of a column for longer than this (milliseconds), those of the other count. */
const HOLE_MS = 30_000;
/** Of so many equal values of one recording one may have been rectified. */
const RECTIFIED = 10;
/** Positions may go on for this long after the end of a session (milliseconds). */
const ROUTE_TAIL_MS = 60_000;

const ROUTE_FIELDS: ReadonlySet<SampleField> = new Set(["positionLat", "positionLong", "altitude", "speed"]);
const HEART_RATE_FIELDS = ["avgHeartRate", "maxHeartRate", "minHeartRate"] as const;

/**
 * Two copies of one session as one: what `newer` says, and what `older` says where it says nothing. A poorer copy never removes
 * a value. Of a session that its source has rewritten with other times, what `older` has outside them is not part of it.
 */
export function mergeActivities(
  older: Activity,
  newer: Activity,
  options: { readonly isRewrite?: boolean } = {},
): Activity {
  const merged: Record<string, unknown> = { ...newer };
  for (const [field] of ACTIVITY_FIELDS) merged[field] = newer[field] ?? older[field];
  // Of another sport it would be another's.
  if (newer.sport !== older.sport) merged["subSport"] = newer.subSport;
  const before = options.isRewrite === true ? within(older.samples, newer) : older.samples;
  const samples = mergeSamples(before, newer.samples);
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

/** The samples that lie in an activity's time. */
function within(samples: Samples, { startTime, totalElapsedTime }: Activity): Samples {
  if (totalElapsedTime === null || !isInstant(startTime)) return samples;
  const start = epochMs(startTime);
  const end = start + totalElapsedTime * 1000;
  const columns: Partial<Record<SampleField, Float64Array>> = {};
  for (const field of SAMPLE_FIELDS) {
    const last = end + (ROUTE_FIELDS.has(field) ? ROUTE_TAIL_MS : 0);
    const isOutside = (index: number): boolean => {
      // Whole seconds, as sessions have them.
      const instant = Math.floor((samples.timestamp[index] ?? Number.NaN) / 1000) * 1000;
      return instant < start || instant > last;
    };
    const column = samples[field]?.map((value, index) => (isOutside(index) ? Number.NaN : value));
    if (column !== undefined) columns[field] = column;
  }
  return { timestamp: samples.timestamp, ...columns };
}

type HeartRate = Pick<Activity, (typeof HEART_RATE_FIELDS)[number]>;

/**
 * Each figure as the source says it, of the newer copy before the older; computed from the united samples where both say only what
 * their own samples say.
 */
function heartRateFigures(older: Activity, newer: Activity, samples: Samples): HeartRate {
  const [ofOlder, ofNewer, united] = [older.samples, newer.samples, samples].map((each) => ({
    plain: heartRateOf(each),
    weighted: weightedHeartRateOf(each),
  })) as [Computed, Computed, Computed];
  const figure = (field: keyof HeartRate): number | null => {
    const [first, second] = [newer[field], older[field]];
    const isStated = (value: number | null, own: Computed): boolean =>
      value !== null && value !== own.plain[field] && value !== own.weighted[field];
    if (isStated(first, ofNewer)) return first;
    if (isStated(second, ofOlder)) return second;
    if (first === null && second === null) return null;
    const isWeighted = first === null ? second !== ofOlder.plain[field] : first !== ofNewer.plain[field];
    return united[isWeighted ? "weighted" : "plain"][field];
  };
  return {
    avgHeartRate: figure("avgHeartRate"),
    maxHeartRate: figure("maxHeartRate"),
    minHeartRate: figure("minHeartRate"),
  };
}

/** Heart rate computed from one recording, in the two ways in which providers do it. */
interface Computed {
  readonly plain: HeartRate;
  readonly weighted: HeartRate;
}

/**
 * Two recordings of one session as one, column by column. Where they share half of the sparser one's instants and agree at nearly
 * all of these, they are parts of one, and all of both counts. Else the one with more values counts (`newer` when equal), and in its holes the other. A cumulative
 * distance is of one of them: the two do not count from the same place.
 */
export function mergeSamples(older: Samples, newer: Samples): Samples {
  const span = spanOf(older, newer);
  const parts = SAMPLE_FIELDS.flatMap((field): Part[] => {
    const [ofOlder, ofNewer] = [valuesOf(older, field), valuesOf(newer, field)];
    const shared = sharedInstants(ofOlder, ofNewer);
    const isOlderFuller =
      ofOlder.time.length > ofNewer.time.length ||
      // Nothing tells which is the better one: the stored one stays, or the two would take turns.
      (ofOlder.time.length === ofNewer.time.length && shared.count === 0);
    const [base, other]: [Part, Part] = [
      { field, from: newer, ...ofNewer },
      { field, from: older, ...ofOlder },
    ];
    const [taken, offered] = isOlderFuller ? [other, base] : [base, other];
    if (field === "distance") return [taken];
    // A few equal values are chance; half of the sparser recording is not.
    if (
      shared.count > 0 &&
      shared.count * 2 >= offered.time.length &&
      shared.differ * RECTIFIED <= shared.count
    ) {
      return [offered, taken];
    }
    const isHole = holesOf(taken.time, offered.time, span);
    const inHole = (_: number, index: number): boolean => isHole[index] === 1;
    return [taken, { ...offered, time: offered.time.filter(inHole), value: offered.value.filter(inHole) }];
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

/** How many instants both have, and at how many of these they differ. */
function sharedInstants(a: Values, b: Values): { count: number; differ: number } {
  let count = 0;
  let differ = 0;
  for (let left = 0, right = 0; left < a.time.length && right < b.time.length;) {
    const difference = (a.time[left] ?? 0) - (b.time[right] ?? 0);
    if (difference === 0) {
      count++;
      if (a.value[left] !== b.value[right]) differ++;
    }
    if (difference <= 0) left++;
    if (difference >= 0) right++;
  }
  return { count, differ };
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
