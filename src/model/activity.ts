import type { JsonObject } from "./json.ts";
import type { Samples } from "./samples.ts";
import type { Sport, SubSport } from "./sport.ts";
import type { EpochMs } from "./time.ts";

/**
 * One session as a provider's mapping gives it: FIT's names in camelCase, SI units and the sport's conventions
 * (`docs/schema.md`). **Missing is null, never 0.** Values are unrounded after unit conversion.
 */
export interface Activity {
  /** The provider's own id. Unique per (source, account). */
  readonly externalId: string;
  /** Other ids of the same session at its source. */
  readonly aliases?: readonly string[];

  readonly sport: Sport;
  readonly subSport: SubSport | null;
  /** What the source said, untouched. */
  readonly sourceSport: string | null;
  /** As the source gives it; never invented. */
  readonly title: string | null;
  readonly notes: string | null;

  /**
   * The UTC instant, `2026-11-18T05:42:10.000Z` (`isoInstant`). Only where the source tells neither zone nor offset:
   * its local text without `Z`, and `utcOffsetS` null.
   */
  readonly startTime: string;
  /** Signed seconds: local = UTC + offset. */
  readonly utcOffsetS: number | null;
  /** IANA name. */
  readonly timezone: string | null;
  /** End − start, seconds. Never derived from another clock unless the source gives nothing else. */
  readonly totalElapsedTime: number | null;
  /** Pauses removed, seconds. */
  readonly totalTimerTime: number | null;
  /** Standing still removed, seconds. */
  readonly totalMovingTime: number | null;

  readonly totalDistance: number | null;
  readonly totalAscent: number | null;
  readonly totalDescent: number | null;
  /** Includes resting energy, kcal. */
  readonly totalCalories: number | null;
  /** Without resting energy, kcal. */
  readonly activeCalories: number | null;
  readonly avgHeartRate: number | null;
  readonly maxHeartRate: number | null;
  readonly minHeartRate: number | null;
  readonly avgSpeed: number | null;
  readonly maxSpeed: number | null;
  readonly avgCadence: number | null;
  readonly maxCadence: number | null;
  readonly avgPower: number | null;
  readonly maxPower: number | null;

  readonly indoor: boolean | null;
  readonly hasGps: boolean | null;
  readonly manual: boolean | null;
  /** Maker and model in words. */
  readonly device: string | null;
  /** When the provider last changed it, an instant. */
  readonly providerUpdatedAt: string | null;

  readonly laps: readonly Lap[];
  /** When the timer stood still, in order of time, as the source recorded it; empty also when it does not tell. */
  readonly pauses: readonly Pause[];
  readonly hrZones: readonly HrZone[];
  readonly samples: Samples;
  /** What only this provider has: its own field name → value, flat. */
  readonly extra: JsonObject;
}

/** A recorded lap, in the order it was recorded. Splits that a program computes are another thing. */
export interface Lap {
  readonly startTime: string | null;
  readonly totalElapsedTime: number | null;
  readonly totalTimerTime: number | null;
  readonly totalMovingTime: number | null;
  readonly totalDistance: number | null;
  readonly totalCalories: number | null;
  readonly avgHeartRate: number | null;
  readonly maxHeartRate: number | null;
  /** FIT's `lap_trigger`. */
  readonly lapTrigger: LapTrigger | null;
  /** FIT's `intensity`. */
  readonly intensity: LapIntensity | null;
}

/** The timer was stopped from `start` to `end`, Unix milliseconds UTC. */
export interface Pause {
  readonly start: EpochMs;
  readonly end: EpochMs;
}

export type LapTrigger =
  | "manual"
  | "time"
  | "distance"
  | "position_start"
  | "position_lap"
  | "position_waypoint"
  | "position_marked"
  | "session_end"
  | "fitness_equipment";

export type LapIntensity = "active" | "rest" | "warmup" | "cooldown" | "recovery" | "interval" | "other";

/** Time in one heart-rate zone, weighted by time. */
export interface HrZone {
  /** From 1 upward. */
  readonly zone: number;
  readonly minBpm: number | null;
  readonly maxBpm: number | null;
  readonly seconds: number | null;
  readonly origin: "provider" | "computed";
  /** FIT's `hr_zone_calc`. */
  readonly calcType: "custom" | "percent_max_hr" | "percent_hrr" | "percent_lthr" | null;
}

/** A lap of which nothing is known yet; spread it and fill in what the source gives. */
export const EMPTY_LAP: Lap = {
  startTime: null,
  totalElapsedTime: null,
  totalTimerTime: null,
  totalMovingTime: null,
  totalDistance: null,
  totalCalories: null,
  avgHeartRate: null,
  maxHeartRate: null,
  lapTrigger: null,
  intensity: null,
};

/** An activity of which nothing is known but what the caller adds; every unknown is null. */
export const EMPTY_ACTIVITY: Omit<Activity, "externalId" | "startTime"> = {
  sport: "generic",
  subSport: null,
  sourceSport: null,
  title: null,
  notes: null,
  utcOffsetS: null,
  timezone: null,
  totalElapsedTime: null,
  totalTimerTime: null,
  totalMovingTime: null,
  totalDistance: null,
  totalAscent: null,
  totalDescent: null,
  totalCalories: null,
  activeCalories: null,
  avgHeartRate: null,
  maxHeartRate: null,
  minHeartRate: null,
  avgSpeed: null,
  maxSpeed: null,
  avgCadence: null,
  maxCadence: null,
  avgPower: null,
  maxPower: null,
  indoor: null,
  hasGps: null,
  manual: null,
  device: null,
  providerUpdatedAt: null,
  laps: [],
  pauses: [],
  hrZones: [],
  samples: { timestamp: new Float64Array(0) },
  extra: {},
};

/** The `external_id` of what this activity possibly doubles; null for any other. */
export function duplicateOf(activity: Pick<Activity, "extra">): string | null {
  const original = activity.extra["possible_duplicate_of"];
  return typeof original === "string" && original !== "" ? original : null;
}

/** Two recordings of one session start within this of each other, and are as long but for this (milliseconds). */
export const SAME_SESSION_MS = 2000;

/** Whether two activities may be as long as each other: one of their clocks agrees, or one of them has none. */
export function isSameLength(a: Clocks, b: Clocks): boolean {
  const clocks = ({ totalElapsedTime, totalTimerTime }: Clocks): number[] =>
    [totalElapsedTime, totalTimerTime].filter((clock) => clock !== null);
  const [ofA, ofB] = [clocks(a), clocks(b)];
  if (ofA.length === 0 || ofB.length === 0) return true;
  return ofA.some((one) => ofB.some((other) => Math.abs(one - other) * 1000 <= SAME_SESSION_MS));
}

type Clocks = Pick<Activity, "totalElapsedTime" | "totalTimerTime">;

/** An activity as the store gives it back. */
export interface StoredActivity extends Activity {
  /** What the user types. */
  readonly id: number;
  readonly source: string;
  readonly account: string;
  readonly aliases: readonly string[];
  readonly parserVersion: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When the source was found not to have it any more; the data stays. */
  readonly deletedAt: string | null;
}
