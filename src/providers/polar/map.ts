import { ItemError } from "../../errors.ts";
import { EMPTY_ACTIVITY, heartRateOf, isoInstant } from "../../model/index.ts";
import type { Activity, EpochMs, HrZone, Json, JsonObject, Lap, RawPayload } from "../../model/index.ts";
import { joinSamples, placeSeries, routePoints } from "./samples.ts";
import { polarSport } from "./sports.ts";
import { FILE_KINDS, NO_TRACK, readTrack, type Track } from "./track.ts";
import { durationSeconds, parseExercise, parseSample, parseZones, wireStart } from "./wire.ts";
import type { WireExercise, WireSample, WireStart, WireZone } from "./wire.ts";

/**
 * The kinds of raw payload of a session. `exercise`, `heart-rate-zones`, `samples` (links) and `samples/N` come from a
 * transaction, `detail` from the list world, `exercises` is the whole list where Polar has no detail; `fit`, `tcx` or
 * `gpx` is the original file.
 */
export const KIND = {
  exercise: "exercise",
  zones: "heart-rate-zones",
  sampleLinks: "samples",
  samplePrefix: "samples/",
  detail: "detail",
  list: "exercises",
} as const;

/** Under which ids a session is known. */
export interface Identity {
  readonly externalId: string;
  readonly aliases: readonly string[];
}

/** A mapped session and what was odd about it, for the summary of a run. */
export interface Mapped {
  readonly activity: Activity;
  readonly oddities: readonly Oddity[];
}

export interface Oddity {
  readonly code: "offset-missing" | "samples-unplaced" | "file-damaged";
  readonly message: string;
}

/**
 * All the payloads that are stored of one session, of both worlds when both gave it, to one activity. The same payloads
 * always give the same activity, in whatever order they come. Throws `ItemError` when no document tells when the
 * session began.
 */
export function toActivity(
  payloads: readonly Pick<RawPayload, "kind" | "bytes">[],
  identity: Identity,
): Mapped {
  const byKind = new Map(payloads.map((payload) => [payload.kind, payload.bytes]));
  const ids = [identity.externalId, ...identity.aliases];
  const documents = documentsOf(byKind, ids);
  const [main] = documents;
  if (main === undefined) throw unmappable("no session document");
  const start = startOf(documents);
  const oddities: Oddity[] = [];
  const odd = (code: Oddity["code"], message: string): void => void oddities.push({ code, message });

  if (start.utcOffsetS === null) {
    odd("offset-missing", `session ${identity.externalId} has no UTC offset: its local time is kept`);
  }
  const startMs = start.localMs - (start.utcOffsetS ?? 0) * 1000;
  const first = <T>(get: (document: WireExercise) => T | null): T | null =>
    documents.map(get).find((value) => value !== null) ?? null;
  const sport = polarSport(
    first((document) => document["detailed-sport-info"]),
    first((document) => document.sport),
  );

  const file = FILE_KINDS.map((kind) => ({ kind, bytes: byKind.get(kind) })).find(
    ({ bytes }) => bytes !== undefined,
  );
  const read = file?.bytes === undefined ? NO_TRACK : readTrack(file.kind, file.bytes, sport.onFoot);
  if (read.damage !== null) {
    odd(
      "file-damaged",
      `the ${file?.kind.toUpperCase()} file of session ${identity.externalId}: ${read.damage}`,
    );
  }
  // Without an offset everything hangs on the local text; the file's UTC times follow it there.
  const track =
    start.utcOffsetS === null && read.startMs !== null ? shifted(read, startMs - read.startMs) : read;

  const series = placeSeries(seriesOf(byKind, documents, odd), startMs, sport.onFoot);
  for (const type of series.unplaced) {
    odd(
      "samples-unplaced",
      `samples of type ${type || "?"} of session ${identity.externalId} have no place in time`,
    );
  }
  const route = documents.map((document) => document.route).find((points) => points.length > 0) ?? [];
  const samples = joinSamples(series, routePoints(route, startMs), track.rows);
  const pulse = heartRateOf(samples);

  const activity: Activity = {
    ...EMPTY_ACTIVITY,
    externalId: identity.externalId,
    aliases: identity.aliases,
    sport: sport.sport,
    subSport: sport.subSport,
    sourceSport: sport.sourceSport,
    indoor: sport.indoor,
    startTime: timeText(startMs, start.utcOffsetS),
    utcOffsetS: start.utcOffsetS,
    totalElapsedTime: track.totalElapsedTime,
    totalTimerTime: first((document) => durationSeconds(document.duration)),
    totalMovingTime: track.totalMovingTime,
    totalDistance: first((document) => document.distance),
    totalCalories: first((document) => document.calories),
    ...track.summary,
    avgHeartRate: first((document) => positive(document["heart-rate"].average)) ?? pulse.avgHeartRate,
    maxHeartRate: first((document) => positive(document["heart-rate"].maximum)) ?? pulse.maxHeartRate,
    minHeartRate: track.summary.minHeartRate ?? pulse.minHeartRate,
    hasGps: first((document) => document["has-route"]) ?? samples.positionLat !== undefined,
    device: first((document) => document.device),
    laps:
      start.utcOffsetS === null
        ? track.laps.map((lap) => ({ ...lap, startTime: lap.startTime?.replace(/Z$/, "") ?? null }))
        : track.laps,
    pauses: track.pauses,
    hrZones: zonesOf(byKind, documents),
    samples,
    extra: extraOf(first, series.rrIntervals),
  };
  return { activity, oddities };
}

/** Start and duration of one document: what a session is recognised by in the other world. */
export interface Occurrence {
  readonly startMs: EpochMs;
  readonly seconds: number | null;
}

/** Undefined for a document that does not tell when the session began. */
export function occurrenceOf(document: WireExercise): Occurrence | undefined {
  const start = wireStart(document["start-time"], document["start-time-utc-offset"]);
  if (start === null) return undefined;
  return {
    startMs: start.localMs - (start.utcOffsetS ?? 0) * 1000,
    seconds: durationSeconds(document.duration),
  };
}

/** JSON of a raw payload. Throws `ItemError`. */
export function jsonOf(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8").decode(bytes)) as unknown;
  } catch {
    // No cause: the parser's message quotes the body.
    throw unmappable(`${what} is no JSON`);
  }
}

/** The documents of the session, the one that says more first. */
function documentsOf(byKind: ReadonlyMap<string, Uint8Array>, ids: readonly string[]): WireExercise[] {
  const documents: WireExercise[] = [];
  for (const kind of [KIND.exercise, KIND.detail]) {
    const bytes = byKind.get(kind);
    if (bytes !== undefined) documents.push(parseExercise(jsonOf(bytes, kind)));
  }
  const list = byKind.get(KIND.list);
  if (list !== undefined) {
    const entries = jsonOf(list, KIND.list);
    for (const entry of Array.isArray(entries) ? entries : []) {
      const id = (entry as { readonly id?: unknown } | null)?.id;
      if ((typeof id === "string" || typeof id === "number") && ids.includes(String(id))) {
        documents.push(parseExercise(entry));
      }
    }
  }
  return documents;
}

function startOf(documents: readonly WireExercise[]): WireStart {
  let fallback: WireStart | null = null;
  for (const document of documents) {
    const start = wireStart(document["start-time"], document["start-time-utc-offset"]);
    if (start !== null && start.utcOffsetS !== null) return start;
    fallback ??= start;
  }
  if (fallback === null) throw unmappable("no usable start-time");
  return fallback;
}

/** The transaction's series, and those of the detail that it does not have. */
function seriesOf(
  byKind: ReadonlyMap<string, Uint8Array>,
  documents: readonly WireExercise[],
  odd: (code: "samples-unplaced", message: string) => void,
): WireSample[] {
  const series: WireSample[] = [];
  const kinds = [...byKind.keys()].filter((kind) => kind.startsWith(KIND.samplePrefix)).sort();
  for (const kind of kinds) {
    try {
      series.push(parseSample(jsonOf(byKind.get(kind) ?? new Uint8Array(), kind)));
    } catch (error) {
      if (!(error instanceof ItemError)) throw error;
      odd("samples-unplaced", `${kind}: ${error.message}`);
    }
  }
  const have = new Set(series.map((one) => one["sample-type"]));
  for (const document of documents) {
    const more = document.samples.filter((one) => !have.has(one["sample-type"]));
    series.push(...more);
    for (const one of more) have.add(one["sample-type"]);
  }
  return series;
}

function zonesOf(byKind: ReadonlyMap<string, Uint8Array>, documents: readonly WireExercise[]): HrZone[] {
  let zones: readonly WireZone[] = [];
  const bytes = byKind.get(KIND.zones);
  if (bytes !== undefined) {
    try {
      zones = parseZones(jsonOf(bytes, KIND.zones));
    } catch (error) {
      if (!(error instanceof ItemError)) throw error;
    }
  }
  if (zones.length === 0) {
    zones = documents.map((document) => document["heart-rate-zones"]).find((list) => list.length > 0) ?? [];
  }
  const byIndex = new Map<number, HrZone>();
  for (const zone of zones) {
    const { index } = zone;
    if (index === null || !Number.isInteger(index) || byIndex.has(index)) continue;
    byIndex.set(index, {
      zone: index,
      minBpm: zone["lower-limit"],
      maxBpm: zone["upper-limit"],
      seconds: durationSeconds(zone["in-zone"]),
      origin: "provider",
      calcType: "custom",
    });
  }
  return [...byIndex.values()].sort((a, b) => a.zone - b.zone);
}

const EXTRA_FIELDS = [
  "running-index",
  "training-load",
  "fat-percentage",
  "carbohydrate-percentage",
  "protein-percentage",
  "club-id",
  "club-name",
  "device-id",
  "upload-time",
] as const satisfies readonly (keyof WireExercise)[];

/** Of `training-load-pro`; its date is the session's. */
const LOAD_FIELDS = [
  "cardio-load",
  "muscle-load",
  "perceived-load",
  "cardio-load-interpretation",
  "muscle-load-interpretation",
  "perceived-load-interpretation",
  "user-rpe",
] as const;

/** What only Polar has, under Polar's names (in kebab-case, whichever world told them). */
function extraOf(
  first: <T>(get: (document: WireExercise) => T | null) => T | null,
  rrIntervals: readonly (number | null)[] | null,
): JsonObject {
  const extra: Record<string, Json> = {};
  for (const field of EXTRA_FIELDS) {
    const value = first((document) => document[field]);
    if (value !== null) extra[field] = value;
  }
  for (const field of LOAD_FIELDS) {
    const value = first((document) => document["training-load-pro"]?.[field] ?? null);
    if (typeof value === "number" || typeof value === "string") extra[field] = value;
  }
  // One text, as Polar sends it: thousands of them belong on no line of their own.
  if (rrIntervals !== null) extra["rr-intervals"] = rrIntervals.map(String).join(",");
  return extra;
}

function shifted(track: Track, byMs: number): Track {
  return {
    ...track,
    laps: track.laps.map((lap): Lap => ({
      ...lap,
      startTime: lap.startTime === null ? null : isoInstant(Date.parse(lap.startTime) + byMs),
    })),
    pauses: track.pauses.map(({ start, end }) => ({ start: start + byMs, end: end + byMs })),
    rows: track.rows.map((row) => ({ ...row, timestamp: row.timestamp + byMs })),
  };
}

function timeText(startMs: EpochMs, utcOffsetS: number | null): string {
  const instant = isoInstant(startMs);
  return utcOffsetS === null ? instant.replace(/Z$/, "") : instant;
}

function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}

function unmappable(reason: string): ItemError {
  return new ItemError("UNMAPPABLE", reason, { provider: "polar" });
}
