import type { HrZone, Lap, Pause, StoredActivity } from "./activity.ts";
import type { Json, JsonObject } from "./json.ts";
import { type SampleField, sampleFieldsOf, type Samples } from "./samples.ts";
import { isoInstant, localTime } from "./time.ts";

/** The name of the document's shape. Fields are only ever added; another number would mean another meaning. */
export const ACTIVITY_SCHEMA = "fitglue.activity/1";

/** The names that sample columns have in SQL, JSON and CSV. */
export const SAMPLE_NAMES: Readonly<Record<SampleField, string>> = {
  heartRate: "heart_rate",
  positionLat: "position_lat",
  positionLong: "position_long",
  altitude: "altitude",
  distance: "distance",
  speed: "speed",
  cadence: "cadence",
  power: "power",
  temperature: "temperature",
};

/**
 * One activity as the JSON document that every command prints (`docs/json-output.md`, `docs/activity.schema.json`):
 * snake_case, SI units, every field always there, unknown is null. `samples` is there only when asked for.
 */
export function activityJson(activity: StoredActivity, options: { readonly samples: boolean }): JsonObject {
  return {
    schema: ACTIVITY_SCHEMA,
    id: activity.id,
    source: activity.source,
    account: activity.account,
    external_id: activity.externalId,
    aliases: activity.aliases,
    sport: activity.sport,
    sub_sport: activity.subSport,
    source_sport: activity.sourceSport,
    title: activity.title,
    notes: activity.notes,
    start_time: activity.startTime,
    utc_offset_s: activity.utcOffsetS,
    timezone: activity.timezone,
    local_start_time: localTime(activity.startTime, activity.utcOffsetS),
    total_elapsed_time: activity.totalElapsedTime,
    total_timer_time: activity.totalTimerTime,
    total_moving_time: activity.totalMovingTime,
    total_distance: activity.totalDistance,
    total_ascent: activity.totalAscent,
    total_descent: activity.totalDescent,
    total_calories: activity.totalCalories,
    active_calories: activity.activeCalories,
    avg_heart_rate: activity.avgHeartRate,
    max_heart_rate: activity.maxHeartRate,
    min_heart_rate: activity.minHeartRate,
    avg_speed: activity.avgSpeed,
    max_speed: activity.maxSpeed,
    avg_cadence: activity.avgCadence,
    max_cadence: activity.maxCadence,
    avg_power: activity.avgPower,
    max_power: activity.maxPower,
    indoor: activity.indoor,
    has_gps: activity.hasGps,
    manual: activity.manual,
    device: activity.device,
    provider_updated_at: activity.providerUpdatedAt,
    parser_version: activity.parserVersion,
    created_at: activity.createdAt,
    updated_at: activity.updatedAt,
    deleted_at: activity.deletedAt,
    laps: activity.laps.map(lapJson),
    pauses: activity.pauses.map(pauseJson),
    hr_zones: activity.hrZones.map(zoneJson),
    extra: activity.extra,
    ...(options.samples ? { samples: samplesJson(activity.samples) } : {}),
  };
}

function lapJson(lap: Lap, index: number): JsonObject {
  return {
    lap_index: index,
    start_time: lap.startTime,
    total_elapsed_time: lap.totalElapsedTime,
    total_timer_time: lap.totalTimerTime,
    total_moving_time: lap.totalMovingTime,
    total_distance: lap.totalDistance,
    total_calories: lap.totalCalories,
    avg_heart_rate: lap.avgHeartRate,
    max_heart_rate: lap.maxHeartRate,
    lap_trigger: lap.lapTrigger,
    intensity: lap.intensity,
  };
}

function pauseJson(pause: Pause): JsonObject {
  return { start_time: isoInstant(pause.start), end_time: isoInstant(pause.end) };
}

function zoneJson(zone: HrZone): JsonObject {
  return {
    zone: zone.zone,
    min_bpm: zone.minBpm,
    max_bpm: zone.maxBpm,
    seconds: zone.seconds,
    origin: zone.origin,
    calc_type: zone.calcType,
  };
}

/** Columns of equal length; a column that holds nothing is left out, `timestamp` (Unix milliseconds UTC) is always there. */
function samplesJson(samples: Samples): JsonObject {
  const columns: Record<string, Json> = { timestamp: Array.from(samples.timestamp) };
  for (const field of sampleFieldsOf(samples)) {
    columns[SAMPLE_NAMES[field]] = Array.from(samples[field] ?? [], (value) =>
      Number.isNaN(value) ? null : value,
    );
  }
  return columns;
}
