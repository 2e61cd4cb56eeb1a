import {
  activityJson,
  duplicateOf,
  EMPTY_ACTIVITY,
  instantWithin,
  isoInstant,
  SAMPLE_FIELDS,
  SAMPLE_NAMES,
  type StoredActivity,
} from "../model/index.ts";
import { valueAt } from "./session.ts";

/** A cell; unknown is null. */
export type Cell = string | number | boolean | null;

/** What a CSV of activities leaves out: it has one row per activity, and no lists. */
const LISTS: ReadonlySet<string> = new Set([
  "schema",
  "aliases",
  "laps",
  "pauses",
  "hr_zones",
  "extra",
  "samples",
]);

/**
 * One row of the fields of `fitglue.activity/1` that are single values, by name, in their order; and of `extra` what a sum of
 * the rows must know.
 */
export function activityRow(activity: StoredActivity): Readonly<Record<string, Cell>> {
  const document = activityJson(activity, { samples: false });
  const values = Object.entries(document).filter(([name]) => !LISTS.has(name)) as [string, Cell][];
  return { ...Object.fromEntries(values), possible_duplicate_of: duplicateOf(activity) };
}

/** Only its field names matter. */
const NO_ACTIVITY: StoredActivity = {
  ...EMPTY_ACTIVITY,
  id: 0,
  source: "",
  account: "",
  externalId: "",
  startTime: isoInstant(0),
  aliases: [],
  parserVersion: 0,
  createdAt: "",
  updatedAt: "",
  deletedAt: null,
};

/** The names of {@link activityRow}'s cells. */
export const ACTIVITY_COLUMNS: readonly string[] = Object.keys(activityRow(NO_ACTIVITY));

/** The names of a sample's cells. `timestamp` is an instant in RFC 3339, so that spreadsheets know it; a local time where the activity has no more. */
export const SAMPLE_COLUMNS: readonly string[] = [
  "activity_id",
  "timestamp",
  ...SAMPLE_FIELDS.map((field) => SAMPLE_NAMES[field]),
];

/** One row per sample. */
export function* sampleRows(activity: StoredActivity): Generator<readonly Cell[]> {
  const { samples } = activity;
  for (let index = 0; index < samples.timestamp.length; index++) {
    yield [
      activity.id,
      instantWithin(activity.startTime, samples.timestamp[index] ?? 0),
      ...SAMPLE_FIELDS.map((field) => valueAt(samples, field, index) ?? null),
    ];
  }
}
