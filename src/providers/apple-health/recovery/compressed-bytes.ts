import { readSync } from "node:fs";

const PAGE = 1 << 20;
/** Zeros behind the end, so that reading a symbol there needs no check of its own. */
const MARGIN = 64;

/**
 * The compressed bytes of an archive's entry at any place. Reading is synchronous: whoever looks for the way on behind
 * a damage jumps about, and has nothing else to do meanwhile.
 */
export class CompressedBytes {
  readonly length: number;
  readonly #descriptor: number;
  readonly #start: number;
  #page = Buffer.alloc(0);
  #pageAt = 0;

  /** The bytes of an open file from `start` to `end`. */
  constructor(descriptor: number, start: number, end: number) {
    this.#descriptor = descriptor;
    this.#start = start;
    this.length = Math.max(0, end - start);
  }

  /**
   * A piece that begins at `at`, with at least {@link MARGIN} bytes behind it, which are zero behind the end.
   * It may be overwritten by the next call.
   */
  from(at: number): Buffer {
    if (at < this.#pageAt || at + MARGIN > this.#pageAt + this.#page.length) this.#load(at);
    return this.#page.subarray(at - this.#pageAt);
  }

  #load(at: number): void {
    const wanted = Math.max(0, Math.min(PAGE, this.length - at));
    const isLast = at + wanted >= this.length;
    const page = Buffer.alloc(isLast ? wanted + MARGIN : wanted);
    for (let read = 0; read < wanted;) {
      const bytes = readSync(this.#descriptor, page, read, wanted - read, this.#start + at + read);
      if (bytes === 0) break;
      read += bytes;
    }
    this.#page = page;
    this.#pageAt = at;
  }
}
