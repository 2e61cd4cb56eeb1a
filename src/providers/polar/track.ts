import { gpxPoints, readGpx } from "../../formats/gpx-reader.ts";
import { fitPauses, readFit, type FitFile } from "../../formats/fit-reader.ts";
import { isFit, isGpx } from "../../formats/recognition.ts";
import { readTcx, tcxTrackpoints, type TcxLap } from "../../formats/tcx-reader.ts";
import { EMPTY_LAP, isoInstant } from "../../model/index.ts";
import type { EpochMs, Lap, LapIntensity, LapTrigger, Pause, SampleRow } from "../../model/index.ts";

/** The original files of a session, best first: what Polar recorded, then what it converts to. */
export const FILE_KINDS = ["fit", "tcx", "gpx"] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** What only the original file tells. Unknown is null or empty. */
export interface Track {
  /** Unix milliseconds; null when the file has no time at all. */
  readonly startMs: EpochMs | null;
  readonly totalElapsedTime: number | null;
  readonly totalMovingTime: number | null;
  readonly laps: readonly Lap[];
  readonly pauses: readonly Pause[];
  readonly rows: readonly SampleRow[];
  readonly summary: TrackSummary;
  /** What was wrong with the file; null for a sound one. */
  readonly damage: string | null;
}

/** Statistics that AccessLink's JSON has no field for. */
export interface TrackSummary {
  readonly totalAscent: number | null;
  readonly totalDescent: number | null;
  readonly minHeartRate: number | null;
  readonly avgSpeed: number | null;
  readonly maxSpeed: number | null;
  readonly avgCadence: number | null;
  readonly maxCadence: number | null;
  readonly avgPower: number | null;
  readonly maxPower: number | null;
}

const NO_SUMMARY: TrackSummary = {
  totalAscent: null,
  totalDescent: null,
  minHeartRate: null,
  avgSpeed: null,
  maxSpeed: null,
  avgCadence: null,
  maxCadence: null,
  avgPower: null,
  maxPower: null,
};

/** No file, or none that could be read. */
export const NO_TRACK: Track = {
  startMs: null,
  totalElapsedTime: null,
  totalMovingTime: null,
  laps: [],
  pauses: [],
  rows: [],
  summary: NO_SUMMARY,
  damage: null,
};

/** Whether bytes may be the file that was asked for, rather than an error page or a JSON message with status 200. */
export function mayBeFile(kind: FileKind, bytes: Uint8Array): boolean {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return true;
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 2048)).trimStart();
  if (kind === "fit") return isFit(bytes.subarray(0, 16)) || !/^(?:<|\{|\[)/.test(head);
  if (kind === "gpx") return isGpx(bytes.subarray(0, 2048));
  return /<(?:\w+:)?TrainingCenterDatabase[\s>]/.test(head);
}

/**
 * Reads an original file. Cadence on foot is of one leg in all three formats and is doubled. Never throws: a file that
 * cannot be read is an empty track with `damage`.
 */
export function readTrack(kind: FileKind, bytes: Uint8Array, onFoot: boolean): Track {
  try {
    if (kind === "fit") return fromFit(readFit(bytes), onFoot);
    return kind === "tcx" ? fromTcx(bytes, onFoot) : fromGpx(bytes, onFoot);
  } catch (error) {
    return { ...NO_TRACK, damage: error instanceof Error ? error.message : "unreadable" };
  }
}

function fromFit(file: FitFile, onFoot: boolean): Track {
  const { sessions } = file;
  const starts = sessions.flatMap((session) => session.startTime ?? []);
  const startMs = starts.length > 0 ? Math.min(...starts) : (file.records[0]?.timestamp ?? null);
  const ends = sessions.flatMap(({ startTime, totalElapsedTime }) =>
    startTime === null || totalElapsedTime === null ? [] : [startTime + totalElapsedTime * 1000],
  );
  const complete = sessions.length > 0 && ends.length === sessions.length;
  const endMs = Math.max(...ends);
  const only = sessions.length === 1 ? sessions[0] : undefined;
  const steps = (value: number | null): number | null => (onFoot && value !== null ? value * 2 : value);
  return {
    startMs,
    totalElapsedTime: complete && startMs !== null ? (endMs - startMs) / 1000 : null,
    totalMovingTime: only?.totalMovingTime ?? null,
    laps: file.laps.map((lap) => ({
      startTime: lap.startTime === null ? null : isoInstant(lap.startTime),
      totalElapsedTime: lap.totalElapsedTime,
      totalTimerTime: lap.totalTimerTime,
      totalMovingTime: lap.totalMovingTime,
      totalDistance: lap.totalDistance,
      totalCalories: lap.totalCalories,
      avgHeartRate: lap.avgHeartRate,
      maxHeartRate: lap.maxHeartRate,
      lapTrigger: lap.lapTrigger,
      intensity: lap.intensity,
    })),
    pauses: complete && startMs !== null ? fitPauses(file.events, startMs, endMs) : [],
    rows: file.records.map((record) => measured(record, onFoot)),
    summary:
      only === undefined
        ? NO_SUMMARY
        : {
            totalAscent: only.totalAscent,
            totalDescent: only.totalDescent,
            minHeartRate: only.minHeartRate,
            avgSpeed: only.avgSpeed,
            maxSpeed: only.maxSpeed,
            avgCadence: steps(only.avgCadence),
            maxCadence: steps(only.maxCadence),
            avgPower: only.avgPower,
            maxPower: only.maxPower,
          },
    damage: file.damage,
  };
}

const TCX_TRIGGERS: ReadonlyMap<string | null, LapTrigger> = new Map([
  ["Manual", "manual"],
  ["Distance", "distance"],
  ["Location", "position_marked"],
  ["Time", "time"],
]);
const TCX_INTENSITIES: ReadonlyMap<string | null, LapIntensity> = new Map([
  ["Active", "active"],
  ["Resting", "rest"],
]);

function fromTcx(bytes: Uint8Array, onFoot: boolean): Track {
  const file = readTcx(bytes);
  const [activity] = file.activities;
  if (activity === undefined) return { ...NO_TRACK, damage: file.damage ?? "no activity in it" };
  const rows = [...tcxTrackpoints(activity)].map((point) => measured(point, onFoot));
  const last = rows.reduce((latest, row) => Math.max(latest, row.timestamp), Number.NEGATIVE_INFINITY);
  const { startTime } = activity;
  // TotalTimeSeconds is the timer's; only the trackpoints tell when it all ended.
  const elapsed = startTime !== null && last > startTime ? (last - startTime) / 1000 : null;
  return {
    ...NO_TRACK,
    startMs: startTime,
    totalElapsedTime: elapsed,
    laps: activity.laps.map(tcxLap),
    rows,
    damage: file.damage,
  };
}

function tcxLap(lap: TcxLap): Lap {
  return {
    ...EMPTY_LAP,
    startTime: lap.startTime === null ? null : isoInstant(lap.startTime),
    totalTimerTime: lap.totalTime,
    totalDistance: lap.distance,
    totalCalories: lap.calories,
    avgHeartRate: lap.avgHeartRate,
    maxHeartRate: lap.maxHeartRate,
    lapTrigger: TCX_TRIGGERS.get(lap.triggerMethod) ?? null,
    intensity: TCX_INTENSITIES.get(lap.intensity) ?? null,
  };
}

function fromGpx(bytes: Uint8Array, onFoot: boolean): Track {
  const file = readGpx(bytes);
  const rows = file.tracks.flatMap((track) => [...gpxPoints(track)]).map((point) => measured(point, onFoot));
  return { ...NO_TRACK, startMs: rows[0]?.timestamp ?? null, rows, damage: file.damage };
}

function measured(row: SampleRow, onFoot: boolean): SampleRow {
  const { cadence } = row;
  return {
    ...row,
    heartRate: positive(row.heartRate ?? null),
    cadence: onFoot && typeof cadence === "number" ? cadence * 2 : cadence,
  };
}

function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}
