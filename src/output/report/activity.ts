import type { HrZone, Lap, StoredActivity } from "../../model/index.ts";
import { epochMs } from "../../model/index.ts";
import type { LocalStart } from "../format.ts";
import { effortKind, effortUnit, effortValue, localStart, sportName } from "../format.ts";
import { columnSeries, projectTrack, resample, speedSeries, trackOf } from "../series.ts";
import type { Series } from "../series.ts";

/** One activity as the page needs it: small, since a page may hold hundreds. */
export interface ReportActivity {
  /** Its samples are not among it. */
  readonly activity: Omit<StoredActivity, "samples">;
  readonly sport: string;
  readonly start: LocalStart;
  readonly laps: readonly Lap[];
  readonly zones: readonly HrZone[];
  /** Null when nothing was measured over time. */
  readonly charts: ReportCharts | null;
  readonly map: ReportMap | null;
}

/** Charts that share one time axis: value `i` of each is the mean over the seconds from `i × step` on. */
export interface ReportCharts {
  /** Whole seconds. */
  readonly step: number;
  readonly count: number;
  readonly charts: readonly ReportChart[];
}

export interface ReportChart {
  readonly key: "heart" | "effort" | "height" | "power";
  readonly title: string;
  readonly unit: string;
  /** `clock`: seconds, told as m:ss, and lesser is higher. */
  readonly scale: "number" | "clock";
  readonly digits: number;
  /** The value axis. */
  readonly range: readonly [number, number];
  readonly values: readonly (number | null)[];
}

/** The route in a box of {@link MAP_SIZE} units on its longer side, y downwards. */
export interface ReportMap {
  readonly width: number;
  readonly height: number;
  readonly metresPerUnit: number;
  /** SVG path data. */
  readonly path: string;
  readonly start: readonly [number, number];
  readonly finish: readonly [number, number];
  /** Where the person was in each step of {@link ReportCharts}. */
  readonly x: readonly (number | null)[];
  readonly y: readonly (number | null)[];
}

const MAP_SIZE = 1000;
/** Paces slower than this (s per km or 100 m) are standing, which is no pace. */
const STANDING = 3600;

/** Condenses a stored activity; its charts get `maxPoints` points at most. */
export function reportActivity(stored: StoredActivity, maxPoints: number): ReportActivity {
  const { samples, ...activity } = stored;
  const startMs = epochMs(stored.startTime);
  const last = samples.timestamp.at(-1);
  const span = Math.max(
    stored.totalElapsedTime ?? stored.totalTimerTime ?? 0,
    last === undefined ? 0 : (last - startMs) / 1000,
  );
  const step = Math.max(1, Math.ceil(span / maxPoints));
  const count = Math.ceil(span / step);
  const grid = (series: Series): Float64Array => resample(series, count * step, count);

  const charts: ReportChart[] = [];
  const add = (series: Series | null, chart: Omit<ReportChart, "values" | "range">, least = 0): void => {
    if (series === null || count < 2) return;
    const values = Array.from(grid(series), (value) => rounded(value, chart.digits));
    const range = rangeOf(values, least);
    if (range !== null) charts.push({ ...chart, range, values });
  };
  const number = { scale: "number", digits: 0 } as const;
  add(
    columnSeries(samples, "heartRate", startMs),
    { key: "heart", title: "Heart rate", unit: "bpm", ...number },
    20,
  );

  const speed = speedSeries(samples, startMs);
  const kind = effortKind(stored.sport);
  if (speed !== null && count >= 2) {
    const clock = kind !== "speed";
    const digits = clock ? 0 : 1;
    const values = Array.from(grid(speed), (value) => {
      const effort = effortValue(value, kind);
      return clock && effort > STANDING ? null : rounded(effort, digits);
    });
    const range = clock ? paceRange(values) : rangeOf(values, 5);
    if (range !== null) {
      charts.push({
        key: "effort",
        title: clock ? "Pace" : "Speed",
        scale: clock ? "clock" : "number",
        unit: effortUnit(kind),
        digits,
        range,
        values,
      });
    }
  }
  add(
    columnSeries(samples, "altitude", startMs),
    { key: "height", title: "Elevation", unit: "m", ...number, digits: 1 },
    20,
  );
  add(columnSeries(samples, "power", startMs), { key: "power", title: "Power", unit: "W", ...number }, 20);

  return {
    activity,
    sport: sportName(stored.sport, stored.subSport, stored.sourceSport),
    start: localStart(stored),
    laps: stored.laps,
    zones: stored.hrZones,
    charts: charts.length === 0 ? null : { step, count, charts },
    map: mapOf(stored, startMs, grid),
  };
}

function mapOf(
  stored: StoredActivity,
  startMs: number,
  grid: (series: Series) => Float64Array,
): ReportMap | null {
  const plane = projectTrack(trackOf(stored.samples));
  if (plane === null || Math.max(plane.width, plane.height) < 20) return null;
  const metresPerUnit = Math.max(plane.width, plane.height) / MAP_SIZE;
  const place = (point: { readonly x: number; readonly y: number }): [number, number] => [
    round1(point.x / metresPerUnit),
    round1((plane.height - point.y) / metresPerUnit),
  ];
  let path = "";
  for (const part of plane.parts) {
    let [lastX, lastY] = [Number.NaN, Number.NaN];
    part.forEach((point, at) => {
      const [x, y] = place(point);
      // Half a pixel on a large screen: what is nearer cannot be seen, but makes the page heavy.
      const near = Math.hypot(x - lastX, y - lastY) < 0.7;
      if (near && at < part.length - 1) return;
      path += `${at === 0 ? "M" : "L"}${x} ${y}`;
      [lastX, lastY] = [x, y];
    });
  }
  const points = plane.parts.flat();
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const time = Float64Array.from(points, (point) => (point.timestamp - startMs) / 1000);
  const along = (axis: 0 | 1): (number | null)[] =>
    Array.from(grid({ time, value: Float64Array.from(points, (point) => place(point)[axis]) }), (value) =>
      rounded(value, 1),
    );
  return {
    width: round1(plane.width / metresPerUnit),
    height: round1(plane.height / metresPerUnit),
    metresPerUnit,
    path,
    start: place(first),
    finish: place(last),
    x: along(0),
    y: along(1),
  };
}

function rangeOf(values: readonly (number | null)[], least: number): [number, number] | null {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return null;
  const floor = low >= 0 ? 0 : -Infinity;
  const missing = Math.max(least - (high - low), high === low ? 1 : 0) / 2;
  const air = (high - low + 2 * missing) * 0.05;
  return [Math.max(floor, low - missing - air), high + missing + air];
}

/** A rest must not flatten a whole run: beyond twice (half) the median the line leaves the chart. */
function paceRange(values: readonly (number | null)[]): [number, number] | null {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  const median = known[Math.floor(known.length / 2)];
  if (median === undefined) return null;
  return rangeOf(
    known.filter((value) => value <= median * 2 && value >= median / 2),
    30,
  );
}

function rounded(value: number, digits: number): number | null {
  if (!Number.isFinite(value)) return null;
  const power = 10 ** digits;
  return Math.round(value * power) / power;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
