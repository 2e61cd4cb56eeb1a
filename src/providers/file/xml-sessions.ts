import { type GpxFile, gpxPoints, type GpxTrack } from "../../formats/gpx-reader.ts";
import { type TcxActivity, type TcxFile, type TcxLap, tcxTrackpoints } from "../../formats/tcx-reader.ts";
import {
  EMPTY_ACTIVITY,
  EMPTY_LAP,
  isoInstant,
  type Lap,
  type LapTrigger,
  type Pause,
  weightedHeartRateOf,
} from "../../model/index.ts";
import {
  externalIdOf,
  type FileSession,
  lastDistance,
  samplesOf,
  type SessionOptions,
  timeFields,
} from "./session.ts";
import { sportOf } from "./sports.ts";

/** The activities of a TCX document that have a time. */
export function tcxSessions(file: TcxFile, options: SessionOptions): FileSession[] {
  return file.activities.flatMap((activity) =>
    activity.startTime === null ? [] : [tcxSession(activity, activity.startTime, options)],
  );
}

function tcxSession(activity: TcxActivity, startMs: number, options: SessionOptions): FileSession {
  const [sport, subSport = null] = sportOf(
    activity.fitSport ?? (activity.sport === "Other" ? null : activity.sport),
  );
  const { fields, shiftMs } = timeFields({ startMs, offsetS: activity.utcOffsetS }, options);
  const { samples, cadenceFactor } = samplesOf(tcxTrackpoints(activity), sport, shiftMs);
  const { laps } = activity;
  const only = laps.length === 1 ? laps[0] : undefined;
  const timer = sum(laps, (lap) => lap.totalTime);
  const last = laps.at(-1);
  const endMs = Math.max(
    startMs,
    (samples.timestamp.at(-1) ?? startMs + shiftMs) - shiftMs,
    (last?.startTime ?? startMs) + (last?.totalTime ?? 0) * 1000,
  );
  const elapsed = (endMs - startMs) / 1000;
  const pulse = weightedHeartRateOf(samples);
  const highest = laps.map((lap) => lap.maxHeartRate).filter((bpm) => bpm !== null);
  const turns = (value: number | null | undefined): number | null =>
    (value ?? null) === null ? null : Number(value) * cadenceFactor;
  return {
    identity: activity.identity,
    startMs: startMs + shiftMs,
    activity: {
      ...EMPTY_ACTIVITY,
      externalId: externalIdOf(activity.identity, "tcx", startMs, activity.sport),
      ...fields,
      sport,
      subSport,
      sourceSport: activity.sport,
      notes: activity.notes,
      totalElapsedTime: elapsed,
      totalTimerTime: timer,
      // The schema demands both of every lap: nothing but noughts is "unknown".
      totalDistance: sum(laps, (lap) => lap.distance) || lastDistance(samples),
      totalCalories: sum(laps, (lap) => lap.calories) || null,
      avgHeartRate: only?.avgHeartRate ?? pulse.avgHeartRate,
      maxHeartRate: highest.length > 0 ? Math.max(...highest) : pulse.maxHeartRate,
      minHeartRate: pulse.minHeartRate,
      avgSpeed: only?.avgSpeed ?? null,
      maxSpeed: only?.maxSpeed ?? null,
      avgCadence: turns(only?.avgCadence),
      maxCadence: turns(only?.maxCadence),
      avgPower: only?.avgPower ?? null,
      maxPower: only?.maxPower ?? null,
      hasGps: samples.positionLat !== undefined,
      device: activity.creator,
      laps: laps.map((lap) => lapOf(lap, shiftMs)),
      pauses: timer !== null && elapsed - timer >= 1 ? trackGaps(laps, shiftMs) : [],
      samples,
    },
  };
}

/** The sum, or null when no lap has a value. */
function sum(laps: readonly TcxLap[], value: (lap: TcxLap) => number | null): number | null {
  const known = laps.map(value).filter((own) => own !== null);
  return known.length === 0 ? null : known.reduce((total, own) => total + own, 0);
}

const TRIGGERS: ReadonlyMap<string | null, LapTrigger> = new Map([
  ["Manual", "manual"],
  ["Distance", "distance"],
  ["Time", "time"],
  ["Location", "position_lap"],
]);

function lapOf(lap: TcxLap, shiftMs: number): Lap {
  return {
    ...EMPTY_LAP,
    startTime: lap.startTime === null ? null : isoInstant(lap.startTime + shiftMs),
    totalTimerTime: lap.totalTime,
    totalDistance: lap.distance || null,
    totalCalories: lap.calories || null,
    avgHeartRate: lap.avgHeartRate,
    maxHeartRate: lap.maxHeartRate,
    lapTrigger: TRIGGERS.get(lap.triggerMethod) ?? null,
    intensity: lap.intensity === "Active" ? "active" : lap.intensity === "Resting" ? "rest" : null,
  };
}

/** A second track within a lap says that recording stopped and went on. */
function trackGaps(laps: readonly TcxLap[], shiftMs: number): Pause[] {
  const pauses: Pause[] = [];
  for (const { tracks } of laps) {
    for (let index = 1; index < tracks.length; index++) {
      const start = tracks[index - 1]?.at(-1)?.timestamp;
      const end = tracks[index]?.[0]?.timestamp;
      if (start !== undefined && end !== undefined && end > start)
        pauses.push({ start: start + shiftMs, end: end + shiftMs });
    }
  }
  return pauses;
}

/** The recorded tracks of a GPX document; a drawn one has no times and is none. */
export function gpxSessions(file: GpxFile, options: SessionOptions): FileSession[] {
  return file.tracks.flatMap((track) => gpxSession(track, file, options) ?? []);
}

function gpxSession(track: GpxTrack, file: GpxFile, options: SessionOptions): FileSession | null {
  const [sport, subSport = null] = sportOf(track.type);
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  for (const { timestamp } of gpxPoints(track)) {
    startMs = Math.min(startMs, timestamp);
    endMs = Math.max(endMs, timestamp);
  }
  if (!Number.isFinite(startMs)) return null;
  const { fields, shiftMs } = timeFields({ startMs, offsetS: track.utcOffsetS }, options);
  const { samples } = samplesOf(gpxPoints(track), sport, shiftMs);
  return {
    identity: track.identity,
    startMs: startMs + shiftMs,
    activity: {
      ...EMPTY_ACTIVITY,
      externalId: externalIdOf(track.identity, "gpx", startMs, endMs),
      ...fields,
      sport,
      subSport,
      sourceSport: track.type,
      title: track.name ?? file.name,
      notes: track.description,
      totalElapsedTime: (endMs - startMs) / 1000,
      totalDistance: lastDistance(samples),
      ...weightedHeartRateOf(samples),
      hasGps: samples.positionLat !== undefined,
      samples,
    },
  };
}
