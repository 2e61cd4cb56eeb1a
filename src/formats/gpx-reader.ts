import type { SampleField, SampleRow } from "../model/index.ts";
import { walkXml, xmlNumber, xmlTime } from "./xml-walk.ts";

/** A GPX document (1.0 or 1.1): its tracks. Waypoints and routes are no recordings and are left out. */
export interface GpxFile {
  readonly creator: string | null;
  /** `metadata/name`, or `name` in GPX 1.0. */
  readonly name: string | null;
  readonly tracks: readonly GpxTrack[];
  /** Why reading ended early; null when the whole document was read. */
  readonly damage: string | null;
}

export interface GpxTrack {
  readonly name: string | null;
  readonly description: string | null;
  /** `type` as written: free text, `running`, `Cycling`, Strava's numbers. */
  readonly type: string | null;
  /** The identity that fitglue put there, or null. */
  readonly identity: string | null;
  /** As the first time is written: 0 for `Z`; null when it tells no zone, or there is no time. */
  readonly utcOffsetS: number | null;
  /** A new segment begins where recording went on after a pause or a lost fix. */
  readonly segments: readonly (readonly GpxPoint[])[];
  /** Points that have no time: a drawn track, not a recorded one. They are not in `segments`. */
  readonly untimed: number;
}

/** Cadence as written: revolutions on a bike, usually strides (one leg) on foot. A pulse of 0 is missing. */
export type GpxPoint = SampleRow;

/** Every point of a track, in document order. */
export function* gpxPoints(track: GpxTrack): Generator<GpxPoint> {
  for (const segment of track.segments) yield* segment;
}

/**
 * Values of a point by lower-case local name, whatever the prefix: Garmin's TrackPointExtension 1 and 2
 * (`hr`, `cad`, `atemp`, `speed`), PowerExtension (`PowerInWatts`), Strava's and others' bare `power`, Cluetrust's
 * gpxdata (`hr`, `cadence`, `temp`, `distance`, `power`), `speed` of GPX 1.0.
 */
const POINT_NUMBERS: ReadonlyMap<string, SampleField> = new Map(
  Object.entries({
    ele: "altitude",
    hr: "heartRate",
    heartrate: "heartRate",
    cad: "cadence",
    cadence: "cadence",
    power: "power",
    powerinwatts: "power",
    watts: "power",
    atemp: "temperature",
    temp: "temperature",
    temperature: "temperature",
    speed: "speed",
    distance: "distance",
  }),
);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type OpenTrack = Omit<Mutable<GpxTrack>, "segments"> & { segments: GpxPoint[][] };

/**
 * Reads a GPX document, gzipped or plain, with heart rate, cadence, power and temperature in the usual extensions.
 * Throws `InputError` only for a gzip stream that cannot be unpacked or a document beyond the size limits.
 */
export function readGpx(bytes: Uint8Array): GpxFile {
  const tracks: OpenTrack[] = [];
  let creator: string | null = null;
  let documentName: string | null = null;
  let track: OpenTrack | undefined;
  let timed = false;
  let segment: GpxPoint[] | undefined;
  let point: Partial<Record<SampleField | "timestamp", number>> | undefined;

  const damage = walkXml(bytes, {
    open(path, attributes) {
      switch (path.at(-1) ?? "") {
        case "gpx":
          creator = attributes["creator"] ?? null;
          break;
        case "trk":
          track = {
            name: null,
            description: null,
            type: null,
            identity: null,
            utcOffsetS: null,
            segments: [],
            untimed: 0,
          };
          timed = false;
          tracks.push(track);
          break;
        case "trkseg":
          segment = [];
          track?.segments.push(segment);
          break;
        case "trkpt": {
          const lat = xmlNumber(attributes["lat"]);
          const long = xmlNumber(attributes["lon"]);
          const known = lat !== undefined && long !== undefined;
          point = known ? { positionLat: lat, positionLong: long } : {};
          break;
        }
        default:
      }
    },
    close(path, text) {
      const name = path.at(-1) ?? "";
      const parent = path.at(-2) ?? "";
      if (point !== undefined) {
        const field = POINT_NUMBERS.get(name.toLowerCase());
        if (name === "trkpt") {
          if (point.timestamp !== undefined) segment?.push({ ...point, timestamp: point.timestamp });
          else if (track !== undefined) track.untimed++;
          point = undefined;
        } else if (name === "time" && parent === "trkpt") {
          const time = xmlTime(text);
          if (time === undefined) return;
          point.timestamp = time.ms;
          if (!timed && track !== undefined) track.utcOffsetS = time.offsetS;
          timed = true;
        } else if (field !== undefined) {
          const value = xmlNumber(text);
          if (value !== undefined && !(field === "heartRate" && value <= 0)) point[field] ??= value;
        }
      } else if (track !== undefined) {
        if (name === "trk") track = undefined;
        else if (name === "identity") track.identity = text || null;
        else if (parent === "trk" && name === "name") track.name = text || null;
        else if (parent === "trk" && name === "desc") track.description = text || null;
        else if (parent === "trk" && name === "type") track.type = text || null;
      } else if (name === "name" && (parent === "metadata" || parent === "gpx")) {
        documentName = text || null;
      }
    },
  });
  return { creator, name: documentName, tracks, damage };
}
