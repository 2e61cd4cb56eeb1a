import { NO_SAMPLES, SAMPLE_FIELDS } from "../../model/index.ts";
import type { SampleField, Samples } from "../../model/index.ts";
import type { RoutePoints } from "./elements.ts";
import { withinHoles } from "./join.ts";
import type { Joined, Window } from "./join.ts";

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
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  const second = new Float64Array(total);
  const part = new Uint32Array(total);
  const place = new Uint32Array(total);
  let count = 0;
  let ordered = true;
  parts.forEach(({ length, time, latitude, longitude }, number) => {
    for (let index = 0; index < length; index++) {
      const at = Math.floor((time[index] ?? Number.NaN) / 1000);
      if (!(at >= window.start && at <= window.end + ROUTE_TAIL)) continue;
      if (!isPosition(latitude[index], longitude[index])) continue;
      if (count > 0 && at < (second[count - 1] ?? 0)) ordered = false;
      second[count] = at;
      part[count] = number;
      place[count] = index;
      count++;
    }
  });
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  if (!ordered) order.sort((a, b) => (second[a] ?? 0) - (second[b] ?? 0) || a - b);
  const chosen = order.filter((at, rank) => rank === 0 || second[at] !== second[order[rank - 1] ?? 0]);
  const column = (name: "time" | "latitude" | "longitude" | "altitude" | "speed"): Float64Array => {
    const values = new Float64Array(chosen.length);
    for (let rank = 0; rank < chosen.length; rank++) {
      const at = chosen[rank] ?? 0;
      values[rank] = parts[part[at] ?? 0]?.[name][place[at] ?? 0] ?? Number.NaN;
    }
    return values;
  };
  const track = { time: column("time"), latitude: column("latitude"), longitude: column("longitude") };
  // A negative speed is Core Location's "unknown".
  return {
    ...track,
    altitude: column("altitude"),
    speed: column("speed").map((v) => (v < 0 ? Number.NaN : v)),
  };
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
    columns.push({ field, time: time.map((second) => second * 1000), value });
  }
  // The watch's own speed is steadier than that of the single fixes, which serve where there is no other.
  const measured = joined.columns.get("speed")?.time ?? new Float64Array(0);
  const inHoles = withinHoles(
    measured,
    track.time.map((ms) => ms / 1000),
    window,
  );
  let next = 0;
  columns.push({
    field: "speed",
    time: track.time,
    value: track.speed.map((speed, index) => {
      if (inHoles[next] !== (track.time[index] ?? 0) / 1000) return Number.NaN;
      next++;
      return speed;
    }),
  });
  return unite(columns);
}

/** Rows of all instants at which any column has a value. Where two columns are of one field the earlier wins. */
function unite(columns: readonly TimedColumn[]): Samples {
  const byTime = new Map<Float64Array, Float64Array[]>();
  for (const { time, value } of columns) {
    const values = byTime.get(time);
    if (values === undefined) byTime.set(time, [value]);
    else values.push(value);
  }
  let timestamp = new Float64Array(0);
  for (const [time, values] of byTime) {
    const measured = time.filter((_, index) => values.some((value) => !Number.isNaN(value[index])));
    timestamp = mergeInstants(timestamp, measured);
  }
  if (timestamp.length === 0) return NO_SAMPLES;
  const united: Partial<Record<SampleField, Float64Array>> = {};
  for (const field of SAMPLE_FIELDS) {
    for (const column of columns) if (column.field === field) spread(column, timestamp, united);
  }
  return { timestamp, ...united };
}

/** The instants of both, each once; all strictly ascending. */
function mergeInstants(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  const merged = new Float64Array(a.length + b.length);
  let length = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const left = a[i] ?? Number.POSITIVE_INFINITY;
    const right = b[j] ?? Number.POSITIVE_INFINITY;
    merged[length++] = Math.min(left, right);
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return merged.slice(0, length);
}

function spread(
  { field, time, value }: TimedColumn,
  timestamp: Float64Array,
  united: Partial<Record<SampleField, Float64Array>>,
): void {
  let target = united[field];
  for (let index = 0, row = 0; index < time.length; index++) {
    const one = value[index] ?? Number.NaN;
    if (Number.isNaN(one)) continue;
    const instant = time[index] ?? Number.NaN;
    while ((timestamp[row] ?? instant) < instant) row++;
    target ??= united[field] = new Float64Array(timestamp.length).fill(Number.NaN);
    if (Number.isNaN(target[row])) target[row] = one;
  }
}
