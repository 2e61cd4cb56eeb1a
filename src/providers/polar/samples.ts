import { samplesFromRows } from "../../model/index.ts";
import type { EpochMs, SampleField, SampleRow, Samples } from "../../model/index.ts";
import { durationSeconds } from "./wire.ts";
import type { WireLocation, WireSample } from "./wire.ts";

/** The sample types with a column of their own (AccessLink v3, appendix "Exercise sample types"). */
const COLUMNS: Readonly<Record<string, SampleField>> = {
  "0": "heartRate",
  "1": "speed",
  "2": "cadence",
  "3": "altitude",
  "4": "power",
  "8": "cadence",
  "9": "temperature",
  "10": "distance",
};
/** Without a column: power pedaling index, left-right balance, air pressure. They stay in the raw payload. */
const UNPLACED: ReadonlySet<string> = new Set(["5", "6", "7"]);
const RUNNING_CADENCE = "8";
const RR_INTERVAL = "11";

/** Below this, a running cadence counts one leg only. */
const ONE_LEG_BELOW_SPM = 120;
/** A route point this near to a sample was measured with it: Polar's route clock runs some thousandths off. */
const JOIN_MS = 500;

/** The series of one session, placed in time. */
export interface PlacedSeries {
  readonly rows: SampleRow[];
  /** Fields for which Polar gave a series with at least one value. */
  readonly fields: ReadonlySet<SampleField>;
  /** Milliseconds between heartbeats, in order; null where the strap lost one. Null when there is no such series. */
  readonly rrIntervals: readonly (number | null)[] | null;
  /** Sample types that could not be placed: no recording rate, no data, a type that nobody described. */
  readonly unplaced: readonly string[];
}

/**
 * Value k of a series belongs to `start + k · recording-rate`. `null`, `NULL` and an empty token are missing for any
 * type, a heart rate of 0 is missing, every other 0 is real. Speed comes in km/h.
 */
export function placeSeries(series: readonly WireSample[], startMs: EpochMs, onFoot: boolean): PlacedSeries {
  const rows: SampleRow[] = [];
  const fields = new Set<SampleField>();
  const unplaced: string[] = [];
  let rrIntervals: (number | null)[] | null = null;
  const ordered = series.toSorted((a, b) => rank(a, onFoot) - rank(b, onFoot));
  for (const one of ordered) {
    const type = one["sample-type"] ?? "";
    const rate = one["recording-rate"];
    if (type === RR_INTERVAL && one.data !== null) {
      rrIntervals = [...(rrIntervals ?? []), ...tokens(one.data)];
      continue;
    }
    if (UNPLACED.has(type)) continue;
    const field = Object.hasOwn(COLUMNS, type) ? COLUMNS[type] : undefined;
    if (field === undefined || one.data === null || rate === null || rate <= 0) {
      unplaced.push(type);
      continue;
    }
    // Two kinds of cadence are not mixed: the better one was read first.
    if (fields.has(field)) continue;
    const values = inUnits(type, tokens(one.data), onFoot);
    for (const [k, value] of values.entries()) {
      if (value === null) continue;
      rows.push({ timestamp: startMs + Math.round(k * rate * 1000), [field]: value });
      fields.add(field);
    }
  }
  return { rows, fields, rrIntervals, unplaced };
}

/** On foot the running cadence (8) goes before the general one (2), elsewhere it is the other way round. */
function rank(series: WireSample, onFoot: boolean): number {
  return (series["sample-type"] === RUNNING_CADENCE) === onFoot ? 0 : 1;
}

function tokens(data: string): (number | null)[] {
  if (data.trim() === "") return [];
  return data.split(",").map((token) => {
    const trimmed = token.trim();
    const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : Number.NaN;
    return Number.isFinite(value) ? value : null;
  });
}

function inUnits(type: string, values: readonly (number | null)[], onFoot: boolean): (number | null)[] {
  switch (type) {
    case "0":
      return values.map((value) => (value !== null && value > 0 ? value : null));
    case "1":
      return values.map((value) => (value === null ? null : value / 3.6));
    case RUNNING_CADENCE: {
      const factor = onFoot && isOneLeg(values) ? 2 : 1;
      return values.map((value) => (value === null ? null : value * factor));
    }
    default:
      return [...values];
  }
}

/** By the median while moving: standing still says nothing about how steps are counted. */
function isOneLeg(values: readonly (number | null)[]): boolean {
  const moving = values
    .filter((value) => value !== null && value > 0)
    .toSorted((a, b) => (a ?? 0) - (b ?? 0));
  const middle = moving[Math.floor(moving.length / 2)] ?? Number.NaN;
  const lower = moving[Math.floor((moving.length - 1) / 2)] ?? Number.NaN;
  return ((middle ?? Number.NaN) + (lower ?? Number.NaN)) / 2 < ONE_LEG_BELOW_SPM;
}

/** The route of the list world: each point's `time` is the duration from the session's start. It has no altitude. */
export function routePoints(route: readonly WireLocation[], startMs: EpochMs): SampleRow[] {
  return route.flatMap((point) => {
    const after = durationSeconds(point.time);
    if (after === null || !isPosition(point.latitude, point.longitude)) return [];
    return [
      {
        timestamp: startMs + Math.round(after * 1000),
        positionLat: point.latitude,
        positionLong: point.longitude,
        altitude: point.altitude,
      },
    ];
  });
}

function isPosition(lat: number | null, long: number | null): boolean {
  return lat !== null && long !== null && Math.abs(lat) <= 90 && Math.abs(long) <= 180;
}

/**
 * The session's samples: Polar's series, then positions joined to them by time, then what only the original file has.
 * A field for which Polar gave a series is not mixed with the file's.
 */
export function joinSamples(
  series: PlacedSeries,
  route: readonly SampleRow[],
  file: readonly SampleRow[],
): Samples {
  const rows = [...series.rows];
  const grid = new Set(rows.map((row) => row.timestamp));
  join(rows, grid, route, series.fields);
  const taken = new Set(series.fields);
  if (route.length > 0) taken.add("positionLat").add("positionLong");
  if (route.some((point) => typeof point.altitude === "number")) taken.add("altitude");
  join(rows, grid, file, taken);
  return samplesFromRows(rows);
}

/** Adds points at the nearest instant of the grid, each instant once; a point far from any keeps its own time. */
function join(
  rows: SampleRow[],
  grid: ReadonlySet<EpochMs>,
  points: readonly SampleRow[],
  taken: ReadonlySet<SampleField>,
): void {
  const instants = Float64Array.from(grid).sort();
  const used = new Set<EpochMs>();
  for (const point of points) {
    const values = Object.entries(point).filter(
      ([field, value]) =>
        field !== "timestamp" && !taken.has(field as SampleField) && typeof value === "number",
    );
    if (values.length === 0) continue;
    const near = nearest(instants, point.timestamp);
    const timestamp =
      near !== undefined && Math.abs(near - point.timestamp) <= JOIN_MS && !used.has(near)
        ? near
        : point.timestamp;
    used.add(timestamp);
    rows.push({ ...Object.fromEntries(values), timestamp });
  }
}

function nearest(instants: Float64Array, wanted: EpochMs): EpochMs | undefined {
  let low = 0;
  let high = instants.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((instants[middle] ?? Number.NaN) < wanted) low = middle + 1;
    else high = middle;
  }
  const after = instants[low];
  const before = instants[low - 1];
  if (before === undefined || after === undefined) return before ?? after;
  return wanted - before <= after - wanted ? before : after;
}
