import type { RawPayload } from "../../model/index.ts";
import type { StoredPayload } from "../types.ts";
import type { ExerciseParts } from "./map.ts";
import { parsePage } from "./wire.ts";

const JSON_TYPE = "application/json";

/** The kinds of raw payload of one exercise. */
export const KIND = {
  /** The exercise's own object out of a list page, byte for byte. */
  exercise: "exercise",
  /** `mirror/ID`: likewise, of the same session in another app. */
  mirror: "mirror/",
  /** `heart-rate/N`: page N of the heart-rate list over the exercise, the whole body. */
  heartRate: "heart-rate/",
  /** The day's object out of a `daily-heart-rate-zones` list, byte for byte. */
  zones: "daily-heart-rate-zones",
  /** The TCX export, the whole body. */
  tcx: "tcx",
  /** What Google answered instead of a TCX export, so that it is not asked again at every sync. */
  tcxRefused: "tcx-refused",
} as const;

/** The payloads to store with an activity. `mirrorIds` are those of `parts.mirrors`. */
export function payloadsOf(
  parts: ExerciseParts,
  mirrorIds: readonly string[],
  refused: RawPayload | undefined,
): RawPayload[] {
  const raw: RawPayload[] = [{ kind: KIND.exercise, mediaType: JSON_TYPE, bytes: parts.exercise }];
  parts.mirrors.forEach((bytes, index) => {
    raw.push({ kind: `${KIND.mirror}${mirrorIds[index] ?? index}`, mediaType: JSON_TYPE, bytes });
  });
  parts.heartRates.forEach((bytes, index) => {
    raw.push({ kind: `${KIND.heartRate}${index}`, mediaType: JSON_TYPE, bytes });
  });
  if (parts.zones !== undefined) raw.push({ kind: KIND.zones, mediaType: JSON_TYPE, bytes: parts.zones });
  if (parts.tcx !== undefined) {
    raw.push({ kind: KIND.tcx, mediaType: "application/vnd.garmin.tcx+xml", bytes: parts.tcx });
  }
  if (refused !== undefined) raw.push(refused);
  return raw;
}

/** The parts that were stored; undefined when the exercise itself is not among them. */
export function partsOf(
  payloads: readonly Pick<StoredPayload, "kind" | "bytes">[],
): ExerciseParts | undefined {
  const byKind = new Map(payloads.map(({ kind, bytes }) => [kind, bytes]));
  const exercise = byKind.get(KIND.exercise);
  if (exercise === undefined) return undefined;
  const heartRates: Buffer[] = [];
  // A page says whether another one follows: what an earlier, longer answer left behind is not read.
  for (let page = byKind.get(`${KIND.heartRate}0`); page !== undefined;) {
    heartRates.push(page);
    page =
      parsePage(page, "heart-rate").nextPageToken === undefined
        ? undefined
        : byKind.get(`${KIND.heartRate}${heartRates.length}`);
  }
  return {
    exercise,
    mirrors: [...byKind].filter(([kind]) => kind.startsWith(KIND.mirror)).map(([, bytes]) => bytes),
    heartRates,
    zones: byKind.get(KIND.zones),
    tcx: byKind.get(KIND.tcx),
  };
}
