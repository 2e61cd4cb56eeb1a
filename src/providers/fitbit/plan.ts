import { z } from "zod";
import type { Bookmark } from "../../model/index.ts";
import type { Session } from "../types.ts";
import { addDays, dateOf, type Span, subtract, unite } from "./spans.ts";

/** A first run without `--since` reads this far back. */
export const FIRST_RUN_DAYS = 90;
/** Fitbit's first tracker was sold in 2009: there is nothing older, unless `--since` says so. */
export const FLOOR = "2009-01-01";
/** A sync looks again at the days before the newest stored start: watches deliver late, people edit. */
const OVERLAP_DAYS = 14;

/** What the bookmark remembers. */
export interface Memory {
  /** The days that were read completely, in order. What lies between them was asked for and is still missing. */
  readonly covered: readonly Span[];
  /** Single days to look at again although they are covered: something of them was not to be had yet. */
  readonly again: readonly string[];
}

const date = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const memory = z.object({
  version: z.literal(1),
  covered: z.array(z.tuple([date, date])),
  again: z.array(date),
});

/** Undefined for a bookmark that is not ours: then the account counts as never synced, which loses nothing. */
export function readBookmark(bookmark: Bookmark | undefined): Memory | undefined {
  const parsed = memory.safeParse(bookmark).data;
  if (parsed === undefined) return undefined;
  return { covered: unite(parsed.covered.map(([from, to]) => ({ from, to }))), again: parsed.again };
}

export function writeBookmark({ covered, again }: Memory): Bookmark {
  return {
    version: 1,
    covered: unite(covered).map(({ from, to }) => [from, to]),
    again: [...new Set(again)].toSorted(),
  };
}

/**
 * The days to read, in order. `--full`: everything. `--since`: from there. Otherwise what is still missing between the
 * earliest day ever asked for and now, the overlap, and the days to look at again.
 */
export function planOf(
  session: Pick<Session, "known" | "since" | "full" | "now">,
  memory: Memory | undefined,
): Span[] {
  // Where it is latest, it is up to 14 hours after UTC; the day itself belongs to it.
  const to = addDays(dateOf(session.now() + 14 * 3_600_000), 1);
  const earliest = memory?.covered[0]?.from;
  if (session.full) {
    const from = session.since ?? (earliest !== undefined && earliest < FLOOR ? earliest : FLOOR);
    return unite([{ from, to }]);
  }
  if (session.since !== undefined) return unite([{ from: session.since, to }]);

  const today = dateOf(session.now());
  const from = earliest ?? addDays(today, -FIRST_RUN_DAYS);
  const newest = session.known.newest();
  const latest =
    newest === undefined ? undefined : dateOf(Date.parse(newest.startTime) + (newest.utcOffsetS ?? 0) * 1000);
  // A watch whose clock was wrong may have recorded in the future: that must not end the re-reading.
  const overlap = latest === undefined ? from : addDays(latest < today ? latest : today, -OVERLAP_DAYS);
  return unite([
    ...subtract({ from, to }, memory?.covered ?? []),
    { from: overlap > from ? overlap : from, to },
    ...(memory?.again ?? []).map((day) => ({ from: day, to: addDays(day, 1) })),
  ]);
}
