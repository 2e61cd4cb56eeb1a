import { BytePattern } from "./byte-pattern.ts";
import { isSpace, standsAt } from "./bytes.ts";
import { RECORD_TYPES, type RecordType } from "./elements.ts";
import { SourceInterner, UnitInterner, endOfAddress, startOfAddress } from "./interner.ts";
import { dateAt, numberAt, parseDate, parseNumber } from "./literals.ts";
import { RecordBlocks } from "./record-blocks.ts";
import { readStartTag } from "./start-tag.ts";

const TYPE = Buffer.from("type");
const UNIT = Buffer.from("unit");
const VALUE = Buffer.from("value");
const DEVICE = Buffer.from("device");
const END_DATE = Buffer.from("endDate");
const START_DATE = Buffer.from("startDate");
const SOURCE_NAME = Buffer.from("sourceName");

const AMPERSAND = 38;
const SPACE = 32;
const QUOTE = 34;
const UNWANTED = -1;

/** What became of a record; a reason when it is one that is wanted and cannot be used. */
export type RecordOutcome = "read" | "unwanted" | { readonly unreadable: string };

/**
 * What a record begins with, up to its dates: mostly the same bytes as the one before, but for the address in its device. Then
 * nothing of it has to be read again.
 */
class RecordBeginning {
  readonly #head = new BytePattern();
  #hasAddress = false;
  /** What stands behind the address. */
  readonly #rest = new BytePattern();
  #isKnown = false;
  type = UNWANTED;
  source = 0;
  unit = 0;

  /** From now on it is the bytes from `from` to `to`, with an address from `address` to `behind`, if that is not −1. */
  set(view: DataView, from: number, address: number, behind: number, to: number): void {
    this.#hasAddress = address >= 0;
    const isHeadKnown = this.#head.set(view, from, this.#hasAddress ? address : to);
    this.#isKnown = this.#rest.set(view, this.#hasAddress ? behind : to, to) && isHeadKnown;
  }

  /** Where these bytes end if they stand at `at`, before `limit`; else −1. */
  endAt(bytes: Uint8Array, view: DataView, at: number, limit: number): number {
    if (!this.#isKnown || !this.#head.standsAt(view, at, limit)) return -1;
    let behind = at + this.#head.length;
    if (this.#hasAddress) behind = endOfAddress(bytes, behind, limit);
    return this.#rest.standsAt(view, behind, limit) ? behind + this.#rest.length : -1;
  }
}

/**
 * Reads `<Record …>` start tags into columns. The usual shape is read from the bytes with no string made; any other
 * shape goes through sax.
 */
export class RecordReader {
  readonly columns = new Map<RecordType, RecordBlocks>();
  readonly sources = new SourceInterner();
  readonly units = new UnitInterner();
  /** What the last record of an unwanted type begins with, its type included. */
  readonly #unwanted = new BytePattern();
  readonly #beginning = new RecordBeginning();
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  readonly #byType: RecordBlocks[] = RECORD_TYPES.map(() => new RecordBlocks());
  /** Records of a `Correlation` in progress: they are repeated outside, so they count only if it never ends. */
  #held: number[] | undefined;

  #lastType: Uint8Array = new Uint8Array(0);
  #lastTypeIndex = UNWANTED;
  readonly #typeIndexes = new Map<string, number>(RECORD_TYPES.map((type, index) => [type, index]));

  constructor() {
    RECORD_TYPES.forEach((type, index) => {
      const column = this.#byType[index];
      if (column !== undefined) this.columns.set(type, column);
    });
  }

  /** From here on records are held back until {@link release}. */
  hold(): void {
    this.#held ??= [];
  }

  get held(): number {
    return (this.#held?.length ?? 0) / 6;
  }

  /** Ends {@link hold}: the records held back count after all, or are dropped. */
  release(keep: boolean): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (!keep) return;
    for (let at = 0; at + 5 < held.length; at += 6) {
      const [type = 0, start = 0, end = 0, value = 0, source = 0, unit = 0] = held.slice(at, at + 6);
      this.#append(type, start, end, value, source, unit);
    }
  }

  #append(type: number, start: number, end: number, value: number, source: number, unit: number): void {
    if (this.#held === undefined) this.#byType[type]?.append(start, end, value, source, unit);
    else this.#held.push(type, start, end, value, source, unit);
  }

  /** What {@link read} reads from now on. */
  enter(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the tag `<Record …>` from `from` to its `>` at `to`. */
  read(from: number, to: number): RecordOutcome {
    const type = this.#readUsual(this.#bytes, from + "<Record".length, to);
    if (type === 1) return "read";
    if (type === 0) return "unwanted";
    return this.#readUnusual(this.#bytes.subarray(from, to + 1));
  }

  /** 1: read; 0: unwanted; −1: not in the usual shape. */
  #readUsual(bytes: Buffer, from: number, to: number): 1 | 0 | -1 {
    const view = this.#view;
    const stop = bytes[to - 1] === 47 ? to - 1 : to;
    if (this.#unwanted.length > 0 && this.#unwanted.standsAt(view, from, stop)) return 0;
    let type = -2;
    let start = Number.NaN;
    let end = Number.NaN;
    let value = Number.NaN;
    let unitFrom = 0;
    let unitTo = -1;
    let nameFrom = 0;
    let nameTo = -1;
    let deviceFrom = 0;
    let deviceTo = -1;
    // Where the first attribute begins that may be a date, if all that many records share stands before it.
    let shared = -1;
    let at = from;
    const beginning = this.#beginning;
    const known = beginning.endAt(bytes, view, from, stop);
    const isKnown = known >= 0;
    if (isKnown) {
      at = known;
      // What has been read is not to come again.
      type = beginning.type;
      unitTo = nameTo = deviceTo = 0;
    }
    for (;;) {
      const gap = at;
      while (at < stop && isSpace(bytes[at])) at++;
      if (at >= stop) break;
      if (at === gap) return -1;
      const key = at;
      while (at < stop && bytes[at] !== 61) at++;
      const length = at - key;
      if (bytes[at + 1] !== QUOTE) return -1;
      const open = at + 2;
      let close = open;
      switch (length) {
        case 4:
        case 5:
          while (close < stop && bytes[close] !== QUOTE) close++;
          if (close >= stop) return -1;
          if (length === 5) {
            if (standsAt(bytes, key, VALUE)) {
              if (value === value) return -1;
              value = numberAt(bytes, open, close);
              if (value !== value) return -1;
            }
          } else if (standsAt(bytes, key, TYPE)) {
            if (type !== -2) return -1;
            type = this.#typeAt(bytes, open, close);
            if (type === UNWANTED) {
              // Of a date it would depend on what stands behind.
              if (shared === -1) this.#unwanted.set(view, from, close + 1);
              return 0;
            }
            if (type < 0) return -1;
          } else if (standsAt(bytes, key, UNIT)) {
            if (unitTo >= 0) return -1;
            unitFrom = open;
            unitTo = close;
          }
          break;
        case 7:
        case 9:
        case 12:
          // A date, nearly always: its length is known.
          if (shared === -1) shared = type >= 0 && nameTo >= 0 && unitTo >= 0 && value !== value ? gap : -2;
          close = open + 25;
          if (close < stop && bytes[close] === QUOTE) {
            if (length === 9 && standsAt(bytes, key, START_DATE)) {
              if (start === start) return -1;
              start = dateAt(bytes, open);
              if (start !== start) return -1;
            } else if (length === 7 && standsAt(bytes, key, END_DATE)) {
              if (end === end) return -1;
              end = dateAt(bytes, open);
              if (end !== end) return -1;
            } else {
              for (let index = open; index < close; index++) if (bytes[index] === QUOTE) return -1;
            }
          } else {
            if (standsAt(bytes, key, START_DATE) || standsAt(bytes, key, END_DATE)) return -1;
            close = bytes.indexOf(QUOTE, open);
            if (close < 0 || close >= stop) return -1;
          }
          break;
        default:
          close = bytes.indexOf(QUOTE, open);
          if (close < 0 || close >= stop) return -1;
          if (length === 10 && standsAt(bytes, key, SOURCE_NAME)) {
            if (nameTo >= 0) return -1;
            nameFrom = open;
            nameTo = close;
          } else if (length === 6 && standsAt(bytes, key, DEVICE)) {
            if (deviceTo >= 0) return -1;
            deviceFrom = open;
            deviceTo = close;
          }
      }
      at = close + 1;
    }
    // A lost attribute: the long way says what is missing.
    if (type < 0 || start !== start || end !== end || value !== value) return -1;
    let { source, unit } = beginning;
    if (!isKnown) {
      deviceTo = Math.max(deviceTo, deviceFrom);
      source = this.sources.at(bytes, nameFrom, Math.max(nameTo, nameFrom), deviceFrom, deviceTo);
      unit = unitTo < 0 ? this.units.named("") : this.units.at(bytes, unitFrom, unitTo);
      if (shared >= 0 && deviceTo < shared) {
        const address = startOfAddress(bytes, deviceFrom, deviceTo);
        beginning.set(view, from, address, endOfAddress(bytes, address, deviceTo), shared);
        beginning.type = type;
        beginning.source = source;
        beginning.unit = unit;
      }
    }
    this.#append(type, start, end, value, source, unit);
    return 1;
  }

  /** The wanted type's number, `UNWANTED`, or −2 when only sax can tell. Records of a type stand together. */
  #typeAt(bytes: Buffer, from: number, to: number): number {
    const last = this.#lastType;
    if (to - from === last.length) {
      let index = 0;
      while (index < last.length && bytes[from + index] === last[index]) index++;
      if (index === last.length && index > 0) return this.#lastTypeIndex;
    }
    for (let at = from; at < to; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === AMPERSAND || byte < SPACE) return -2;
    }
    this.#lastTypeIndex = this.#typeIndexes.get(bytes.toString("latin1", from, to)) ?? UNWANTED;
    this.#lastType = Uint8Array.prototype.slice.call(bytes, from, to);
    return this.#lastTypeIndex;
  }

  #readUnusual(bytes: Buffer): RecordOutcome {
    const { attributes } = readStartTag(bytes);
    const typeName = attributes.get("type");
    // Without a type nobody can tell whether it was wanted.
    if (typeName === undefined) return { unreadable: "a record without a type" };
    const type = this.#typeIndexes.get(typeName);
    if (type === undefined)
      return isWantedType(typeName) ? { unreadable: "a record whose type is damaged" } : "unwanted";
    const short = typeName.slice("HKQuantityTypeIdentifier".length);
    const startText = attributes.get("startDate");
    const endText = attributes.get("endDate");
    const valueText = attributes.get("value");
    for (const [name, text] of [
      ["startDate", startText],
      ["value", valueText],
    ] as const) {
      if (text === undefined) return { unreadable: `a ${short} record without ${name}` };
    }
    const start = parseDate(startText ?? "");
    // Without an end it is at least known when it began.
    const end = endText === undefined ? start : parseDate(endText);
    if (!(start === start && end === end)) return { unreadable: `a ${short} record with an unreadable date` };
    const value = parseNumber(valueText ?? "");
    if (value !== value) return { unreadable: `a ${short} record whose value is no number` };
    const source = this.sources.named(attributes.get("sourceName") ?? "", attributes.get("device") ?? "");
    this.#append(type, start, end, value, source, this.units.named(attributes.get("unit") ?? ""));
    return "read";
  }
}

/** Whether a `<Record …>` with lost bytes may have been one that is kept. */
export function isWantedRecord(tag: string): boolean {
  const type = /\stype="([^"]*)"/.exec(tag)?.[1];
  return type === undefined || isWantedType(type);
}

/** Whether this is a wanted type, with control characters in it or in the place of letters. */
function isWantedType(type: string): boolean {
  const letters = type.replaceAll(/[\u0000-\u001f]/g, "");
  return RECORD_TYPES.some(
    (wanted) =>
      wanted === letters ||
      (wanted.length === type.length &&
        Array.from(type).every((letter, at) => letter < " " || letter === wanted[at])),
  );
}
