import type { Known, KnownActivity } from "../types.ts";
import type { Occurrence } from "./map.ts";
import { KIND } from "./map.ts";

/** Polar gives the same session another id in each of its two worlds. */
export type World = "transaction" | "list";

const TOLERANCE_MS = 2000;
const TOLERANCE_S = 2;

/** Every id of a stored session. */
export function idsOf(stored: KnownActivity): string[] {
  return [stored.externalId, ...stored.aliases];
}

/**
 * The stored session that `occurrence` of `world` is: start and duration within two seconds, and no id of that world
 * yet. Two watches worn at once give two sessions with the same start, in each world: they stay two.
 */
export function finds(
  known: Known,
  occurrence: Occurrence,
  world: World,
  taken: ReadonlySet<string>,
): KnownActivity | undefined {
  return known
    .startingNear(occurrence.startMs, TOLERANCE_MS)
    .find(
      (stored) =>
        !taken.has(stored.externalId) &&
        !hasIdOf(stored, world) &&
        isSameDuration(stored.totalTimerTime, occurrence.seconds),
    );
}

/** Whether the store has such a session at all, whichever world it came from. */
export function isStored(known: Known, occurrence: Occurrence): boolean {
  return known
    .startingNear(occurrence.startMs, TOLERANCE_MS)
    .some((stored) => isSameDuration(stored.totalTimerTime, occurrence.seconds));
}

function isSameDuration(stored: number | null, seconds: number | null): boolean {
  if (stored === null || seconds === null) return stored === seconds;
  return Math.abs(stored - seconds) <= TOLERANCE_S;
}

/** A session has one id per world, and what it was made from tells which of them it was stored by. */
function hasIdOf(stored: KnownActivity, world: World): boolean {
  const kinds = stored.payloadKinds();
  const fromTransaction = kinds.includes(KIND.exercise);
  const fromList = kinds.includes(KIND.detail) || kinds.includes(KIND.list);
  const both = stored.aliases.length > 0;
  return both || (world === "transaction" ? fromTransaction : fromList);
}
