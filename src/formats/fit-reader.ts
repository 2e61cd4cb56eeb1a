import { Decoder, Profile, Stream } from "@garmin/fitsdk";
import type { Mesg } from "@garmin/fitsdk";
import type { LapIntensity, LapTrigger, Pause, SampleRow, Sport, SubSport } from "../model/index.ts";
import { SPORTS, SUB_SPORTS } from "../model/index.ts";
import { expandCompressedTimestamps } from "./fit-compressed.ts";
import { FIT_EPOCH_MS, IDENTITY_FIELD, MAX_MESSAGES, SEMICIRCLE } from "./fit-messages.ts";
import { isFit } from "./recognition.ts";
import { plainBytes } from "./xml-walk.ts";

/**
 * A FIT file as plain values: seconds, metres, m/s, degrees, Unix milliseconds. A field that the file leaves out or marks
 * invalid is null (in records: absent). Cadence is as FIT has it, with its fraction: revolutions per minute, on foot of
 * one leg.
 */
export interface FitFile {
  readonly fileId: FitFileId | null;
  readonly activity: FitActivity | null;
  readonly sessions: readonly FitSession[];
  readonly laps: readonly FitLap[];
  readonly lengths: readonly FitLength[];
  readonly events: readonly FitEvent[];
  readonly deviceInfos: readonly FitDeviceInfo[];
  /** In file order; those without a timestamp are left out. */
  readonly records: readonly FitRecord[];
  /** What fitglue wrote into its own files to recognise them, or null. */
  readonly identity: string | null;
  /** Why decoding ended early or the file cannot be trusted wholly (CRC); null for a sound file. */
  readonly damage: string | null;
}

export interface FitFileId {
  /** FIT's word in snake_case: `activity`, `course`, `workout`, `monitoring_b`, …; a number as text when unknown. */
  readonly type: string | null;
  readonly manufacturer: string | null;
  readonly product: number | null;
  readonly productName: string | null;
  readonly serialNumber: number | null;
  readonly timeCreated: number | null;
}

export interface FitActivity {
  readonly timestamp: number | null;
  /** `local_timestamp − timestamp`, signed seconds; null when the file does not say, or says nonsense. */
  readonly utcOffsetS: number | null;
  readonly numSessions: number | null;
  readonly totalTimerTime: number | null;
}

interface FitSummary {
  readonly messageIndex: number | null;
  /** When the message was written: the end. */
  readonly timestamp: number | null;
  readonly startTime: number | null;
  readonly totalElapsedTime: number | null;
  readonly totalTimerTime: number | null;
  readonly totalMovingTime: number | null;
  readonly totalDistance: number | null;
  readonly totalCalories: number | null;
  readonly totalAscent: number | null;
  readonly totalDescent: number | null;
  readonly avgHeartRate: number | null;
  readonly maxHeartRate: number | null;
  readonly minHeartRate: number | null;
  readonly avgSpeed: number | null;
  readonly maxSpeed: number | null;
  readonly avgCadence: number | null;
  readonly maxCadence: number | null;
  readonly avgPower: number | null;
  readonly maxPower: number | null;
  readonly numLengths: number | null;
}

export interface FitSession extends FitSummary {
  /** `generic` for what the vocabulary does not know. */
  readonly sport: Sport;
  readonly subSport: SubSport | null;
  /** FIT's own numbers as text, `1/3`; null when the file gives no sport. */
  readonly sourceSport: string | null;
  readonly sportProfileName: string | null;
  readonly firstLapIndex: number | null;
  readonly numLaps: number | null;
  /** Metres. */
  readonly poolLength: number | null;
}

export interface FitLap extends FitSummary {
  readonly lapTrigger: LapTrigger | null;
  readonly intensity: LapIntensity | null;
  readonly firstLengthIndex: number | null;
}

/** One length of a pool. */
export interface FitLength {
  readonly timestamp: number | null;
  readonly startTime: number | null;
  readonly totalElapsedTime: number | null;
  readonly totalTimerTime: number | null;
  readonly totalStrokes: number | null;
  /** `freestyle`, `breaststroke`, …, snake_case. */
  readonly swimStroke: string | null;
  /** `active` or `idle`. */
  readonly lengthType: string | null;
}

export interface FitEvent {
  readonly timestamp: number | null;
  /** `timer`, `lap`, …, snake_case; a number as text when unknown. */
  readonly event: string | null;
  /** `start`, `stop`, `stop_all`, `marker`, … */
  readonly eventType: string | null;
  /** Of timer events: 0 manual, 1 auto, 2 fitness equipment. */
  readonly data: number | null;
}

export interface FitDeviceInfo {
  /** 0 is the recording device itself (`creator`). */
  readonly deviceIndex: number | null;
  readonly manufacturer: string | null;
  readonly product: number | null;
  readonly productName: string | null;
  readonly serialNumber: number | null;
}

/** A row for `samplesFromRows`. */
export type FitRecord = SampleRow;

/** Smaller date-times are seconds since a device was switched on (FIT profile, `date_time.min`). */
const MIN_DATE_TIME = 0x1000_0000;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Decodes a FIT file, gzipped or plain. Never throws for a damaged one: what decoded before the damage is returned, with
 * `damage`. Throws `InputError` only for a gzip stream that cannot be unpacked.
 */
export function readFit(input: Uint8Array): FitFile {
  const bytes = plainBytes(input);
  let decoded = decode(bytes, false);
  if (decoded.damage?.includes("compressed timestamp") === true && isFit(bytes)) {
    decoded = decode(expandCompressedTimestamps(bytes), false);
  }
  // A device that lost power has not filled in the data size of its header: the length of the file tells it then.
  if (decoded.damage !== null && decoded.count === 0 && isFit(bytes) && bytes[0] === 14) {
    const again = decode(bytes, true);
    if (again.count > 0) decoded = { ...again, damage: decoded.damage };
  }
  const { messages, damage } = decoded;
  const all = (key: string): readonly Fields[] => messages[key] ?? [];
  const fileId = all("fileIdMesgs")[0];
  const activity = all("activityMesgs")[0];
  return {
    fileId: fileId === undefined ? null : fileIdOf(fileId),
    activity: activity === undefined ? null : activityOf(activity),
    sessions: all("sessionMesgs").map(sessionOf),
    laps: all("lapMesgs").map(lapOf),
    lengths: all("lengthMesgs").map(lengthOf),
    events: all("eventMesgs").map(eventOf),
    deviceInfos: all("deviceInfoMesgs").map(deviceInfoOf),
    records: [...recordsOf(all("recordMesgs"))],
    identity: decoded.identity,
    damage,
  };
}

/**
 * The pauses between `from` and `to` (Unix milliseconds) that the timer events tell: from a stop to the next start. A stop
 * that nothing follows is the end and no pause.
 */
export function fitPauses(events: readonly FitEvent[], from: number, to: number): Pause[] {
  const pauses: Pause[] = [];
  let stopped: number | undefined;
  for (const { event, eventType, timestamp } of events) {
    if (event !== "timer" || timestamp === null || timestamp < from || timestamp > to) continue;
    if (eventType === "start") {
      if (stopped !== undefined && timestamp > stopped) pauses.push({ start: stopped, end: timestamp });
      stopped = undefined;
    } else if (eventType?.startsWith("stop") === true) {
      stopped ??= timestamp;
    }
  }
  return pauses;
}

/**
 * The recording device in words, `Garmin Fenix 7`; null when the file tells none. The name that a device gives itself goes
 * before the maker's number for it.
 */
export function fitDeviceName(file: FitFile): string | null {
  const recorder = file.deviceInfos.find(({ deviceIndex }) => deviceIndex === 0);
  // The file_id of an export names the program that wrote it.
  for (const told of file.identity === null ? [recorder, file.fileId] : [recorder]) {
    if (told === undefined || told === null) continue;
    if (told.productName !== null) return told.productName;
    if (told.manufacturer === null || told.manufacturer === "development") continue;
    const product = told.manufacturer === "garmin" ? garminProduct(told.product) : null;
    return titled(product === null ? told.manufacturer : `${told.manufacturer}_${product}`);
  }
  return null;
}

function garminProduct(product: number | null): string | null {
  const words = (Profile.types as unknown as Record<string, Record<string, string>>)["garminProduct"];
  return product === null ? null : (words?.[product] ?? null);
}

/** `polar_electro` and `edgeExplore2` as a person would write them. */
function titled(word: string): string {
  return word
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll(/([A-Za-z]{3,})(\d)/g, "$1 $2")
    .split(/[_ ]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(" ");
}

interface Decoded {
  readonly messages: Readonly<Record<string, readonly Fields[] | undefined>>;
  readonly identity: string | null;
  readonly damage: string | null;
  readonly count: number;
}

function decode(bytes: Uint8Array, skipHeader: boolean): Decoded {
  let count = 0;
  let identity: string | null = null;
  const identityKeys = new Set<number>();
  const { messages, errors } = new Decoder(Stream.fromByteArray(bytes)).read({
    skipHeader,
    convertTypesToStrings: false,
    convertDateTimesToDates: false,
    expandSubFields: false,
    fieldDescriptionListener: (key, _developer, description) => {
      const name: unknown = description.fieldName;
      if ((Array.isArray(name) ? name[0] : name) === IDENTITY_FIELD) identityKeys.add(key);
    },
    mesgListener: (_number: number, message: Mesg) => {
      if (++count > MAX_MESSAGES) throw new Error(`more than ${MAX_MESSAGES} messages`);
      if (message.developerFields === undefined) return;
      for (const key of identityKeys) {
        const value = message.developerFields[key];
        if (typeof value === "string") identity = value;
      }
    },
  });
  return {
    messages: messages as unknown as Decoded["messages"],
    identity,
    damage: errors[0]?.message ?? (count === 0 ? "no FIT message in it" : null),
    count,
  };
}

/** Beats per minute; 0 is how a device says that there was no strap. */
function pulse(fields: Fields, name: string): number | null {
  const value = number(fields, name);
  return value !== null && value > 0 ? value : null;
}

function number(fields: Fields, ...names: string[]): number | null {
  for (const name of names) {
    const value = fields[name];
    // Undoes what scale and offset leave in the last binary digits; FIT's finest scale is 1/65536.
    if (typeof value === "number" && Number.isFinite(value)) return Math.round(value * 1e8) / 1e8;
  }
  return null;
}

function text(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value : null;
}

function instant(fields: Fields, name: string): number | null {
  const value = number(fields, name);
  return value === null || value < MIN_DATE_TIME ? null : value * 1000 + FIT_EPOCH_MS;
}

/** A profile word in snake_case, or the number as text. */
function word(fields: Fields, name: string, type: string): string | null {
  const value = number(fields, name);
  if (value === null) return null;
  const words = (Profile.types as unknown as Record<string, Record<string, string>>)[type];
  const camel = words?.[value];
  return camel === undefined
    ? String(value)
    : camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A whole number with the fraction that FIT keeps in a field of its own. */
function withFraction(fields: Fields, name: string, fraction: string): number | null {
  const whole = number(fields, name);
  return whole === null ? null : whole + (number(fields, fraction) ?? 0);
}

function fileIdOf(fields: Fields): FitFileId {
  return {
    type: word(fields, "type", "file"),
    manufacturer: word(fields, "manufacturer", "manufacturer"),
    product: number(fields, "product"),
    productName: text(fields, "productName"),
    serialNumber: number(fields, "serialNumber"),
    timeCreated: instant(fields, "timeCreated"),
  };
}

function activityOf(fields: Fields): FitActivity {
  const timestamp = instant(fields, "timestamp");
  const local = instant(fields, "localTimestamp");
  const offset = timestamp === null || local === null ? null : (local - timestamp) / 1000;
  return {
    timestamp,
    // Zones are whole quarters of an hour within 14 hours; anything else is a clock that was never set.
    utcOffsetS: offset !== null && offset % 900 === 0 && Math.abs(offset) <= 14 * 3600 ? offset : null,
    numSessions: number(fields, "numSessions"),
    totalTimerTime: number(fields, "totalTimerTime"),
  };
}

function summaryOf(fields: Fields): FitSummary {
  return {
    messageIndex: number(fields, "messageIndex"),
    timestamp: instant(fields, "timestamp"),
    startTime: instant(fields, "startTime"),
    totalElapsedTime: number(fields, "totalElapsedTime"),
    totalTimerTime: number(fields, "totalTimerTime"),
    totalMovingTime: number(fields, "totalMovingTime"),
    totalDistance: number(fields, "totalDistance"),
    totalCalories: number(fields, "totalCalories"),
    totalAscent: withFraction(fields, "totalAscent", "totalFractionalAscent"),
    totalDescent: withFraction(fields, "totalDescent", "totalFractionalDescent"),
    avgHeartRate: pulse(fields, "avgHeartRate"),
    maxHeartRate: pulse(fields, "maxHeartRate"),
    minHeartRate: pulse(fields, "minHeartRate"),
    avgSpeed: number(fields, "enhancedAvgSpeed", "avgSpeed"),
    maxSpeed: number(fields, "enhancedMaxSpeed", "maxSpeed"),
    avgCadence: withFraction(fields, "avgCadence", "avgFractionalCadence"),
    maxCadence: withFraction(fields, "maxCadence", "maxFractionalCadence"),
    avgPower: number(fields, "avgPower"),
    maxPower: number(fields, "maxPower"),
    numLengths: number(fields, "numLengths"),
  };
}

const SPORT_WORDS = new Map(Object.entries(SPORTS).map(([name, value]) => [value as number, name as Sport]));
const SUB_SPORT_WORDS = new Map(
  Object.entries(SUB_SPORTS).map(([name, value]) => [value as number, name as SubSport]),
);

function sessionOf(fields: Fields): FitSession {
  const sport = number(fields, "sport");
  const subSport = number(fields, "subSport");
  const known = SUB_SPORT_WORDS.get(subSport ?? -1);
  return {
    ...summaryOf(fields),
    sport: SPORT_WORDS.get(sport ?? -1) ?? "generic",
    subSport: known === undefined || known === "generic" ? null : known,
    sourceSport: sport === null ? null : subSport === null ? String(sport) : `${sport}/${subSport}`,
    sportProfileName: text(fields, "sportProfileName"),
    firstLapIndex: number(fields, "firstLapIndex"),
    numLaps: number(fields, "numLaps"),
    poolLength: number(fields, "poolLength"),
  };
}

const LAP_TRIGGERS: ReadonlySet<string> = new Set<LapTrigger>([
  "manual",
  "time",
  "distance",
  "position_start",
  "position_lap",
  "position_waypoint",
  "position_marked",
  "session_end",
  "fitness_equipment",
]);
const INTENSITIES: ReadonlySet<string> = new Set<LapIntensity>([
  "active",
  "rest",
  "warmup",
  "cooldown",
  "recovery",
  "interval",
  "other",
]);

function lapOf(fields: Fields): FitLap {
  const trigger = word(fields, "lapTrigger", "lapTrigger");
  const intensity = word(fields, "intensity", "intensity");
  return {
    ...summaryOf(fields),
    lapTrigger: trigger !== null && LAP_TRIGGERS.has(trigger) ? (trigger as LapTrigger) : null,
    intensity: intensity !== null && INTENSITIES.has(intensity) ? (intensity as LapIntensity) : null,
    firstLengthIndex: number(fields, "firstLengthIndex"),
  };
}

function lengthOf(fields: Fields): FitLength {
  return {
    timestamp: instant(fields, "timestamp"),
    startTime: instant(fields, "startTime"),
    totalElapsedTime: number(fields, "totalElapsedTime"),
    totalTimerTime: number(fields, "totalTimerTime"),
    totalStrokes: number(fields, "totalStrokes"),
    swimStroke: word(fields, "swimStroke", "swimStroke"),
    lengthType: word(fields, "lengthType", "lengthType"),
  };
}

function eventOf(fields: Fields): FitEvent {
  return {
    timestamp: instant(fields, "timestamp"),
    event: word(fields, "event", "event"),
    eventType: word(fields, "eventType", "eventType"),
    data: number(fields, "data"),
  };
}

function deviceInfoOf(fields: Fields): FitDeviceInfo {
  return {
    deviceIndex: number(fields, "deviceIndex"),
    manufacturer: word(fields, "manufacturer", "manufacturer"),
    product: number(fields, "product"),
    productName: text(fields, "productName"),
    serialNumber: number(fields, "serialNumber"),
  };
}

function* recordsOf(messages: readonly Fields[]): Generator<FitRecord> {
  for (const fields of messages) {
    const timestamp = instant(fields, "timestamp");
    if (timestamp === null) continue;
    const lat = number(fields, "positionLat");
    const long = number(fields, "positionLong");
    const known = lat !== null && long !== null;
    const row: FitRecord = {
      timestamp,
      heartRate: pulse(fields, "heartRate"),
      positionLat: known ? lat * SEMICIRCLE : null,
      positionLong: known ? long * SEMICIRCLE : null,
      altitude: number(fields, "enhancedAltitude", "altitude"),
      distance: number(fields, "distance"),
      speed: number(fields, "enhancedSpeed", "speed"),
      cadence: number(fields, "cadence256") ?? withFraction(fields, "cadence", "fractionalCadence"),
      power: number(fields, "power"),
      temperature: number(fields, "temperature"),
    };
    yield row;
  }
}
