import { deflateRawSync, inflateRawSync, type ZlibOptions } from "node:zlib";
import type { ElementBytes } from "./elements.ts";

/** Most elements are a few KB: zlib's usual state of 268 KB would take longer to set up than they take to deflate. */
const SMALL: ZlibOptions = { level: 1, windowBits: 12, memLevel: 5 };

/**
 * An element that waits for the end of the pass, deflated: a quarter of its size, and with the packed records all that
 * grows with the file. Every look at `bytes` inflates it.
 */
export class KeptElement implements ElementBytes {
  readonly offset: number;
  readonly #deflated: Uint8Array;

  constructor(bytes: Uint8Array, offset: number) {
    this.offset = offset;
    // A copy: zlib's own result is the beginning of 16 KB.
    this.#deflated = new Uint8Array(deflateRawSync(bytes, SMALL));
  }

  get bytes(): Buffer {
    return inflateRawSync(this.#deflated);
  }
}
