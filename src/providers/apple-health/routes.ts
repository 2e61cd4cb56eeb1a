import { BytePattern } from "./byte-pattern.ts";
import { isNameAt, isSpace, standsAt } from "./bytes.ts";
import type { Damage, RoutePoints } from "./elements.ts";
import { dateAt, instantAt, numberAt, numberUntil, parseDate, parseNumber } from "./literals.ts";
import { saxParser, writeUntilFault } from "./sax.ts";
import { endOfTag, readStartTag } from "./start-tag.ts";

const LT = 60;
const GT = 62;
const SLASH = 47;
const BANG = 33;
const QUOTE = 34;

const GPX = Buffer.from("gpx");
const TRKPT = Buffer.from("trkpt");
const ELE = Buffer.from("ele>");
const TIME = Buffer.from("time>");
const SPEED = Buffer.from("speed>");
const LAT = Buffer.from('lat="');
const LON = Buffer.from('lon="');
const LOCATION = Buffer.from("Location");
const DATE = Buffer.from("date");
const LATITUDE = Buffer.from("latitude");
const LONGITUDE = Buffer.from("longitude");
const ALTITUDE = Buffer.from("altitude");
const SPEED_NAME = Buffer.from("speed");

const DAMAGE_LIMIT = 100;

/** Points on their way into {@link RoutePoints}: one set of columns that grows to the longest route and is kept. */
class PointColumns {
  #length = 0;
  #time = new Float64Array(4096);
  #latitude = new Float64Array(4096);
  #longitude = new Float64Array(4096);
  #altitude = new Float64Array(4096);
  #speed = new Float64Array(4096);

  clear(): void {
    this.#length = 0;
  }

  append(time: number, latitude: number, longitude: number, altitude: number, speed: number): void {
    if (this.#length === this.#time.length) this.#grow();
    const at = this.#length++;
    this.#time[at] = time;
    this.#latitude[at] = latitude;
    this.#longitude[at] = longitude;
    this.#altitude[at] = altitude;
    this.#speed[at] = speed;
  }

  #grow(): void {
    const grown = (column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(column.length * 2);
      larger.set(column);
      return larger;
    };
    this.#time = grown(this.#time);
    this.#latitude = grown(this.#latitude);
    this.#longitude = grown(this.#longitude);
    this.#altitude = grown(this.#altitude);
    this.#speed = grown(this.#speed);
  }

  take(damage: readonly Damage[]): RoutePoints {
    const length = this.#length;
    return {
      length,
      time: this.#time.slice(0, length),
      latitude: this.#latitude.slice(0, length),
      longitude: this.#longitude.slice(0, length),
      altitude: this.#altitude.slice(0, length),
      speed: this.#speed.slice(0, length),
      damage,
    };
  }
}

const columns = new PointColumns();

/** A file broken everywhere need not say so everywhere. */
class DamageList {
  readonly list: Damage[] = [];

  add(code: string, message: string, offset: number, loss = true): void {
    if (this.list.length < DAMAGE_LIMIT) this.list.push({ code, message, offset, loss });
  }
}

/** What a `trkpt` says; `NaN` is missing. */
interface Point {
  time: number;
  latitude: number;
  longitude: number;
  altitude: number;
  speed: number;
}

/** A point that was not read in the usual way, and whether a value of it is written and cannot be read. */
interface UnusualPoint extends Point {
  readonly unreadable?: boolean;
}

/**
 * The track points of a GPX file in file order. Usual points are read from the bytes; others go through sax one by one.
 * A point that cannot be read, or that has no position, is damage; those around it are kept.
 */
export function readRoute(content: Uint8Array): RoutePoints {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  columns.clear();
  const damage = new DamageList();
  let root = false;
  let isGpx = false;
  let commentsEnd = true;
  const hasHoles = bytes.includes(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = bytes.indexOf(LT);
  while (at >= 0) {
    const first = bytes[at + 1];
    if (first === 116 && isNameAt(bytes, at + 1, TRKPT)) {
      if (hasHoles) {
        const end = endOfPoint(bytes, at);
        if (bytes.subarray(at, end).includes(0)) {
          // What is behind the lost bytes may be the rest of another point.
          damage.add("route-damaged", "a point that has lost some of its bytes", at);
          at = bytes.indexOf(LT, end + (bytes[end + 1] === SLASH ? 1 : 0));
          continue;
        }
      }
      let usual = layout.read(bytes, view, at);
      if (usual < 0) usual = readUsualPoint(bytes, view, at);
      at = usual >= 0 ? bytes.indexOf(LT, usual) : readUnusualPoint(bytes, at, damage);
      continue;
    }
    if (first === BANG && bytes[at + 2] === 45) {
      const end: number = commentsEnd ? bytes.indexOf("-->", at + 4, "latin1") : -1;
      commentsEnd = end >= 0;
      if (end < 0) damage.add("route-damaged", "a comment without an end", at);
      at = bytes.indexOf(LT, end < 0 ? at + 1 : end);
      continue;
    }
    if (first === 103 && isNameAt(bytes, at + 1, GPX)) root = isGpx = true;
    if (first === SLASH && isNameAt(bytes, at + 2, GPX)) root = false;
    if (first === SLASH && isNameAt(bytes, at + 2, TRKPT)) {
      damage.add("route-damaged", "the end of a point without its beginning", at);
    }
    at = bytes.indexOf(LT, at + 1);
  }
  if (bytes.length === 0) damage.add("route-empty", "the file is empty", 0);
  else if (!isGpx) damage.add("route-damaged", "the file is no GPX", 0);
  else if (root) damage.add("route-truncated", "the file ends before </gpx>", bytes.length);
  return columns.take(damage.list);
}

const cursor = { at: 0 };

/** Where the point beginning at `from` ends: its end tag, or else the next point. */
function endOfPoint(bytes: Buffer, from: number): number {
  const next = bytes.indexOf("<trkpt", from + 6, "latin1");
  // Not beyond the next point: a file full of beginnings would be searched to its end for each.
  const own = next < 0 ? bytes : bytes.subarray(0, next);
  const end = own.indexOf("</trkpt", from, "latin1");
  return end < 0 ? own.length : end;
}

/** Apple writes eight. */
const FIELD_LIMIT = 32;

const Field = { latitude: 0, longitude: 1, altitude: 2, speed: 3, time: 4, other: 5 } as const;
type Field = (typeof Field)[keyof typeof Field];

/**
 * How a point is written: the bytes between its values. Nearly all points are written like the one before, and then only the
 * values have to be looked at.
 */
class PointLayout {
  readonly #before = Array.from({ length: FIELD_LIMIT }, () => new BytePattern());
  readonly #fields: Field[] = [];
  readonly #behind = new BytePattern();
  #isComplete = false;
  /** Whether nothing has come that is too long to be remembered. */
  #isLearning = false;
  #from = 0;

  /** A point begins at `from` that is to be learned from. */
  begin(from: number): void {
    this.#isComplete = false;
    this.#isLearning = true;
    this.#fields.length = 0;
    this.#from = from;
  }

  /** Its next value stands from `from` to `to`. */
  add(view: DataView, field: Field, from: number, to: number): void {
    if (!this.#isLearning) return;
    this.#isLearning = this.#before[this.#fields.length]?.set(view, this.#from, from) ?? false;
    this.#fields.push(field);
    this.#from = to;
  }

  /** It ends at `to`. */
  end(view: DataView, to: number): void {
    this.#isComplete = this.#isLearning && this.#behind.set(view, this.#from, to);
  }

  /** Reads the point beginning at `from` if it is written like that; the index behind it, or −1. */
  read(bytes: Buffer, view: DataView, from: number): number {
    if (!this.#isComplete) return -1;
    const limit = bytes.length;
    const fields = this.#fields;
    let latitude = Number.NaN;
    let longitude = Number.NaN;
    let altitude = Number.NaN;
    let time = Number.NaN;
    let speed = Number.NaN;
    let at = from;
    for (let index = 0; index < fields.length; index++) {
      const before = this.#before[index];
      if (before === undefined || !before.standsAt(view, at, limit)) return -1;
      at += before.length;
      const field = fields[index] ?? Field.other;
      if (field === Field.other) {
        while (at < limit && bytes[at] !== LT) at++;
        continue;
      }
      if (field === Field.time) {
        let end = at + 20;
        if (bytes[end] !== LT) end = bytes.indexOf(LT, at);
        time = end < 0 ? Number.NaN : instantAt(bytes, at, end);
        if (time !== time) return -1;
        at = end;
        continue;
      }
      cursor.at = at;
      const value = numberUntil(bytes, cursor, field <= Field.longitude ? QUOTE : LT);
      if (value !== value) return -1;
      at = cursor.at;
      if (field === Field.latitude) latitude = value;
      else if (field === Field.longitude) longitude = value;
      else if (field === Field.altitude) altitude = value;
      else speed = value;
    }
    if (!this.#behind.standsAt(view, at, limit)) return -1;
    if (!isPosition(latitude, longitude)) return -1;
    columns.append(time, latitude, longitude, altitude, speed);
    return at + this.#behind.length;
  }
}

const layout = new PointLayout();

/** Reads the point beginning at `from` if it looks as Apple writes it; the index behind it, or −1. */
function readUsualPoint(bytes: Buffer, view: DataView, from: number): number {
  let latitude = Number.NaN;
  let longitude = Number.NaN;
  let altitude = Number.NaN;
  let time = Number.NaN;
  let speed = Number.NaN;
  layout.begin(from);
  let at = from + 6;
  for (;;) {
    while (isSpace(bytes[at])) at++;
    if (bytes[at] === GT) break;
    const isLatitude = standsAt(bytes, at, LAT);
    if (!isLatitude && !standsAt(bytes, at, LON)) return -1;
    cursor.at = at + LAT.length;
    const degrees = numberUntil(bytes, cursor, QUOTE);
    if (degrees !== degrees) return -1;
    layout.add(view, isLatitude ? Field.latitude : Field.longitude, at + LAT.length, cursor.at);
    if (isLatitude) {
      if (latitude === latitude) return -1;
      latitude = degrees;
    } else {
      if (longitude === longitude) return -1;
      longitude = degrees;
    }
    at = cursor.at + 1;
  }
  if (!isPosition(latitude, longitude)) return -1;
  at++;
  for (;;) {
    while (isSpace(bytes[at])) at++;
    if (bytes[at] !== LT) return -1;
    at++;
    if (bytes[at] === SLASH) {
      // </trkpt>, or the end of <extensions> and the like
      const isPoint = isNameAt(bytes, at + 1, TRKPT);
      at = behindEndTag(bytes, at);
      if (at < 0) return -1;
      if (isPoint) break;
      continue;
    }
    if (standsAt(bytes, at, ELE)) {
      cursor.at = at + ELE.length;
      if (altitude === altitude) return -1;
      altitude = numberUntil(bytes, cursor, LT);
      if (altitude !== altitude) return -1;
      layout.add(view, Field.altitude, at + ELE.length, cursor.at);
    } else if (standsAt(bytes, at, SPEED)) {
      cursor.at = at + SPEED.length;
      if (speed === speed) return -1;
      speed = numberUntil(bytes, cursor, LT);
      if (speed !== speed) return -1;
      layout.add(view, Field.speed, at + SPEED.length, cursor.at);
    } else {
      const open = endOfSimpleTag(bytes, at);
      if (open < 0) return -1;
      let close = open;
      while (close < bytes.length && bytes[close] !== LT) close++;
      cursor.at = close;
      if (standsAt(bytes, at, TIME)) {
        if (time === time) return -1;
        time = instantAt(bytes, open, close);
        if (time !== time) return -1;
        layout.add(view, Field.time, open, close);
      } else if (bytes[close + 1] === SLASH) {
        layout.add(view, Field.other, open, close);
      } else {
        // An element around others: nothing of its own but white space.
        at = open;
        continue;
      }
    }
    at = cursor.at;
    if (bytes[at + 1] !== SLASH) return -1;
    if (isNameAt(bytes, at + 2, TRKPT)) continue;
    at = behindEndTag(bytes, at + 1);
    if (at < 0) return -1;
  }
  columns.append(time, latitude, longitude, altitude, speed);
  layout.end(view, at);
  return at;
}

/**
 * Behind the end tag whose `/` is at `from`; −1 where the bytes end before it does. A damaged one costs nothing, and takes nothing of
 * the next point.
 */
function behindEndTag(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === GT) return at + 1;
    if (bytes[at] === LT && isNameAt(bytes, at + 1, TRKPT)) return at;
  }
  return -1;
}

/** Behind the `>` of a tag of letters only; −1 for a tag with attributes, and for anything else. */
function endOfSimpleTag(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at] ?? 0;
    if (byte === GT) return at === from ? -1 : at + 1;
    const lower = byte | 32;
    if (lower < 97 || lower > 122) return -1;
    at++;
  }
}

function isPosition(latitude: number, longitude: number): boolean {
  return latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180;
}

/** Reads a point by way of sax; the index of the next `<` to look at, or −1. */
function readUnusualPoint(bytes: Buffer, from: number, damage: DamageList): number {
  let next = bytes.indexOf("<trkpt", from + 6, "latin1");
  if (next < 0) next = bytes.length;
  // Nothing is looked for beyond the next point: a file full of beginnings would be searched to its end for each.
  const own = bytes.subarray(0, next);
  const tagEnd = endOfTag(own, from, next);
  let end = -1;
  if (tagEnd >= 0 && bytes[tagEnd - 1] === SLASH) end = tagEnd + 1;
  else {
    const close = own.indexOf("</trkpt", from, "latin1");
    const gt = close < 0 ? -1 : own.indexOf(GT, close);
    if (gt >= 0) end = gt + 1;
  }
  if (end < 0) {
    const cut = next === bytes.length;
    damage.add(cut ? "route-truncated" : "route-damaged", "a point that has no end", from);
    return cut ? -1 : next;
  }
  const text = bytes.toString("utf8", from, end);
  const point = readPointWithSax(text);
  if (point === undefined) damage.add("route-damaged", "a point that is no XML", from);
  else if (!isPosition(point.latitude, point.longitude)) {
    damage.add("route-damaged", "a point without a position", from);
  } else {
    columns.append(point.time, point.latitude, point.longitude, point.altitude, point.speed);
    if (point.unreadable) damage.add("route-damaged", "a point with an unreadable value", from);
  }
  return bytes.indexOf(LT, end);
}

function readPointWithSax(text: string): (Point & { readonly unreadable: boolean }) | undefined {
  const parser = saxParser(true);
  const texts = new Map<string, string>();
  const missing = Number.NaN;
  const point = { time: missing, latitude: missing, longitude: missing, altitude: missing, speed: missing };
  let name = "";
  let complete = false;
  let content = "";
  parser.onopentag = (tag) => {
    name = tag.name;
    content = "";
    if (name !== "trkpt") return;
    const { lat = "", lon = "" } = tag.attributes as Record<string, string>;
    point.latitude = parseNumber(lat);
    point.longitude = parseNumber(lon);
  };
  const onText = (piece: string): void => {
    content += piece;
  };
  parser.onclosetag = (closed) => {
    if (closed === name && !texts.has(name)) texts.set(name, content);
    if (closed === "trkpt") complete = true;
    name = "";
  };
  Object.assign(parser, { ontext: onText, oncdata: onText });
  if (!writeUntilFault(parser, text, () => complete)) return undefined;
  let unreadable = false;
  const numberOf = (element: string): number => {
    const value = texts.get(element);
    if (value === undefined) return Number.NaN;
    const number = parseNumber(value);
    if (Number.isNaN(number)) unreadable = true;
    return number;
  };
  point.altitude = numberOf("ele");
  point.speed = numberOf("speed");
  const time = texts.get("time");
  if (time !== undefined) {
    const bytes = Buffer.from(time.trim(), "latin1");
    point.time = instantAt(bytes, 0, bytes.length);
    if (Number.isNaN(point.time)) point.time = parseDate(time) * 1000;
    if (Number.isNaN(point.time)) unreadable = true;
  }
  return { ...point, unreadable };
}

/**
 * The points that exports before iOS 13 write into the workout itself: `<WorkoutRoute><Location …/>`. In file order,
 * those of all routes of the workout.
 */
export function readLocations(element: Uint8Array): RoutePoints {
  const workout = Buffer.from(element.buffer, element.byteOffset, element.byteLength);
  columns.clear();
  const damage = new DamageList();
  let at = workout.indexOf("<Location", 0, "latin1");
  while (at >= 0) {
    const next = workout.indexOf("<Location", at + 1, "latin1");
    // Nothing is looked for beyond the next one, as for the points of a file.
    if (isNameAt(workout, at + 1, LOCATION))
      readLocation(workout, at, next < 0 ? workout.length : next, damage);
    at = next;
  }
  return columns.take(damage.list);
}

function readLocation(bytes: Buffer, from: number, to: number, damage: DamageList): void {
  const end = endOfTag(bytes, from, to);
  const point =
    end < 0 ? undefined : (readUsualLocation(bytes, from, end) ?? readUnusualLocation(bytes, from, end));
  if (point === undefined) damage.add("route-damaged", "a location that has no end", from);
  else if (!isPosition(point.latitude, point.longitude)) {
    damage.add("route-damaged", "a location without a position", from);
  } else if (Number.isNaN(point.time)) {
    damage.add("route-damaged", "a location without a time", from);
  } else {
    columns.append(point.time, point.latitude, point.longitude, point.altitude, point.speed);
    if (point.unreadable === true) damage.add("route-damaged", "a location with an unreadable value", from);
  }
}

/** Undefined where the long way must be gone. */
function readUsualLocation(bytes: Buffer, from: number, end: number): UnusualPoint | undefined {
  const missing = Number.NaN;
  const point = { time: missing, latitude: missing, longitude: missing, altitude: missing, speed: missing };
  const stop = bytes[end - 1] === SLASH ? end - 1 : end;
  for (let at = from + 1 + LOCATION.length; ;) {
    while (at < stop && isSpace(bytes[at])) at++;
    if (at >= stop) break;
    const key = at;
    while (at < stop && bytes[at] !== 61) at++;
    const open = at + 2;
    const close = bytes.indexOf(QUOTE, open);
    if (bytes[at + 1] !== QUOTE || close < 0 || close >= stop) return undefined;
    const length = at - key;
    if (length === 4 && standsAt(bytes, key, DATE)) {
      point.time = close - open === 25 ? dateAt(bytes, open) * 1000 : Number.NaN;
      if (Number.isNaN(point.time)) return undefined;
    } else if (length === 8 && standsAt(bytes, key, LATITUDE)) point.latitude = numberAt(bytes, open, close);
    else if (length === 9 && standsAt(bytes, key, LONGITUDE)) point.longitude = numberAt(bytes, open, close);
    else if (length === 8 && standsAt(bytes, key, ALTITUDE)) {
      point.altitude = numberAt(bytes, open, close);
      if (Number.isNaN(point.altitude)) return undefined;
    } else if (length === 5 && standsAt(bytes, key, SPEED_NAME)) {
      point.speed = numberAt(bytes, open, close);
      if (Number.isNaN(point.speed)) return undefined;
    }
    at = close + 1;
  }
  return isPosition(point.latitude, point.longitude) ? point : undefined;
}

function readUnusualLocation(bytes: Buffer, from: number, end: number): UnusualPoint {
  const { attributes } = readStartTag(bytes.subarray(from, end + 1));
  let unreadable = false;
  const numberOf = (name: string): number => {
    const text = attributes.get(name);
    if (text === undefined) return Number.NaN;
    const number = parseNumber(text);
    unreadable ||= Number.isNaN(number);
    return number;
  };
  const point = {
    time: parseDate(attributes.get("date") ?? "") * 1000,
    latitude: numberOf("latitude"),
    longitude: numberOf("longitude"),
    altitude: numberOf("altitude"),
    speed: numberOf("speed"),
  };
  return { ...point, unreadable };
}
