import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import { PROVIDER_IDS, SPORTS, SUB_SPORTS } from "../model/index.ts";
import type { ActivityFilter } from "../store/index.ts";

/** The filter flags as commander gives them. */
export interface FilterFlags {
  readonly from?: string;
  readonly to?: string;
  readonly sport?: string;
  readonly source?: string;
  readonly limit?: string;
}

/** Adds the filter flags that `list`, `export` and `report` share. `limit` is the help text of that one. */
export function addFilterOptions(command: Command, limit = "at most this many, or all"): Command {
  return command
    .option("--from <date>", "from this local date on, inclusive: 2026-11-18, 2026-11 or 2026")
    .option("--to <date>", "up to this local date, inclusive: 2026-11-18, 2026-11 or 2026")
    .option("--sport <sport>", "a sport or a sub-sport in FIT's words: running, trail, lap_swimming")
    .option("--source <provider>", PROVIDER_IDS.join(", "))
    .option("--limit <n>", limit);
}

/** What the flags mean to the store. Throws `UsageError` for what cannot be meant. */
export function parseFilters(flags: FilterFlags): ActivityFilter {
  const filter: ActivityFilter = {
    ...(flags.from === undefined ? {} : { from: parseDate("--from", flags.from, "first") }),
    ...(flags.to === undefined ? {} : { to: parseDate("--to", flags.to, "last") }),
    ...(flags.sport === undefined ? {} : { sport: parseSport(flags.sport) }),
    ...(flags.source === undefined ? {} : { source: parseSource(flags.source) }),
    ...(flags.limit === undefined ? {} : { limit: parseLimit(flags.limit) }),
  };
  if (filter.from !== undefined && filter.to !== undefined && filter.from > filter.to) {
    throw new UsageError("BAD_DATE", `--from ${filter.from} is after --to ${filter.to}`, {
      hint: "exchange the two dates",
    });
  }
  return filter;
}

/** Whether any filter is given. */
export function hasFilters(flags: FilterFlags): boolean {
  return [flags.from, flags.to, flags.sport, flags.source, flags.limit].some((flag) => flag !== undefined);
}

/** An activity's number as the user types it. Throws `UsageError`. */
export function parseId(text: string): number {
  const id = /^#?(\d{1,15})$/.exec(text)?.[1];
  if (id === undefined) {
    throw new UsageError("BAD_ID", `"${text}" is not an activity's number`, {
      hint: "fitglue list",
    });
  }
  return Number(id);
}

/** The error for a number that nothing is stored under. */
export function unknownActivity(id: number): UsageError {
  return new UsageError("UNKNOWN_ACTIVITY", `there is no activity ${id}`, { hint: "fitglue list" });
}

/** The first or last day of a date, month or year. */
function parseDate(flag: string, text: string, day: "first" | "last"): string {
  const match = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text);
  const [year, month, date] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3])];
  let ms = Number.NaN;
  if (match?.[3] !== undefined) ms = Date.UTC(year, month - 1, date);
  else if (match?.[2] !== undefined && month >= 1 && month <= 12) {
    ms = day === "first" ? Date.UTC(year, month - 1, 1) : Date.UTC(year, month, 0);
  } else if (match !== null && match[2] === undefined) {
    ms = day === "first" ? Date.UTC(year, 0, 1) : Date.UTC(year, 11, 31);
  }
  // `Date.UTC` rolls 30 February over into March: it must give the text back.
  const iso = Number.isNaN(ms) ? "" : new Date(ms).toISOString().slice(0, 10);
  if (iso === "" || !iso.startsWith(text)) {
    throw new UsageError("BAD_DATE", `${flag}: "${text}" is not a date`, {
      hint: `${flag} YYYY-MM-DD, ${flag} YYYY-MM or ${flag} YYYY`,
    });
  }
  return iso;
}

function parseSport(text: string): string {
  const word = text.toLowerCase().replaceAll(/[\s-]+/g, "_");
  const known = [...Object.keys(SPORTS), ...Object.keys(SUB_SPORTS)];
  if (known.includes(word)) return word;
  const near = known
    .filter((name) => word !== "" && (name.includes(word) || word.includes(name)))
    .slice(0, 4);
  throw new UsageError("UNKNOWN_SPORT", `unknown sport "${text}"`, {
    hint: near.length > 0 ? `--sport ${near.join(", or --sport ")}` : "fitglue list --totals --by sport",
  });
}

function parseSource(text: string): string {
  if ((PROVIDER_IDS as readonly string[]).includes(text)) return text;
  throw new UsageError("UNKNOWN_PROVIDER", `unknown source "${text}"`, {
    hint: `one of: ${PROVIDER_IDS.join(", ")}`,
  });
}

function parseLimit(text: string): number {
  if (text === "all") return Number.POSITIVE_INFINITY;
  const limit = Number(text);
  if (/^\d{1,9}$/.test(text) && limit > 0) return limit;
  throw new UsageError("BAD_LIMIT", `--limit: "${text}" is not a number of activities`, {
    hint: "--limit 20, or --limit all",
  });
}
