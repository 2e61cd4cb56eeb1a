import {
  fitDeviceName,
  type FitFile,
  type FitLap,
  type FitLength,
  fitPauses,
  type FitSession,
} from "../../formats/fit-reader.ts";
import {
  EMPTY_ACTIVITY,
  isoInstant,
  type JsonObject,
  type Lap,
  type SubSport,
  weightedHeartRateOf,
} from "../../model/index.ts";
import { externalIdOf, type FileSession, samplesOf, type SessionOptions, timeFields } from "./session.ts";

const INDOOR: ReadonlySet<SubSport> = new Set<SubSport>([
  "treadmill",
  "indoor_running",
  "indoor_walking",
  "indoor_cycling",
  "indoor_rowing",
  "indoor_skiing",
  "indoor_climbing",
  "spin",
]);

/**
 * The sessions of a FIT activity file: several for multisport. A file without any session message (a device that lost power)
 * is one session of what was recorded. Empty for a file without a time.
 */
export function fitSessions(file: FitFile, options: SessionOptions): FileSession[] {
  const sessions = file.sessions.filter((session) => session.startTime !== null);
  if (sessions.length === 0) return file.records.length === 0 ? [] : [recordedOnly(file, options)];
  return sessions.map((session, index) => sessionOf(file, session, index, sessions, options));
}

function sessionOf(
  file: FitFile,
  session: FitSession,
  index: number,
  sessions: readonly FitSession[],
  options: SessionOptions,
): FileSession {
  const startMs = session.startTime ?? 0;
  const alone = sessions.length === 1;
  const next = sessions[index + 1]?.startTime ?? Number.POSITIVE_INFINITY;
  const endMs =
    session.totalElapsedTime === null
      ? (session.timestamp ?? next)
      : startMs + session.totalElapsedTime * 1000;
  const inside = (time: number | null): boolean =>
    alone ||
    (time !== null &&
      time >= startMs &&
      time < next &&
      (time <= endMs + 1000 || next === Number.POSITIVE_INFINITY));
  const rows = file.records.filter(({ timestamp }) => inside(timestamp));
  const { samples, cadenceFactor } = samplesOf(rows, session.sport, 0);
  const { fields } = timeFields(
    { startMs, offsetS: 0, placeOffsetS: file.activity?.utcOffsetS ?? null },
    options,
  );
  const lengths = file.lengths.filter((length) => inside(length.startTime));
  const turns = (value: number | null): number | null => (value === null ? null : value * cadenceFactor);
  const ours = file.identity !== null;
  const { fileId } = file;
  return {
    identity: file.identity,
    startMs,
    activity: {
      ...EMPTY_ACTIVITY,
      externalId: externalIdOf(
        file.identity,
        "fit",
        fileId?.manufacturer ?? null,
        fileId?.product ?? null,
        fileId?.serialNumber ?? null,
        fileId?.timeCreated ?? null,
        startMs,
        // A session and its twin in another sport at the same start are the legs of a multisport.
        alone ? null : index,
      ),
      ...fields,
      sport: session.sport,
      subSport: session.subSport,
      sourceSport: session.sourceSport,
      // Our own files carry the title there; on a watch it is the name of the sport profile.
      title: ours ? session.sportProfileName : null,
      totalElapsedTime: session.totalElapsedTime,
      totalTimerTime: session.totalTimerTime,
      totalMovingTime: session.totalMovingTime,
      totalDistance: session.totalDistance,
      totalAscent: session.totalAscent,
      totalDescent: session.totalDescent,
      totalCalories: session.totalCalories,
      ...pulseFigures(session, weightedHeartRateOf(samples)),
      avgSpeed: session.avgSpeed,
      maxSpeed: session.maxSpeed,
      avgCadence: turns(session.avgCadence),
      maxCadence: turns(session.maxCadence),
      avgPower: session.avgPower,
      maxPower: session.maxPower,
      indoor: session.subSport !== null && INDOOR.has(session.subSport) ? true : null,
      hasGps: samples.positionLat !== undefined,
      device: fitDeviceName(file),
      laps: lapsOf(file.laps, session, inside).map(lapOf),
      pauses: fitPauses(file.events, startMs, Number.isFinite(endMs) ? endMs : Number.MAX_SAFE_INTEGER),
      samples,
      extra: extraOf(session, lengths, ours, alone ? null : index),
    },
  };
}

function pulseFigures(
  session: FitSession,
  computed: ReturnType<typeof weightedHeartRateOf>,
): ReturnType<typeof weightedHeartRateOf> {
  return {
    avgHeartRate: session.avgHeartRate ?? computed.avgHeartRate,
    maxHeartRate: session.maxHeartRate ?? computed.maxHeartRate,
    minHeartRate: session.minHeartRate ?? computed.minHeartRate,
  };
}

/** The laps that the session counts as its own, else those that begin in it. */
function lapsOf(
  laps: readonly FitLap[],
  session: FitSession,
  inside: (time: number | null) => boolean,
): readonly FitLap[] {
  const { firstLapIndex, numLaps } = session;
  const own =
    firstLapIndex === null || numLaps === null ? [] : laps.slice(firstLapIndex, firstLapIndex + numLaps);
  return own.length > 0 ? own : laps.filter((lap) => inside(lap.startTime));
}

function lapOf(lap: FitLap): Lap {
  return {
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
  };
}

function extraOf(
  session: FitSession,
  lengths: readonly FitLength[],
  ours: boolean,
  index: number | null,
): JsonObject {
  return {
    ...(session.sportProfileName === null || ours ? {} : { sport_profile_name: session.sportProfileName }),
    ...(session.poolLength === null ? {} : { pool_length: session.poolLength }),
    ...(lengths.length === 0 ? {} : { lengths: lengths.flatMap(lengthJson) }),
    ...(index === null ? {} : { multisport_index: index }),
  };
}

function lengthJson(length: FitLength): JsonObject[] {
  if (length.startTime === null || length.lengthType === "idle") return [];
  return [
    {
      start_time: isoInstant(length.startTime),
      total_elapsed_time: length.totalElapsedTime,
      swim_stroke: length.swimStroke,
      total_strokes: length.totalStrokes,
    },
  ];
}

function recordedOnly(file: FitFile, options: SessionOptions): FileSession {
  const { samples } = samplesOf(file.records, "generic", 0);
  const startMs = samples.timestamp[0] ?? file.records[0]?.timestamp ?? 0;
  const endMs = samples.timestamp.at(-1) ?? startMs;
  const { fields } = timeFields({ startMs, offsetS: 0 }, options);
  const { fileId } = file;
  return {
    identity: file.identity,
    startMs,
    activity: {
      ...EMPTY_ACTIVITY,
      externalId: externalIdOf(
        file.identity,
        "fit",
        fileId?.manufacturer ?? null,
        fileId?.product ?? null,
        fileId?.serialNumber ?? null,
        fileId?.timeCreated ?? null,
        startMs,
        null,
      ),
      ...fields,
      totalElapsedTime: (endMs - startMs) / 1000,
      ...weightedHeartRateOf(samples),
      hasGps: samples.positionLat !== undefined,
      device: fitDeviceName(file),
      laps: file.laps.map(lapOf),
      pauses: fitPauses(file.events, startMs, endMs),
      samples,
    },
  };
}
