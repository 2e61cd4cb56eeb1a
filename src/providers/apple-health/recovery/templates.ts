import { isMarkupLine } from "./markup.ts";

/** What a place in a template takes: a byte of its own, a digit, or any number, hexadecimal digits, text or name of some length. */
export const FIXED = 0;
export const DIGIT = 1;
export const NUMBER = 2;
export const HEX = 3;
/** Any text that is known, up to a quote. */
export const WORD = 4;
/** A name of some length that differs from element to element. */
export const NAME = 5;

/**
 * The form of a line: what is the same in every line of its kind, and where the values stand. Markup, names, units, the
 * writer and its device are the form; numbers, times of day and dates are not, but for what separates their digits, the
 * century, and the offset, which an export has only one of.
 */
export interface LineTemplate {
  /** The number of what it has in common with lines whose values have other lengths. */
  readonly shape: number;
  readonly kinds: Uint8Array;
  /** The byte of a fixed place; the usual length of a number or hexadecimal one, 0 when it has none. */
  readonly bytes: Uint8Array;
}

const TEXT_ATTRIBUTES =
  "type|unit|durationUnit|totalDistanceUnit|totalEnergyBurnedUnit|sourceName|sourceVersion|device|key|workoutActivityType";

const VALUES = new RegExp(
  [
    // Fixed, but for the address in a device.
    `(?<text>\\b(?:${TEXT_ATTRIBUTES})=")(?<content>[^"]*)`,
    "(?<date>20\\d\\d-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d)(?<offset> [+-]\\d{4})?",
    "(?<uuid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})",
    "(?<number>-?\\d[\\d.]*)",
  ].join("|"),
  "g",
);

/** No two workouts need be of one sport, and many have names of one length. */
const SPORT = "workoutActivityType";
const SPORT_PREFIX = "HKWorkoutActivityType";

/** What differs between records of different types: the type behind its prefix, and the unit. */
const OPEN = /^(?:type="(HK[A-Za-z]+Identifier)[A-Za-z0-9]+|unit="())/;

type Places = Omit<LineTemplate, "shape">;

/** What the lines of a text have in common beyond each other's form. */
export interface Common {
  /** How many of a date's first digits are the same in all the dates there are: 2, or 3 for a single decade. */
  readonly yearDigits: 2 | 3;
  /** Leaves open of which type a record is, and its unit. */
  readonly ofAnyType: boolean;
}

/** The places of a line, its line feed included. */
function placesOf(line: Uint8Array, { yearDigits, ofAnyType }: Common): Places {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString("latin1");
  const kinds: number[] = [];
  const bytes: number[] = [];
  const push = (kind: number, byte: number): void => {
    kinds.push(kind);
    bytes.push(byte);
  };
  const pushFixed = (piece: string): void => {
    for (let at = 0; at < piece.length; at++) push(FIXED, piece.charCodeAt(at));
  };
  let at = 0;
  for (const match of text.matchAll(VALUES)) {
    pushFixed(text.slice(at, match.index));
    at = match.index + match[0].length;
    const { text: opening, content = "", date, offset = "", uuid, number = "" } = match.groups ?? {};
    if (opening !== undefined) {
      pushFixed(opening);
      if (opening.startsWith(SPORT)) {
        const sport = content.slice(SPORT_PREFIX.length);
        pushFixed(content.slice(0, SPORT_PREFIX.length));
        if (sport !== "") push(NAME, Math.min(255, sport.length));
        continue;
      }
      const open = ofAnyType ? OPEN.exec(`${opening}${content}`) : null;
      if (open !== null) {
        pushFixed(open[1] ?? "");
        push(WORD, 0);
        continue;
      }
      const [before = "", address, behind = ""] = content.split(/(?<=0x)([0-9a-f]+)/);
      pushFixed(before);
      if (address !== undefined) push(HEX, Math.min(255, address.length));
      pushFixed(behind);
    } else if (date !== undefined) {
      pushFixed(date.slice(0, yearDigits));
      for (const char of date.slice(yearDigits)) {
        if (char >= "0" && char <= "9") push(DIGIT, 0);
        else pushFixed(char);
      }
      pushFixed(offset);
    } else if (uuid === undefined) push(NUMBER, ofAnyType ? 0 : Math.min(255, number.length));
    else {
      for (const char of uuid) {
        if (char === "-") pushFixed(char);
        else push(HEX, 1);
      }
    }
  }
  pushFixed(text.slice(at));
  return { kinds: Uint8Array.from(kinds), bytes: Uint8Array.from(bytes) };
}

/** What lines have in common whose values have other lengths. */
function shapeOf({ kinds, bytes }: Places): string {
  return Buffer.from(bytes.map((byte, at) => (kinds[at] === FIXED ? byte : (kinds[at] ?? 0)))).toString(
    "latin1",
  );
}

/** What a place takes, by its kind. */
export const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;
export const isNumber = (byte: number): boolean => isDigit(byte) || byte === 46 || byte === 45;
export const isHex = (byte: number): boolean =>
  isDigit(byte) || (byte >= 97 && byte <= 102) || (byte >= 65 && byte <= 70);

/** Lines of so many forms; an export has some dozens. */
const MOST = 2000;

/** The forms of the lines of a text, and which of them follow which. */
export class LineForms {
  readonly #shapes = new Map<string, number>();
  readonly #followers = new Map<number, Set<number>>();
  readonly #keys = new Set<string>();
  /** The ones that fitted last first. */
  #templates: LineTemplate[] = [];
  /** One for each shape, whose numbers may have any length. */
  readonly #ofAnyLength: LineTemplate[] = [];

  readonly #text: Uint8Array;
  readonly #common: Common;

  /** @param text from the beginning of a line */
  constructor(text: Uint8Array, common: Common) {
    this.#text = text;
    this.#common = common;
    let line = 0;
    let before: number | undefined;
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, line)) {
      const shape = this.learn(text.subarray(line, end + 1));
      if (before !== undefined && shape !== undefined) this.#follow(before, shape);
      before = shape;
      line = end + 1;
    }
  }

  #follow(before: number, shape: number): void {
    const followers = this.#followers.get(before);
    if (followers === undefined) this.#followers.set(before, new Set([shape]));
    else followers.add(shape);
  }

  /** Adds the form of a line, its line feed included. The number of its shape; undefined for what is no markup. */
  learn(line: Uint8Array): number | undefined {
    if (!isMarkupLine(line)) return undefined;
    return this.#add(placesOf(line, this.#common));
  }

  #add(places: Places): number {
    const name = shapeOf(places);
    const isNew = !this.#shapes.has(name);
    const shape = this.#shapes.get(name) ?? this.#shapes.size;
    this.#shapes.set(name, shape);
    const lengths = places.bytes.filter((_, at) => places.kinds[at] !== FIXED && places.kinds[at] !== DIGIT);
    const key = `${shape} ${lengths.join(" ")}`;
    if (this.#keys.has(key) || this.#keys.size >= MOST) return shape;
    this.#keys.add(key);
    this.#templates.unshift({ ...places, shape });
    if (isNew) {
      const bytes = places.bytes.map((byte, at) => (places.kinds[at] === NUMBER ? 0 : byte));
      this.#ofAnyLength.push({ kinds: places.kinds, bytes, shape });
    }
    return shape;
  }

  /** The number of the shape of a line; undefined when none had it yet. */
  shapeOf(line: Uint8Array): number | undefined {
    return this.#shapes.get(shapeOf(placesOf(line, this.#common)));
  }

  /**
   * Whether one of the forms is what is looked for, of those that have followed a line of shape `behind` if that is given.
   * `ofAnyLength`: one form for each shape, whose numbers may have any length.
   */
  some(
    behind: number | undefined,
    isWanted: (template: LineTemplate) => boolean,
    ofAnyLength = false,
  ): boolean {
    const followers = behind === undefined ? undefined : this.#followers.get(behind);
    const templates = ofAnyLength ? this.#ofAnyLength : this.#templates;
    return templates.some(
      (template) => (behind === undefined || followers?.has(template.shape) === true) && isWanted(template),
    );
  }

  /**
   * The same forms without what tells one type of records from another: where none of the types before a damage goes on
   * behind it.
   */
  ofAnyType(): LineForms {
    return new LineForms(this.#text, { ...this.#common, ofAnyType: true });
  }

  /** Puts the one that has fitted first. */
  use(template: LineTemplate): void {
    if (this.#templates[0] === template) return;
    this.#templates = [template, ...this.#templates.filter((other) => other !== template)];
  }
}
