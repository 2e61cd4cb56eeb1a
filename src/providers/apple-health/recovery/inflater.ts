import type { CompressedBytes } from "./compressed-bytes.ts";
import { type BlockCodes, FIXED_CODES, type HuffmanCode, huffmanCode } from "./huffman.ts";

/** How far back deflate refers. */
export const WINDOW = 32_768;
/** Symbols at a time. */
const BATCH = 256 << 10;
const LONGEST_MATCH = 258;
/** Symbols from here on stand for bytes of the window with which an {@link Inflater} began, by their place in it. */
export const UNKNOWN = 256;

// RFC 1951 §3.2.5: four lengths, or two distances, for each number of extra bits; the longest length has a code of its own.
const LENGTH_EXTRA = Uint8Array.from({ length: 29 }, (_, code) =>
  code < 8 || code === 28 ? 0 : (code >> 2) - 1,
);
const LENGTH_BASE = basesOf(LENGTH_EXTRA, 3).fill(LONGEST_MATCH, 28);
const DISTANCE_EXTRA = Uint8Array.from({ length: 30 }, (_, code) => (code < 4 ? 0 : (code >> 1) - 1));
const DISTANCE_BASE = basesOf(DISTANCE_EXTRA, 1);

/** The least that each code stands for: the codes follow one another without a hole. */
function basesOf(extra: Uint8Array, first: number): Uint16Array {
  let base = first;
  return Uint16Array.from(extra, (bits) => {
    const own = base;
    base += 1 << bits;
    return own;
  });
}

// RFC 1951 §3.2.7.
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

/**
 * How a step of inflating ended: with more to come in this block, at the end of a block, at the end of the stream, at
 * something that no stream contains, or at the end of the input.
 */
export type Step = "more" | "block" | "end" | "bad" | "cut";

const UNKNOWN_WINDOW = Uint16Array.from({ length: WINDOW }, (_, at) => UNKNOWN + at);

/** A window of which nothing is known: every byte of it a symbol of its own. */
export function unknownWindow(): Uint16Array {
  return UNKNOWN_WINDOW.slice();
}

/**
 * Inflates a raw deflate stream (RFC 1951) from any bit at which a block or a symbol begins, with the window given or
 * unknown: zlib can neither begin within a block nor say which of its bytes come from where. Slower than zlib by much;
 * for what zlib has given up.
 */
export class Inflater {
  /** The window, then the symbols of this batch up to {@link length}. */
  readonly symbols = new Uint16Array(WINDOW + BATCH + LONGEST_MATCH);
  length = WINDOW;
  /** Where the next symbol or block begins, in bits. */
  bit: number;
  readonly #input: CompressedBytes;
  /** Symbols that a distance may reach back over. */
  #history: number;
  #codes: BlockCodes | undefined;
  /** Bytes left of a block that is not compressed. */
  #stored = 0;
  #final = false;

  /**
   * @param bit where a block begins
   * @param window what came before; nothing at the beginning of a stream
   */
  constructor(input: CompressedBytes, bit: number, window?: Uint16Array) {
    this.#input = input;
    this.bit = bit;
    if (window !== undefined) this.symbols.set(window, 0);
    this.#history = window === undefined ? 0 : WINDOW;
  }

  /** Reads the header of the block that begins here; false when there is none, and the place is kept. */
  open(): boolean {
    const { bit } = this;
    const bits = new HeaderBits(this.#input, bit);
    this.#final = bits.take(1) === 1;
    const type = bits.take(2);
    if (type === 0) {
      const at = Math.ceil(bits.bit / 8);
      const head = this.#input.from(at);
      const length = head.readUInt16LE(0);
      if (length !== (head.readUInt16LE(2) ^ 0xffff) || at + 4 > this.#input.length) return false;
      this.#stored = length;
      this.#codes = undefined;
      this.bit = (at + 4) * 8;
      return true;
    }
    const codes = type === 1 ? FIXED_CODES : type === 2 ? readCodes(bits) : undefined;
    if (codes === undefined || bits.bit > this.#input.length * 8) return false;
    this.#codes = codes;
    this.bit = bits.bit;
    return true;
  }

  /** Goes on at another bit: the beginning of a block, or of a symbol of the block that is open. */
  seek(bit: number): void {
    this.bit = bit;
    this.length = WINDOW;
    this.#stored = 0;
  }

  /** Forgets the batch but for the window. */
  slide(): void {
    this.symbols.copyWithin(0, this.length - WINDOW, this.length);
    this.length = WINDOW;
  }

  /** Goes on in the block that is open, for `most` symbols of the stream or until the batch is full. */
  run(most = Infinity): Step {
    const step = this.#codes === undefined ? this.#copyStored() : this.#decode(this.#codes, most);
    return step === "block" && this.#final ? "end" : step;
  }

  #copyStored(): Step {
    const { symbols } = this;
    const at = this.bit / 8;
    const available = Math.min(this.#stored, this.#input.length - at, WINDOW + BATCH - this.length);
    for (let done = 0; done < available;) {
      const piece = this.#input.from(at + done);
      const count = Math.min(piece.length, available - done);
      symbols.set(piece.subarray(0, count), this.length);
      this.length += count;
      done += count;
    }
    this.bit += available * 8;
    this.#history += available;
    this.#stored -= available;
    if (this.#stored === 0) return "block";
    return this.bit / 8 >= this.#input.length ? "cut" : "more";
  }

  #decode({ literal, distance }: BlockCodes, most: number): Step {
    const { symbols } = this;
    const literals = literal.entries;
    const literalMask = (1 << literal.bits) - 1;
    const distances = distance.entries;
    const distanceMask = (1 << distance.bits) - 1;
    const full = WINDOW + BATCH;
    const start = this.length;
    // The page, where it begins in the input, and how far a symbol may begin in it.
    let pageAt = Math.floor(this.bit / 8);
    let page = this.#input.from(pageAt);
    let safe = page.length - 16;
    let at = 0;
    let hold = (page[at++] ?? 0) >>> (this.bit & 7);
    let held = 8 - (this.bit & 7);
    let length = start;
    let step: Step = "more";
    const endBit = this.#input.length * 8;
    let begin = this.bit;
    let before = start;
    for (let done = 0; done < most && length < full; done++) {
      if (at > safe) {
        pageAt += at;
        page = this.#input.from(pageAt);
        safe = page.length - 16;
        at = 0;
      }
      begin = (pageAt + at) * 8 - held;
      if (begin >= endBit) {
        // A symbol that is only half there is none.
        if (begin > endBit) length = before;
        step = "cut";
        break;
      }
      before = length;
      while (held < 15) {
        hold |= (page[at++] ?? 0) << held;
        held += 8;
      }
      let entry = literals[hold & literalMask] ?? 0;
      if (entry === 0) {
        step = "bad";
        break;
      }
      hold >>>= entry & 15;
      held -= entry & 15;
      const symbol = entry >> 4;
      if (symbol < 256) {
        symbols[length++] = symbol;
        continue;
      }
      if (symbol === 256) {
        step = "block";
        break;
      }
      if (symbol > 285) {
        step = "bad";
        break;
      }
      const lengthExtra = LENGTH_EXTRA[symbol - 257] ?? 0;
      while (held < 20) {
        hold |= (page[at++] ?? 0) << held;
        held += 8;
      }
      const count = (LENGTH_BASE[symbol - 257] ?? 0) + (hold & ((1 << lengthExtra) - 1));
      hold >>>= lengthExtra;
      held -= lengthExtra;
      entry = distances[hold & distanceMask] ?? 0;
      if (entry === 0 || entry >> 4 > 29) {
        step = "bad";
        break;
      }
      hold >>>= entry & 15;
      held -= entry & 15;
      const distanceExtra = DISTANCE_EXTRA[entry >> 4] ?? 0;
      while (held < distanceExtra) {
        hold |= (page[at++] ?? 0) << held;
        held += 8;
      }
      const back = (DISTANCE_BASE[entry >> 4] ?? 0) + (hold & ((1 << distanceExtra) - 1));
      hold >>>= distanceExtra;
      held -= distanceExtra;
      if (back > this.#history + length - start) {
        step = "bad";
        break;
      }
      for (let from = length - back, to = length + count; length < to;)
        symbols[length++] = symbols[from++] ?? 0;
    }
    // A symbol that is bad has not been read.
    this.bit = step === "bad" ? begin : (pageAt + at) * 8 - held;
    this.#history += length - start;
    this.length = length;
    return step;
  }
}

/** A few bits at a time, for the header of a block. */
class HeaderBits {
  readonly #input: CompressedBytes;
  bit: number;

  constructor(input: CompressedBytes, bit: number) {
    this.#input = input;
    this.bit = bit;
  }

  /** The next `count` bits, 16 at the most, without taking them. */
  look(count: number): number {
    const page = this.#input.from(Math.floor(this.bit / 8));
    const word = (page[0] ?? 0) | ((page[1] ?? 0) << 8) | ((page[2] ?? 0) << 16);
    return (word >>> (this.bit & 7)) & ((1 << count) - 1);
  }

  take(count: number): number {
    const value = this.look(count);
    this.bit += count;
    return value;
  }
}

/** The codes in a block's header (RFC 1951 §3.2.7); undefined for what no compressor writes. */
function readCodes(bits: HeaderBits): BlockCodes | undefined {
  const literalCount = bits.take(5) + 257;
  const distanceCount = bits.take(5) + 1;
  const codeLengthCount = bits.take(4) + 4;
  if (literalCount > 286 || distanceCount > 30) return undefined;
  const codeLengths = new Uint8Array(19);
  let room = 0;
  for (const symbol of CODE_LENGTH_ORDER.slice(0, codeLengthCount)) {
    const length = bits.take(3);
    codeLengths[symbol] = length;
    if (length > 0) room += 128 >> length;
  }
  // Nearly everything that is no header is found out here, before any table is made.
  if (room !== 128) return undefined;
  const code = huffmanCode(codeLengths, false);
  const lengths = code && readLengths(bits, code, literalCount + distanceCount);
  if (lengths === undefined || lengths[256] === 0) return undefined;
  const literal = huffmanCode(lengths.subarray(0, literalCount), true);
  const distance = literal && huffmanCode(lengths.subarray(literalCount), true);
  return literal && distance && { literal, distance };
}

function readLengths(bits: HeaderBits, code: HuffmanCode, count: number): Uint8Array | undefined {
  const lengths = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const entry = code.entries[bits.look(code.bits)] ?? 0;
    bits.bit += entry & 15;
    const symbol = entry >> 4;
    if (symbol < 16) {
      lengths[at++] = symbol;
      continue;
    }
    if (symbol === 16 && at === 0) return undefined;
    const repeated = symbol === 16 ? (lengths[at - 1] ?? 0) : 0;
    const times = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    if (at + times > count) return undefined;
    lengths.fill(repeated, at, at + times);
    at += times;
  }
  return lengths;
}
