/**
 * Whether text, some bytes of which are not known, can be the markup of an export: what a machine writes that puts one
 * element after another, each attribute in double quotes. A small automaton follows all the readings at once that the
 * unknown bytes leave open.
 */

/** Stands for a byte that is not known. */
export const HOLE = -1;

const CLASSES = ["other", "space", "newline", "letter", "<", ">", '"', "=", "/"] as const;
type CharClass = (typeof CLASSES)[number];

const STATES = [
  "outside",
  "opened",
  "name",
  "gap",
  "attribute",
  "equals",
  "value",
  "closed",
  "closing",
] as const;
type State = (typeof STATES)[number];

const STEPS: Readonly<Record<State, Partial<Record<CharClass, State>>>> = {
  outside: {
    other: "outside",
    space: "outside",
    newline: "outside",
    letter: "outside",
    "/": "outside",
    "<": "opened",
  },
  opened: { letter: "name", "/": "opened" },
  name: { letter: "name", space: "gap", "/": "closing", ">": "outside" },
  gap: { space: "gap", letter: "attribute", "/": "closing", ">": "outside" },
  attribute: { letter: "attribute", "=": "equals" },
  equals: { '"': "value" },
  value: {
    other: "value",
    space: "value",
    letter: "value",
    ">": "value",
    "=": "value",
    "/": "value",
    '"': "closed",
  },
  closed: { space: "gap", "/": "closing", ">": "outside" },
  closing: { ">": "outside" },
};

const setOf = (state: State): number => 1 << STATES.indexOf(state);

/** Sets of states, as bits. Where a line begins; where a text begins that has no beginning; where there is no reading. */
export const LINE_START = setOf("outside");
export const ANYWHERE = (1 << STATES.length) - 1;
export const NOWHERE = 0;

const CLASS_OF = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  const found: CharClass = /[A-Za-z_:]/.test(char)
    ? "letter"
    : /[ \t\r]/.test(char)
      ? "space"
      : char === "\n"
        ? "newline"
        : (CLASSES.find((known) => known === char) ?? "other");
  return CLASSES.indexOf(found);
});

/** One more class than there are: the hole, which may be any of them. */
const WIDTH = CLASSES.length + 1;

const NEXT = Uint16Array.from({ length: (ANYWHERE + 1) * WIDTH }, (_, at) => {
  const states = Math.floor(at / WIDTH);
  const charClass = CLASSES[at % WIDTH];
  let next = NOWHERE;
  for (const [state, steps] of Object.entries(STEPS)) {
    if ((states & setOf(state as State)) === 0) continue;
    for (const [read, to] of Object.entries(steps)) {
      if (charClass === undefined || charClass === read) next |= setOf(to);
    }
  }
  return next;
});

/** The states that are left after one more byte, or {@link HOLE}. */
export function readMarkup(states: number, byte: number): number {
  const charClass = byte === HOLE ? CLASSES.length : (CLASS_OF[byte] ?? 0);
  return NEXT[states * WIDTH + charClass] ?? NOWHERE;
}

/** So many lines that cannot be markup, within so many bytes, are damage; fewer are somebody's way of writing. */
const MANY = 5;
const CLOSE = 64 << 10;
/** Nor is there a line of so many, where there are lines at all. */
const LONGEST_LINE = 16 << 10;
/** So many lines at the beginning tell whether this is a text that can be watched at all. */
const TRIAL = 16;

const DATE_ATTRIBUTE = Buffer.from('Date="');
const DATE = /^(?:20|19)\d\d-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}"/;

/**
 * Watches text go by, in pieces, and notices where it stops being markup. Bits that were changed in an archive may still
 * make sense as compressed data; but whatever refers back over them is displaced, and hardly a line behind them is whole.
 * Zero bytes are holes here.
 */
export class MarkupWatch {
  /** The first digits of all the years that there were, `0` to `9` for the third of `20`; as bits. */
  decades = 0;
  /** Where the text so far ends, the line in progress begins, and what that can be. */
  #at: number;
  #line: number;
  #states: number;
  /** Where the latest lines begin that cannot be markup. */
  #wrong: number[] = [];
  #lines = 0;
  #hasHoles: boolean;
  /** The first lines are of another kind. */
  #inPrologue: boolean;
  #opening = "";
  #isOff = false;

  /** @param at where the text begins @param before the watch of what came before; nothing at the beginning of a file */
  constructor(at: number, before?: MarkupWatch) {
    this.#at = at;
    this.#line = at;
    this.#inPrologue = before === undefined;
    this.#hasHoles = before !== undefined;
    this.#states = before === undefined ? LINE_START : ANYWHERE;
    if (before !== undefined) {
      this.decades = before.decades;
      this.#lines = before.#lines;
      this.#isOff = before.#isOff;
    }
  }

  /** The next bytes; where the first wrong line begins when there are too many of them, else −1. */
  read(text: Buffer): number {
    const from = this.#inPrologue ? this.#leavePrologue(text) : 0;
    const wrongDate = this.#readDates(text);
    let states = this.#states;
    let found = -1;
    for (let index = from; index < text.length && found < 0; index++) {
      const byte = text[index] ?? 0;
      if (byte === 10) {
        if (this.#isTooLong(this.#at + index)) found = this.#line;
        this.#line = this.#at + index + 1;
        this.#lines++;
        this.#hasHoles = false;
        states = LINE_START;
      } else if (states !== NOWHERE) {
        if (byte === 0) this.#hasHoles = true;
        states = wrongDate.has(index) ? NOWHERE : readMarkup(states, byte === 0 ? HOLE : byte);
        if (states === NOWHERE) found = this.#countWrong();
      }
    }
    this.#states = states;
    this.#at += text.length;
    if (found < 0 && this.#isTooLong(this.#at)) found = this.#line;
    return this.#isOff ? -1 : found;
  }

  /** Whether no line is as long as the one in progress. Where there are holes it may have ended long ago. */
  #isTooLong(end: number): boolean {
    return end - this.#line > LONGEST_LINE && this.#lines > 0 && !this.#hasHoles;
  }

  /** The line in progress is wrong: where the first of too many begins, or −1. */
  #countWrong(): number {
    this.#wrong.push(this.#line);
    if (this.#wrong.length < MANY) return -1;
    const [first = 0] = this.#wrong;
    this.#wrong.shift();
    if (this.#line - first >= CLOSE) return -1;
    if (this.#lines < TRIAL) this.#isOff = true;
    return first;
  }

  /** Notes the decades of the dates in a piece; where dates are none, by index. */
  #readDates(text: Buffer): ReadonlySet<number> {
    const wrong = new Set<number>();
    for (let at = text.indexOf(DATE_ATTRIBUTE); at >= 0; at = text.indexOf(DATE_ATTRIBUTE, at + 1)) {
      const value = at + DATE_ATTRIBUTE.length;
      const end = value + 26;
      if (end > text.length) break;
      const content = text.toString("latin1", value, end);
      if (DATE.test(content)) this.decades |= 1 << (Number(content[2]) + (content.startsWith("20") ? 0 : 10));
      else if (!content.includes("\0")) wrong.add(value);
    }
    return wrong;
  }

  /** Where the text begins that is to be watched: behind the line with the root element. */
  #leavePrologue(text: Uint8Array): number {
    const before = this.#opening.length;
    const opening = this.#opening + Buffer.from(text).toString("latin1");
    const root = /<(?:HealthData|gpx)\s[^\n]*\n/.exec(opening);
    if (root === null) {
      this.#opening = opening.slice(-LONGEST_OPENING);
      return text.length;
    }
    this.#inPrologue = false;
    this.#opening = "";
    const from = root.index + root[0].length - before;
    this.#line = this.#at + from;
    return from;
  }
}

/** A root element is not longer; GPX names its schemas in it. */
const LONGEST_OPENING = 4096;

/** Whether a line can be markup. */
export function isMarkupLine(line: Uint8Array): boolean {
  let states = LINE_START;
  for (const byte of line) states = readMarkup(states, byte);
  return states !== NOWHERE;
}

/** Where the first line that cannot be markup begins, at or behind `from`, which is the beginning of one; −1 when all can be. */
export function findWrongLine(text: Uint8Array, from: number): number {
  for (let line = from; line < text.length;) {
    const newline = text.indexOf(10, line);
    const end = newline < 0 ? text.length : newline + 1;
    if (!isMarkupLine(text.subarray(line, end))) return line;
    line = end;
  }
  return -1;
}
