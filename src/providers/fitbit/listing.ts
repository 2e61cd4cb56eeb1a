import { createHash } from "node:crypto";
import type { EpochMs } from "../../model/index.ts";
import { type ExerciseTimes, timesOf } from "./map.ts";
import type { Span } from "./spans.ts";
import { exerciseId, type ExercisePoint, parseExercise } from "./wire.ts";

/** An exercise as a list gives it. */
export interface Listed {
  readonly id: string;
  /** Its own JSON, byte for byte. */
  readonly bytes: Buffer;
  readonly point: ExercisePoint;
  readonly times: ExerciseTimes;
}

/** A session to store: the recording, with what other apps wrote back of it. */
export interface Recording extends Listed {
  readonly mirrors: readonly Listed[];
}

/** What a window of the list holds. */
export interface Listing {
  /** Oldest first. */
  readonly recordings: readonly Recording[];
  /** Every id that Google has in the window, mirrors included. */
  readonly ids: readonly string[];
  /** What cannot be an activity. */
  readonly unreadable: readonly { readonly id: string; readonly bytes: Buffer }[];
}

const MIRROR_START_MS = 60_000;

/**
 * Sorts out the points of a window. They were asked for with a day more on both sides, since the filter knows no zone;
 * what belongs to the window is decided by each exercise's own local date.
 */
export function sortOut(points: Iterable<Buffer>, window: Span): Listing {
  const listed = new Map<string, Listed>();
  const unreadable: { id: string; bytes: Buffer }[] = [];
  for (const bytes of points) {
    const point = parseExercise(bytes);
    const times = timesOf(point);
    const id = exerciseId(point) ?? `sha256-${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}`;
    if (point === undefined || times === undefined || exerciseId(point) === undefined) {
      unreadable.push({ id, bytes });
    } else if (!listed.has(id)) {
      listed.set(id, { id, bytes, point, times });
    }
  }
  const all = [...listed.values()].toSorted(
    (a, b) => a.times.start - b.times.start || (a.id < b.id ? -1 : 1),
  );
  const originals = all.filter((item) => platformOf(item) === "FITBIT");
  const mirrors = new Map<Listed, Listed[]>();
  const mirrored = new Set<Listed>();
  for (const item of all) {
    const platform = platformOf(item);
    if (platform === undefined || platform === "FITBIT") continue;
    const original = originalOf(item, originals);
    if (original === undefined) continue;
    mirrored.add(item);
    mirrors.set(original, [...(mirrors.get(original) ?? []), item]);
  }
  const inside = all.filter(({ times }) => times.localDate >= window.from && times.localDate < window.to);
  return {
    recordings: inside
      .filter((item) => !mirrored.has(item))
      .map((item) => ({ ...item, mirrors: mirrors.get(item) ?? [] })),
    ids: [...inside.map(({ id }) => id), ...unreadable.map(({ id }) => id)],
    unreadable,
  };
}

function platformOf({ point }: Listed): string | undefined {
  return point.dataSource?.platform;
}

/** The device's own recording that `item` is a copy of: it began within 60 s and lasted about as long. */
function originalOf(item: Listed, originals: readonly Listed[]): Listed | undefined {
  const distance = (other: Listed): number => Math.abs(other.times.start - item.times.start);
  return originals
    .filter((other) => distance(other) <= MIRROR_START_MS && lastedAlike(item, other))
    .toSorted((a, b) => distance(a) - distance(b))[0];
}

/** Within a minute, or a tenth of the longer one. Apps count pauses in or out: either clock may agree. */
function lastedAlike(a: Listed, b: Listed): boolean {
  const alike = (x: number | undefined, y: number | undefined): boolean =>
    x !== undefined && y !== undefined && Math.abs(x - y) <= Math.max(60, Math.max(x, y) / 10);
  const clocks = (item: Listed): (number | undefined)[] => [
    elapsedS(item.times.start, item.times.end),
    item.point.exercise?.activeDuration,
  ];
  return clocks(a).some((x) => clocks(b).some((y) => alike(x, y)));
}

function elapsedS(start: EpochMs, end: EpochMs | undefined): number | undefined {
  return end === undefined ? undefined : (end - start) / 1000;
}
