import { StoreError } from "../errors.ts";
import type { Activity, HrZone, Lap, StoredActivity } from "../model/index.ts";

/** The activity fields that are plain columns of `activities`, in table order: TypeScript name → column. */
export const ACTIVITY_COLUMNS = {
  sport: "sport",
  subSport: "sub_sport",
  sourceSport: "source_sport",
  title: "title",
  notes: "notes",
  startTime: "start_time",
  utcOffsetS: "utc_offset_s",
  timezone: "timezone",
  totalElapsedTime: "total_elapsed_time",
  totalTimerTime: "total_timer_time",
  totalMovingTime: "total_moving_time",
  totalDistance: "total_distance",
  totalAscent: "total_ascent",
  totalDescent: "total_descent",
  totalCalories: "total_calories",
  activeCalories: "active_calories",
  avgHeartRate: "avg_heart_rate",
  maxHeartRate: "max_heart_rate",
  minHeartRate: "min_heart_rate",
  avgSpeed: "avg_speed",
  maxSpeed: "max_speed",
  avgCadence: "avg_cadence",
  maxCadence: "max_cadence",
  avgPower: "avg_power",
  maxPower: "max_power",
  indoor: "indoor",
  hasGps: "has_gps",
  manual: "manual",
  device: "device",
  providerUpdatedAt: "provider_updated_at",
} as const satisfies Partial<Record<keyof Activity, string>>;

/** A field of {@link ACTIVITY_COLUMNS}. */
export type ActivityField = keyof typeof ACTIVITY_COLUMNS;

/** {@link ACTIVITY_COLUMNS} as pairs, in order. */
export const ACTIVITY_FIELDS = Object.entries(ACTIVITY_COLUMNS) as [ActivityField, string][];

/** Every field that an activity's own row holds, the number first. */
export const OWN_COLUMNS = {
  id: "id",
  source: "source",
  account: "account",
  externalId: "external_id",
  ...ACTIVITY_COLUMNS,
  extra: "extra",
  parserVersion: "parser_version",
  createdAt: "created_at",
  updatedAt: "updated_at",
  deletedAt: "deleted_at",
} as const satisfies Partial<Record<keyof StoredActivity, string>>;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StoreError("STORE_DAMAGED", "the database is damaged: a value in it is not JSON", {
      hint: "fitglue verify tells what is lost; then restore a backup",
      cause: error,
    });
  }
}

/** A field's value as it will be read back: a text in UTF-8 has no half of a surrogate pair. */
export function asStored<T>(value: T): T | string {
  return typeof value === "string" ? value.toWellFormed() : value;
}

const flag = (value: unknown): boolean | null => (value === null ? null : value === 1);
// Most activities have nothing of their own in these; parsing ten thousand empty objects is time for nothing.
const document = (value: unknown): unknown =>
  value === "{}" ? {} : value === "[]" ? [] : parsed(value as string);

/** What SQLite's value of a field is made into, where it is not the field's value already. */
export const DECODERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  indoor: flag,
  hasGps: flag,
  manual: flag,
  extra: document,
  aliases: document,
};

/** The columns of `laps` after `activity_id` and `lap_index`. */
export const LAP_COLUMNS = {
  startTime: "start_time",
  totalElapsedTime: "total_elapsed_time",
  totalTimerTime: "total_timer_time",
  totalMovingTime: "total_moving_time",
  totalDistance: "total_distance",
  totalCalories: "total_calories",
  avgHeartRate: "avg_heart_rate",
  maxHeartRate: "max_heart_rate",
  lapTrigger: "lap_trigger",
  intensity: "intensity",
} as const satisfies Record<keyof Lap, string>;

/** {@link LAP_COLUMNS} as pairs, in order. */
export const LAP_FIELDS = Object.entries(LAP_COLUMNS) as [keyof Lap, string][];

/** The columns of `hr_zones` after `activity_id`. */
export const ZONE_COLUMNS = {
  zone: "zone",
  minBpm: "min_bpm",
  maxBpm: "max_bpm",
  seconds: "seconds",
  origin: "origin",
  calcType: "calc_type",
} as const satisfies Record<keyof HrZone, string>;

/** {@link ZONE_COLUMNS} as pairs, in order. */
export const ZONE_FIELDS = Object.entries(ZONE_COLUMNS) as [keyof HrZone, string][];

/** The columns of `samples` after `activity_id` and `timestamp`, in the order of `SAMPLE_FIELDS`. */
export const SAMPLE_COLUMNS = [
  "heart_rate",
  "position_lat",
  "position_long",
  "altitude",
  "distance",
  "speed",
  "cadence",
  "power",
  "temperature",
] as const;
