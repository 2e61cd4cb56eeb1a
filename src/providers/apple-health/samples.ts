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
  const chosen = new Map<number, readonly [part: RoutePoints, index: number]>();
  for (const part of parts) {
    for (let index = 0; index < part.length; index++) {
      const second = Math.floor((part.time[index] ?? Number.NaN) / 1000);
      if (!(second >= window.start && second <= window.end + ROUTE_TAIL) || chosen.has(second)) continue;
      if (isPosition(part.latitude[index], part.longitude[index])) chosen.set(second, [part, index]);
    }
  }
  const points = [...chosen].sort(([a], [b]) => a - b).map(([, point]) => point);
  const column = (name: "time" | "latitude" | "longitude" | "altitude" | "speed"): Float64Array =>
    Float64Array.from(points, ([part, index]) => part[name][index] ?? Number.NaN);
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
  const inHoles = new Set(
    withinHoles(
      measured,
      track.time.map((ms) => ms / 1000),
      window,
    ),
  );
  columns.push({
    field: "speed",
    time: track.time,
    value: track.speed.map((speed, index) =>
      inHoles.has((track.time[index] ?? 0) / 1000) ? speed : Number.NaN,
    ),
  });
  return unite(columns);
}

/** Rows of all instants at which any column has a value. Where two columns are of one field the earlier wins. */
function unite(columns: readonly TimedColumn[]): Samples {
  const instants = new Set<number>();
  for (const { time, value } of columns) {
    time.forEach((instant, index) => {
      if (!Number.isNaN(value[index])) instants.add(instant);
    });
  }
  if (instants.size === 0) return NO_SAMPLES;
  const timestamp = Float64Array.from(instants).sort();
  const united: Partial<Record<SampleField, Float64Array>> = {};
  for (const field of SAMPLE_FIELDS) {
    for (const column of columns) if (column.field === field) spread(column, timestamp, united);
  }
  return { timestamp, ...united };
}

function spread(
  { field, time, value }: TimedColumn,
  timestamp: Float64Array,
  united: Partial<Record<SampleField, Float64Array>>,
): void {
  let row = 0;
  time.forEach((instant, index) => {
    const one = value[index] ?? Number.NaN;
    if (Number.isNaN(one)) return;
    while ((timestamp[row] ?? instant) < instant) row++;
    const target = (united[field] ??= new Float64Array(timestamp.length).fill(Number.NaN));
    if (Number.isNaN(target[row])) target[row] = one;
  });
}
