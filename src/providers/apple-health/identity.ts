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
