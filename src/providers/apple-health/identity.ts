import { hash } from "node:crypto";
import { isoInstant } from "../../model/index.ts";
import type { EpochSeconds } from "./dates.ts";

/**
 * A source's name as it can be compared: the same watch is `Riley’s Apple Watch` and `Riley's Apple Watch`, with a
 * no-break space or without, in one and the same export.
 */
export function normalSource(name: string | null): string {
  return (name ?? "").replaceAll("\u00a0", " ").replaceAll("’", "'").trim();
}

/** What identifies a workout. */
export interface Identity {
  readonly activityType: string | null;
  readonly start: EpochSeconds;
  readonly end: EpochSeconds | null;
  readonly sourceName: string | null;
}

/**
 * A second name of a workout: an app that rewrites one keeps its sync identifier and its start, whatever else it changes. Null
 * where it has none.
 */
export function syncAlias(
  identity: Pick<Identity, "start" | "sourceName">,
  syncId: string | null,
): string | null {
  if (syncId === null) return null;
  const text = ["sync", normalSource(identity.sourceName), syncId, isoInstant(identity.start * 1000)].join(
    "\n",
  );
  return hash("sha256", text).slice(0, 32);
}

/**
 * The id of a workout, which HealthKit does not export: a digest of what is the same in every export. Offsets, device
 * strings, totals, order and units are not (`docs/schema.md`).
 */
export function workoutId(identity: Identity): string {
  const text = [
    identity.activityType ?? "",
    isoInstant(identity.start * 1000),
    identity.end === null ? "" : isoInstant(identity.end * 1000),
    normalSource(identity.sourceName),
  ].join("\n");
  return hash("sha256", text).slice(0, 32);
}
