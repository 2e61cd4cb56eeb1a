import { Command, Option } from "commander";
import { UsageError } from "../errors.ts";
import type { JsonObject, Sport, StoredActivity } from "../model/index.ts";
import { activityJson, duplicateOf } from "../model/index.ts";
import { csvLine } from "../output/csv.ts";
import {
  averageSpeed,
  effortKind,
  formatDistance,
  formatDuration,
  formatEffort,
  formatNumber,
  localStart,
  rfc3339,
  sportName,
  weekday,
  workTime,
} from "../output/format.ts";
import { jsonText } from "../output/json.ts";
import type { Look } from "../output/look.ts";
import { lookOf, paint } from "../output/look.ts";
import type { Column } from "../output/table.ts";
import { renderTable, tabSeparated } from "../output/table.ts";
import { truncate } from "../output/text.ts";
import type { Totals, TotalsBy, TotalsReport } from "../output/totals.ts";
import { TOTALLED, TOTALS_BY, totalsOf } from "../output/totals.ts";
import type { ActivityFilter, Store } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import type { FilterFlags } from "./filters.ts";
import { addFilterOptions, parseFilters } from "./filters.ts";

const FORMATS = ["table", "json", "ndjson", "csv"] as const;
type Format = (typeof FORMATS)[number];

/**
 * How many rows a table has unless `--limit` says otherwise, in a pipe too: what is seen is what is piped, and what is left out is
 * told. The other formats are for programs and have all of them.
 */
const TABLE_ROWS = 20;

/**
 * Characters that are written at once: a write for each line costs more than the line, and what waits for long is copied by
 * every collection of garbage.
 */
const PIECE = 16_384;

export interface ListOptions {
  readonly context: CommandContext;

  readonly filter: ActivityFilter;
  readonly format: Format;
  /** Sums instead of activities. */
  readonly totals: TotalsBy | undefined;
}

/** `fitglue list`. */
export function newListCommand(context: CommandContext): Command {
  const command = addFilterOptions(
    new Command("list"),
    `at most this many, or all (default: ${TABLE_ROWS} in a table)`,
  )
    .addOption(new Option("--format <format>", `how to write them (default: table)`).choices(FORMATS))
    .option("--totals", "count, time, distance, climb and calories instead of activities", false)
    .addOption(
      new Option("--by <group>", "what to total by, with --totals (default: sport)").choices(TOTALS_BY),
    );
  return command.action(async (flags: FilterFlags & { format?: Format; totals: boolean; by?: TotalsBy }) => {
    if (flags.by !== undefined && !flags.totals) {
      throw new UsageError("USAGE", "--by groups totals", { hint: `fitglue list --totals --by ${flags.by}` });
    }
    if (context.globals.json && flags.format !== undefined && flags.format !== "json") {
      throw new UsageError("USAGE", `--json and --format ${flags.format} contradict each other`, {
        hint: `fitglue list --format ${flags.format}`,
      });
    }
    await runList({
      context,
      filter: parseFilters(flags),
      format: flags.format ?? (context.globals.json ? "json" : "table"),
      totals: flags.totals ? (flags.by ?? "sport") : undefined,
    });
  });
}

/** Writes the activities that the filter leaves, newest first, or their totals. */
export async function runList(options: ListOptions): Promise<void> {
  if (options.totals === undefined) await listActivities(options);
  else listTotals(options, options.totals);
}

async function listActivities({ context, filter, format }: ListOptions): Promise<void> {
  if (format === "table") listTable(context, filter);
  else writeLines(context, format === "csv" ? await csvLines() : documents(format), filter);
}

function listTable(context: CommandContext, filter: ActivityFilter): void {
  const store = context.store("read");
  const look = lookOf(context.io);
  const rows = { ...filter, limit: filter.limit ?? TABLE_ROWS };
  if (look === null) {
    writeLines(context, tsvLines, rows);
  } else {
    const activities = [...store.select(rows, TABLE_FIELDS)];
    if (activities.length === 0) {
      context.say(store.count() === 0 ? EMPTY_STORE : "no activity matches\n");
      return;
    }
    context.io.stdout.write(`${activityTable(activities, look).join("\n")}\n`);
  }
  const more = filter.limit === undefined ? Math.max(0, store.count(filter) - TABLE_ROWS) : 0;
  if (more === 0) return;
  const note = `${more} more: add --limit all\n`;
  // A pipe that has not got everything is told even where nothing else is to be said.
  if (look === null) context.io.stderr.write(note);
  else context.say(note);
}

function writeLines(context: CommandContext, lines: Lines, filter: ActivityFilter): void {
  const { stdout } = context.io;
  let piece = "";
  // One at a time: ten thousand activities need no more memory than one.
  for (const line of lines(context.store("read"), filter)) {
    piece += line;
    if (piece.length < PIECE) continue;
    stdout.write(piece);
    piece = "";
  }
  if (piece !== "") stdout.write(piece);
}

/** What a format makes of the activities, piece by piece. */
type Lines = (store: Store, filter: ActivityFilter) => Iterable<string>;

function documents(format: "json" | "ndjson"): Lines {
  return function* (store, filter) {
    let first = true;
    for (const activity of store.list(filter)) {
      const document = jsonText(activityJson(activity, { samples: false }));
      yield format === "json" ? `${first ? "[" : ",\n"}${document}` : `${document}\n`;
      first = false;
    }
    if (format === "json") yield first ? "[]\n" : "]\n";
  };
}

async function csvLines(): Promise<Lines> {
  const { ACTIVITY_COLUMNS, activityRow } = await import("../export/csv.ts");
  return function* (store, filter) {
    yield csvLine(ACTIVITY_COLUMNS);
    for (const activity of store.list(filter)) yield csvLine(Object.values(activityRow(activity)));
  };
}

/** What a person reads when there is nothing at all yet. */
export const EMPTY_STORE = "no activities yet; try: fitglue import export.zip, or: fitglue connect polar\n";

const COLUMNS: readonly Column[] = [
  { header: "ID", align: "right" },
  { header: "", dispensable: 9, tone: "dim" },
  { header: "Start" },
  { header: "Sport", shrinkTo: 8 },
  { header: "Distance", align: "right", tone: "title", dispensable: 1 },
  { header: "Time", align: "right", dispensable: 2 },
  { header: "Pace", align: "right", tone: "pace", dispensable: 3 },
  { header: "HR", align: "right", tone: "heart", dispensable: 4 },
  { header: "Climb", align: "right", tone: "height", dispensable: 6 },
  { header: "kcal", align: "right", dispensable: 7 },
  { header: "Source", tone: "dim", dispensable: 8 },
  { header: "Title", shrinkTo: 10, dispensable: 5 },
];

/** What a row of the table is made from. */
const TABLE_FIELDS = [
  "id",
  "source",
  "sport",
  "subSport",
  "sourceSport",
  "startTime",
  "utcOffsetS",
  "title",
  "totalDistance",
  "totalTimerTime",
  "totalElapsedTime",
  "avgSpeed",
  "avgHeartRate",
  "totalAscent",
  "totalCalories",
  "extra",
  "deletedAt",
] as const satisfies readonly (keyof StoredActivity)[];

function activityTable(
  activities: readonly Pick<StoredActivity, (typeof TABLE_FIELDS)[number]>[],
  look: Look,
): string[] {
  const marks = look.unicode
    ? { duplicate: "≈", deleted: "†", zone: "*" }
    : { duplicate: "~", deleted: "x", zone: "*" };
  const used = new Set<keyof typeof marks>();
  const rows = activities.map((activity) => {
    const start = localStart(activity);
    const noted: (keyof typeof marks)[] = [];
    if (start.readersZone) noted.push("zone");
    if (duplicateOf(activity) !== null) noted.push("duplicate");
    if (activity.deletedAt !== null) noted.push("deleted");
    for (const note of noted) used.add(note);
    return [
      String(activity.id),
      weekday(start.date),
      `${start.date} ${start.time} ${noted.map((note) => marks[note]).join("")}`.trimEnd(),
      sportName(activity.sport, activity.subSport, activity.sourceSport),
      formatDistance(activity.totalDistance, activity.sport),
      formatDuration(workTime(activity)),
      formatEffort(averageSpeed(activity), effortKind(activity.sport)),
      formatNumber(activity.avgHeartRate),
      formatNumber(activity.totalAscent, "m"),
      formatNumber(activity.totalCalories),
      activity.source,
      activity.title,
    ];
  });
  const legend = {
    zone: `${marks.zone} in your own time zone: the source tells none`,
    duplicate: `${marks.duplicate} possible duplicate of another one`,
    deleted: `${marks.deleted} gone at its source, kept here`,
  };
  const notes = (["zone", "duplicate", "deleted"] as const).filter((note) => used.has(note));
  return [
    ...renderTable(COLUMNS, rows, look),
    ...notes.map((note) => paint(look, "dim", truncate(legend[note], look.width, look.unicode))),
  ];
}

/**
 * What a pipe gets, and the field that each is made from: SI units, unrounded, times in RFC 3339. Columns are only ever added at
 * the end.
 */
const TSV_COLUMNS = {
  id: "id",
  start_time: "startTime",
  sport: "sport",
  sub_sport: "subSport",
  total_distance: "totalDistance",
  total_timer_time: "totalTimerTime",
  total_elapsed_time: "totalElapsedTime",
  avg_speed: "avgSpeed",
  avg_heart_rate: "avgHeartRate",
  max_heart_rate: "maxHeartRate",
  total_ascent: "totalAscent",
  total_calories: "totalCalories",
  source: "source",
  title: "title",
  device: "device",
  possible_duplicate_of: "extra",
  deleted_at: "deletedAt",
} as const satisfies Record<string, keyof StoredActivity>;

const TSV_NAMES = Object.keys(TSV_COLUMNS);
const TSV_FIELDS = [...Object.values(TSV_COLUMNS), "utcOffsetS"] as const;
const START = TSV_NAMES.indexOf("start_time");
const DUPLICATE = TSV_NAMES.indexOf("possible_duplicate_of");

function* tsvLines(store: Store, filter: ActivityFilter): Generator<string> {
  yield `${tabSeparated(TSV_NAMES)}\n`;
  for (const row of store.rows(filter, TSV_FIELDS)) yield tsvLine(row);
}

/** The line of a row of {@link TSV_FIELDS}, made in the row's own array: every further one is garbage to collect, ten thousand times. */
function tsvLine(row: unknown[]): string {
  const utcOffsetS = row.pop() as number | null;
  row[START] = rfc3339({ startTime: row[START] as string, utcOffsetS });
  row[DUPLICATE] = duplicateOf({ extra: row[DUPLICATE] as JsonObject });
  return `${tabSeparated(row as (string | number | null)[])}\n`;
}

function listTotals({ context, filter, format }: ListOptions, by: TotalsBy): void {
  const { stdout } = context.io;
  const store = context.store("read");
  const report = totalsOf([...store.select(filter, TOTALLED)], by);
  const look = lookOf(context.io);
  if (format === "table" && look !== null) {
    if (report.all.count === 0) {
      context.say(store.count() === 0 ? EMPTY_STORE : "no activity matches\n");
      return;
    }
    stdout.write(`${totalsTable(report, by, look).join("\n")}\n`);
    return;
  }
  const groups = report.groups.map((group) => totalsDocument(group, by));
  if (format === "json") {
    const { [by]: _, ...all } = totalsDocument(report.all, by);
    stdout.write(
      `${jsonText({ by, groups, total: all, possible_duplicates_left_out: report.duplicates })}\n`,
    );
    return;
  }
  const names = Object.keys(totalsDocument(report.all, by));
  if (format === "csv") stdout.write(csvLine(names));
  if (format === "table") stdout.write(`${tabSeparated(names)}\n`);
  for (const group of groups) {
    if (format === "ndjson") stdout.write(`${jsonText(group)}\n`);
    else if (format === "csv") stdout.write(csvLine(Object.values(group)));
    else stdout.write(`${tabSeparated(Object.values(group))}\n`);
  }
}

function totalsDocument(totals: Totals, by: TotalsBy): Record<string, string | number | null> {
  return {
    [by]: totals.key,
    count: totals.count,
    time: totals.time,
    total_distance: totals.distance,
    total_ascent: totals.ascent,
    total_calories: totals.calories,
    active_calories: totals.activeCalories,
  };
}

function totalsTable(report: TotalsReport, by: TotalsBy, look: Look): string[] {
  const columns: Column[] = [
    { header: `${by[0]?.toUpperCase() ?? ""}${by.slice(1)}`, shrinkTo: 10 },
    { header: "Count", align: "right" },
    { header: "Time", align: "right" },
    { header: "Distance", align: "right", tone: "title", dispensable: 1 },
    { header: "Climb", align: "right", tone: "height", dispensable: 2 },
    { header: "kcal", align: "right", dispensable: 3 },
    { header: "active kcal", align: "right", dispensable: 4 },
  ];
  const row = (totals: Totals, name: string): (string | null)[] => [
    name,
    String(totals.count),
    formatDuration(totals.time),
    // Sums over sports are told in kilometres, whatever a single swim is told in.
    formatDistance(totals.distance, by === "sport" && totals.key === "swimming" ? "swimming" : "generic"),
    formatNumber(totals.ascent, "m"),
    formatNumber(totals.calories),
    formatNumber(totals.activeCalories),
  ];
  const nameOf = (key: string): string => (by === "sport" ? sportName(key as Sport, null) : key);
  const rows = report.groups.map((group) => row(group, nameOf(group.key ?? "")));
  if (report.groups.length > 1) rows.push(row(report.all, "all"));
  const lines = renderTable(columns, rows, look);
  if (report.duplicates > 0) {
    const words = report.duplicates === 1 ? "possible duplicate is" : "possible duplicates are";
    lines.push(paint(look, "dim", `${report.duplicates} ${words} not counted`));
  }
  return lines;
}
