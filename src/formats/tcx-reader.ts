import type { SampleField, SampleRow } from "../model/index.ts";
import { walkXml, xmlNumber, xmlTime } from "./xml-walk.ts";

/** A Training Center Database document (version 2, and what writers make of it). */
export interface TcxFile {
  readonly activities: readonly TcxActivity[];
  /** `Author/Name`: the program that wrote the file. */
  readonly author: string | null;
  /** Why reading ended early; null when the whole document was read. */
  readonly damage: string | null;
}

export interface TcxActivity {
  /** `Sport` as written: `Running`, `Biking`, `Other` by the schema; writers put more there. */
  readonly sport: string | null;
  /** `Id` as written; by the schema the start time. */
  readonly id: string | null;
  /** Unix milliseconds of the earliest of `Id`, laps and trackpoints; null in a document without any time. */
  readonly startTime: number | null;
  /** As the first time is written: 0 for `Z`, which says nothing about the place; null when it tells no zone at all. */
  readonly utcOffsetS: number | null;
  readonly notes: string | null;
  /** `Creator/Name`: the device. */
  readonly creator: string | null;
  /** The identity that fitglue put there ({@link TcxFile} extensions), or null. */
  readonly identity: string | null;
  /** The sport in FIT's words (`training/strength_training`) that fitglue put beside it, or null. */
  readonly fitSport: string | null;
  readonly laps: readonly TcxLap[];
}

/** Units as in the schema: seconds, metres, m/s, kcal, bpm, rpm, W. Absent is null. */
export interface TcxLap {
  /** Unix milliseconds. */
  readonly startTime: number | null;
  readonly totalTime: number | null;
  readonly distance: number | null;
  readonly maxSpeed: number | null;
  readonly avgSpeed: number | null;
  readonly calories: number | null;
  readonly avgHeartRate: number | null;
  readonly maxHeartRate: number | null;
  readonly avgCadence: number | null;
  readonly maxCadence: number | null;
  readonly avgPower: number | null;
  readonly maxPower: number | null;
  /** `Active` or `Resting`, as written. */
  readonly intensity: string | null;
  /** `Manual`, `Distance`, `Location`, `Time`, `HeartRate`, as written. */
  readonly triggerMethod: string | null;
  /** A new track begins where recording went on after a pause. Trackpoints without a time are left out. */
  readonly tracks: readonly (readonly TcxTrackpoint[])[];
}

/** Cadence as written: revolutions on a bike, strides (one leg) on foot. A pulse of 0 is missing. */
export type TcxTrackpoint = SampleRow;

/** Every trackpoint of an activity, in document order. */
export function* tcxTrackpoints(activity: TcxActivity): Generator<TcxTrackpoint> {
  for (const lap of activity.laps) for (const track of lap.tracks) yield* track;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type OpenLap = Omit<Mutable<TcxLap>, "tracks"> & { tracks: TcxTrackpoint[][] };
type OpenActivity = Omit<Mutable<TcxActivity>, "laps"> & { laps: OpenLap[] };
type NumberOfLap = {
  [K in keyof TcxLap]: number | null extends TcxLap[K] ? (string extends TcxLap[K] ? never : K) : never;
}[keyof TcxLap];

/** What a lap's elements and extension elements mean, by `parent/name`. */
const LAP_NUMBERS: Readonly<Record<string, NumberOfLap>> = {
  "Lap/TotalTimeSeconds": "totalTime",
  "Lap/DistanceMeters": "distance",
  "Lap/MaximumSpeed": "maxSpeed",
  "Lap/Calories": "calories",
  "Lap/Cadence": "avgCadence",
  "AverageHeartRateBpm/Value": "avgHeartRate",
  "MaximumHeartRateBpm/Value": "maxHeartRate",
  "LX/AvgSpeed": "avgSpeed",
  "LX/AvgRunCadence": "avgCadence",
  "LX/MaxBikeCadence": "maxCadence",
  "LX/MaxRunCadence": "maxCadence",
  "LX/AvgWatts": "avgPower",
  "LX/MaxWatts": "maxPower",
};

/** Likewise of a trackpoint. */
const POINT_NUMBERS: Readonly<Record<string, SampleField>> = {
  "Position/LatitudeDegrees": "positionLat",
  "Position/LongitudeDegrees": "positionLong",
  "Trackpoint/AltitudeMeters": "altitude",
  "Trackpoint/DistanceMeters": "distance",
  "Trackpoint/Cadence": "cadence",
  "HeartRateBpm/Value": "heartRate",
  "TPX/Speed": "speed",
  "TPX/Watts": "power",
  "TPX/RunCadence": "cadence",
};

/**
 * Reads a TCX document, gzipped or plain, as tolerantly as its writers are careless: any prefix, missing positions,
 * `SensorState`, schema-invalid versions, local times, an empty document (no activities). Throws `InputError`
 * only for a gzip stream that cannot be unpacked or a document beyond the size limits.
 */
export function readTcx(bytes: Uint8Array): TcxFile {
  const activities: OpenActivity[] = [];
  let author: string | null = null;
  let activity: OpenActivity | undefined;
  let lap: OpenLap | undefined;
  let track: TcxTrackpoint[] | undefined;
  let point: Partial<Record<SampleField | "timestamp", number>> | undefined;

  const seen = (text: string | undefined): number | undefined => {
    const time = xmlTime(text);
    if (time === undefined || activity === undefined) return time?.ms;
    if (activity.startTime === null) activity.utcOffsetS = time.offsetS;
    activity.startTime = Math.min(activity.startTime ?? time.ms, time.ms);
    return time.ms;
  };

  const damage = walkXml(bytes, {
    open(path, attributes) {
      switch (path.at(-1) ?? "") {
        case "Activity":
          activity = emptyActivity(attributes["Sport"] ?? null);
          activities.push(activity);
          break;
        case "Lap":
          if (activity === undefined) return;
          lap = emptyLap();
          lap.startTime = seen(attributes["StartTime"]) ?? null;
          activity.laps.push(lap);
          break;
        case "Track":
          if (lap === undefined) return;
          track = [];
          lap.tracks.push(track);
          break;
        case "Trackpoint":
          point = {};
          break;
        default:
      }
    },
    close(path, text) {
      const name = path.at(-1) ?? "";
      const parent = path.at(-2) ?? "";
      const place = `${parent}/${name}`;
      if (point !== undefined) {
        const field = POINT_NUMBERS[place];
        if (field !== undefined) {
          const value = xmlNumber(text);
          if (value !== undefined && isThere(field, value)) point[field] = value;
        } else if (place === "Trackpoint/Time") {
          const time = seen(text);
          if (time !== undefined) point.timestamp = time;
        } else if (name === "Trackpoint") {
          if (point.timestamp !== undefined) track?.push({ ...point, timestamp: point.timestamp });
          point = undefined;
        }
      } else if (lap !== undefined) {
        const field = LAP_NUMBERS[place];
        if (field !== undefined) {
          const value = xmlNumber(text);
          lap[field] = value !== undefined && isThere(field, value) ? value : null;
        } else if (place === "Lap/Intensity") lap.intensity = text || null;
        else if (place === "Lap/TriggerMethod") lap.triggerMethod = text || null;
        else if (name === "Track") track = undefined;
        else if (name === "Lap") lap = undefined;
      } else if (activity !== undefined) {
        if (place === "Activity/Id") {
          activity.id = text || null;
          seen(text);
        } else if (place === "Activity/Notes") activity.notes = text || null;
        else if (place === "Creator/Name") activity.creator = text || null;
        else if (name === "identity") activity.identity = text || null;
        else if (name === "sport") activity.fitSport = text || null;
        else if (name === "Activity") activity = undefined;
      } else if (place === "Author/Name") author = text || null;
    },
  });
  return { activities, author, damage };
}

/** A pulse of 0 is how a device says that there was no strap. */
function isThere(field: string, value: number): boolean {
  return value > 0 || !/heartRate$/i.test(field);
}

function emptyActivity(sport: string | null): OpenActivity {
  return {
    sport,
    id: null,
    startTime: null,
    utcOffsetS: null,
    notes: null,
    creator: null,
    identity: null,
    fitSport: null,
    laps: [],
  };
}

function emptyLap(): OpenLap {
  return {
    startTime: null,
    totalTime: null,
    distance: null,
    maxSpeed: null,
    avgSpeed: null,
    calories: null,
    avgHeartRate: null,
    maxHeartRate: null,
    avgCadence: null,
    maxCadence: null,
    avgPower: null,
    maxPower: null,
    intensity: null,
    triggerMethod: null,
    tracks: [],
  };
}
