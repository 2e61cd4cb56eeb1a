import type { RecordTable } from "../../../src/providers/apple-health/join.ts";
import { joinRecords, RecordIndex } from "../../../src/providers/apple-health/join.ts";
import { mapWorkout, windowOf } from "../../../src/providers/apple-health/map.ts";
import type { Mapped } from "../../../src/providers/apple-health/map.ts";
import { columnOf } from "../../../src/providers/apple-health/records.ts";
import type { RecordType, RoutePoints } from "../../../src/providers/apple-health/elements.ts";
import { readLocations } from "../../../src/providers/apple-health/routes.ts";
import { trackOf } from "../../../src/providers/apple-health/samples.ts";
import { parseWorkout } from "../../../src/providers/apple-health/wire.ts";

/** A record as a test writes it. */
export interface RecordLine {
  readonly type?: RecordType;
  readonly start: number;
  readonly end?: number;
  readonly value: number;
  readonly unit?: string;
  readonly source?: string;
  readonly device?: string;
}

/** What a scan holds of these records, in the given order; every line with a source entry of its own. */
export function tableOf(lines: readonly RecordLine[]): RecordTable {
  const types = new Set(lines.map(({ type }) => type ?? "HKQuantityTypeIdentifierHeartRate"));
  const rows = lines.map((line, index) => ({
    type: line.type ?? "HKQuantityTypeIdentifierHeartRate",
    start: line.start,
    end: line.end ?? line.start,
    value: line.value,
    source: index,
    unit: index,
  }));
  return {
    records: new Map([...types].map((type) => [type, columnOf(rows.filter((row) => row.type === type))])),
    sources: lines.map(({ source = "Watch", device = "" }) => ({ name: source, device })),
    units: lines.map(({ unit = "count/min" }) => unit),
  };
}

/** Route points, one a line: Unix seconds, latitude, longitude, altitude, speed. */
export function pointsOf(lines: readonly (readonly (number | null)[])[]): RoutePoints {
  const column = (place: number, factor = 1): Float64Array =>
    Float64Array.from(lines, (line) => (line[place] ?? Number.NaN) * factor);
  return {
    length: lines.length,
    time: column(0, 1000),
    latitude: column(1),
    longitude: column(2),
    altitude: column(3),
    speed: column(4),
    damage: [],
  };
}

/** Maps one workout element with the records and route parts given. */
export function mapElement(
  xml: string,
  options: {
    readonly records?: readonly RecordLine[];
    readonly points?: readonly RoutePoints[];
    readonly timezone?: string;
  } = {},
): Mapped {
  const wire = parseWorkout(Buffer.from(xml));
  const window = windowOf(wire);
  const table = tableOf(options.records ?? []);
  return mapWorkout({
    wire,
    joined: joinRecords(new RecordIndex(table).within(window), table, window, wire),
    track: trackOf([readLocations(Buffer.from(xml)), ...(options.points ?? [])], window),
    timezone: options.timezone,
    possibleDuplicateOf: undefined,
  });
}
