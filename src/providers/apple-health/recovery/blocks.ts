import type { CompressedBytes } from "./compressed-bytes.ts";
import { Inflater, type Step, WINDOW, unknownWindow } from "./inflater.ts";

/** Compressed bytes that are looked through at a time. */
const PIECE = 64 << 10;

/**
 * The first bit at or behind `from` at which a block with codes of its own begins: its header makes two complete codes,
 * and with them it can be read to its end, and behind it comes another block or nothing. By chance that does not happen.
 * −1 when there is none.
 */
export function findBlock(input: CompressedBytes, from: number): number {
  const end = input.length * 8;
  const inflater = new Inflater(input, from, unknownWindow());
  for (let bit = from; bit < end;) {
    const pageAt = Math.floor(bit / 8);
    const page = input.from(pageAt).subarray(0, PIECE);
    const pageEnd = Math.min(end, (pageAt + page.length - 2) * 8);
    for (; bit < pageEnd; bit++) {
      const at = Math.floor(bit / 8) - pageAt;
      const word = ((page[at] ?? 0) | ((page[at + 1] ?? 0) << 8) | ((page[at + 2] ?? 0) << 16)) >>> (bit & 7);
      // Type 2, and neither code with more symbols than there are.
      if ((word & 6) !== 4 || ((word >> 3) & 31) > 29 || ((word >> 8) & 31) > 29) continue;
      inflater.seek(bit);
      if (!inflater.open()) continue;
      const step = finishBlock(inflater);
      if (step === "end" || (step === "block" && inflater.open())) return bit;
    }
  }
  return -1;
}

/** Reads to the end of the open block without keeping anything. */
export function finishBlock(inflater: Inflater): "block" | "end" | "bad" | "cut" {
  for (;;) {
    const step = inflater.run();
    if (step !== "more") return step;
    inflater.slide();
  }
}

/** How many plain bytes there are from the block at `bit` to the end of the stream; undefined when that is not reached. */
export function measure(input: CompressedBytes, bit: number): number | undefined {
  const inflater = new Inflater(input, bit, unknownWindow());
  let length = 0;
  for (let step: Step = "block"; ;) {
    if (step === "block" && !inflater.open()) return undefined;
    step = inflater.run();
    length += inflater.length - WINDOW;
    inflater.slide();
    if (step === "end") return length;
    if (step === "bad" || step === "cut") return undefined;
  }
}

/** Symbols of a block one by one: where each begins, in bits, and how many plain bytes of them come before it. */
export interface SymbolPlaces {
  readonly bits: readonly number[];
  readonly plain: readonly number[];
  /** The plain bytes of all of them, and the bit behind the last. */
  readonly length: number;
  readonly end: number;
  readonly step: "block" | "end" | "bad" | "cut";
}

/**
 * Follows the open block symbol by symbol from where the inflater stands. Stops where `isKnown` says that the way from
 * there is known; that is `bad`, too.
 */
export function followSymbols(
  inflater: Inflater,
  isKnown: (bit: number) => boolean = () => false,
): SymbolPlaces {
  const bits: number[] = [];
  const plain: number[] = [];
  let length = 0;
  for (;;) {
    if (isKnown(inflater.bit)) return { bits, plain, length, end: inflater.bit, step: "bad" };
    bits.push(inflater.bit);
    plain.push(length);
    const before = inflater.length;
    const step = inflater.run(1);
    length += inflater.length - before;
    if (step !== "more") return { bits, plain, length, end: inflater.bit, step };
    if (inflater.length > 2 * WINDOW) inflater.slide();
  }
}
