import type { RecordColumn } from "./elements.ts";

/** Records per sealed block: small enough that its start times lie close together, large enough to be few. */
const BLOCK = 4096;
const SHIFT = 12;
const MASK = BLOCK - 1;

/** Numbers relative to `base`, in the narrowest array that holds them exactly; no array when all are `base`. */
interface Packed {
  readonly base: number;
  readonly data: Uint8Array | Uint16Array | Uint32Array | Float64Array | undefined;
}

interface Block {
  /** The greatest `start`. */
  readonly last: number;
  readonly start: Packed;
  /** `end − start`. */
  readonly duration: Packed;
  readonly value: Packed;
  readonly source: Packed;
  readonly unit: Packed;
}

const nothing = (base: number): Packed => ({ base, data: undefined });

/** What is left of a block that nobody needs any more. */
const FORGOTTEN: Block = {
  last: Number.NEGATIVE_INFINITY,
  start: nothing(Number.NEGATIVE_INFINITY),
  duration: nothing(0),
  value: nothing(Number.NaN),
  source: nothing(-1),
  unit: nothing(-1),
};

/**
 * The records of one type in file order. A block of 4096 is filled in wide arrays and then packed: a million heart
 * rates of a watch (whole bpm, points in time, few sources) take some 6 MB, and nothing is ever copied to grow.
 */
export class RecordBlocks implements RecordColumn {
  readonly #blocks: Block[] = [];
  #starts = new Float64Array(0);
  #durations = new Float64Array(0);
  #values = new Float64Array(0);
  #sources = new Float64Array(0);
  #units = new Float64Array(0);
  #open = 0;

  get length(): number {
    return this.#blocks.length * BLOCK + this.#open;
  }

  /** Times in Unix seconds; `source` and `unit` are indexes. */
  append(start: number, end: number, value: number, source: number, unit: number): void {
    if (this.#starts.length === 0) {
      this.#starts = new Float64Array(BLOCK);
      this.#durations = new Float64Array(BLOCK);
      this.#values = new Float64Array(BLOCK);
      this.#sources = new Float64Array(BLOCK);
      this.#units = new Float64Array(BLOCK);
    }
    const at = this.#open++;
    this.#starts[at] = start;
    this.#durations[at] = end - start;
    this.#values[at] = value;
    this.#sources[at] = source;
    this.#units[at] = unit;
    if (this.#open === BLOCK) this.#seal();
  }

  #seal(): void {
    this.#blocks.push({
      last: this.#starts.reduce((last, start) => Math.max(last, start), Number.NEGATIVE_INFINITY),
      start: pack(this.#starts),
      duration: pack(this.#durations),
      value: pack(this.#values),
      source: pack(this.#sources),
      unit: pack(this.#units),
    });
    this.#open = 0;
  }

  forget(before: number): void {
    for (const [at, { last }] of this.#blocks.entries()) {
      if (last < before) this.#blocks[at] = FORGOTTEN;
    }
  }

  start(index: number): number {
    const block = this.#blocks[index >>> SHIFT];
    return block === undefined ? at(this.#starts, index & MASK) : unpack(block.start, index & MASK);
  }

  end(index: number): number {
    const block = this.#blocks[index >>> SHIFT];
    const duration =
      block === undefined ? at(this.#durations, index & MASK) : unpack(block.duration, index & MASK);
    return this.start(index) + duration;
  }

  value(index: number): number {
    const block = this.#blocks[index >>> SHIFT];
    return block === undefined ? at(this.#values, index & MASK) : unpack(block.value, index & MASK);
  }

  source(index: number): number {
    const block = this.#blocks[index >>> SHIFT];
    return block === undefined ? at(this.#sources, index & MASK) : unpack(block.source, index & MASK);
  }

  unit(index: number): number {
    const block = this.#blocks[index >>> SHIFT];
    return block === undefined ? at(this.#units, index & MASK) : unpack(block.unit, index & MASK);
  }
}

function at(column: Float64Array, index: number): number {
  return column[index] ?? Number.NaN;
}

function unpack(packed: Packed, index: number): number {
  return packed.data === undefined ? packed.base : packed.base + (packed.data[index] ?? Number.NaN);
}

function pack(column: Float64Array): Packed {
  let low = Infinity;
  let high = -Infinity;
  for (const value of column) {
    // Fractions, and the minus zero that an integer array would lose.
    if (!Number.isInteger(value) || Object.is(value, -0)) return { base: 0, data: column.slice() };
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const range = high - low;
  if (range === 0) return { base: low, data: undefined };
  if (range > 0xffff_ffff || !Number.isSafeInteger(low)) return { base: 0, data: column.slice() };
  const data =
    range <= 0xff ? new Uint8Array(BLOCK) : range <= 0xffff ? new Uint16Array(BLOCK) : new Uint32Array(BLOCK);
  for (let index = 0; index < BLOCK; index++) data[index] = at(column, index) - low;
  return { base: low, data };
}
