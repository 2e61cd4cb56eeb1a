import { isoInstant } from "../../model/index.ts";
import type { Json, JsonObject } from "../../model/index.ts";
import { parseDate } from "./dates.ts";
import type { EpochSeconds } from "./dates.ts";
import { withoutPointer } from "./device.ts";
import { convert, parseNumber, parseQuantity } from "./units.ts";
import type { Dimension } from "./units.ts";
import type { WireActivity, WireEvent, WireStatistic } from "./wire.ts";

/** The parts of a statistic, by the attributes' names. */
export type Part = "sum" | "average" | "minimum" | "maximum";

const PARTS: readonly Part[] = ["sum", "average", "minimum", "maximum"];

const DIMENSIONS: readonly Dimension[] = [
  "length",
  "time",
  "energy",
  "speed",
  "frequency",
  "power",
  "temperature",
  "pressure",
  "mets",
  "count",
];

/** In the unit of whichever dimension the unit is of; as it is written for a unit that is not known. */
function inModelUnit(value: number, unit: string | null): number | string {
  for (const dimension of DIMENSIONS) {
    const converted = convert(value, unit, dimension);
    if (converted !== null) return converted;
  }
  return unit === null ? value : `${value} ${unit}`;
}

/**
 * A workout's direct statistics: what is taken becomes a column of the model, what is left goes to `extra`. A value
 * whose unit is not known is not taken, so it is not lost.
 */
export class Statistics {
  readonly #left: Map<string, { readonly statistic: WireStatistic; readonly parts: Set<Part> }>;
  /** Units that were not known, where a number was wanted. */
  readonly unknownUnits = new Set<string>();
  /** What was said to be less than nothing: a distance, an energy, a speed. No watch measures that. */
  readonly negative = new Set<string>();

  /** Attributes whose unit is not known, as they are written. */
  readonly #attributes = new Map<string, Json>();

  constructor(statistics: readonly WireStatistic[]) {
    this.#left = new Map(
      statistics.map((statistic) => [
        statistic.type,
        { statistic, parts: new Set(PARTS.filter((part) => statistic[part] !== null)) },
      ]),
    );
  }

  has(type: string): boolean {
    return this.#left.has(type);
  }

  /** The value in the model's unit; null when it is not there. `bareUnit` is meant where no unit is written. */
  read(type: string, part: Part, dimension: Dimension, bareUnit: string | null = null): number | null {
    const entry = this.#left.get(type);
    const value = entry?.statistic[part] ?? null;
    if (entry === undefined || value === null) return null;
    const unit = entry.statistic.unit ?? bareUnit;
    const converted = convert(value, unit, dimension);
    if (converted === null) this.unknownUnits.add(unit ?? "");
    else if (converted < 0) this.negative.add(type);
    return converted === null || converted < 0 ? null : converted;
  }

  /** As {@link read}, and what could be read is not left any more. */
  take(type: string, part: Part, dimension: Dimension, bareUnit: string | null = null): number | null {
    const value = this.read(type, part, dimension, bareUnit);
    if (value !== null) this.#left.get(type)?.parts.delete(part);
    return value;
  }

  /** The workout's own attribute in a unit that is not known: it is left as it is written. */
  leave(attribute: string, value: number, unit: string | null): void {
    this.unknownUnits.add(unit ?? "");
    this.#attributes.set(attribute, unit === null ? value : `${value} ${unit}`);
  }

  /** `HKQuantityTypeIdentifierStepCount` for a sum, `….average` and so on for what is measured. */
  left(): JsonObject {
    const left: Record<string, Json> = Object.fromEntries(this.#attributes);
    for (const [type, { statistic, parts }] of this.#left) {
      for (const part of parts) {
        const value = statistic[part];
        if (value !== null)
          left[part === "sum" ? type : `${type}.${part}`] = inModelUnit(value, statistic.unit);
      }
    }
    return left;
  }
}

/** A workout's metadata, likewise. */
export class Metadata {
  readonly #left: Map<string, string>;

  constructor(metadata: ReadonlyMap<string, string>) {
    this.#left = new Map(metadata);
  }

  get(key: string): string | null {
    return this.#left.get(key) ?? null;
  }

  /** A quantity in the model's unit, not left any more if it is one. Less than nothing is none. */
  take(key: string, dimension: Dimension): number | null {
    const quantity = parseQuantity(this.get(key) ?? "");
    const value = quantity === null ? null : convert(quantity.value, quantity.unit, dimension);
    if (value === null || value < 0) return null;
    this.#left.delete(key);
    return value;
  }

  /** 1 is true, 0 is false, anything else is nothing and left. */
  takeFlag(key: string): boolean | null {
    const value = parseNumber(this.get(key));
    if (value !== 0 && value !== 1) return null;
    this.#left.delete(key);
    return value === 1;
  }

  drop(key: string): void {
    this.#left.delete(key);
  }

  left(): JsonObject {
    return metadataValues(this.#left);
  }
}

/** Metadata under its own keys: see {@link metadataValue}. */
function metadataValues(metadata: ReadonlyMap<string, string>): Record<string, Json> {
  return Object.fromEntries([...metadata].map(([key, text]) => [key, metadataValue(key, text)]));
}

/**
 * HealthKit's own entries as numbers in the model's units, everything else as text. Instants are UTC and device
 * descriptions have no pointer, since an export writes both differently each time.
 */
function metadataValue(key: string, text: string): Json {
  const instant = parseDate(text);
  if (instant !== null) return isoInstant(instant * 1000);
  if (text.includes("HKDevice")) return withoutPointer(text);
  if (!key.startsWith("HK") || /(?:Identifier|UUID|Name)$/.test(key)) return text;
  const number = parseNumber(text);
  if (number !== null) return number;
  const quantity = parseQuantity(text);
  if (quantity === null) return text;
  // HealthKit keeps 64 % as 0.64 and multiplies by 100 when it writes "%"; the weather service stores 64 to begin with.
  if (key === "HKWeatherHumidity" && quantity.unit === "%") {
    return quantity.value > 100 ? quantity.value / 100 : quantity.value;
  }
  const converted = inModelUnit(quantity.value, quantity.unit);
  return typeof converted === "number" ? converted : text;
}

/** Seconds, a generation: a duration beyond it is a slip, and no instant comes of it. */
const LONGEST = 1e9;

/** A duration in seconds; null for an unknown unit. */
export function durationSeconds(duration: number | null, unit: string | null): number | null {
  const seconds = convert(duration, unit, "time");
  return seconds !== null && seconds >= 0 && seconds <= LONGEST ? seconds : null;
}

/** As {@link durationSeconds}; without a unit minutes where they fit into the time of the whole (seconds), else seconds. */
export function durationWithin(
  duration: number | null,
  unit: string | null,
  elapsed: number | null,
): number | null {
  if (unit !== null) return durationSeconds(duration, unit);
  if (duration === null || duration < 0 || elapsed === null) return null;
  // Start and end are whole seconds and durations are not, so a duration may seem up to a second too long at each.
  const seconds = duration * 60 <= elapsed + 2 ? duration * 60 : duration;
  return seconds <= LONGEST ? seconds : null;
}

function instantOf(seconds: EpochSeconds | null): string | null {
  return seconds === null ? null : isoInstant(seconds * 1000);
}

/**
 * Events by type: pauses, segments, markers, each with its instant and whatever else is written with it. `elapsed` is the
 * time of what they belong to, seconds.
 */
export function eventsByType(events: readonly WireEvent[], elapsed: number | null): JsonObject {
  const byType = new Map<string, Json[]>();
  for (const event of events) {
    let list = byType.get(event.type);
    if (list === undefined) byType.set(event.type, (list = []));
    list.push({
      date: instantOf(event.date),
      ...(event.duration === null
        ? {}
        : { duration: durationWithin(event.duration, event.durationUnit, elapsed) }),
      ...metadataValues(event.metadata),
    });
  }
  return Object.fromEntries(byType);
}

/** The legs or steps of a workout, each with its own numbers. */
export function activitiesList(activities: readonly WireActivity[]): Json[] {
  return activities.map((activity) => {
    const { start, end } = activity;
    const elapsed = start === null || end === null || end < start ? null : end - start;
    return {
      uuid: activity.uuid,
      startDate: instantOf(start),
      endDate: instantOf(end),
      duration: durationWithin(activity.duration, activity.durationUnit, elapsed),
      ...new Statistics(activity.statistics).left(),
      ...metadataValues(activity.metadata),
      ...eventsByType(activity.events, elapsed),
    };
  });
}

/** With its keys in alphabetical order: exports differ in theirs. */
export function inOrder(extra: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1)));
}
