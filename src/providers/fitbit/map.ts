import { ItemError } from "../../errors.ts";
import type { TcxFile, TcxLap } from "../../formats/tcx-reader.ts";
import {
  type Activity,
  EMPTY_ACTIVITY,
  EMPTY_LAP,
  type EpochMs,
  heartRateOf,
  type HrZone,
  isoInstant,
  type Json,
  type Lap,
  type LapTrigger,
  type Pause,
} from "../../model/index.ts";
import { readRoute, type Route, samplesOf } from "./samples.ts";
import { sportOf } from "./sports.ts";
import {
  civilMs,
  exerciseId,
  isUtcOffset,
  type ExercisePoint,
  type MetricsSummary,
  parseDayZones,
  parseExercise,
} from "./wire.ts";

/** The bytes that one activity is made of. Nothing else goes into it, so that `reprocess` gives the same again. */
export interface ExerciseParts {
  /** The exercise's own JSON object, byte for byte. */
  readonly exercise: Uint8Array;
  /** Likewise, of the same session as other apps wrote it back. */
  readonly mirrors: readonly Uint8Array[];
  /** The pages of the heart-rate list over the exercise; empty when they were never asked for. */
  readonly heartRates: readonly Uint8Array[];
  /** The `dailyHeartRateZones` point of the start's local date. */
  readonly zones: Uint8Array | undefined;
  /** The TCX export, which may be empty. */
  readonly tcx: Uint8Array | undefined;
}

/** When and how long an exercise was, as far as Google tells. */
export interface ExerciseTimes {
  readonly start: EpochMs;
  readonly end: EpochMs | undefined;
  /** Signed seconds at the start. */
  readonly utcOffsetS: number | null;
  /** `YYYY-MM-DD` where it happened; by UTC when no offset is known. */
  readonly localDate: string;
}

/** Undefined when an exercise does not say when it began: it cannot be an activity then. */
export function timesOf(point: ExercisePoint | undefined): ExerciseTimes | undefined {
  const interval = point?.exercise?.interval;
  const start = interval?.startTime;
  if (start === undefined) return undefined;
  const civil = civilMs(interval?.civilStartTime);
  const apart = civil === undefined ? undefined : Math.round((civil - start) / 1000);
  const utcOffsetS = interval?.startUtcOffset ?? (isUtcOffset(apart) ? apart : null);
  return {
    start,
    end: interval?.endTime,
    utcOffsetS,
    localDate: isoInstant(start + (utcOffsetS ?? 0) * 1000).slice(0, 10),
  };
}

/**
 * One exercise in FIT's words and SI units (google-health.md §3). `route`: `parts.tcx`, for who has read it already. Throws `ItemError` when it has no id or no start.
 * Whatever else is missing or strange is null.
 */
export function mapExercise(parts: ExerciseParts, route: Route = readRoute(parts.tcx)): Activity {
  const point = parseExercise(parts.exercise);
  const externalId = exerciseId(point);
  const times = timesOf(point);
  const exercise = point?.exercise;
  if (externalId === undefined) throw unmappable("the exercise has no id");
  if (exercise === undefined) throw unmappable("the data point is no exercise");
  if (times === undefined) throw unmappable("the exercise has no start time that can be read");

  const { start, end } = times;
  const metrics = exercise.metricsSummary;
  const [sport, subSport] = sportOf(exercise.exerciseType);
  const elapsed = end === undefined || end < start ? null : (end - start) / 1000;
  const tcx = route.file;
  const pauses = pausesOf(exercise);
  const samples = samplesOf(parts.heartRates, tcx, start, end);
  const pulse = heartRateOf(samples);
  const aliases = parts.mirrors
    .map((mirror) => exerciseId(parseExercise(mirror)))
    .filter((id) => id !== undefined);
  const said =
    exercise.exerciseMetadata === undefined ? undefined : (exercise.exerciseMetadata.hasGps ?? false);
  const method = point?.dataSource?.recordingMethod;

  return {
    ...EMPTY_ACTIVITY,
    externalId,
    aliases: aliases.filter((id) => id !== externalId),
    sport,
    subSport: subSport ?? null,
    sourceSport: exercise.exerciseType ?? null,
    title: exercise.displayName ?? null,
    notes: exercise.notes ?? null,
    startTime: isoInstant(start),
    utcOffsetS: times.utcOffsetS,
    totalElapsedTime: elapsed,
    totalTimerTime: exercise.activeDuration ?? timerFromPauses(exercise, elapsed, pauses),
    totalDistance: metres(distanceOf(metrics)),
    totalAscent: metres(metrics?.elevationGainMillimeters),
    totalCalories: metrics?.caloriesKcal ?? null,
    avgHeartRate: positive(metrics?.averageHeartRateBeatsPerMinute) ?? pulse.avgHeartRate,
    maxHeartRate: pulse.maxHeartRate,
    minHeartRate: pulse.minHeartRate,
    avgSpeed: speedOf(metrics),
    avgCadence: positive(metrics?.mobilityMetrics?.avgCadenceStepsPerMinute),
    hasGps: said ?? samples.positionLat !== undefined,
    manual: method === "MANUAL" ? true : method !== undefined && MEASURED.has(method) ? false : null,
    device: deviceOf(point),
    providerUpdatedAt: exercise.updateTime === undefined ? null : isoInstant(exercise.updateTime),
    laps: lapsOf(exercise, tcx),
    pauses,
    hrZones: zonesOf(metrics, parts.zones, times.localDate),
    samples,
    extra: extraOf(point, metrics),
  };
}

const MEASURED = new Set(["ACTIVELY_MEASURED", "PASSIVELY_MEASURED", "DERIVED"]);

function unmappable(reason: string): ItemError {
  return new ItemError("UNMAPPABLE", reason, { provider: "fitbit" });
}

function distanceOf(metrics: MetricsSummary | undefined): number | undefined {
  return metrics?.distanceMillimeters ?? metrics?.distanceMillimiters;
}

function metres(millimetres: number | undefined): number | null {
  return millimetres === undefined ? null : millimetres / 1000;
}

function positive(value: number | undefined): number | null {
  return value !== undefined && value > 0 ? value : null;
}

/** m/s; the pace is what Google computes first, the speed what it gives on wheels. */
function speedOf(metrics: MetricsSummary | undefined): number | null {
  const pace = metrics?.averagePaceSecondsPerMeter;
  if (pace !== undefined && pace > 0) return 1 / pace;
  return metres(metrics?.averageSpeedMillimetersPerSecond);
}

/** The pauses that the exercise's events tell, the wearer's and the watch's own; one that never ends, ends with it. */
function pausesOf(exercise: NonNullable<ExercisePoint["exercise"]>): Pause[] {
  const events = (exercise.exerciseEvents ?? [])
    .flatMap((event) =>
      event?.eventTime === undefined ? [] : [{ at: event.eventTime, type: event.exerciseEventType ?? "" }],
    )
    .toSorted((a, b) => a.at - b.at);
  const pauses: Pause[] = [];
  let since: EpochMs | undefined;
  const stop = (at: EpochMs | undefined): void => {
    if (since !== undefined && at !== undefined && at > since) pauses.push({ start: since, end: at });
    since = undefined;
  };
  for (const { at, type } of events) {
    if (type === "PAUSE" || type === "AUTO_PAUSE") since ??= at;
    else if (type === "RESUME" || type === "AUTO_RESUME" || type === "STOP") stop(at);
  }
  stop(exercise.interval?.endTime);
  return pauses;
}

/** For an exercise without `activeDuration`: the elapsed time less the pauses, if there are events that would tell them. */
function timerFromPauses(
  exercise: NonNullable<ExercisePoint["exercise"]>,
  elapsed: number | null,
  pauses: readonly Pause[],
): number | null {
  if (elapsed === null || (exercise.exerciseEvents ?? []).length === 0) return null;
  const paused = pauses.reduce((sum, { start, end }) => sum + (end - start) / 1000, 0);
  return Math.max(0, elapsed - paused);
}

function deviceOf(point: ExercisePoint | undefined): string | null {
  const { displayName, manufacturer } = point?.dataSource?.device ?? {};
  if (displayName === undefined || manufacturer === undefined) return displayName ?? manufacturer ?? null;
  return displayName.toLowerCase().startsWith(manufacturer.toLowerCase())
    ? displayName
    : `${manufacturer} ${displayName}`;
}

/** FIT has no trigger for calories. */
const TRIGGERS: ReadonlyMap<string | null | undefined, LapTrigger> = new Map([
  ["MANUAL", "manual"],
  ["DURATION", "time"],
  ["DISTANCE", "distance"],
  ["Manual", "manual"],
  ["Time", "time"],
  ["Distance", "distance"],
  ["Location", "position_lap"],
]);

function lapsOf(exercise: NonNullable<ExercisePoint["exercise"]>, tcx: TcxFile | undefined): Lap[] {
  const summaries = (exercise.splitSummaries ?? []).filter((split) => split !== undefined);
  if (summaries.length === 0) {
    return (tcx?.activities ?? []).flatMap((activity) => activity.laps.map(lapOfTcx));
  }
  return summaries
    .toSorted((a, b) => (a.startTime ?? 0) - (b.startTime ?? 0))
    .map((split) => {
      const { startTime, endTime, metricsSummary: metrics } = split;
      return {
        ...EMPTY_LAP,
        startTime: startTime === undefined ? null : isoInstant(startTime),
        totalElapsedTime:
          startTime === undefined || endTime === undefined || endTime < startTime
            ? null
            : (endTime - startTime) / 1000,
        totalTimerTime: split.activeDuration ?? null,
        totalDistance: metres(distanceOf(metrics)),
        totalCalories: metrics?.caloriesKcal ?? null,
        avgHeartRate: positive(metrics?.averageHeartRateBeatsPerMinute),
        lapTrigger: TRIGGERS.get(split.splitType) ?? null,
      };
    });
}

function lapOfTcx(lap: TcxLap): Lap {
  return {
    ...EMPTY_LAP,
    startTime: lap.startTime === null ? null : isoInstant(lap.startTime),
    totalTimerTime: lap.totalTime,
    totalDistance: lap.distance,
    // The schema demands a number there; 0 means that there is none.
    totalCalories: positive(lap.calories ?? undefined),
    avgHeartRate: lap.avgHeartRate,
    maxHeartRate: lap.maxHeartRate,
    lapTrigger: TRIGGERS.get(lap.triggerMethod) ?? null,
    intensity: lap.intensity === "Active" ? "active" : lap.intensity === "Resting" ? "rest" : null,
  };
}

const ZONES = [
  ["LIGHT", "lightTime"],
  ["MODERATE", "moderateTime"],
  ["VIGOROUS", "vigorousTime"],
  ["PEAK", "peakTime"],
] as const;

/** Zones 1 to 4. Google leaves out a zone in which no time was spent; without any of them it knows nothing. */
function zonesOf(
  metrics: MetricsSummary | undefined,
  zones: Uint8Array | undefined,
  localDate: string,
): HrZone[] {
  const durations = metrics?.heartRateZoneDurations;
  if (durations === undefined || Object.values(durations).every((value) => value === undefined)) return [];
  const day = zones === undefined ? undefined : parseDayZones(zones);
  const limits = day?.date === localDate ? day.limits : undefined;
  return ZONES.map(([type, member], index) => {
    const limit = limits?.get(type);
    return {
      zone: index + 1,
      minBpm: limit?.min ?? null,
      maxBpm: limit?.max ?? null,
      seconds: durations[member] ?? 0,
      origin: "provider",
      // Google computes the day's limits after Karvonen: percentages of the heart-rate reserve.
      calcType: limit === undefined ? null : "percent_hrr",
    };
  });
}

/** What only Google has, flat, under Google's names; durations in seconds. */
function extraOf(
  point: ExercisePoint | undefined,
  metrics: MetricsSummary | undefined,
): Record<string, Json> {
  const exercise = point?.exercise;
  const source = point?.dataSource;
  const mobility = metrics?.mobilityMetrics;
  const interval = exercise?.interval;
  const events = (exercise?.exerciseEvents ?? []).filter((event) => event !== undefined);
  const fields: Record<string, Json | undefined> = {
    steps: metrics?.steps,
    activeZoneMinutes: metrics?.activeZoneMinutes,
    averagePaceSecondsPerMeter: metrics?.averagePaceSecondsPerMeter,
    averageSpeedMillimetersPerSecond: metrics?.averageSpeedMillimetersPerSecond,
    runVo2Max: metrics?.runVo2Max,
    totalSwimLengths: metrics?.totalSwimLengths,
    poolLengthMillimeters: exercise?.exerciseMetadata?.poolLengthMillimeters,
    avgStrideLengthMillimeters: mobility?.avgStrideLengthMillimeters,
    avgVerticalOscillationMillimeters: mobility?.avgVerticalOscillationMillimeters,
    avgVerticalRatio: mobility?.avgVerticalRatio,
    avgGroundContactTimeDuration: mobility?.avgGroundContactTimeDuration,
    exerciseEvents:
      events.length === 0
        ? undefined
        : events.map((event) => ({
            eventTime: event.eventTime === undefined ? null : isoInstant(event.eventTime),
            exerciseEventType: event.exerciseEventType ?? null,
          })),
    endUtcOffset: interval?.endUtcOffset === interval?.startUtcOffset ? undefined : interval?.endUtcOffset,
    recordingMethod: source?.recordingMethod,
    platform: source?.platform,
    formFactor: source?.device?.formFactor,
    packageName: source?.application?.packageName,
    webClientId: source?.application?.webClientId,
    googleWebClientId: source?.application?.googleWebClientId,
    createTime: exercise?.createTime === undefined ? undefined : isoInstant(exercise.createTime),
  };
  const extra: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) extra[name] = value;
  return extra;
}
