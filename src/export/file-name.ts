import { isInstant, localTime, type StoredActivity } from "../model/index.ts";

/**
 * `2026-11-18T0642_running_polar_42.fit`: sorts by local time, and is safe on every file system: only letters, digits,
 * `_`, `-` and `.`, never longer than 100 characters, never a reserved name. Where no offset is known the time is UTC and
 * says so: `2026-11-18T0542Z_…`.
 */
export function fileNameOf(activity: StoredActivity, extension: string): string {
  const local = localTime(activity.startTime, activity.utcOffsetS);
  const zone = local === null && isInstant(activity.startTime) ? "Z" : "";
  const minute = (local ?? activity.startTime).slice(0, 16).replace(":", "");
  const safe = (text: string): string => text.replaceAll(/[^A-Za-z0-9_.-]/g, "-").slice(0, 40);
  return `${safe(minute)}${zone}_${safe(activity.sport)}_${safe(activity.source)}_${activity.id}.${safe(extension)}`;
}
