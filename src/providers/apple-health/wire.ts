import { ItemError } from "../../errors.ts";
import { cleanText } from "./clean-text.ts";
import { parseDate } from "./dates.ts";
import type { EpochSeconds } from "./dates.ts";
import { parseNumber } from "./units.ts";
import type { Attributes, ElementVisitor } from "./workout-xml.ts";
import { mendWorkout } from "./workout-mender.ts";
import { walkUsual, walkWithSax } from "./workout-xml.ts";

/** A `WorkoutStatistics`: `sum` for what adds up, the others for what is measured. In `unit`. */
export interface WireStatistic {
  readonly type: string;
  readonly average: number | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly sum: number | null;
  readonly unit: string | null;
}

/** A `WorkoutEvent`. */
export interface WireEvent {
  readonly type: string;
  readonly date: EpochSeconds | null;
  readonly duration: number | null;
  readonly durationUnit: string | null;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A `WorkoutActivity`: a leg of a multisport or a step of a structured workout, with numbers of its own. */
export interface WireActivity {
  readonly uuid: string | null;
  readonly start: EpochSeconds | null;
  readonly end: EpochSeconds | null;
  readonly duration: number | null;
  readonly durationUnit: string | null;
  readonly metadata: ReadonlyMap<string, string>;
  readonly events: readonly WireEvent[];
  readonly statistics: readonly WireStatistic[];
}

/** A `WorkoutRoute`: one part of the track. What older exports write in place (`Location`) is read in `routes.ts`. */
export interface WireRoute {
  readonly start: EpochSeconds | null;
  readonly end: EpochSeconds | null;
  /** As written. */
  readonly paths: ReadonlySet<string>;
}

/** A `Workout` as written: numbers and instants read, units and meaning untouched. Missing is null. */
export interface WireWorkout {
  readonly activityType: string | null;
  readonly duration: number | null;
  readonly durationUnit: string | null;
  readonly totalDistance: number | null;
  readonly totalDistanceUnit: string | null;
  readonly totalEnergyBurned: number | null;
  readonly totalEnergyBurnedUnit: string | null;
  readonly sourceName: string | null;
  readonly sourceVersion: string | null;
  readonly device: string | null;
  readonly creation: EpochSeconds | null;
  readonly start: EpochSeconds | null;
  readonly end: EpochSeconds | null;
  /** Each key once: HealthKit writes the whole list before and after the other children. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Direct children only, as are `statistics`: what belongs to a `WorkoutActivity` is there. */
  readonly events: readonly WireEvent[];
  readonly statistics: readonly WireStatistic[];
  readonly activities: readonly WireActivity[];
  readonly routes: readonly WireRoute[];
  /** What is written and cannot be read, each once: `sum of WorkoutStatistics`. */
  readonly unreadable: ReadonlySet<string>;
}

/** What an open element collects from its children; an element without an owner's name swallows them. */
interface Owner {
  readonly tag: string;
  readonly metadata?: Map<string, string>;
  readonly events?: WireEvent[];
  readonly statistics?: WireStatistic[];
  readonly activities?: WireActivity[];
  readonly routes?: WireRoute[];
  readonly paths?: Set<string>;
  /** What tells the events and the statistics apart that were read. */
  readonly seen?: Set<string>;
}

/**
 * Reads a complete `<Workout>` element. Lenient: bad UTF-8, stray `&` and `<`, repeated attributes (the first counts),
 * control characters and unknown elements are survived. Entities other than the five predefined and the numeric ones
 * stay as they are written. Throws `ItemError` when it is no workout at all.
 */
export function parseWorkout(bytes: Buffer): WireWorkout {
  const text = textOf(bytes);
  const usual = new WorkoutBuilder();
  // Zero bytes and what is no UTF-8 are looked at closely: they stand for what is lost.
  return !/[\0\ufffd]/.test(text) && walkUsual(text, usual) ? usual.finish() : parseUnusualWorkout(bytes);
}

/** As {@link parseWorkout}, by way of sax whatever the element looks like. */
export function parseUnusualWorkout(bytes: Buffer): WireWorkout {
  const { xml, faults } = mendWorkout(textOf(bytes));
  const builder = new WorkoutBuilder(faults);
  walkWithSax(xml, builder);
  return builder.finish();
}

function textOf(bytes: Buffer): string {
  // An hour of them is most of a megabyte, and they are read elsewhere, from the bytes.
  return bytes.toString("utf8").replaceAll(/<Location\s[^<>]*\/>/g, "");
}

/** Puts a workout together from its elements. */
class WorkoutBuilder implements ElementVisitor {
  #workout: WireWorkout | undefined;
  readonly #open: Owner[] = [];
  readonly #faults: Faults;

  constructor(faults: Iterable<string> = []) {
    this.#faults = new Faults(faults);
  }

  open(name: string, attributes: Attributes): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) {
      const isFirst = name === "workout" && this.#workout === undefined;
      const owner = { ...newOwner(name), activities: [], routes: [] };
      if (isFirst) this.#workout = readWorkout(attributes, owner, this.#faults);
      this.#open.push(isFirst ? owner : { tag: name });
    } else {
      this.#open.push(readChild(name, attributes, parent, this.#faults));
    }
  }

  close(): void {
    this.#open.pop();
  }

  finish(): WireWorkout {
    if (this.#workout === undefined) throw new ItemError("UNMAPPABLE", "no workout element");
    return this.#workout;
  }
}

type WorkoutOwner = Required<Pick<Owner, "metadata" | "events" | "statistics" | "activities" | "routes">>;

function newOwner(tag: string): Required<Pick<Owner, "tag" | "metadata" | "events" | "statistics" | "seen">> {
  return { tag, metadata: new Map(), events: [], statistics: [], seen: new Set() };
}

function readWorkout(attributes: Attributes, owner: WorkoutOwner, faults: Faults): WireWorkout {
  const element = faults.in("Workout", attributes);
  return {
    activityType: cleanText(attributes["workoutactivitytype"]),
    duration: element.number("duration"),
    durationUnit: element.unit("durationUnit"),
    totalDistance: element.number("totalDistance"),
    totalDistanceUnit: element.unit("totalDistanceUnit"),
    totalEnergyBurned: element.number("totalEnergyBurned"),
    totalEnergyBurnedUnit: element.unit("totalEnergyBurnedUnit"),
    sourceName: cleanText(attributes["sourcename"]),
    sourceVersion: cleanText(attributes["sourceversion"]),
    device: cleanText(attributes["device"]),
    creation: element.date("creationDate"),
    start: element.date("startDate"),
    end: element.date("endDate"),
    metadata: owner.metadata,
    events: owner.events,
    statistics: owner.statistics,
    activities: owner.activities,
    routes: owner.routes,
    unreadable: faults.found,
  };
}

/** Reads an element's attributes, and remembers what of them cannot be read. */
class Faults {
  readonly found: Set<string>;

  constructor(found: Iterable<string>) {
    this.found = new Set(found);
  }

  in(element: string, attributes: Attributes) {
    const read = <T>(name: string, parse: (text: string) => T | null): T | null => {
      const text = attributes[name.toLowerCase()];
      const value = text === undefined ? null : parse(text);
      if (value === null && text !== undefined && !SAYS_NOTHING.test(text)) {
        this.found.add(`${name} of ${element}`);
      }
      return value;
    };
    return {
      number: (name: string): number | null => read(name, parseNumber),
      date: (name: string): EpochSeconds | null => read(name, parseDate),
      /** For what the element means nothing without. */
      text: (name: string): string | null => {
        const written = attributes[name];
        const text = written === undefined || LOST.test(written) ? null : cleanText(written);
        if (text === null) this.found.add(`${name} of ${element}`);
        return text;
      },
      /** A unit; one that has lost a character would be another. */
      unit: (name: string): string | null => {
        const written = attributes[name.toLowerCase()];
        if (written === undefined || !LOST.test(written)) return cleanText(written);
        this.found.add(`${name} of ${element}`);
        return written.replace(LOST, "\ufffd");
      },
    };
  }
}

/** How writers put it that there is no number. */
const SAYS_NOTHING = /^\s*(?:[+-]?(?:nan|inf(?:inity)?))?\s*$/i;

/** Adds a child to its parent and returns what collects the child's own children. */
function readChild(tag: string, attributes: Attributes, parent: Owner, faults: Faults): Owner {
  switch (tag) {
    case "metadataentry": {
      const { key: name, value: written } = attributes;
      if (name === undefined || written === undefined) {
        faults.found.add("a damaged MetadataEntry");
        return { tag };
      }
      // Without the character that it has lost it would be another key or number. HealthKit writes everything a second time.
      const isDamaged =
        LOST.test(name) || written.includes("\0") || (NUMERIC.test(written) && LOST.test(written));
      if (isDamaged) faults.found.add("a damaged MetadataEntry");
      const key = isDamaged ? null : cleanText(name);
      const value = cleanText(written);
      if (parent.metadata !== undefined && key !== null && value !== null && !parent.metadata.has(key)) {
        parent.metadata.set(key, value);
      }
      return { tag };
    }
    case "workoutevent": {
      const element = faults.in("WorkoutEvent", attributes);
      const metadata = new Map<string, string>();
      const type = element.text("type");
      const event = {
        type: type ?? "",
        date: element.date("date"),
        duration: element.number("duration"),
        durationUnit: element.unit("durationUnit"),
        metadata,
      };
      const name = `${event.type} ${event.date} ${event.duration} ${event.durationUnit}`;
      if (type !== null && parent.seen?.has(name) === false) {
        parent.seen.add(name);
        parent.events?.push(event);
      }
      return { tag, metadata };
    }
    case "workoutstatistics": {
      const element = faults.in("WorkoutStatistics", attributes);
      const type = element.text("type");
      const name = `statistics ${type}`;
      if (type !== null && parent.seen?.has(name) === false) {
        parent.seen.add(name);
        parent.statistics?.push({
          type,
          average: element.number("average"),
          minimum: element.number("minimum"),
          maximum: element.number("maximum"),
          sum: element.number("sum"),
          unit: element.unit("unit"),
        });
      }
      return { tag };
    }
    case "workoutactivity": {
      const element = faults.in("WorkoutActivity", attributes);
      const owner = newOwner(tag);
      parent.activities?.push({
        uuid: cleanText(attributes["uuid"]),
        start: element.date("startDate"),
        end: element.date("endDate"),
        duration: element.number("duration"),
        durationUnit: element.unit("durationUnit"),
        metadata: owner.metadata,
        events: owner.events,
        statistics: owner.statistics,
      });
      return owner;
    }
    case "workoutroute": {
      const element = faults.in("WorkoutRoute", attributes);
      const paths = new Set<string>();
      parent.routes?.push({
        start: element.date("startDate"),
        end: element.date("endDate"),
        paths,
      });
      return { tag, paths };
    }
    case "filereference": {
      const path = faults.in("FileReference", attributes).text("path");
      if (path !== null) parent.paths?.add(path);
      return { tag };
    }
    default:
      return { tag };
  }
}

/** What no writer puts into a number, a unit or a name of its own: control characters, and what is no UTF-8. */
const LOST = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/;
/** What is to be a number, whatever stands before it. */
const NUMERIC = /^[^\w\ud800-\udfff]*\d/;
