import { findBlock, followSymbols, measure } from "./blocks.ts";
import type { CompressedBytes } from "./compressed-bytes.ts";
import { Inflater, type Step, UNKNOWN, WINDOW, unknownWindow } from "./inflater.ts";
import { ANYWHERE, HOLE, MarkupWatch, NOWHERE, findWrongLine, readMarkup } from "./markup.ts";
import { monthOfGap } from "./months.ts";
import { Restorer } from "./restorer.ts";
import { type Common, LineForms } from "./templates.ts";

/** Plain bytes held back: what has been made of damaged bits before it is noticed must not get out. */
const HELD = 4 << 20;
/** Plain bytes before a damage that teach what lines look like. */
const LESSON = 512 << 10;
/** Plain bytes before a damage that may already be of it, where there are enough before these to tell. */
const DOUBT = 4 << 10;
const ENOUGH = 64 << 10;
/** Bytes before the first line that cannot be: wrong ones may look right for so long. */
const CAUTION = 512;
/** Plain bytes behind a damage that have to look like an export. */
const PROOF = 6 << 10;
/** Of the symbols on the way back every fourth is tried. */
const STEP = 4;
const NEWLINE = 10;
/** Bits between two places where the way back into a block is looked for. */
const STRIDE = 32;
/** A gap is filled with so many zero bytes at the most. */
const LONGEST_GAP = 1 << 20;
const DAMAGES = 1000;
/** Damages for which the rest is read once more, to see how much is missing. */
const MEASURED = 8;

const NOTHING = Buffer.alloc(0);

/** A place where compressed data are damaged. */
export interface Gap {
  /** Where it is in the plain bytes as they are given. */
  readonly offset: number;
  /** Plain bytes that are missing; null when nobody knows how many. */
  readonly lost: number | null;
}

/** How reading around damages went. */
export interface ReadAround {
  readonly gaps: Gap[];
  /** Plain bytes given. */
  length: number;
  /** Whether the input ended before the stream did. */
  isCut: boolean;
}

/** A block, or what is read of it. */
interface Block {
  /** Its header. */
  readonly bit: number;
  /** Where reading begins in it, when not behind the header. */
  readonly from: number | undefined;
  /** Plain bytes given before it. */
  readonly plain: number;
}

/** Where reading goes on behind a damage. */
interface Resumption {
  readonly block: Omit<Block, "plain">;
  /** Plain bytes between; undefined when nobody knows. */
  readonly gap: number | undefined;
}

/**
 * Inflates a damaged deflate stream, and goes on behind each damage. Every byte given is one that the stream contains or
 * that the form of its lines leaves no choice about; all others are NUL, in the place and the number of those that were lost
 * where that is known. So an element without a NUL in it is complete.
 *
 * Damaged bits are noticed where they make no sense, as a stream or as markup. Behind them reading goes on in the same
 * block if the way back into it is found: then the archive's size of the whole tells how much is missing, and only that
 * is. Else it goes on at the next block, without the 32 KB that it refers back to: {@link Restorer}.
 *
 * What is given may be empty: an occasion for whatever else the thread has to do.
 */
export function* readAround(
  input: CompressedBytes,
  size: number | undefined,
  result: ReadAround,
): Generator<Buffer, void, void> {
  const held = new HeldText();
  let watch = new MarkupWatch(0);
  let inflater = new Inflater(input, 0);
  let restorer: Restorer | undefined;
  let block: Omit<Block, "plain"> = { bit: 0, from: undefined };
  let blocks: Block[] = [];
  /** Where the last gap ends. */
  let resumed = 0;
  /** Symbols so far, those of gaps included. */
  let plain = 0;
  for (;;) {
    blocks.push({ ...block, plain });
    let step: Step = inflater.open() ? "more" : "bad";
    if (step === "more" && block.from !== undefined) inflater.seek(block.from);
    let wrong = -1;
    while (step === "more" && wrong < 0) {
      step = inflater.run();
      const symbols = inflater.symbols.subarray(WINDOW, inflater.length);
      plain += symbols.length;
      const bytes = restorer === undefined ? Buffer.from(symbols) : restorer.write(symbols);
      inflater.slide();
      held.push(bytes);
      wrong = watch.read(bytes);
      if (plain - held.start > 2 * HELD) yield* held.release(plain - HELD);
    }
    if (step === "block" && wrong < 0) {
      while ((blocks[1]?.plain ?? Infinity) <= held.start) blocks.shift();
      block = { bit: inflater.bit, from: undefined };
      yield NOTHING;
      continue;
    }
    if (restorer !== undefined && wrong < 0) {
      const bytes = restorer.end();
      held.push(bytes);
      wrong = watch.read(bytes);
    }
    if (isNoEnd(step, input, inflater, plain, size)) step = "bad";
    const isDamaged = wrong >= 0 || step === "bad";
    const noticed = wrong >= 0 ? wrong : isDamaged ? held.lineOfDamage(blocks.at(-2)?.plain ?? 0) : plain;
    const common = { yearDigits: isPowerOfTwo(watch.decades) ? 3 : 2, ofAnyType: false } as const;
    const from = isDamaged ? Math.max(held.lastSound(noticed, common), resumed) : plain;
    const damaged = blocks.findLast((candidate) => candidate.plain <= from) ?? blocks[0];
    const next =
      isDamaged && damaged !== undefined && result.gaps.length < DAMAGES
        ? findResumption(
            input,
            damaged,
            from,
            held.before(from),
            result.gaps.length < MEASURED ? size : undefined,
            common,
          )
        : undefined;
    if (next === undefined) {
      yield* held.release(from);
      if (isDamaged) {
        result.gaps.push({ offset: from, lost: size === undefined ? null : Math.max(0, size - from) });
        // Whatever was in progress is incomplete.
        yield Buffer.alloc(1);
      }
      result.length = from;
      result.isCut = step === "cut" && !isDamaged;
      return;
    }
    const before = held.before(from);
    result.gaps.push({ offset: from, lost: next.gap ?? null });
    const hole = Math.min(LONGEST_GAP, next.gap ?? 1);
    held.cut(from);
    held.push(Buffer.alloc(hole));
    plain = from + hole;
    resumed = plain;
    restorer = new Restorer(
      formsOf(before, common),
      next.gap === undefined ? undefined : monthOfGap(before, next.gap),
    );
    watch = new MarkupWatch(plain, watch);
    inflater = new Inflater(input, next.block.bit, windowBehind(before, next.gap));
    block = next.block;
    blocks = [];
  }
}

function isPowerOfTwo(bits: number): boolean {
  return bits !== 0 && (bits & (bits - 1)) === 0;
}

/**
 * Whether an end is none, since it comes before the end of the data: damaged bits may look like the last block. Where the
 * size is known all the data are there, so that nothing can be cut off.
 */
function isNoEnd(
  step: Step,
  input: CompressedBytes,
  { bit }: Inflater,
  plain: number,
  size: number | undefined,
): boolean {
  if (size === undefined) return false;
  return step === "cut" || (step === "end" && plain !== size && Math.ceil(bit / 8) < input.length);
}

/** What may still turn out to be wrong. */
class HeldText {
  /** Where it begins in the plain bytes. */
  start = 0;
  #buffer = Buffer.allocUnsafe(2 * HELD + (1 << 20));
  #length = 0;

  get #bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  push(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(2 * (this.#length + bytes.length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Gives what lies before a place, and forgets it. */
  *release(to: number): Generator<Buffer, void, void> {
    const count = to - this.start;
    if (count <= 0) return;
    yield Buffer.from(this.#buffer.subarray(0, count));
    this.#buffer.copyWithin(0, count, this.#length);
    this.#length -= count;
    this.start = to;
  }

  before(place: number): Buffer {
    return this.#bytes.subarray(0, place - this.start);
  }

  cut(place: number): void {
    this.#length = place - this.start;
  }

  /** Where the first line that cannot be markup begins, at or behind a place, or else the last line. */
  lineOfDamage(from: number): number {
    const text = this.#bytes;
    // The prologue is of another kind.
    const prologue = Math.max(text.indexOf("<HealthData", 0, "latin1"), text.indexOf("<gpx", 0, "latin1"));
    const first = text.indexOf(10, Math.max(0, from - this.start, prologue));
    const line = first < 0 ? -1 : findWrongLine(text, first + 1);
    return this.start + (line < 0 ? text.lastIndexOf(10) + 1 : line);
  }

  /**
   * Where what is sure ends before a line that is wrong. Damaged bits may make what looks like markup for a while, and
   * seldom lines of a form that others have; and the lines before the first such may be half of it.
   */
  lastSound(wrong: number, common: Common): number {
    const text = this.before(wrong);
    // In a short text every line may be the first of its form.
    const doubt = text.length < ENOUGH ? 0 : DOUBT;
    const forms = formsOf(text.subarray(0, text.length - doubt), common);
    let sound = text.length;
    for (let end = text.length; end > text.length - doubt;) {
      const line = text.lastIndexOf(10, end - 2) + 1;
      if (line < text.length - 2 * DOUBT || line === 0) break;
      if (forms.shapeOf(text.subarray(line, end)) === undefined) sound = line;
      end = line;
    }
    const line = text.lastIndexOf(10, Math.max(0, sound - CAUTION)) + 1;
    // Where there are only holes no line feed is known for long.
    return line < text.length - 2 * DOUBT || line === 0 ? wrong : this.start + line;
  }
}

function formsOf(before: Buffer, common: Common): LineForms {
  // A copy: what is held back moves on.
  const lesson = Buffer.from(before.subarray(Math.max(0, before.length - LESSON)));
  return new LineForms(lesson.subarray(lesson.indexOf(10) + 1), common);
}

/** The window behind a gap: the text before it, and what is lost; all of it when that is more, or unknown. */
function windowBehind(before: Buffer, gap: number | undefined): Uint16Array {
  const window = unknownWindow();
  if (gap === undefined || gap >= WINDOW) return window;
  const known = before.subarray(Math.max(0, before.length - (WINDOW - gap)));
  window.set(known, WINDOW - gap - known.length);
  return window;
}

/** Where reading can go on behind a damage in `block` that shows at the plain byte `from`. */
function findResumption(
  input: CompressedBytes,
  block: Block,
  from: number,
  before: Buffer,
  size: number | undefined,
  common: Common,
): Resumption | undefined {
  const damaged = new Inflater(input, block.bit, unknownWindow());
  const isOpen = damaged.open();
  if (isOpen && block.from !== undefined) damaged.seek(block.from);
  const first = damaged.bit;
  const next = findBlock(input, isOpen ? first + 1 : block.bit + 1);
  const rest = next < 0 ? 0 : size === undefined ? undefined : measure(input, next);
  /** Where in the plain bytes the next block begins. */
  const nextPlain = size === undefined || rest === undefined ? undefined : size - rest;
  if (isOpen && nextPlain !== undefined) {
    const goal = next < 0 ? input.length * 8 : next;
    const back = findWayBack(input, {
      block,
      damaged,
      goal,
      isLast: next < 0,
      goalPlain: nextPlain,
      from,
      before,
      common,
    });
    if (back !== undefined) return back;
  }
  if (next < 0) return undefined;
  const gap = nextPlain !== undefined && nextPlain >= from ? nextPlain - from : undefined;
  const proof = new Inflater(input, next, windowBehind(before, gap));
  // A size that is not true gives a wrong window.
  const isTrue = proof.open() && isMarkup(nextSymbols(proof));
  return { block: { bit: next, from: undefined }, gap: isTrue ? gap : undefined };
}

interface Search {
  readonly block: Block;
  /** Opened on the block, at the first symbol that is read of it. */
  readonly damaged: Inflater;
  /** The bit at which the block has to end, whether as the stream's last one, and the plain byte there. */
  readonly goal: number;
  readonly isLast: boolean;
  readonly goalPlain: number;
  readonly from: number;
  readonly before: Buffer;
  readonly common: Common;
}

/**
 * The way back into a damaged block. Whoever begins to read anywhere in it soon reads the true symbols, as Huffman codes
 * go, and arrives exactly at its end. Of the symbols on such a way the first counts from which on the text looks right.
 */
function findWayBack(input: CompressedBytes, search: Search): Resumption | undefined {
  const { block, damaged, goal, isLast, goalPlain, from, before, common } = search;
  const begun = followSymbols(damaged);
  const start = begun.bits[begun.plain.findIndex((plain) => plain >= from - block.plain)] ?? begun.end;
  const known = new Set<number>();
  for (let bit = start; bit < goal; bit += STRIDE) {
    damaged.seek(bit);
    const way = followSymbols(damaged, (at) => known.has(at) || at > goal);
    const isThere =
      (way.step === (isLast ? "end" : "block") && way.end === goal) ||
      (isLast && way.step === "end" && Math.ceil(way.end / 8) * 8 === goal);
    if (!isThere) {
      for (const at of way.bits) known.add(at);
      continue;
    }
    const proof = new Inflater(input, block.bit, unknownWindow());
    proof.open();
    const forms = formsOf(before, common);
    const gapAt = (symbol: number): number =>
      goalPlain - (way.length - (way.plain[symbol] ?? way.length)) - from;
    const textFrom = (symbol: number): Uint16Array | undefined => {
      if (gapAt(symbol) < 0) return undefined;
      proof.symbols.set(windowBehind(before, gapAt(symbol)), 0);
      proof.seek(way.bits[symbol] ?? goal);
      return nextSymbols(proof);
    };
    for (let at = 0; at < way.bits.length; at += STEP) {
      const text = textFrom(at);
      if (text === undefined || !isMarkup(text)) continue;
      // What comes before the end of the first line is not proven by it.
      const line = text.indexOf(NEWLINE) + 1;
      const chosen = way.plain.findIndex((plain) => plain >= (way.plain[at] ?? 0) + line);
      if (line === 0 || chosen < 0 || !isOfForms(text.subarray(line), forms)) continue;
      return { block: { bit: block.bit, from: way.bits[chosen] ?? goal }, gap: gapAt(chosen) };
    }
    return undefined;
  }
  return undefined;
}

/** Some symbols of the open block. */
function nextSymbols(inflater: Inflater): Uint16Array {
  let step: Step = "more";
  while (step === "more" && inflater.length < WINDOW + PROOF) step = inflater.run(64);
  return inflater.symbols.subarray(WINDOW, inflater.length);
}

/** Whether it can be markup, as far as it is known. */
function isMarkup(text: Uint16Array): boolean {
  let states = ANYWHERE;
  for (const symbol of text) {
    states = readMarkup(states, symbol < UNKNOWN ? symbol : HOLE);
    if (states === NOWHERE) return false;
  }
  return true;
}

/** Whether all whole lines in it have one of the forms. */
function isOfForms(text: Uint16Array, forms: LineForms): boolean {
  const restorer = new Restorer(forms, undefined, true);
  restorer.write(text);
  restorer.end();
  return restorer.unfit === 0;
}
