import type { Activity, Sport, SubSport } from "../model/index.ts";
import { epochMs, isInstant, localTime, sameDayClock } from "../model/index.ts";

/** How a sport's people tell how fast they were. */
export type EffortKind = "pace" | "pace-100m" | "pace-500m" | "speed";

const ON_FOOT = new Set<Sport>([
  "running",
  "walking",
  "hiking",
  "snowshoeing",
  "mountaineering",
  "wheelchair_push_walk",
  "wheelchair_push_run",
]);

/** Pace for feet, swimmers and rowers, speed for everything else. */
export function effortKind(sport: Sport): EffortKind {
  if (ON_FOOT.has(sport)) return "pace";
  if (sport === "swimming") return "pace-100m";
  return sport === "rowing" ? "pace-500m" : "speed";
}

/** Metres that a pace is told for. */
const PACE_METRES: Record<Exclude<EffortKind, "speed">, number> = {
  pace: 1000,
  "pace-100m": 100,
  "pace-500m": 500,
};

/** `min/km`, `min/100 m`, `min/500 m` or `km/h`. */
export function effortUnit(kind: EffortKind): string {
  return { pace: "min/km", "pace-100m": "min/100 m", "pace-500m": "min/500 m", speed: "km/h" }[kind];
}

/** A speed in m/s as the number people use: seconds per distance, or km/h. Infinite for a pace at rest. */
export function effortValue(speed: number, kind: EffortKind): number {
  return kind === "speed" ? speed * 3.6 : PACE_METRES[kind] / speed;
}

/** `5:32 /km`, `1:52 /100m`, `27.3 km/h`; null when standing, since a pace at rest is no number. */
export function formatEffort(speed: number | null, kind: EffortKind): string | null {
  if (speed === null || !Number.isFinite(speed) || speed <= 0) return null;
  if (kind === "speed") return `${(speed * 3.6).toFixed(1)} km/h`;
  const suffix = { pace: "/km", "pace-100m": "/100m", "pace-500m": "/500m" }[kind];
  return `${formatClock(PACE_METRES[kind] / speed)} ${suffix}`;
}

/** The time that the person was at it: pauses removed where the source tells, else from start to end. Seconds. */
export function workTime(activity: Pick<Activity, "totalTimerTime" | "totalElapsedTime">): number | null {
  return activity.totalTimerTime ?? activity.totalElapsedTime;
}

/** m/s: the source's own average, else distance by {@link workTime}; null when there is neither. */
export function averageSpeed(
  activity: Pick<Activity, "totalTimerTime" | "totalElapsedTime" | "totalDistance"> & {
    readonly avgSpeed?: number | null;
  },
): number | null {
  const time = workTime(activity);
  if (activity.avgSpeed !== null && activity.avgSpeed !== undefined) return activity.avgSpeed;
  if (activity.totalDistance === null || time === null || time <= 0) return null;
  return activity.totalDistance / time;
}

/** `1:02:03`: always with hours, so that a column can be read down. Seconds in. */
export function formatDuration(seconds: number | null): string | null {
  if (seconds === null || !Number.isFinite(seconds)) return null;
  const whole = Math.round(Math.abs(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const sign = seconds < 0 && whole > 0 ? "-" : "";
  return `${sign}${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** `5:32`, and `1:05:32` from one hour on: paces and the time axis. */
export function formatClock(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole >= 3600) return formatDuration(whole) ?? "";
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** `1500 m` for swimmers, `10.23 km` and from 100 km on `123.4 km` for everyone else. */
export function formatDistance(metres: number | null, sport: Sport): string | null {
  if (metres === null || !Number.isFinite(metres)) return null;
  if (sport === "swimming") return `${Math.round(metres)} m`;
  const km = metres / 1000;
  return `${km.toFixed(km < 99.995 ? 2 : 1)} km`;
}

/** A rounded number with its unit: `148 bpm`. */
export function formatNumber(value: number | null, unit = "", digits = 0): string | null {
  if (value === null || !Number.isFinite(value)) return null;
  const text = value.toFixed(digits).replace(/^-(0(?:\.0*)?)$/, "$1");
  return unit === "" ? text : `${text} ${unit}`;
}

/**
 * FIT's words for people: `trail running`, `lap swimming`, `indoor cycling`. A sport that could not be mapped is told
 * in the source's own word, which is foreign text: neutralise it.
 */
export function sportName(
  sport: Sport,
  subSport: SubSport | null,
  sourceSport: string | null = null,
): string {
  const words = (name: string): string => name.replaceAll("_", " ");
  // Of HealthKit's names the beginning is the same in all, and the only part that a narrow column would show.
  if (sport === "generic") return sourceSport?.replace(/^HKWorkoutActivityType(?=.)/, "") ?? "activity";
  if (subSport === null || subSport === "generic" || subSport === sport) return words(sport);
  const sub = words(subSport);
  // `indoor_cycling`, `lap_swimming`, `skate_skiing`, `strength_training` name their sport themselves.
  const last = sub.split(" ").at(-1) ?? "";
  if (words(sport).endsWith(last) || sport === "training" || sport === "fitness_equipment") return sub;
  return `${sub} ${words(sport)}`;
}

/** When an activity started, as a person tells it. */
export interface LocalStart {
  /** `2026-11-18`. */
  readonly date: string;
  /** `06:42`. */
  readonly time: string;
  /** The source told no zone: this is the reader's own. */
  readonly readersZone: boolean;
}

/**
 * The wall clock where it happened; where no source tells the zone, the reader's own, marked. `readerOffset` gives the
 * reader's offset at an instant, in seconds; the host's zone unless a test says otherwise.
 */
export function localStart(
  activity: Pick<Activity, "startTime" | "utcOffsetS">,
  readerOffset: (ms: number) => number = hostOffset,
): LocalStart {
  const there = localTime(activity.startTime, activity.utcOffsetS);
  if (there !== null) return { date: there.slice(0, 10), time: there.slice(11, 16), readersZone: false };
  const here = localTime(activity.startTime, readerOffset(epochMs(activity.startTime))) ?? "";
  return { date: here.slice(0, 10), time: here.slice(11, 16), readersZone: true };
}

function hostOffset(ms: number): number {
  return -new Date(ms).getTimezoneOffset() * 60;
}

/**
 * RFC 3339, for pipes: with the offset of the place where it is known (`2026-11-18T06:42:10+01:00`), in UTC where it is
 * not, and without either where the source gave only its own clock.
 */
export function rfc3339(activity: Pick<Activity, "startTime" | "utcOffsetS">): string {
  const { startTime, utcOffsetS } = activity;
  // Offsets of local mean time have seconds, which RFC 3339 cannot write.
  if (utcOffsetS === null || utcOffsetS % 60 !== 0 || !isInstant(startTime)) {
    return startTime.replace(/\.000(?=Z|$)/, "");
  }
  const clock = startTime.endsWith(".000Z") ? sameDayClock(startTime, utcOffsetS) : null;
  if (clock !== null) {
    return startTime.slice(0, 11) + (clock + startTime.slice(16, 19) + offsetText(utcOffsetS));
  }
  const local = localTime(startTime, utcOffsetS) ?? "";
  return (local.endsWith(".000") ? local.slice(0, -4) : local) + offsetText(utcOffsetS);
}

const offsetTexts = new Map<number, string>();

function offsetText(utcOffsetS: number): string {
  let text = offsetTexts.get(utcOffsetS);
  if (text === undefined) {
    const minutes = Math.abs(utcOffsetS) / 60;
    const two = (value: number): string => String(value).padStart(2, "0");
    text = `${utcOffsetS < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
    offsetTexts.set(utcOffsetS, text);
  }
  return text;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

/** `Wed`, for a date `2026-11-18`. */
export function weekday(date: string): string {
  return DAYS[new Date(`${date}T00:00:00Z`).getUTCDay()] ?? "";
}

/** `412 MB`, decimal units as disks and networks count. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ""}`;
}
