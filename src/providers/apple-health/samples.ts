import { holesOf, NO_SAMPLES, SAMPLE_FIELDS } from "../../model/index.ts";
import type { SampleField, Samples } from "../../model/index.ts";
import type { RoutePoints } from "./elements.ts";
import type { Joined } from "./join.ts";
import { GAP } from "./readings.ts";
import type { Window } from "./readings.ts";

/** The watch goes on writing the route for a moment after the end of the workout (seconds). */
const ROUTE_TAIL = 60;

/** One field over time. */
interface TimedColumn {
  readonly field: SampleField;
  /** Unix milliseconds, strictly ascending. */
  readonly time: Float64Array;
  /** NaN is missing. */
  readonly value: Float64Array;
}

/** A workout's position over time, from all the parts of its route. */
export interface Track {
  /** Unix milliseconds, strictly ascending, one a second. */
  readonly time: Float64Array;
  readonly latitude: Float64Array;
  readonly longitude: Float64Array;
  readonly altitude: Float64Array;
  readonly speed: Float64Array;
}

/**
 * The points that belong to a workout: in [start, end + 60 s], one a second, by their own time and not by the part
 * they come from. Of two points of one second the one of the earlier part stands.
 */
export function trackOf(parts: readonly RoutePoints[], window: Window): Track {
  const capacity = parts.reduce((sum, { length }) => sum + length, 0);
  const found = emptyTrack(capacity);
  let count = 0;
  let inOrder = true;
  let before = Number.NEGATIVE_INFINITY;
  for (const { length, time, latitude, longitude, altitude, speed } of parts) {
    for (let index = 0; index < length; index++) {
      const second = Math.floor((time[index] ?? Number.NaN) / 1000);
      if (!(second >= window.start && second <= window.end + ROUTE_TAIL)) continue;
      if (!isPosition(latitude[index], longitude[index])) continue;
      if (second <= before) inOrder = false;
      before = second;
      found.time[count] = time[index] ?? Number.NaN;
      found.latitude[count] = latitude[index] ?? Number.NaN;
      found.longitude[count] = longitude[index] ?? Number.NaN;
      found.altitude[count] = altitude[index] ?? Number.NaN;
      // A negative speed is Core Location's "unknown".
      found.speed[count] = (speed[index] ?? -1) < 0 ? Number.NaN : (speed[index] ?? Number.NaN);
      count++;
    }
  }
  return inOrder ? mapTrack(found, (column) => column.subarray(0, count)) : oneEachSecond(found, count);
}

function emptyTrack(length: number): Track {
  const column = (): Float64Array => new Float64Array(length);
  return { time: column(), latitude: column(), longitude: column(), altitude: column(), speed: column() };
}

function mapTrack(track: Track, change: (column: Float64Array) => Float64Array): Track {
  return {
    time: change(track.time),
    latitude: change(track.latitude),
    longitude: change(track.longitude),
    altitude: change(track.altitude),
    speed: change(track.speed),
  };
}

/** For parts that overlap or are out of order. */
function oneEachSecond(found: Track, count: number): Track {
  const chosen = new Map<number, number>();
  for (let index = 0; index < count; index++) {
    const second = Math.floor((found.time[index] ?? 0) / 1000);
    if (!chosen.has(second)) chosen.set(second, index);
  }
  const order = [...chosen].sort(([a], [b]) => a - b).map(([, index]) => index);
  return mapTrack(found, (column) => Float64Array.from(order, (index) => column[index] ?? Number.NaN));
}

function isPosition(latitude: number | undefined, longitude: number | undefined): boolean {
  return Math.abs(latitude ?? Number.NaN) <= 90 && Math.abs(longitude ?? Number.NaN) <= 180;
}

/** A workout's samples: the joined records and the track, one row for each instant. */
export function buildSamples(joined: Joined, track: Track, window: Window): Samples {
  const columns: TimedColumn[] = [
    { field: "positionLat", time: track.time, value: track.latitude },
    { field: "positionLong", time: track.time, value: track.longitude },
    { field: "altitude", time: track.time, value: track.altitude },
  ];
  for (const [field, { time, value }] of joined.columns) {
    const ms = new Float64Array(time.length);
    for (let index = 0; index < ms.length; index++) ms[index] = (time[index] ?? Number.NaN) * 1000;
    columns.push({ field, time: ms, value });
  }
  columns.push({ field: "speed", time: track.time, value: speedInHoles(track, joined, window) });
  return unite(columns);
}

/** The watch's own speed is steadier than that of the single fixes, which serve where there is no other. */
function speedInHoles({ time, speed }: Track, joined: Joined, window: Window): Float64Array {
  const measured = joined.columns.get("speed")?.time;
  if (measured === undefined || measured.length === 0) return speed;
  const seconds = new Float64Array(time.length);
  for (let index = 0; index < seconds.length; index++) seconds[index] = (time[index] ?? Number.NaN) / 1000;
  const isHole = holesOf(measured, seconds, { ...window, gap: GAP });
  const left = speed.slice();
  for (let index = 0; index < left.length; index++) if (isHole[index] !== 1) left[index] = Number.NaN;
  return left;
}

/** Rows of the instants of all columns. Where two columns are of one field the earlier wins. */
function unite(columns: readonly TimedColumn[]): Samples {
  const timestamp = [...new Set(columns.map(({ time }) => time))].reduce(union);
  if (timestamp.length === 0) return NO_SAMPLES;
  const united: Partial<Record<SampleField, Float64Array>> = {};
  for (const field of SAMPLE_FIELDS) {
    for (const column of columns) if (column.field === field) spread(column, timestamp, united);
  }
  return { timestamp, ...united };
}

/** Both of two ascending lists, as one. */
function union(a: Float64Array, b: Float64Array): Float64Array {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  const both = new Float64Array(a.length + b.length);
  let length = 0;
  for (let left = 0, right = 0; left < a.length || right < b.length; length++) {
    // Not read beyond its end: what may be undefined is an object in each turn.
    const one = left < a.length ? (a[left] ?? Number.NaN) : Number.POSITIVE_INFINITY;
    const other = right < b.length ? (b[right] ?? Number.NaN) : Number.POSITIVE_INFINITY;
    both[length] = one < other ? one : other;
    if (one <= other) left++;
    if (other <= one) right++;
  }
  return both.slice(0, length);
}

function spread(
  { field, time, value }: TimedColumn,
  timestamp: Float64Array,
  united: Partial<Record<SampleField, Float64Array>>,
): void {
  let target = united[field];
  for (let index = 0, row = 0; index < time.length; index++) {
    const instant = time[index] ?? Number.NaN;
    const one = value[index] ?? Number.NaN;
    if (Number.isNaN(one)) continue;
    while ((timestamp[row] ?? instant) < instant) row++;
    target ??= united[field] = new Float64Array(timestamp.length).fill(Number.NaN);
    if (Number.isNaN(target[row])) target[row] = one;
  }
}
