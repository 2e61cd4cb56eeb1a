import { duplicateOf, FILE_SOURCE, type StoredActivity } from "../model/index.ts";
import { localStart, workTime } from "./format.ts";

/** What totals can be told by; `all` is one group of everything. */
export const TOTALS_BY = ["sport", "week", "month", "year"] as const;

export type TotalsBy = (typeof TOTALS_BY)[number];

/** The fields that a total is made from. */
export const TOTALLED = [
  "source",
  "account",
  "externalId",
  "aliases",
  "sport",
  "startTime",
  "utcOffsetS",
  "totalTimerTime",
  "totalElapsedTime",
  "totalDistance",
  "totalAscent",
  "totalCalories",
  "activeCalories",
  "extra",
] as const satisfies readonly (keyof StoredActivity)[];

/** What a total is made from. */
export type Totalled = Pick<StoredActivity, (typeof TOTALLED)[number]>;

/** Sums over activities. A sum is null when none of them tells the value: unknown is not nothing. */
export interface Totals {
  /** `running` (as it is stored), `2026-W47`, `2026-11`, `2026`; null for the sum of all. */
  readonly key: string | null;
  readonly count: number;
  /** Timer time where there is one, else elapsed time; seconds. */
  readonly time: number | null;
  /** Metres. */
  readonly distance: number | null;
  /** Metres. */
  readonly ascent: number | null;
  /** kcal, resting energy included. */
  readonly calories: number | null;
  /** kcal without resting energy. */
  readonly activeCalories: number | null;
}

export interface TotalsReport {
  /** By sport: most time first. By period: newest first. */
  readonly groups: readonly Totals[];
  readonly all: Totals;
  /** Possible duplicates that were left out, since what they double is counted. */
  readonly duplicates: number;
}

/** Adds activities up. A possible duplicate counts only when the one it doubles is not among them. */
export function totalsOf(activities: readonly Totalled[], by: TotalsBy): TotalsReport {
  const present = new Set<string>();
  const idOf = (activity: Totalled, id: string): string => `${activity.source}\n${activity.account}\n${id}`;
  for (const activity of activities) {
    for (const id of [activity.externalId, ...activity.aliases]) {
      present.add(idOf(activity, id));
      if (activity.source !== FILE_SOURCE) present.add(id);
    }
  }
  const counted = activities.filter((activity) => {
    const original = duplicateOf(activity);
    if (original === null || original === activity.externalId) return true;
    // A file is marked as a copy of what another source has.
    const isThere =
      present.has(idOf(activity, original)) || (activity.source === FILE_SOURCE && present.has(original));
    return !isThere;
  });
  const groups = new Map<string, Totalled[]>();
  for (const activity of counted) {
    const key = keyOf(activity, by);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [activity]);
    else group.push(activity);
  }
  const rows = Array.from(groups, ([key, group]) => sum(key, group));
  rows.sort((a, b) =>
    by === "sport"
      ? (b.time ?? -1) - (a.time ?? -1) || (a.key ?? "").localeCompare(b.key ?? "", "en")
      : (a.key ?? "") < (b.key ?? "")
        ? 1
        : -1,
  );
  return { groups: rows, all: sum(null, counted), duplicates: activities.length - counted.length };
}

function sum(key: string | null, activities: readonly Totalled[]): Totals {
  const add = (value: (activity: Totalled) => number | null): number | null => {
    const known = activities.map(value).filter((each) => each !== null);
    return known.length === 0 ? null : known.reduce((total, each) => total + each, 0);
  };
  return {
    key,
    count: activities.length,
    time: add(workTime),
    distance: add((activity) => activity.totalDistance),
    ascent: add((activity) => activity.totalAscent),
    calories: add((activity) => activity.totalCalories),
    activeCalories: add((activity) => activity.activeCalories),
  };
}

function keyOf(activity: Totalled, by: TotalsBy): string {
  if (by === "sport") return activity.sport;
  const { date } = localStart(activity);
  if (by === "year") return date.slice(0, 4);
  return by === "month" ? date.slice(0, 7) : isoWeek(date);
}

/** `2026-W47`, the ISO 8601 week of a date: weeks begin on Monday, and the first has the year's first Thursday. */
export function isoWeek(date: string): string {
  const thursday = new Date(`${date}T00:00:00Z`);
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * 86_400_000)) + 1;
  return `${year}-W${String(week).padStart(2, "0")}`;
}
