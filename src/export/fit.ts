import { Encoder, Profile } from "@garmin/fitsdk";
import { ItemError } from "../errors.ts";
import { FIT_EPOCH_MS, FIT_MESSAGE, IDENTITY_FIELD, SEMICIRCLE } from "../formats/fit-messages.ts";
import { sessionIdentity } from "../formats/identity.ts";
import {
  isInstant,
  isOnFoot,
  type Lap,
  type SampleField,
  sampleFieldsOf,
  type Samples,
  SPORTS,
  type StoredActivity,
  SUB_SPORTS,
} from "../model/index.ts";
import {
  isWholeSession,
  lapSpans,
  pausedSeconds,
  type Pool,
  poolOf,
  sessionSpan,
  valueAt,
} from "./session.ts";

/** `development`: what Garmin lets programs use that have no number of their own. */
const MANUFACTURER_DEVELOPMENT = 255;
const FILE_TYPE_ACTIVITY = 4;
const BASE_TYPE_STRING = 7;
const EVENT = { timer: 0, session: 8, lap: 9, activity: 26, length: 28 } as const;
const EVENT_TYPE = { start: 0, stop: 1, stopAll: 4 } as const;
const LAP_TRIGGERS = {
  manual: 0,
  time: 1,
  distance: 2,
  position_start: 3,
  position_lap: 4,
  position_waypoint: 5,
  position_marked: 6,
  session_end: 7,
  fitness_equipment: 8,
} as const;
const INTENSITIES = {
  active: 0,
  rest: 1,
  warmup: 2,
  cooldown: 3,
  recovery: 4,
  interval: 5,
  other: 6,
} as const;
const STROKES = [
  "freestyle",
  "backstroke",
  "breaststroke",
  "butterfly",
  "drill",
  "mixed",
  "im",
  "im_by_round",
  "rimo",
] as const;
/** FIT's date-times below this are relative (1998-07-03). */
const MIN_DATE_TIME = 0x1000_0000;
const MAX_NAME_BYTES = 200;

type Fields = Readonly<Record<string, unknown>>;

/**
 * An activity as a FIT activity file, through Garmin's encoder: file_id, the recording device where it is known, timer start
 * and stop with the recorded pauses between them, records, laps (at least one), session, activity. Whole seconds are FIT's
 * resolution of time: samples of one second are one record. What is not known is left out. Throws `ItemError` for a date that FIT cannot hold.
 */
export function fitFile(activity: StoredActivity): Uint8Array {
  const encoder = new Encoder();
  const write = (number: number, fields: Fields): void => void encoder.onMesg(number, fields);
  const span = sessionSpan(activity);
  if (!(fitTime(span.start) >= MIN_DATE_TIME)) {
    throw new ItemError("NOT_IN_FORMAT", "a FIT file cannot hold a date before 1998");
  }
  const identity = sessionIdentity(activity);
  const developer = { developerDataIndex: 0, applicationVersion: 1, applicationId: applicationId() };
  const description = {
    developerDataIndex: 0,
    fieldDefinitionNumber: 0,
    fitBaseTypeId: BASE_TYPE_STRING,
    fieldName: IDENTITY_FIELD,
  };
  encoder.addDeveloperField(0, developer, description);

  write(FIT_MESSAGE.FILE_ID, {
    type: FILE_TYPE_ACTIVITY,
    manufacturer: MANUFACTURER_DEVELOPMENT,
    product: 0,
    // Programs tell files apart by serial number and time of creation.
    serialNumber: Number.parseInt(identity.slice(0, 8), 16) || 1,
    timeCreated: fitTime(span.start),
    productName: "fitglue",
  });
  write(FIT_MESSAGE.DEVELOPER_DATA_ID, developer);
  write(FIT_MESSAGE.FIELD_DESCRIPTION, description);
  if (activity.device !== null) {
    write(FIT_MESSAGE.DEVICE_INFO, {
      timestamp: fitTime(span.start),
      deviceIndex: 0,
      productName: clipped(activity.device),
    });
  }
  writeTimeline(write, activity);
  const pool = poolOf(activity);
  writeLengths(write, pool);
  writeLaps(write, activity, pool);
  writeSession(write, activity, pool, identity);
  write(FIT_MESSAGE.ACTIVITY, {
    timestamp: fitTime(span.end),
    totalTimerTime: span.timer,
    numSessions: 1,
    type: 0,
    event: EVENT.activity,
    eventType: EVENT_TYPE.stop,
    localTimestamp:
      activity.utcOffsetS !== null && isInstant(activity.startTime)
        ? fitTime(span.end) + activity.utcOffsetS
        : null,
  });
  return encoder.close();
}

type Write = (number: number, fields: Fields) => void;

/** FIT's seconds. */
function fitTime(ms: number): number {
  return Math.floor((ms - FIT_EPOCH_MS) / 1000);
}

/** Records and timer events in order of time. */
function writeTimeline(write: Write, activity: StoredActivity): void {
  const span = sessionSpan(activity);
  const events = [
    { time: fitTime(span.start), eventType: EVENT_TYPE.start },
    ...activity.pauses.flatMap(({ start, end }) => [
      { time: fitTime(start), eventType: EVENT_TYPE.stopAll },
      { time: fitTime(end), eventType: EVENT_TYPE.start },
    ]),
    { time: fitTime(span.end), eventType: EVENT_TYPE.stopAll },
  ];
  let next = 0;
  const writeEventsUntil = (time: number): void => {
    for (let event = events[next]; event !== undefined && event.time <= time; event = events[++next]) {
      write(FIT_MESSAGE.EVENT, {
        timestamp: event.time,
        event: EVENT.timer,
        eventType: event.eventType,
        eventGroup: 0,
      });
    }
  };
  // The start comes before the records, the stop that ends the file after them.
  const last = events.length - 1;
  const columns = columnsOf(activity.samples, isOnFoot(activity.sport));
  withRecordFields(columns, () => {
    for (const record of recordsOf(activity.samples, columns)) {
      if (next < last) writeEventsUntil(Math.min(record.timestamp, (events[last]?.time ?? 0) - 1));
      write(FIT_MESSAGE.RECORD, record.fields);
    }
  });
  writeEventsUntil(Number.POSITIVE_INFINITY);
}

/**
 * Runs `work` with a profile whose record has only the fields that are written. The encoder looks each field of each message
 * up by walking all that the profile has, some ninety for a record: this is four fifths of the time that a file takes.
 */
function withRecordFields(columns: ReadonlyMap<SampleField, readonly Column[]>, work: () => void): void {
  const names = new Set(["timestamp", ...[...columns.values()].flat().map(({ name }) => name)]);
  const record = Profile.messages[FIT_MESSAGE.RECORD] as {
    fields: Record<string, { readonly name: string }>;
  };
  const all = record.fields;
  record.fields = Object.fromEntries(Object.entries(all).filter(([, { name }]) => names.has(name)));
  try {
    work();
  } finally {
    record.fields = all;
  }
}

/** How a column is written: FIT's field, its scale, the largest raw value that is valid and the one that is not. */
interface Column {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** In the field's own unit: the encoder applies the scale. */
  readonly invalid: number;
  readonly convert?: (value: number) => number;
}

const SEMICIRCLES = {
  min: -(2 ** 31),
  max: 2 ** 31 - 2,
  invalid: 2 ** 31 - 1,
  // 180° itself would be the invalid value: one semicircle less is two centimetres.
  convert: (degrees: number) =>
    Math.abs(degrees) === 180 ? Math.sign(degrees) * (2 ** 31 - 2) : Math.round(degrees / SEMICIRCLE),
} as const;

const rounded = (value: number): number => Math.round(value);

/**
 * The plain fields where their range suffices: every reader knows them. The enhanced ones for an aeroplane.
 * Every record has all of a file's fields, a missing value as FIT's invalid one: one definition serves them all.
 */
function columnsOf(samples: Samples, onFoot: boolean): Map<SampleField, readonly Column[]> {
  const columns = new Map<SampleField, readonly Column[]>();
  for (const field of sampleFieldsOf(samples)) {
    const within = (max: number): boolean => (samples[field] ?? []).every((value) => !(value > max));
    switch (field) {
      case "heartRate":
        columns.set(field, [{ name: "heartRate", min: 1, max: 254, invalid: 255, convert: rounded }]);
        break;
      case "positionLat":
        columns.set(field, [{ name: "positionLat", ...SEMICIRCLES }]);
        break;
      case "positionLong":
        columns.set(field, [{ name: "positionLong", ...SEMICIRCLES }]);
        break;
      case "altitude":
        columns.set(
          field,
          within(12_600)
            ? [{ name: "altitude", min: -500, max: 12_606, invalid: 65_535 / 5 - 500 }]
            : [{ name: "enhancedAltitude", min: -500, max: 8e8, invalid: 0xffff_ffff / 5 - 500 }],
        );
        break;
      case "distance":
        columns.set(field, [{ name: "distance", min: 0, max: 42_949_672, invalid: 0xffff_ffff / 100 }]);
        break;
      case "speed":
        columns.set(
          field,
          within(65)
            ? [{ name: "speed", min: 0, max: 65.5, invalid: 65.535 }]
            : [{ name: "enhancedSpeed", min: 0, max: 4_000_000, invalid: 0xffff_ffff / 1000 }],
        );
        break;
      case "cadence": {
        const legs = onFoot ? 2 : 1;
        columns.set(field, [
          { name: "cadence", min: 0, max: 254, invalid: 255, convert: (value) => Math.floor(value / legs) },
          {
            name: "fractionalCadence",
            min: 0,
            max: 1,
            invalid: 255 / 128,
            convert: (value) => (value / legs) % 1,
          },
        ]);
        break;
      }
      case "power":
        columns.set(field, [{ name: "power", min: 0, max: 65_534, invalid: 65_535, convert: rounded }]);
        break;
      case "temperature":
        columns.set(field, [{ name: "temperature", min: -127, max: 126, invalid: 127, convert: rounded }]);
        break;
    }
  }
  return columns;
}

function* recordsOf(
  samples: Samples,
  columns: ReadonlyMap<SampleField, readonly Column[]>,
): Generator<{ timestamp: number; fields: Fields }> {
  const { timestamp } = samples;
  for (let from = 0; from < timestamp.length;) {
    const second = fitTime(timestamp[from] ?? 0);
    let to = from + 1;
    while (to < timestamp.length && fitTime(timestamp[to] ?? 0) === second) to++;
    const fields: Record<string, unknown> = { timestamp: second };
    for (const [field, parts] of columns) {
      let value: number | undefined;
      for (let index = from; index < to && value === undefined; index++)
        value = valueAt(samples, field, index);
      for (const { name, min, max, invalid, convert } of parts) {
        const own = value === undefined ? Number.NaN : (convert?.(value) ?? value);
        fields[name] = own >= min && own <= max ? own : invalid;
      }
    }
    yield { timestamp: second, fields };
    from = to;
  }
}

function writeLengths(write: Write, pool: Pool | null): void {
  pool?.lengths.forEach((length, index) => {
    const stroke = STROKES.findIndex((name) => name === length.stroke);
    write(FIT_MESSAGE.LENGTH, {
      messageIndex: index,
      timestamp: fitTime(length.start + length.elapsed * 1000),
      event: EVENT.length,
      eventType: EVENT_TYPE.stop,
      startTime: fitTime(length.start),
      totalElapsedTime: length.elapsed,
      totalTimerTime: length.elapsed,
      totalStrokes: length.strokes,
      avgSpeed: length.elapsed > 0 && pool.metres / length.elapsed < 65 ? pool.metres / length.elapsed : null,
      swimStroke: stroke === -1 ? null : stroke,
      lengthType: 1,
    });
  });
}

function writeLaps(write: Write, activity: StoredActivity, pool: Pool | null): void {
  const whole = sessionSpan(activity);
  const lengths = pool?.lengths ?? [];
  // Where the laps are the lengths of a pool, they are one lap.
  const spans =
    pool?.lapsAreLengths === true ? [{ lap: null, start: whole.start, end: whole.end }] : lapSpans(activity);
  spans.forEach((span, index) => {
    const { lap, start, end } = span;
    const only = isWholeSession(span, activity);
    const elapsed = lap?.totalElapsedTime ?? (only ? whole.elapsed : (end - start) / 1000);
    const last = index === spans.length - 1;
    const own = lengths.filter(
      (length) =>
        (index === 0 || length.start >= start) && (last || length.start < (spans[index + 1]?.start ?? end)),
    );
    write(FIT_MESSAGE.LAP, {
      messageIndex: index,
      timestamp: fitTime(end),
      event: EVENT.lap,
      eventType: EVENT_TYPE.stop,
      startTime: fitTime(start),
      totalElapsedTime: elapsed,
      totalTimerTime:
        lap?.totalTimerTime ??
        (only ? whole.timer : elapsed === null ? null : elapsed - pausedSeconds(activity.pauses, start, end)),
      ...lapFields(lap),
      ...(only ? wholeLap(activity) : {}),
      lapTrigger: lap?.lapTrigger ? LAP_TRIGGERS[lap.lapTrigger] : last ? LAP_TRIGGERS.session_end : null,
      sport: SPORTS[activity.sport],
      subSport: activity.subSport === null ? null : SUB_SPORTS[activity.subSport],
      ...(own.length > 0
        ? {
            numLengths: own.length,
            numActiveLengths: own.length,
            firstLengthIndex: lengths.indexOf(own[0] as never),
          }
        : {}),
    });
  });
}

function lapFields(lap: Lap | null): Fields {
  if (lap === null) return {};
  return {
    totalMovingTime: lap.totalMovingTime,
    totalDistance: inRange(lap.totalDistance, 42_949_672),
    totalCalories: whole16(lap.totalCalories),
    avgHeartRate: pulse(lap.avgHeartRate),
    maxHeartRate: pulse(lap.maxHeartRate),
    intensity: lap.intensity === null ? null : INTENSITIES[lap.intensity],
  };
}

/** The one lap of a session has the session's totals, where it has none of its own. */
function wholeLap(activity: StoredActivity): Fields {
  const lap = activity.laps.length === 1 ? activity.laps[0] : undefined;
  return {
    totalDistance: inRange(lap?.totalDistance ?? activity.totalDistance, 42_949_672),
    totalCalories: whole16(lap?.totalCalories ?? activity.totalCalories),
    avgHeartRate: pulse(lap?.avgHeartRate ?? activity.avgHeartRate),
    maxHeartRate: pulse(lap?.maxHeartRate ?? activity.maxHeartRate),
  };
}

function writeSession(write: Write, activity: StoredActivity, pool: Pool | null, identity: string): void {
  const span = sessionSpan(activity);
  const lengths = pool?.lengths.length ?? 0;
  const laps = pool?.lapsAreLengths === true ? 1 : lapSpans(activity).length;
  const legs = isOnFoot(activity.sport) ? 2 : 1;
  const cadence = (name: string, value: number | null): Fields => {
    const own = value === null ? null : value / legs;
    if (own === null || own < 0 || own > 254) return {};
    const capital = `${name.slice(0, 3)}Fractional${name.slice(3)}`;
    return own % 1 === 0 ? { [name]: own } : { [name]: Math.floor(own), [capital]: own % 1 };
  };
  const climb = (name: string, value: number | null): Fields => {
    if (value === null || value < 0 || value > 65_534) return {};
    const capital = name.replace("total", "totalFractional");
    return value % 1 === 0 ? { [name]: value } : { [name]: Math.floor(value), [capital]: value % 1 };
  };
  const speed = (name: string, value: number | null): Fields =>
    value === null || value < 0
      ? {}
      : value < 65
        ? { [name]: value }
        : { [`enhanced${name.charAt(0).toUpperCase()}${name.slice(1)}`]: inRange(value, 4_000_000) };
  write(FIT_MESSAGE.SESSION, {
    messageIndex: 0,
    timestamp: fitTime(span.end),
    event: EVENT.session,
    eventType: EVENT_TYPE.stop,
    startTime: fitTime(span.start),
    sport: SPORTS[activity.sport],
    subSport: activity.subSport === null ? SUB_SPORTS.generic : SUB_SPORTS[activity.subSport],
    totalElapsedTime: span.elapsed,
    totalTimerTime: span.timer,
    totalMovingTime: activity.totalMovingTime,
    totalDistance: inRange(activity.totalDistance, 42_949_672),
    totalCalories: whole16(activity.totalCalories),
    ...climb("totalAscent", activity.totalAscent),
    ...climb("totalDescent", activity.totalDescent),
    avgHeartRate: pulse(activity.avgHeartRate),
    maxHeartRate: pulse(activity.maxHeartRate),
    minHeartRate: pulse(activity.minHeartRate),
    ...speed("avgSpeed", activity.avgSpeed),
    ...speed("maxSpeed", activity.maxSpeed),
    ...cadence("avgCadence", activity.avgCadence),
    ...cadence("maxCadence", activity.maxCadence),
    avgPower: whole16(activity.avgPower),
    maxPower: whole16(activity.maxPower),
    sportProfileName: activity.title === null ? null : clipped(activity.title),
    poolLength: pool?.metres,
    poolLengthUnit: pool === null ? null : 0,
    ...(lengths > 0 ? { numLengths: lengths, numActiveLengths: lengths } : {}),
    firstLapIndex: 0,
    numLaps: laps,
    trigger: 0,
    developerFields: { 0: identity },
  });
}

function pulse(value: number | null): number | null {
  const own = value === null ? 0 : Math.round(value);
  return own >= 1 && own <= 254 ? own : null;
}

function whole16(value: number | null): number | null {
  const own = value === null ? -1 : Math.round(value);
  return own >= 0 && own <= 65_534 ? own : null;
}

function inRange(value: number | null, max: number): number | null {
  return value !== null && value >= 0 && value <= max ? value : null;
}

/** A FIT field holds 255 bytes at most, its closing zero included. */
function clipped(text: string): string {
  let clipped = text;
  while (Buffer.byteLength(clipped) > MAX_NAME_BYTES) clipped = Array.from(clipped).slice(0, -1).join("");
  return clipped;
}

/** Sixteen bytes that name the writer of the developer field. */
function applicationId(): number[] {
  return Array.from(Buffer.from("fitglue export 1"));
}
