import { isLetter } from "../bytes.ts";
import { HOLE } from "./markup.ts";
import { DAY, type Month, YEAR_AND_MONTH, continues, datesIn } from "./months.ts";
import {
  DIGIT,
  FIXED,
  HEX,
  type LineForms,
  type LineTemplate,
  NAME,
  NUMBER,
  WORD,
  isDigit,
  isHex,
  isNumber,
} from "./templates.ts";
import { UNKNOWN, WINDOW } from "./inflater.ts";

/** Lines in a row that have to fit before the first hole is filled where no line feed is known … */
const CHAIN = 60;
/** … and places of them that were known and are as they should be. */
const CHAIN_AGREED = 2000;
/** … of which the last do not count. */
const UNPROVEN = 12;
/** How far into a text its first line may begin. */
const FIRST_LINE = 4096;
/** Symbols to have at hand when looking for the first line. */
const LOOKAHEAD = 64 << 10;
/** Steps in search of a chain. */
const PATIENCE = 5_000_000;
/** A number in an export is not longer. */
const LONGEST_NUMBER = 24;
/** A hole of this many lines that fit no template is not asked about again … */
const UNFIT = 40;
/** … nor one that takes a digit of a year or a month, of so many lines whose other dates say nothing. */
const SILENT = 50_000;
const SETTLED = 0xffff;
/** Lines that have to say the same of a digit of a year or a month. */
const WITNESSES = 20;
/** Fits of one text that are compared; where there are as many, nothing is sure. */
const FITS = 12;
/** Lines whose ends are holes, in a row. */
const LINES = 12;
/** Steps in search of the fits of one text. */
const PATIENCE_FOR_LINES = 200_000;

/** A byte of the window that is known to be a digit, and not which. */
const SOME_DIGIT = 256;
const NEWLINE = 10;
const QUOTE = 34;
const ZERO = 48;

const REFUTED = 255;

/** What stands at the places of a kind that have some length. */
const ACCEPTS: Readonly<Record<number, (byte: number) => boolean>> = {
  [NUMBER]: isNumber,
  [HEX]: isHex,
  [NAME]: isLetter,
};

interface Fit {
  readonly last: LineTemplate;
  readonly holes: ReadonlyMap<number, number>;
}

/**
 * Turns symbols behind a damage into bytes. Deflate writes what was there before as a reference to it, and an export says
 * the same things in every line; so the bytes of a lost window turn up in all lines to come, each under its place in the
 * window. Where the lines before the damage have only one form that fits, they tell which bytes these are, as far as they
 * are of the form: see {@link LineTemplate}. The digits of values stay holes until the text says them again.
 *
 * A hole comes out as NUL, which no XML contains.
 */
export class Restorer {
  /** The byte at each place of the lost window: −1 for a hole, `SOME_DIGIT` for one that takes a digit. */
  readonly #window = new Int16Array(WINDOW).fill(-1);
  readonly #asked = new Uint16Array(WINDOW);
  #forms: LineForms;
  #symbols = new Uint16Array(LOOKAHEAD * 2);
  #length = 0;
  /** Whether the pending symbols begin with a line. */
  #inStep = false;
  #patience = 0;
  /** Times that no first line was found, and pieces of text not to look into for one. */
  #failed = 0;
  #skip = 0;
  #trail: number[] = [];
  /** What the other dates say of a hole, how often, and how often they say nothing. */
  readonly #digit = new Uint8Array(WINDOW);
  readonly #witnesses = new Uint8Array(WINDOW);
  readonly #silent = new Uint16Array(WINDOW);
  /** Which holes take a digit of a year or a month and are still asked about, 0 or 1. */
  readonly #watched = new Uint8Array(WINDOW);
  /** The line before, if it is still at hand. */
  #before: { from: number; to: number; shape: number | undefined } = { from: 0, to: -1, shape: undefined };
  /** Lines that fit no form: those with holes, or all. */
  unfit = 0;

  /** The month of the lost window, if there is only one that it can be of; and its holes while that is not sure. */
  #month: Month | undefined;
  #holesOfMonth: Set<number> | undefined = new Set();

  readonly #isProof: boolean;

  /** @param isProof whether the symbols begin with a line, and every line is to have one of the forms */
  constructor(forms: LineForms, month?: Month, isProof = false) {
    this.#isProof = isProof;
    this.#inStep = isProof;
    this.#forms = forms;
    this.#month = month;
  }

  /** The next symbols; gives the bytes of the lines that they complete. */
  write(symbols: Uint16Array): Buffer {
    if (this.#length + symbols.length > this.#symbols.length) {
      const larger = new Uint16Array((this.#length + symbols.length) * 2);
      larger.set(this.#symbols.subarray(0, this.#length));
      this.#symbols = larger;
    }
    this.#symbols.set(symbols, this.#length);
    this.#length += symbols.length;
    return this.#take(this.#advance(false));
  }

  /** The bytes of all that is left. */
  end(): Buffer {
    this.#advance(true);
    return this.#take(this.#length);
  }

  /** The bytes of the first symbols, which are then forgotten. */
  #take(count: number): Buffer {
    const bytes = this.#bytes(0, count);
    if (bytes.includes(0)) fillAddresses(bytes);
    this.#symbols.copyWithin(0, count, this.#length);
    this.#length -= count;
    const { from, to, shape } = this.#before;
    this.#before = { from: from - count, to: to - count, shape };
    return bytes;
  }

  /** The byte at an index, or {@link HOLE}. */
  #byteAt(index: number): number {
    const symbol = this.#symbols[index] ?? 0;
    if (symbol < UNKNOWN) return symbol;
    const byte = this.#window[symbol - UNKNOWN] ?? HOLE;
    return byte === SOME_DIGIT ? HOLE : byte;
  }

  /** Fills holes as far as there are whole lines; how many symbols they are. */
  #advance(isLast: boolean): number {
    let at = 0;
    if (!this.#inStep) {
      if (this.#length < LOOKAHEAD && !isLast) return 0;
      at = this.#findStep();
      if (at < 0) return Math.max(0, this.#length - FIRST_LINE);
      this.#inStep = true;
    }
    for (;;) {
      let end = at;
      let isOpen = false;
      let isWatched = false;
      while (end < this.#length) {
        const symbol = this.#symbols[end] ?? 0;
        if (symbol >= UNKNOWN) {
          if ((this.#asked[symbol - UNKNOWN] ?? 0) < SETTLED) isOpen = true;
          else if (this.#watched[symbol - UNKNOWN] === 1) isWatched = true;
        }
        end++;
        if (symbol === NEWLINE || (symbol >= UNKNOWN && this.#byteAt(end - 1) === NEWLINE)) break;
      }
      if (end === this.#length && !isLast) {
        if (end - at < LOOKAHEAD) return at;
        this.#inStep = false;
        return at;
      }
      if (end === at) return at;
      // A line that is cut off fits nothing.
      if (end === this.#length && this.#byteAt(end - 1) !== NEWLINE) return end;
      if (isOpen) this.#fillLines(at, end);
      else {
        if (this.#isProof && this.#forms.shapeOf(this.#bytes(at, end)) === undefined) this.unfit++;
        if (isWatched) this.#compareDates(at, end);
        this.#before = { from: at, to: end, shape: undefined };
      }
      at = end;
    }
  }

  /** Where a line begins; where no line feed is known, the one from which on the forms fit. −1 when there is none. */
  #findStep(): number {
    const reach = Math.min(FIRST_LINE, this.#length);
    for (let at = 0; at < reach; at++) if (this.#byteAt(at) === NEWLINE) return at + 1;
    if (this.#skip > 0) {
      this.#skip--;
      return -1;
    }
    const known = this.#forms;
    for (const forms of [known, known.ofAnyType()]) {
      this.#forms = forms;
      this.#patience = PATIENCE;
      for (let at = 0; at < reach && this.#patience > 0; at++) {
        this.#trail = [];
        if (this.#chain(at, undefined, 0, 0)) return at;
      }
    }
    this.#forms = known;
    this.#skip = this.#failed++;
    return -1;
  }

  #chain(from: number, behind: number | undefined, lines: number, agreed: number): boolean {
    if (lines === CHAIN) return agreed >= CHAIN_AGREED && this.#holds(from, behind);
    const mark = this.#trail.length;
    const isFound = this.#forms.some(behind, (template) =>
      this.#fit(template, from, agreed, (end, sum) => this.#chain(end, template.shape, lines + 1, sum)),
    );
    // What the last lines of it say is not borne out by others.
    if (isFound && lines === CHAIN - UNPROVEN) this.#undo(mark);
    return isFound;
  }

  /** Whether nearly all lines that follow have a form that fits what has been filled so far. */
  #holds(from: number, behind: number | undefined): boolean {
    const tried = this.#trail;
    this.#trail = [];
    let fitting = 0;
    let unfit = 0;
    let shape = behind;
    for (let at = from; at < this.#length && this.#patience > 0;) {
      let next = -1;
      const found = this.#forms.some(shape, (template) =>
        this.#fit(template, at, 0, (end) => {
          next = end;
          shape = template.shape;
          return true;
        }),
      );
      if (found) {
        fitting++;
        at = next;
        continue;
      }
      unfit++;
      shape = undefined;
      while (at < this.#length && this.#byteAt(at) !== NEWLINE) at++;
      at++;
    }
    this.#undo(0);
    this.#trail = tried;
    return fitting >= CHAIN && unfit * 20 <= fitting;
  }

  /**
   * Tries whether a template fits the symbols from `from` on, and calls `then` if it does, with the end and the places
   * that agreed, holes filled. They stay filled only if that says true.
   */
  #fit(
    template: LineTemplate,
    from: number,
    agreedBefore: number,
    then: (end: number, agreed: number) => boolean,
  ): boolean {
    const { kinds, bytes } = template;
    const mark = this.#trail.length;
    let agreed = agreedBefore;
    let index = from;
    for (let at = 0; at < kinds.length; at++) {
      if (this.#patience-- <= 0 || index >= this.#length) break;
      const kind = kinds[at] ?? FIXED;
      if (kind === FIXED) {
        const outcome = this.#claim(index, bytes[at] ?? 0);
        if (outcome < 0) break;
        agreed += outcome;
      } else if (kind === DIGIT) {
        if (this.#claim(index, SOME_DIGIT) < 0) break;
      } else {
        const length =
          kind === WORD
            ? this.#wordAt(index)
            : this.#lengthAt(index, ACCEPTS[kind] ?? isNumber, bytes[at] ?? 1);
        if (length === 0) break;
        index += length - 1;
      }
      index++;
      if (at === kinds.length - 1 && then(index, agreed)) return true;
    }
    this.#undo(mark);
    return false;
  }

  /** How long the text is that begins here and has no holes. */
  #wordAt(index: number): number {
    let end = index;
    for (
      let byte = this.#byteAt(end);
      byte !== HOLE && byte !== QUOTE && end < this.#length;
      byte = this.#byteAt(end)
    )
      end++;
    return end - index;
  }

  /** How long the number is that begins here: as long as usual, if it has a usual length and holes; else up to them. */
  #lengthAt(index: number, accepts: (byte: number) => boolean, usual: number): number {
    let length = 0;
    for (; length < LONGEST_NUMBER && index + length < this.#length; length++) {
      const byte = this.#byteAt(index + length);
      if (byte !== HOLE && accepts(byte)) continue;
      if (byte !== HOLE || usual === 0) break;
      for (let at = length; at < usual; at++) {
        const other = this.#byteAt(index + at);
        if (other !== HOLE && !accepts(other)) return 0;
      }
      return length <= usual ? usual : 0;
    }
    return length;
  }

  /** Says which byte stands at an index: 1 when that was known, 0 when it is news, −1 when it cannot be. */
  #claim(index: number, byte: number): -1 | 0 | 1 {
    const symbol = this.#symbols[index] ?? 0;
    if (symbol < UNKNOWN) return byte === symbol || (byte === SOME_DIGIT && isDigit(symbol)) ? 1 : -1;
    const place = symbol - UNKNOWN;
    const known = this.#window[place] ?? -1;
    if (known === byte) return 1;
    if (byte === SOME_DIGIT) {
      if (known >= 0) return isDigit(known) ? 1 : -1;
    } else if (known >= 0 && !(known === SOME_DIGIT && isDigit(byte))) return -1;
    this.#trail.push(place, known);
    this.#window[place] = byte;
    return 0;
  }

  #undo(mark: number): void {
    while (this.#trail.length > mark) {
      const known = this.#trail.pop() ?? -1;
      this.#window[this.#trail.pop() ?? 0] = known;
    }
  }

  /** Fills the holes of a line, or of some of which only the last is known to end: at `end`. */
  #fillLines(from: number, end: number): void {
    const behind = this.#shapeBefore(from);
    let fits = this.#fitsOf(from, end, behind);
    // Another type of records may begin here.
    if (fits.length === 0 && behind !== undefined) fits = this.#fitsOf(from, end, undefined);
    const [first] = fits;
    const isSure = first !== undefined && fits.length < FITS;
    if (isSure) {
      for (const [place, byte] of first.holes) {
        // Where they differ nobody knows.
        if (fits.every(({ holes }) => holes.get(place) === byte)) this.#window[place] = byte;
      }
      this.#forms.use(first.last);
    }
    this.#before = { from, to: end, shape: isSure ? first.last.shape : undefined };
    const isWhole = this.#settle(from, end, isSure);
    if (isSure) this.#compareDates(from, end);
    else if (isWhole && !this.#isProof) this.#forms.learn(this.#bytes(from, end));
    else this.unfit++;
  }

  /**
   * The ways in which lines of known forms, one that may follow `behind` and then others, take the text up to `end`.
   * Where there is one, numbers of other lengths are tried too: what they would fill otherwise is not sure.
   */
  #fitsOf(from: number, end: number, behind: number | undefined): Fit[] {
    const fits: Fit[] = [];
    const tell = (last: LineTemplate): boolean => {
      const holes = new Map<number, number>();
      for (let index = 0; index < this.#trail.length; index += 2) {
        const place = this.#trail[index] ?? 0;
        holes.set(place, this.#window[place] ?? -1);
      }
      if (!fits.some((fit) => fit.last.shape === last.shape && isSame(fit.holes, holes)))
        fits.push({ last, holes });
      return fits.length >= FITS;
    };
    this.#trail = [];
    this.#patience = Math.max(this.#patience, PATIENCE_FOR_LINES);
    for (const ofAnyLength of [false, true]) {
      const extend = (at: number, shape: number | undefined, lines: number): boolean =>
        this.#forms.some(
          shape,
          (template) =>
            this.#fit(template, at, 0, (to) => {
              if (to > end || lines > LINES) return false;
              return to === end ? tell(template) : extend(to, template.shape, lines + 1);
            }),
          ofAnyLength,
        );
      extend(from, behind, 1);
      this.#undo(0);
      if (fits.length === 0) break;
    }
    return fits;
  }

  /** The shape of the line before; undefined when it has holes and fits nothing, or there was none. */
  #shapeBefore(from: number): number | undefined {
    const { to, shape } = this.#before;
    if (to !== from) return undefined;
    if (shape !== undefined) return shape;
    const line = this.#bytes(this.#before.from, to);
    return line.includes(0) ? undefined : this.#forms.shapeOf(line);
  }

  /** The bytes from an index to another, NUL for holes. */
  #bytes(from: number, to: number): Buffer {
    const bytes = Buffer.allocUnsafe(to - from);
    for (let at = from; at < to; at++) {
      const byte = this.#byteAt(at);
      bytes[at - from] = byte === HOLE ? 0 : byte;
    }
    return bytes;
  }

  /** Notes that the holes of a line have been asked about; whether there are none. */
  #settle(from: number, to: number, isSure: boolean): boolean {
    let isWhole = true;
    for (let at = from; at < to; at++) {
      if (this.#byteAt(at) !== HOLE) continue;
      isWhole = false;
      const place = (this.#symbols[at] ?? 0) - UNKNOWN;
      const asked = (this.#asked[place] ?? 0) + 1;
      this.#asked[place] = isSure || asked >= UNFIT ? SETTLED : asked;
    }
    return isWhole;
  }

  /**
   * An element says its dates in one form, and they are seldom of different months. Where twenty lines in a row have
   * one digit in all the other dates where this hole takes one, it is that digit; one line that differs, and it stays
   * a hole.
   */
  #compareDates(from: number, to: number): void {
    const dates = datesIn(this.#bytes(from, to).toString("latin1")).map((index) => from + index);
    this.#continueMonth(dates);
    for (const column of YEAR_AND_MONTH) {
      const digits = new Set(
        dates.map((date) => this.#byteAt(date + column)).filter((byte) => byte !== HOLE),
      );
      for (const date of dates) {
        const place = (this.#symbols[date + column] ?? 0) - UNKNOWN;
        if (place < 0 || this.#byteAt(date + column) !== HOLE || this.#witnesses[place] === REFUTED) continue;
        const [digit = 0] = digits;
        const known = this.#digit[place] ?? 0;
        if (digits.size > 1 || (digits.size === 1 && known !== 0 && known !== digit)) {
          this.#witnesses[place] = REFUTED;
          this.#watched[place] = 0;
          continue;
        }
        const silent = (this.#silent[place] ?? 0) + 1;
        this.#watched[place] = silent < SILENT ? 1 : 0;
        if (digits.size === 0) this.#silent[place] = silent;
        else {
          this.#digit[place] = digit;
          this.#witnesses[place] = (this.#witnesses[place] ?? 0) + 1;
          if (this.#witnesses[place] === WITNESSES) {
            this.#window[place] = digit;
            this.#watched[place] = 0;
          }
        }
      }
    }
  }

  /** Fills year and month of the gap's dates when the first day that a line behind it tells is one of the same month. */
  #continueMonth(dates: readonly number[]): void {
    const month = this.#month;
    if (month === undefined) return;
    for (const date of dates) {
      for (const column of YEAR_AND_MONTH) {
        if (this.#byteAt(date + column) !== HOLE) continue;
        const place = (this.#symbols[date + column] ?? 0) - UNKNOWN;
        if (this.#holesOfMonth === undefined) this.#window[place] = month.text.charCodeAt(column);
        else this.#holesOfMonth.add(place * 8 + column);
      }
    }
    if (this.#holesOfMonth === undefined) return;
    const days = dates
      .map((date) => DAY.map((column) => this.#byteAt(date + column)))
      .filter((day) => !day.includes(HOLE));
    if (days.length === 0) return;
    if (!days.every((day) => continues(month, Number(String.fromCharCode(...day))))) {
      this.#month = undefined;
      return;
    }
    for (const hole of this.#holesOfMonth) this.#window[hole >> 3] = month.text.charCodeAt(hole & 7);
    this.#holesOfMonth = undefined;
  }
}

function isSame(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): boolean {
  return a.size === b.size && [...a].every(([place, byte]) => b.get(place) === byte);
}

const ADDRESS = "HKDevice: 0x";
const LONGEST_ADDRESS = 16;
const AMPERSAND = 38;

/** The address in a device is another one in every export and means nothing: any digits of it are as good. */
function fillAddresses(bytes: Buffer): void {
  for (let at = bytes.indexOf(ADDRESS); at >= 0; at = bytes.indexOf(ADDRESS, at + 1)) {
    const from = at + ADDRESS.length;
    let to = from;
    while (to - from < LONGEST_ADDRESS && (bytes[to] === 0 || isHex(bytes[to] ?? 0))) to++;
    if (bytes[to] !== AMPERSAND) continue;
    for (let digit = from; digit < to; digit++) if (bytes[digit] === 0) bytes[digit] = ZERO;
  }
}
