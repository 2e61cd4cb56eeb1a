import { createHash } from "node:crypto";
import {
  type Activity,
  type EpochMs,
  isoInstant,
  isOnFoot,
  offsetAt,
  type SampleRow,
  type Samples,
  samplesFromRows,
  type Sport,
} from "../../model/index.ts";

/** A session of a file, ready for the store, with what is needed to recognise it. */
export interface FileSession {
  readonly activity: Activity;
  /** The mark of an export of fitglue's own, or null. */
  readonly identity: string | null;
  /** Unix milliseconds; of a local text of unknown zone as if it were UTC. */
  readonly startMs: EpochMs;
}

/** What `--timezone` says. */
export interface SessionOptions {
  readonly timezone: string | undefined;
}

/** Where an activity happened in time, by what its file tells. */
export interface FileTime {
  readonly startMs: EpochMs;
  /** Null when the times are local ones of an unknown zone. 0 is UTC, which says nothing about the place. */
  readonly offsetS: number | null;
  /** The offset at the place, where the file tells it apart from its times (FIT). */
  readonly placeOffsetS?: number | null;
}

/** The time fields of an activity, and by how many milliseconds its file's times must be moved to be instants. */
export function timeFields(
  time: FileTime,
  options: SessionOptions,
): { readonly fields: Pick<Activity, "startTime" | "utcOffsetS" | "timezone">; readonly shiftMs: number } {
  const { startMs, offsetS } = time;
  const timezone = options.timezone ?? null;
  if (offsetS === null) {
    // A local clock: the offset at that wall time is near enough to the one asked for an hour around it.
    const guess = timezone === null ? null : offsetAt(timezone, startMs);
    const offset = guess === null || timezone === null ? null : offsetAt(timezone, startMs - guess * 1000);
    if (offset === null) {
      return {
        fields: { startTime: isoInstant(startMs).slice(0, -1), utcOffsetS: null, timezone: null },
        shiftMs: 0,
      };
    }
    const startTime = isoInstant(startMs - offset * 1000);
    return { fields: { startTime, utcOffsetS: offset, timezone }, shiftMs: -offset * 1000 };
  }
  const told = time.placeOffsetS ?? (offsetS === 0 ? null : offsetS);
  const utcOffsetS = told ?? (timezone === null ? null : offsetAt(timezone, startMs));
  const zone = told === null || (timezone !== null && offsetAt(timezone, startMs) === told) ? timezone : null;
  return { fields: { startTime: isoInstant(startMs), utcOffsetS, timezone: zone }, shiftMs: 0 };
}

/**
 * The samples of a file. Cadence on foot is written as strides of one leg by most and as steps by some: a median below 120
 * is one leg and doubled. Returns the factor for the session's own averages.
 */
export function samplesOf(
  rows: Iterable<SampleRow>,
  sport: Sport,
  shiftMs: number,
): { readonly samples: Samples; readonly cadenceFactor: number } {
  const list = [...rows];
  const turns = list
    .map((row) => row.cadence)
    .filter((value): value is number => typeof value === "number" && value > 0)
    .toSorted((a, b) => a - b);
  const median = turns[Math.floor(turns.length / 2)] ?? 0;
  const cadenceFactor = isOnFoot(sport) && median < 120 ? 2 : 1;
  const moved = list.map((row) => ({
    ...row,
    timestamp: row.timestamp + shiftMs,
    cadence: typeof row.cadence === "number" ? row.cadence * cadenceFactor : null,
  }));
  return { samples: samplesFromRows(moved), cadenceFactor };
}

/** The last cumulative distance; null when there is none, or it never moved. */
export function lastDistance(samples: Samples): number | null {
  const last = samples.distance?.findLast((value) => !Number.isNaN(value));
  return last === undefined || last === 0 ? null : last;
}

/** What the ids of sessions begin with that bear fitglue's own mark. */
export const MARK = "fitglue:";

/** The id of a session: fitglue's own mark when it has one, else a digest of what its format identifies it by. */
export function externalIdOf(identity: string | null, ...parts: readonly (string | number | null)[]): string {
  if (identity !== null) return `${MARK}${identity}`;
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
