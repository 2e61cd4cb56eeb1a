import { z } from "zod";
import { ProtocolError } from "../../errors.ts";
import type { EpochMs } from "../../model/index.ts";

/**
 * The JSON of the Google Health API as Google really writes it: int64 as text or as a number, durations as `"1025.5s"`,
 * zero and false left out, enum values that did not exist yesterday. A member of an unexpected shape counts as missing;
 * the raw payload keeps it.
 */

const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const number = z
  .union([z.number(), z.string().regex(NUMBER).transform(Number)])
  .optional()
  .catch(undefined);

/** Seconds. */
const duration = z
  .string()
  .regex(/^-?\d+(?:\.\d+)?s$/)
  .transform((text) => Number(text.slice(0, -1)))
  .optional()
  .catch(undefined);

/** Whole seconds: no clock on earth is further from UTC than 18 hours. */
const utcOffset = duration.transform((seconds) => (isUtcOffset(seconds) ? seconds : undefined));

const text = z.string().min(1).optional().catch(undefined);

/** Unix milliseconds; Google writes 0 to 9 digits of a second. */
const instant = z
  .string()
  .transform((value, context) => {
    const ms = parseInstant(value);
    if (ms === undefined) context.addIssue("not an instant");
    return ms ?? 0;
  })
  .optional()
  .catch(undefined);

const date = z.object({ year: number, month: number, day: number }).optional().catch(undefined);

const timeOfDay = z
  .object({ hours: number, minutes: number, seconds: number, nanos: number })
  .optional()
  .catch(undefined);

const civilTime = z.object({ date, time: timeOfDay }).optional().catch(undefined);

const metricsSummary = z
  .object({
    caloriesKcal: number,
    distanceMillimeters: number,
    // A typing error of Google's own examples, which some answers share.
    distanceMillimiters: number,
    steps: number,
    averagePaceSecondsPerMeter: number,
    averageSpeedMillimetersPerSecond: number,
    averageHeartRateBeatsPerMinute: number,
    activeZoneMinutes: number,
    elevationGainMillimeters: number,
    heartRateZoneDurations: z
      .object({ lightTime: duration, moderateTime: duration, vigorousTime: duration, peakTime: duration })
      .optional()
      .catch(undefined),
    runVo2Max: number,
    totalSwimLengths: number,
    mobilityMetrics: z
      .object({
        avgCadenceStepsPerMinute: number,
        avgStrideLengthMillimeters: number,
        avgVerticalOscillationMillimeters: number,
        avgVerticalRatio: number,
        avgGroundContactTimeDuration: duration,
      })
      .optional()
      .catch(undefined),
  })
  .optional()
  .catch(undefined);

const split = z
  .object({
    startTime: instant,
    endTime: instant,
    activeDuration: duration,
    splitType: text,
    metricsSummary,
  })
  .optional()
  .catch(undefined);

const event = z.object({ eventTime: instant, exerciseEventType: text }).optional().catch(undefined);

const exerciseBody = z.object({
  interval: z
    .object({
      startTime: instant,
      startUtcOffset: utcOffset,
      endTime: instant,
      endUtcOffset: utcOffset,
      civilStartTime: civilTime,
    })
    .optional()
    .catch(undefined),
  exerciseType: text,
  displayName: text,
  notes: text,
  activeDuration: duration,
  metricsSummary,
  exerciseEvents: z.array(event).optional().catch(undefined),
  splitSummaries: z.array(split).optional().catch(undefined),
  exerciseMetadata: z
    .object({ hasGps: z.boolean().optional().catch(undefined), poolLengthMillimeters: number })
    .optional()
    .catch(undefined),
  createTime: instant,
  updateTime: instant,
});

const dataSource = z
  .object({
    recordingMethod: text,
    platform: text,
    device: z.object({ displayName: text, manufacturer: text, formFactor: text }).optional().catch(undefined),
    application: z
      .object({ packageName: text, webClientId: text, googleWebClientId: text })
      .optional()
      .catch(undefined),
  })
  .optional()
  .catch(undefined);

const exercisePoint = z.object({
  name: text,
  dataSource,
  exercise: exerciseBody.optional().catch(undefined),
});

const heartRatePoint = z.object({
  dataSource: z.object({ platform: text }).optional().catch(undefined),
  heartRate: z.object({ beatsPerMinute: number, sampleTime: z.object({ physicalTime: instant }) }),
});

const zonesPoint = z.object({
  dailyHeartRateZones: z.object({
    date,
    heartRateZones: z
      .array(
        z
          .object({ heartRateZoneType: text, minBeatsPerMinute: number, maxBeatsPerMinute: number })
          .optional()
          .catch(undefined),
      )
      .optional()
      .catch(undefined),
  }),
});

const page = z.object({
  dataPoints: z.array(z.unknown()).optional(),
  nextPageToken: z.string().optional(),
});

const identity = z.object({ healthUserId: z.string().regex(/^[A-Za-z0-9-]{1,63}$/) });

/** One element of an `exercise` list; instants in Unix milliseconds, durations and offsets in seconds. */
export type ExercisePoint = z.infer<typeof exercisePoint>;

/** Its metrics, of the whole or of one split, under Google's own names and units. */
export type MetricsSummary = NonNullable<z.infer<typeof metricsSummary>>;

/** One page of a list, and where it goes on. */
export interface Page {
  /** How many data points it has. */
  readonly count: number;
  /** Each data point byte for byte as Google wrote it; cut out of the body when it is called. */
  points(): readonly Buffer[];
  /** Undefined at the end of the list; a page without points may well have one. */
  readonly nextPageToken: string | undefined;
}

/** `ProtocolError` when the bytes are not JSON; `what` names the place in it. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch {
    // No cause: the parser's message quotes the body.
    throw new ProtocolError("BAD_RESPONSE", `Google answered something that is not complete JSON (${what})`, {
      provider: "fitbit",
      hint: "try again later",
    });
  }
}

/** Reads the frame of a list's answer; `{}` is an empty list. */
export function parsePage(body: Buffer, what: string): Page {
  const parsed = page.safeParse(parseJson(body, what));
  if (!parsed.success) {
    throw new ProtocolError("UNEXPECTED_SHAPE", `Google answered a list of an unknown shape (${what})`, {
      provider: "fitbit",
      hint: "try again later; if it stays, fitglue needs an update",
      cause: parsed.error,
    });
  }
  const { dataPoints, nextPageToken } = parsed.data;
  return {
    count: dataPoints?.length ?? 0,
    points: () => (dataPoints === undefined ? [] : elementsOf(body, "dataPoints")),
    nextPageToken: nextPageToken === "" ? undefined : nextPageToken,
  };
}

/** Undefined when it is not even an object. */
export function parseExercise(bytes: Uint8Array): ExercisePoint | undefined {
  return exercisePoint.safeParse(parseJson(bytes, "exercise")).data;
}

/** The last segment of a point's `name`; undefined when it has none. */
export function exerciseId(point: ExercisePoint | undefined): string | undefined {
  const id = point?.name?.slice(point.name.lastIndexOf("/") + 1);
  return id === undefined || id === "" ? undefined : id;
}

export interface HeartRateSample {
  readonly timestamp: EpochMs;
  /** bpm */
  readonly heartRate: number;
  /** Measured by the person's Fitbit or Pixel Watch and not written by another app. */
  readonly own: boolean;
}

/** The usable samples of one page of a `heart-rate` list. The API allows 1 to 300 bpm. */
export function parseHeartRates(body: Uint8Array): HeartRateSample[] {
  const parsed = page.safeParse(parseJson(body, "heart-rate"));
  const samples: HeartRateSample[] = [];
  for (const element of parsed.data?.dataPoints ?? []) {
    const point = heartRatePoint.safeParse(element).data;
    const timestamp = point?.heartRate.sampleTime.physicalTime;
    const heartRate = point?.heartRate.beatsPerMinute;
    if (timestamp === undefined || heartRate === undefined || heartRate < 1 || heartRate > 300) continue;
    samples.push({ timestamp, heartRate, own: point?.dataSource?.platform === "FITBIT" });
  }
  return samples;
}

/** The limits of one heart-rate zone of one day, bpm. */
export interface ZoneLimits {
  readonly min: number | null;
  readonly max: number | null;
}

/** One day's zone limits by `LIGHT`, `MODERATE`, `VIGOROUS`, `PEAK`. */
export interface DayZones {
  /** Local date, `YYYY-MM-DD`. */
  readonly date: string;
  readonly limits: ReadonlyMap<string, ZoneLimits>;
}

/** Undefined when the point is no `dailyHeartRateZones` with a date. */
export function parseDayZones(bytes: Uint8Array): DayZones | undefined {
  const zones = zonesPoint.safeParse(parseJson(bytes, "daily-heart-rate-zones")).data?.dailyHeartRateZones;
  const day = zones?.date;
  if (day?.year === undefined || day.month === undefined || day.day === undefined) return undefined;
  const limits = new Map<string, ZoneLimits>();
  for (const zone of zones?.heartRateZones ?? []) {
    if (zone?.heartRateZoneType === undefined) continue;
    limits.set(zone.heartRateZoneType, {
      min: zone.minBeatsPerMinute ?? null,
      max: zone.maxBeatsPerMinute ?? null,
    });
  }
  return { date: isoDate(day.year, day.month, day.day), limits };
}

/** The `healthUserId` of `users/me/identity`; undefined when there is none. */
export function parseIdentity(value: unknown): string | undefined {
  return identity.safeParse(value).data?.healthUserId;
}

/** Whether a number of seconds can be the offset of a zone. */
export function isUtcOffset(seconds: number | undefined): seconds is number {
  return Number.isInteger(seconds) && Math.abs(seconds ?? 0) <= 18 * 3600;
}

/** What a civil time's wall clock would be in Unix milliseconds if it were UTC; its zero members are left out. NaN when there is no such day. */
export function civilMs(civil: z.infer<typeof civilTime>): number | undefined {
  const day = civil?.date;
  if (day?.year === undefined || day.month === undefined || day.day === undefined) return undefined;
  const time = civil?.time;
  return (
    Date.parse(`${isoDate(day.year, day.month, day.day)}T00:00:00Z`) +
    (time?.hours ?? 0) * 3_600_000 +
    (time?.minutes ?? 0) * 60_000 +
    (time?.seconds ?? 0) * 1000 +
    Math.floor((time?.nanos ?? 0) / 1_000_000)
  );
}

function isoDate(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/** RFC 3339 with a zone; more digits than milliseconds are cut off. */
function parseInstant(value: string): EpochMs | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i.exec(value);
  if (match === null) return undefined;
  const ms = Date.parse(`${match[1]}${(match[2] ?? "").slice(0, 4)}${match[3]}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * The elements of an array member of a JSON object, byte for byte. Kept as Google wrote them, so that a number that
 * JavaScript cannot hold survives in the raw payload. The bytes must be valid JSON.
 */
export function elementsOf(body: Buffer, member: string): Buffer[] {
  let at = 0;
  const skipSpace = (): void => {
    while (at < body.length && SPACE.has(body[at] ?? 0)) at++;
  };
  const skipString = (): void => {
    for (at++; at < body.length && body[at] !== QUOTE; at++) if (body[at] === BACKSLASH) at++;
    at++;
  };
  const skipValue = (): void => {
    let depth = 0;
    do {
      const byte = body[at] ?? 0;
      if (byte === QUOTE) {
        skipString();
      } else if (OPEN.has(byte)) {
        depth++;
        at++;
      } else if (CLOSE.has(byte)) {
        depth--;
        at++;
      } else if (depth > 0) {
        at++;
      } else {
        // A number or a literal ends where anything structural begins.
        while (at < body.length && !ENDS_LITERAL.has(body[at] ?? 0)) at++;
      }
    } while (depth > 0 && at < body.length);
  };

  skipSpace();
  at++;
  for (;;) {
    skipSpace();
    if (body[at] !== QUOTE) return [];
    const keyStart = at;
    skipString();
    const key: unknown = JSON.parse(body.toString("utf8", keyStart, at));
    skipSpace();
    at++;
    skipSpace();
    if (key === member && body[at] === 0x5b) break;
    skipValue();
    skipSpace();
    if (body[at] === COMMA) at++;
  }
  at++;
  const elements: Buffer[] = [];
  for (;;) {
    skipSpace();
    if (at >= body.length || CLOSE.has(body[at] ?? 0)) return elements;
    const start = at;
    skipValue();
    elements.push(body.subarray(start, at));
    skipSpace();
    if (body[at] === COMMA) at++;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);
const ENDS_LITERAL = new Set([...SPACE, ...CLOSE, COMMA]);
