import { EMPTY_ACTIVITY, EMPTY_LAP, heartRateOf, isoInstant } from "../../model/index.ts";
import type { Activity, JsonObject, Lap, Pause } from "../../model/index.ts";
import { ItemError } from "../../errors.ts";
import { placeOf } from "./dates.ts";
import type { EpochSeconds, Place } from "./dates.ts";
import { deviceInWords } from "./device.ts";
import {
  Metadata,
  Statistics,
  activitiesList,
  durationSeconds,
  durationWithin,
  eventsByType,
  inOrder,
} from "./extra.ts";
import { normalSource, syncAlias, workoutId } from "./identity.ts";
import type { Joined } from "./join.ts";
import type { Window } from "./readings.ts";
import { buildSamples } from "./samples.ts";
import type { Track } from "./samples.ts";
import { mapSport } from "./sports.ts";
import { convert, parseNumber, parseQuantity } from "./units.ts";
import type { Dimension } from "./units.ts";
import type { WireEvent, WireWorkout } from "./wire.ts";

const QUANTITY = "HKQuantityTypeIdentifier";
const HEART_RATE = `${QUANTITY}HeartRate`;
const LAP = "HKWorkoutEventTypeLap";

// Which clock-stopper an event sets or clears: the person's button and the watch's auto-pause are independent.
const TIMER_EVENTS: ReadonlyMap<string, readonly [stopper: "button" | "motion", stops: boolean]> = new Map([
  ["HKWorkoutEventTypePause", ["button", true]],
  ["HKWorkoutEventTypeResume", ["button", false]],
  ["HKWorkoutEventTypeMotionPaused", ["motion", true]],
  ["HKWorkoutEventTypeMotionResumed", ["motion", false]],
]);

/** Everything that one activity is made of. */
export interface WorkoutParts {
  readonly wire: WireWorkout;
  readonly joined: Joined;
  readonly track: Track;
  /** For a workout that does not say where it was: `--timezone`. */
  readonly timezone: string | undefined;
  /** The id of the richer of two that are likely the same session. */
  readonly possibleDuplicateOf: string | undefined;
}

/** Something odd about a workout that the person may want to know. */
export interface Oddity {
  /** Kebab-case. */
  readonly code: string;
  readonly message: string;
  /** Default: false. */
  readonly loss?: boolean;
}

/** An activity with what was odd about its source. */
export interface Mapped {
  readonly activity: Activity;
  readonly oddities: readonly Oddity[];
}

/** When a workout's samples lie. Throws `ItemError` for one without a start: it can be neither named nor placed. */
export function windowOf(wire: WireWorkout): Window {
  if (wire.start === null) throw new ItemError("UNMAPPABLE", "a workout without a start");
  const end = wire.end ?? wire.start + (durationSeconds(wire.duration, wire.durationUnit) ?? 0);
  return { start: wire.start, end };
}

/** Maps a workout to the model (`docs/schema.md`). Throws `ItemError` where {@link windowOf} does. */
export function mapWorkout({ wire, joined, track, timezone, possibleDuplicateOf }: WorkoutParts): Mapped {
  const window = windowOf(wire);
  const { start } = window;
  const metadata = new Metadata(wire.metadata);
  const statistics = new Statistics(wire.statistics);
  const oddities: Oddity[] = [];

  const elapsed = wire.end === null || wire.end < start ? null : wire.end - start;
  if (wire.end !== null && wire.end < start)
    oddities.push({ code: "end-before-start", message: "a workout ends before it starts" });

  const indoor = metadata.takeFlag("HKIndoorWorkout");
  const sport = mapSport(wire.activityType ?? "", {
    indoor,
    swimmingLocation: parseNumber(metadata.get("HKSwimmingLocationType")),
    lapLength: metadata.get("HKLapLength") !== null,
  });
  if (sport === null)
    oddities.push({ code: "unknown-sport", message: `workout type ${wire.activityType ?? "(none)"}` });

  const energy = energyOf(wire, statistics);
  const samples = buildSamples(joined, track, window);
  const pulse = heartRateOf(samples);
  const kind = wire.activityType?.replace("HKWorkoutActivityType", "") ?? "";
  const speedType = measureOf("Speed", SPEED_KINDS, kind, statistics);
  const powerType = measureOf("Power", POWER_KINDS, kind, statistics);
  const cadenceType = `${QUANTITY}CyclingCadence`;
  const statedMax = statistics.take(HEART_RATE, "maximum", "frequency", "count/min");
  if (statistics.has(HEART_RATE) && pulse.maxHeartRate === null) {
    oddities.push({
      code: "heart-rate-missing",
      message: "a workout states its heart rate but has no samples of it",
    });
  } else if (
    statedMax !== null &&
    pulse.maxHeartRate !== null &&
    Math.abs(pulse.maxHeartRate - statedMax) > 3
  ) {
    oddities.push({
      code: "heart-rate-differs",
      message: "the highest heart rate stated and that of the samples differ",
    });
  }

  const laps = lapsOf(wire.events, metadata.get("HKLapLength"), elapsed);
  const syncName = syncAlias({ ...wire, start }, metadata.get("HKMetadataKeySyncIdentifier"));
  const activity: Activity = {
    ...EMPTY_ACTIVITY,
    externalId: workoutId({ ...wire, start }),
    ...(syncName === null ? {} : { aliases: [syncName] }),
    sport: sport?.[0] ?? "generic",
    subSport: sport?.[1] ?? null,
    sourceSport: wire.activityType,
    startTime: isoInstant(start * 1000),
    ...zoneOf(metadata, timezone, start, oddities),
    totalElapsedTime: elapsed,
    totalTimerTime: timerOf(wire, elapsed, statistics),
    totalDistance: distanceOf(kind, wire, statistics),
    totalAscent: metadata.take("HKElevationAscended", "length"),
    totalDescent: metadata.take("HKElevationDescended", "length"),
    totalCalories: energy.total,
    activeCalories: energy.active,
    avgHeartRate: statistics.take(HEART_RATE, "average", "frequency", "count/min") ?? pulse.avgHeartRate,
    maxHeartRate: statedMax ?? pulse.maxHeartRate,
    minHeartRate: statistics.take(HEART_RATE, "minimum", "frequency", "count/min") ?? pulse.minHeartRate,
    avgSpeed: statistics.take(speedType, "average", "speed") ?? metadata.take("HKAverageSpeed", "speed"),
    maxSpeed: statistics.take(speedType, "maximum", "speed") ?? metadata.take("HKMaximumSpeed", "speed"),
    avgCadence: statistics.take(cadenceType, "average", "frequency"),
    maxCadence: statistics.take(cadenceType, "maximum", "frequency"),
    avgPower: statistics.take(powerType, "average", "power"),
    maxPower: statistics.take(powerType, "maximum", "power"),
    indoor,
    hasGps: samples.positionLat !== undefined ? true : wire.routes.length > 0 ? null : false,
    manual: metadata.takeFlag("HKWasUserEntered"),
    device: deviceInWords(wire.device),
    laps: laps.map(({ lap }) => lap),
    pauses: pausesOf(wire.events, window),
    samples,
    extra: inOrder({
      ...statistics.left(),
      ...eventsByType(
        wire.events.filter(({ type }) => type !== LAP && !TIMER_EVENTS.has(type)),
        elapsed,
      ),
      ...lapExtra(laps.map(({ event }) => event)),
      ...(wire.activities.length === 0 ? {} : { WorkoutActivity: activitiesList(wire.activities) }),
      ...metadata.left(),
      ...(wire.sourceName === null ? {} : { sourceName: normalSource(wire.sourceName) }),
      ...(wire.sourceVersion === null ? {} : { sourceVersion: wire.sourceVersion }),
      ...(possibleDuplicateOf === undefined ? {} : { possible_duplicate_of: possibleDuplicateOf }),
    }),
  };
  for (const unit of joined.unknownUnits) {
    oddities.push({
      code: "unreadable-record",
      message: `records in the unit ${unit || "(none)"}`,
      loss: true,
    });
  }
  for (const unit of statistics.unknownUnits) {
    oddities.push({ code: "unknown-unit", message: unit === "" ? "a value without a unit" : `unit ${unit}` });
  }
  for (const what of statistics.negative) {
    oddities.push({ code: "negative-value", message: `${what} is less than nothing` });
  }
  return { activity, oddities };
}

const SPEED_KINDS = ["Running", "Cycling", "Rowing", "PaddleSports", "CrossCountrySkiing"];
const POWER_KINDS = ["Running", "Cycling"];

/** The type that speaks for the whole workout: the sport's own, or the only one. The legs of a multisport have one each. */
function measureOf(
  measure: "Speed" | "Power",
  kinds: readonly string[],
  kind: string,
  statistics: Statistics,
): string {
  const typeOf = (one: string): string => `${QUANTITY}${one}${measure}`;
  const present = kinds.filter((one) => statistics.has(typeOf(one)));
  const [only] = present.includes(kind) ? [kind] : present;
  return only === undefined || (only !== kind && present.length > 1) ? "" : typeOf(only);
}

/** `HKTimeZone`, else the given zone, else nothing: the offset in the dates is that of the export. */
function zoneOf(
  metadata: Metadata,
  timezone: string | undefined,
  start: EpochSeconds,
  oddities: Oddity[],
): Place {
  const zone = metadata.get("HKTimeZone");
  const said = zone === null ? null : placeOf(zone, start * 1000);
  if (said !== null) {
    metadata.drop("HKTimeZone");
    return said;
  }
  if (zone !== null) oddities.push({ code: "unknown-timezone", message: `time zone ${zone}` });
  const given = timezone === undefined ? null : placeOf(timezone, start * 1000);
  return given ?? { timezone: null, utcOffsetS: null };
}

/** Pauses removed. */
function timerOf(
  { duration, durationUnit }: WireWorkout,
  elapsed: number | null,
  statistics: Statistics,
): number | null {
  if (duration !== null && durationUnit !== null && convert(1, durationUnit, "time") === null) {
    statistics.leave("duration", duration, durationUnit);
  }
  return durationWithin(duration, durationUnit, elapsed);
}

// The distance that is the sport's own. A ride may also carry the steps around it.
const OWN_DISTANCE: ReadonlyMap<string, string> = new Map([
  ["Running", "WalkingRunning"],
  ["Walking", "WalkingRunning"],
  ["Hiking", "WalkingRunning"],
  ["Cycling", "Cycling"],
  ["HandCycling", "Cycling"],
  ["Swimming", "Swimming"],
  ["WheelchairWalkPace", "Wheelchair"],
  ["WheelchairRunPace", "Wheelchair"],
  ["DownhillSkiing", "DownhillSnowSports"],
  ["Snowboarding", "DownhillSnowSports"],
  ["CrossCountrySkiing", "CrossCountrySkiing"],
  ["PaddleSports", "PaddleSports"],
  ["Rowing", "Rowing"],
  ["SkatingSports", "SkatingSports"],
]);

/**
 * Metres: the sport's own statistic; else the longest, or of a multisport, where there is no one of its own, the sum of all;
 * else the old attribute. None of it hangs on the order in which they are written.
 */
function distanceOf(kind: string, wire: WireWorkout, statistics: Statistics): number | null {
  const ownType = `${QUANTITY}Distance${OWN_DISTANCE.get(kind) ?? ""}`;
  const distances = wire.statistics
    .filter(({ type, sum }) => type.startsWith(`${QUANTITY}Distance`) && sum !== null)
    .flatMap(({ type }) => {
      const metres = statistics.read(type, "sum", "length");
      return metres === null ? [] : [{ type, metres, isOwn: type === ownType }];
    })
    .sort((a, b) => Number(b.isOwn) - Number(a.isOwn) || b.metres - a.metres || (a.type < b.type ? -1 : 1));
  const [first] = distances;
  if (first === undefined) {
    return attributeOf(wire, "totalDistance", "length", statistics);
  }
  if (distances.length === 1 || OWN_DISTANCE.has(kind)) return statistics.take(first.type, "sum", "length");
  // Each of them stays in `extra`: the sum does not tell how far was swum.
  return finite(distances.reduce((sum, { metres }) => sum + metres, 0));
}

/** An attribute of old exports, in which 0 is written for "none". */
function attributeOf(
  wire: WireWorkout,
  name: "totalDistance" | "totalEnergyBurned",
  dimension: Dimension,
  statistics: Statistics,
): number | null {
  const { [name]: value, [`${name}Unit` as const]: unit } = wire;
  if (value === null || value === 0) return null;
  const converted = convert(value, unit, dimension);
  if (converted === null) statistics.leave(name, value, unit);
  else if (converted < 0) statistics.negative.add(dimension);
  return converted === null || converted < 0 ? null : converted;
}

/** kcal. What HealthKit calls the total of a workout is its active energy; resting energy is a statistic of its own. */
function energyOf(
  wire: WireWorkout,
  statistics: Statistics,
): { active: number | null; total: number | null } {
  const basalType = `${QUANTITY}BasalEnergyBurned`;
  const active =
    statistics.take(`${QUANTITY}ActiveEnergyBurned`, "sum", "energy") ??
    attributeOf(wire, "totalEnergyBurned", "energy", statistics);
  const basal = statistics.read(basalType, "sum", "energy");
  return { active, total: active === null || basal === null ? null : finite(active + basal) };
}

/** A sum of numbers that are absurd may be none any more. */
function finite(sum: number | null): number | null {
  return Number.isFinite(sum) ? sum : null;
}

interface LapOfEvent {
  readonly lap: Lap;
  readonly event: WireEvent;
}

/** The laps that were recorded; in a pool each is one length of it. */
function lapsOf(
  events: readonly WireEvent[],
  lapLength: string | null,
  elapsed: number | null,
): LapOfEvent[] {
  const length = lapLength === null ? null : parseQuantity(lapLength);
  const metres = length === null ? null : convert(length.value, length.unit, "length");
  return events
    .filter((event) => event.type === LAP)
    .map((event) => ({
      event,
      lap: {
        ...EMPTY_LAP,
        startTime: event.date === null ? null : isoInstant(event.date * 1000),
        // Before iOS 11 a lap was a moment.
        totalElapsedTime: durationWithin(event.duration, event.durationUnit, elapsed) || null,
        totalDistance: metres,
      },
    }))
    .sort((a, b) => (a.event.date ?? 0) - (b.event.date ?? 0));
}

/** When the timer stood still; a pause that is never resumed lasts to the end. */
function pausesOf(events: readonly WireEvent[], window: Window): Pause[] {
  const pauses: Pause[] = [];
  const stoppers = new Set<string>();
  let since = window.end;
  // The events may begin before the workout and end after it; its timer does neither.
  const close = (until: EpochSeconds): void => {
    const start = Math.max(since, window.start);
    const end = Math.min(until, window.end);
    if (end > start) pauses.push({ start: start * 1000, end: end * 1000 });
  };
  const marks = events.flatMap(({ type, date }) => {
    const effect = TIMER_EVENTS.get(type);
    return effect === undefined || date === null ? [] : [{ date, stopper: effect[0], stops: effect[1] }];
  });
  marks.sort((a, b) => a.date - b.date);
  for (const { date, stopper, stops } of marks) {
    const wasRunning = stoppers.size === 0;
    if (stops) stoppers.add(stopper);
    else stoppers.delete(stopper);
    if (wasRunning && stoppers.size > 0) since = date;
    else if (!wasRunning && stoppers.size === 0) close(date);
  }
  if (stoppers.size > 0) close(window.end);
  return pauses;
}

/** What laps carry beyond the model (stroke, SWOLF): a list for each key, lap by lap. */
function lapExtra(events: readonly WireEvent[]): JsonObject {
  const keys = new Set(events.flatMap((event) => [...event.metadata.keys()]));
  const values = events.map((event) => new Metadata(event.metadata).left());
  return Object.fromEntries([...keys].map((key) => [key, values.map((value) => value[key] ?? null)]));
}
