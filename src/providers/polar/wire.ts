import { z } from "zod";
import { ItemError } from "../../errors.ts";

/*
 * What AccessLink sends. The transaction world writes keys in kebab-case with integer ids, the list world in snake_case
 * with text ids and a few kebab-case keys in between; other answers of the same API mix them again. So every key is
 * read in both spellings: here all of them are kebab-case.
 *
 * Whatever a session can do without is read leniently: what has another type than described is missing.
 */

const MAX_DEPTH = 6;

/** The same JSON with kebab-case keys; where an object has both spellings of a key, the kebab-case one wins. */
export function kebabKeys(value: unknown, depth = MAX_DEPTH): unknown {
  if (depth === 0 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((entry) => kebabKeys(entry, depth - 1));
  const entries = Object.entries(value).map(
    ([key, entry]) => [key.replaceAll("_", "-"), kebabKeys(entry, depth - 1), key.includes("_")] as const,
  );
  entries.sort((a, b) => Number(b[2]) - Number(a[2]));
  return Object.fromEntries(entries.map(([key, entry]) => [key, entry]));
}

const number = z
  .union([
    z.number(),
    z
      .string()
      .trim()
      .regex(/^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i)
      .transform(Number),
  ])
  .nullish()
  .catch(null)
  .transform((value) => (value !== undefined && Number.isFinite(value) ? (value as number) : null));

const text = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(null)
  .transform((value) => (value === undefined || value === null || value.trim() === "" ? null : value.trim()));

const flag = z
  .union([z.boolean(), z.enum(["true", "false"]).transform((value) => value === "true")])
  .nullish()
  .catch(null)
  .transform((value) => value ?? null);

/** One entry that is not as described is left out, and not the whole list. */
function listOf<T extends z.ZodType>(entry: T) {
  return z
    .array(z.unknown())
    .nullish()
    .catch(null)
    .transform((entries) =>
      (entries ?? []).flatMap((value) => {
        const parsed = entry.safeParse(value);
        return parsed.success ? [parsed.data] : [];
      }),
    );
}

const zone = z.looseObject({
  index: number,
  "lower-limit": number,
  "upper-limit": number,
  "in-zone": text,
});

const sample = z.looseObject({
  "recording-rate": number,
  "sample-type": text,
  data: z
    .union([z.string(), z.array(z.union([z.number(), z.string(), z.null()])).transform((v) => v.join(","))])
    .nullish()
    .catch(null)
    .transform((value) => value ?? null),
});

const location = z.looseObject({
  latitude: number,
  longitude: number,
  altitude: number,
  time: text,
});

const exercise = z.looseObject({
  id: text,
  "upload-time": text,
  device: text,
  "device-id": text,
  "start-time": text,
  "start-time-utc-offset": number,
  duration: text,
  calories: number,
  distance: number,
  "heart-rate": z
    .looseObject({ average: number, maximum: number })
    .nullish()
    .catch(null)
    .transform((value) => value ?? { average: null, maximum: null }),
  "training-load": number,
  sport: text,
  "has-route": flag,
  "club-id": number,
  "club-name": text,
  "detailed-sport-info": text,
  "fat-percentage": number,
  "carbohydrate-percentage": number,
  "protein-percentage": number,
  "running-index": number,
  "training-load-pro": z.record(z.string(), z.unknown()).nullish().catch(null),
  "heart-rate-zones": listOf(zone),
  samples: listOf(sample),
  route: listOf(location),
});

/** A session of either world; `heart-rate-zones`, `samples` and `route` are the list world's only. */
export type WireExercise = z.infer<typeof exercise>;
export type WireZone = z.infer<typeof zone>;
export type WireSample = z.infer<typeof sample>;
export type WireLocation = z.infer<typeof location>;

/** A session's own document. Throws `ItemError` for what is none. */
export function parseExercise(json: unknown): WireExercise {
  return parsed(exercise, json, "session");
}

/** `heart-rate-zones` of the transaction world. */
export function parseZones(json: unknown): readonly WireZone[] {
  const zones = z.looseObject({ zone: listOf(zone), "heart-rate-zones": listOf(zone) });
  const body = parsed(zones, json, "list of heart-rate zones");
  return body.zone.length > 0 ? body.zone : body["heart-rate-zones"];
}

/** The links to the samples of a session in the transaction world; none where the answer has none. */
export function parseSampleLinks(json: unknown): readonly string[] {
  const body = z.looseObject({ samples: listOf(z.string()) }).safeParse(kebabKeys(json));
  return body.success ? body.data.samples : [];
}

/** One series of samples. */
export function parseSample(json: unknown): WireSample {
  return parsed(sample, json, "series of samples");
}

/** Where an opened transaction is; null for what the answer does not say. */
export function parseTransaction(json: unknown): { id: string | null; uri: string | null } {
  const body = z.looseObject({ "transaction-id": text, "resource-uri": text }).safeParse(kebabKeys(json));
  return body.success
    ? { id: body.data["transaction-id"], uri: body.data["resource-uri"] }
    : { id: null, uri: null };
}

/** The links of a transaction; undefined when the answer has no list of links at all. */
export function parseExerciseLinks(json: unknown): readonly string[] | undefined {
  const body = z.looseObject({ exercises: z.array(z.string()) }).safeParse(kebabKeys(json));
  return body.success ? body.data.exercises : undefined;
}

function parsed<T extends z.ZodType>(schema: T, json: unknown, what: string): z.infer<T> {
  const result = schema.safeParse(kebabKeys(json));
  if (result.success) return result.data;
  throw new ItemError("UNMAPPABLE", `the answer is no ${what}`, { provider: "polar", cause: result.error });
}

/** Seconds of an ISO 8601 duration (`PT2H44M45.5S`, `PT210.026S`, `P1DT2H`), or null for anything else. */
export function durationSeconds(value: string | null): number | null {
  const match =
    /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(
      value?.replaceAll(",", ".") ?? "",
    );
  if (match === null || match.slice(1).every((part) => part === undefined)) return null;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((weeks ?? 0) * 7 + (days ?? 0)) * 24 + (hours ?? 0)) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
}

/** When a session began, as Polar tells it. */
export interface WireStart {
  /** The wall clock read as if it were UTC, Unix milliseconds. */
  readonly localMs: number;
  /** Seconds; null when Polar does not say. */
  readonly utcOffsetS: number | null;
}

const LOCAL_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d{1,2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * `start-time` is the time set on the training computer: local, without a zone. `start-time-utc-offset` came later and
 * may be missing; it is in minutes, ahead of UTC positive. Null when the text is no time.
 */
export function wireStart(startTime: string | null, offsetMinutes: number | null): WireStart | null {
  const match = LOCAL_TIME.exec(startTime ?? "");
  if (match === null) return null;
  const [, year, month, day, hour, minute, second = "0", fraction = "", suffix = ""] = match;
  const localMs = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Math.round(Number(`0.${fraction || "0"}`) * 1000),
  );
  const text = new Date(localMs).toISOString();
  if (!text.startsWith(`${year}-${month}-${day}T${hour}:${minute}`)) return null;
  // No place on earth is further from UTC than this.
  const usable = offsetMinutes !== null && Math.abs(offsetMinutes) <= 18 * 60;
  return { localMs, utcOffsetS: usable ? Math.round(offsetMinutes * 60) : suffixOffset(suffix) };
}

function suffixOffset(suffix: string): number | null {
  if (suffix === "") return null;
  if (suffix === "Z") return 0;
  const sign = suffix.startsWith("-") ? -1 : 1;
  return sign * (Number(suffix.slice(1, 3)) * 3600 + Number(suffix.slice(-2)) * 60);
}
