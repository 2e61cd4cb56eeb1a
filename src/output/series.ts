import type { Samples } from "../model/index.ts";

/** One measured thing over time, without its missing values. */
export interface Series {
  /** Seconds since the activity's start, ascending. */
  readonly time: Float64Array;
  readonly value: Float64Array;
}

/** Seconds over which a speed is averaged that has to be derived from distances or positions. */
const SPEED_WINDOW = 20;
const EARTH_RADIUS = 6_371_008.8;

/** A column as a series; null when it holds nothing. `startMs` is the zero of the time axis. */
export function columnSeries(
  samples: Samples,
  field: Exclude<keyof Samples, "timestamp">,
  startMs: number,
): Series | null {
  const column = samples[field];
  if (column === undefined) return null;
  const kept: number[] = [];
  column.forEach((value, at) => {
    if (!Number.isNaN(value)) kept.push(at);
  });
  if (kept.length === 0) return null;
  return {
    time: Float64Array.from(kept, (at) => ((samples.timestamp[at] ?? 0) - startMs) / 1000),
    value: Float64Array.from(kept, (at) => column[at] ?? Number.NaN),
  };
}

/**
 * m/s over time: as recorded; else from the recorded distance; else from the positions. A derived speed is averaged
 * over {@link SPEED_WINDOW} seconds, and never across a gap.
 */
export function speedSeries(samples: Samples, startMs: number): Series | null {
  const recorded = columnSeries(samples, "speed", startMs);
  if (recorded !== null && recorded.value.some((value) => value > 0)) return recorded;
  const distance = columnSeries(samples, "distance", startMs) ?? trackDistance(samples, startMs);
  return distance === null || distance.time.length < 2 ? null : derivative(distance);
}

function trackDistance(samples: Samples, startMs: number): Series | null {
  const track = trackOf(samples);
  if (track.length < 2) return null;
  let sum = 0;
  return {
    time: Float64Array.from(track, (point) => (point.timestamp - startMs) / 1000),
    value: Float64Array.from(track, (point, at) => {
      const before = track[at - 1];
      if (before !== undefined) sum += distanceBetween(before, point);
      return sum;
    }),
  };
}

function derivative(distance: Series): Series {
  const { time, value } = distance;
  const gap = gapThreshold(time);
  const times: number[] = [];
  const speeds: number[] = [];
  let from = 0;
  let to = 0;
  for (let at = 0; at < time.length; at++) {
    const now = time[at] ?? 0;
    while (from < at && now - (time[from] ?? 0) > SPEED_WINDOW / 2) from++;
    // A series sparser than the window is told from one sample to the next.
    let start = from === at && at > 0 ? at - 1 : from;
    if (to < at) to = at;
    while (to + 1 < time.length && (time[to + 1] ?? 0) - now <= SPEED_WINDOW / 2) to++;
    let end = to;
    for (let i = at; i > start; i--) if ((time[i] ?? 0) - (time[i - 1] ?? 0) > gap) start = i;
    for (let i = at; i < end; i++) if ((time[i + 1] ?? 0) - (time[i] ?? 0) > gap) end = i;
    const span = (time[end] ?? 0) - (time[start] ?? 0);
    const way = (value[end] ?? 0) - (value[start] ?? 0);
    if (span <= 0 || way < 0) continue;
    times.push(now);
    speeds.push(way / span);
  }
  return { time: Float64Array.from(times), value: Float64Array.from(speeds) };
}

/**
 * Seconds from which on two neighbouring values are no line any more but a gap: recordings are irregular (a watch may
 * measure every five seconds or every five minutes), so it follows the recording's own rhythm, and is a minute at least.
 */
export function gapThreshold(time: Float64Array): number {
  if (time.length < 2) return 60;
  const steps = new Float64Array(time.length - 1);
  for (let at = 0; at < steps.length; at++) steps[at] = (time[at + 1] ?? 0) - (time[at] ?? 0);
  steps.sort();
  return Math.max(60, 4 * (steps[Math.floor(steps.length / 2)] ?? 0));
}

/**
 * The series as `count` values at equal distances over [0, span]: the mean of what was measured in each, a straight
 * line between neighbours that are no {@link gapThreshold} apart, and NaN where nothing was measured.
 */
export function resample(series: Series, span: number, count: number): Float64Array {
  const sums = new Float64Array(count);
  const counts = new Uint32Array(count);
  const step = span / count;
  const bucketOf = (time: number): number => Math.min(count - 1, Math.max(0, Math.floor(time / step)));
  const { time, value } = series;
  for (let at = 0; at < time.length; at++) {
    if ((time[at] ?? 0) < 0 || (time[at] ?? 0) > span) continue;
    const bucket = bucketOf(time[at] ?? 0);
    sums[bucket] = (sums[bucket] ?? 0) + (value[at] ?? 0);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const means = sums.map((sum, at) => (counts[at] === 0 ? Number.NaN : sum / (counts[at] ?? 1)));
  const gap = gapThreshold(time);
  for (let at = 1; at < time.length; at++) {
    const [t0, t1] = [time[at - 1] ?? 0, time[at] ?? 0];
    if (t0 < 0 || t1 > span || t1 - t0 > gap) continue;
    for (let bucket = bucketOf(t0) + 1; bucket < bucketOf(t1); bucket++) {
      const share = ((bucket + 0.5) * step - t0) / (t1 - t0);
      means[bucket] = (value[at - 1] ?? 0) + share * ((value[at] ?? 0) - (value[at - 1] ?? 0));
    }
  }
  return means;
}

/** Where someone was. Degrees, Unix milliseconds. */
export interface TrackPoint {
  readonly timestamp: number;
  readonly lat: number;
  readonly long: number;
}

/** The positions of an activity in order; a sample with half a position, or none on Earth, has none. */
export function trackOf(samples: Samples): TrackPoint[] {
  const { timestamp, positionLat, positionLong } = samples;
  const track: TrackPoint[] = [];
  if (positionLat === undefined || positionLong === undefined) return track;
  timestamp.forEach((time, at) => {
    const lat = positionLat[at] ?? Number.NaN;
    const long = positionLong[at] ?? Number.NaN;
    if (Math.abs(lat) <= 90 && Math.abs(long) <= 180) track.push({ timestamp: time, lat, long });
  });
  return track;
}

/** Metres along the great circle (haversine, mean Earth radius). */
export function distanceBetween(a: TrackPoint, b: TrackPoint): number {
  const rad = Math.PI / 180;
  const h =
    Math.sin(((b.lat - a.lat) * rad) / 2) ** 2 +
    Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(((b.long - a.long) * rad) / 2) ** 2;
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** A track on a plane: metres east and north of its south-western corner, one list of points per unbroken part. */
export interface PlaneTrack {
  /** Metres. */
  readonly width: number;
  /** Metres. */
  readonly height: number;
  readonly parts: readonly (readonly PlanePoint[])[];
}

/** Metres. */
export interface PlanePoint {
  readonly x: number;
  readonly y: number;
  readonly timestamp: number;
}

/**
 * Projects a track so that a metre is the same length in both directions (equirectangular at its middle latitude), across
 * the antimeridian too. A part ends where time stood still for a minute and the person turned up elsewhere.
 */
export function projectTrack(track: readonly TrackPoint[]): PlaneTrack | null {
  const first = track[0];
  if (first === undefined) return null;
  let previous = first.long;
  const longs = track.map((point) => {
    previous += ((((point.long - previous + 180) % 360) + 360) % 360) - 180;
    return previous;
  });
  const range = (values: readonly number[]): [number, number] => {
    let [least, most] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    return [least, most];
  };
  const [south, north] = range(track.map((point) => point.lat));
  const [west, east] = range(longs);
  const metres = (Math.PI / 180) * EARTH_RADIUS;
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const gap = gapThreshold(Float64Array.from(track, (point) => point.timestamp / 1000));
  const parts: PlanePoint[][] = [[]];
  track.forEach((point, at) => {
    const before = track[at - 1];
    const torn =
      before !== undefined &&
      point.timestamp - before.timestamp > gap * 1000 &&
      distanceBetween(before, point) > 100;
    if (torn) parts.push([]);
    parts.at(-1)?.push({
      x: ((longs[at] ?? 0) - west) * metres * shrink,
      y: (point.lat - south) * metres,
      timestamp: point.timestamp,
    });
  });
  return { width: (east - west) * metres * shrink, height: (north - south) * metres, parts };
}
