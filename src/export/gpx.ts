import { ItemError } from "../errors.ts";
import { IDENTITY_NAMESPACE, sessionIdentity } from "../formats/identity.ts";
import {
  epochMs,
  isInstant,
  isOnFoot,
  SAMPLE_FIELDS,
  type SampleField,
  type StoredActivity,
} from "../model/index.ts";
import { sportWords, valueAt } from "./session.ts";
import { dateTime, decimalOf, element, escapeXml, group, integerOf, longitude } from "./xml.ts";

/** How far a reading without a position of its own may be from the point that takes it. */
const ATTACH_MS = 5000;

type Point = { readonly timestamp: number } & Partial<Record<SampleField, number>>;

/**
 * An activity as a GPX 1.1 track: heart rate, cadence, air temperature and speed in Garmin's TrackPointExtension 2, power
 * in its PowerExtension. A recorded pause begins a new segment. GPX has only points: a reading without a position goes to
 * the nearest point, when that is within five seconds and has none. Throws `ItemError` for an activity without positions.
 */
export function gpxFile(activity: StoredActivity): string {
  const points = pointsOf(activity);
  const [first] = points;
  if (first === undefined)
    throw new ItemError("NOT_IN_FORMAT", "a GPX file needs positions, and it has none");
  const isUtc = isInstant(activity.startTime);
  const legs = isOnFoot(activity.sport) ? 2 : 1;
  const body = segmentsOf(activity, points)
    .map(
      (segment) => `<trkseg>\n${segment.map((point) => pointText(point, isUtc, legs)).join("\n")}\n</trkseg>`,
    )
    .join("\n");
  return `<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="fitglue" xmlns="http://www.topografix.com/GPX/1/1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v2" xmlns:gpxpx="http://www.garmin.com/xmlschemas/PowerExtension/v1" xmlns:fitglue="${IDENTITY_NAMESPACE}" xsi:schemaLocation="http://www.topografix.com/GPX/1/1 http://www.topografix.com/GPX/1/1/gpx.xsd http://www.garmin.com/xmlschemas/TrackPointExtension/v2 http://www.garmin.com/xmlschemas/TrackPointExtensionv2.xsd http://www.garmin.com/xmlschemas/PowerExtension/v1 http://www.garmin.com/xmlschemas/PowerExtensionv1.xsd">
<metadata>${element("name", activity.title)}<time>${dateTime(epochMs(activity.startTime), isUtc)}</time></metadata>
<trk>${element("name", activity.title)}${element("desc", activity.notes)}${
    activity.device === null ? "" : `<src>${escapeXml(activity.device)}</src>`
  }<type>${sportWords(activity)}</type><extensions><fitglue:identity>${sessionIdentity(activity)}</fitglue:identity></extensions>
${body}
</trk>
</gpx>
`;
}

function pointsOf(activity: StoredActivity): Point[] {
  const { samples } = activity;
  const points: Partial<Record<SampleField | "timestamp", number>>[] = [];
  const loose: number[] = [];
  for (let index = 0; index < samples.timestamp.length; index++) {
    const lat = valueAt(samples, "positionLat", index);
    const long = valueAt(samples, "positionLong", index);
    if (lat === undefined || long === undefined || Math.abs(lat) > 90 || Math.abs(long) > 180) {
      loose.push(index);
      continue;
    }
    const point: Partial<Record<SampleField | "timestamp", number>> = {
      timestamp: samples.timestamp[index] ?? 0,
    };
    for (const field of SAMPLE_FIELDS) {
      const value = valueAt(samples, field, index);
      if (value !== undefined) point[field] = value;
    }
    points.push(point);
  }
  let at = 0;
  for (const index of loose) {
    const time = samples.timestamp[index] ?? 0;
    const distance = (position: number): number => Math.abs((points[position]?.timestamp ?? Infinity) - time);
    while (distance(at + 1) <= distance(at) && at + 1 < points.length) at++;
    const point = points[at];
    if (point === undefined || distance(at) > ATTACH_MS) continue;
    for (const field of SAMPLE_FIELDS) {
      const value = valueAt(samples, field, index);
      if (value !== undefined && field !== "positionLat" && field !== "positionLong") point[field] ??= value;
    }
  }
  return points as Point[];
}

function segmentsOf(activity: StoredActivity, points: readonly Point[]): Point[][] {
  const segments: Point[][] = [];
  let pause = 0;
  let current: Point[] | undefined;
  for (const point of points) {
    while ((activity.pauses[pause]?.end ?? Infinity) <= point.timestamp) {
      pause++;
      current = undefined;
    }
    if (current === undefined) segments.push((current = []));
    current.push(point);
  }
  return segments;
}

function pointText(point: Point, isUtc: boolean, legs: number): string {
  const cadence = point.cadence === undefined ? undefined : point.cadence / legs;
  const extension = group(
    "gpxtpx:TrackPointExtension",
    element("gpxtpx:atemp", decimalOf(point.temperature, 2)),
    element("gpxtpx:hr", integerOf(point.heartRate, 1, 255)),
    element("gpxtpx:cad", integerOf(cadence, 0, 254)),
    element("gpxtpx:speed", decimalOf(point.speed, 3)),
  );
  const power = element("gpxpx:PowerInWatts", integerOf(point.power, 0, 65_535));
  return (
    `<trkpt lat="${decimalOf(point.positionLat, 8)}" lon="${longitude(point.positionLong ?? 0)}">` +
    element("ele", decimalOf(point.altitude, 3)) +
    `<time>${dateTime(point.timestamp, isUtc)}</time>${group("extensions", extension, power)}</trkpt>`
  );
}
