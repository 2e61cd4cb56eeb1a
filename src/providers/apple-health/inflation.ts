import { createInflateRaw } from "node:zlib";

/** Plain bytes per piece: large, since every piece is a trip to the thread pool and back. */
const PIECE = 256 << 10;
/** Compressed bytes given to zlib at a time: it has to finish them, so even a bomb makes no more than 32 MB of them. */
const INPUT = 32 << 10;
/** Pieces inflated ahead of whoever reads them. */
const AHEAD = 3;

/** How an inflation ended. */
export interface InflationEnd {
  /** Compressed bytes used, up to the stream's own end. */
  readonly consumed: number;
  /** Undefined when the stream came to its end. */
  readonly problem?: "cut" | "damaged" | undefined;
}

/**
 * Inflates a raw deflate stream (RFC 1951) up to its own end, whatever any header says of its length: zlib works in the
 * thread pool while the caller digests the piece before. Everything up to a damage is given.
 *
 * @param open reads the compressed bytes from their beginning; may go on behind the stream's end, may be called twice
 */
export async function* inflate(
  open: () => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, InflationEnd, void> {
  const inflation = new Inflation(open(), undefined);
  const end = yield* inflation.pieces(0);
  if (end.problem !== "damaged") return end;
  // On an error zlib drops what it has made of the last input. So once more, and the last input byte by byte.
  return yield* new Inflation(open(), inflation.fed).pieces(inflation.delivered);
}

class Inflation {
  readonly #source: AsyncIterable<Buffer>;
  /** From this compressed byte on the input is given byte by byte. */
  readonly #singlyFrom: number;
  readonly #inflater = createInflateRaw({ chunkSize: PIECE });
  readonly #queue: Buffer[] = [];
  #over = false;
  #problem: InflationEnd["problem"];
  #failure: unknown;
  #wakeReader: (() => void) | undefined;
  #wakeFeeder: (() => void) | undefined;
  /** Compressed bytes that zlib had finished before the input it has now. */
  fed = 0;
  /** Plain bytes given to the caller. */
  delivered = 0;

  constructor(source: AsyncIterable<Buffer>, singlyFrom: number | undefined) {
    this.#source = source;
    this.#singlyFrom = singlyFrom ?? Infinity;
    this.#inflater.on("data", (piece: Buffer) => {
      this.#queue.push(piece);
      this.#wakeReader?.();
    });
    this.#inflater.on("error", (error: NodeJS.ErrnoException) => {
      // Z_BUF_ERROR: the input ended before the stream did.
      this.#problem = error.code === "Z_BUF_ERROR" ? "cut" : "damaged";
    });
    // The stream's own end may come before the input's; then only this is told.
    this.#inflater.on("end", () => this.#finish());
    this.#inflater.on("close", () => this.#finish());
  }

  /** The plain bytes behind the first `skip`. */
  async *pieces(skip: number): AsyncGenerator<Buffer, InflationEnd, void> {
    const feeding = this.#feed();
    let known = skip;
    try {
      for (;;) {
        const piece = this.#queue.shift();
        if (piece !== undefined) {
          this.#wakeFeeder?.();
          const from = Math.min(known, piece.length);
          known -= from;
          this.delivered += piece.length - from;
          if (from < piece.length) yield piece.subarray(from);
        } else if (this.#over) break;
        else {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
        }
      }
    } finally {
      this.#inflater.destroy();
      this.#finish();
      await feeding;
    }
    if (this.#failure !== undefined) throw this.#failure;
    return { consumed: this.#inflater.bytesWritten, problem: this.#problem };
  }

  async #feed(): Promise<void> {
    try {
      let position = 0;
      for await (const block of this.#source) {
        for (let at = 0; at < block.length;) {
          const step = position + at + INPUT > this.#singlyFrom ? 1 : INPUT;
          const input = block.subarray(at, at + step);
          while (this.#queue.length >= AHEAD && !this.#over) {
            await new Promise<void>((resolve) => {
              this.#wakeFeeder = resolve;
            });
          }
          if (this.#over) return;
          this.fed = position + at;
          await this.#give(input);
          at += input.length;
          // What zlib did not take lies behind the stream's end; it must not be offered more.
          if (this.#inflater.bytesWritten < position + at) return;
        }
        position += block.length;
      }
      if (!this.#over) this.#inflater.end();
    } catch (error) {
      this.#failure = error;
      this.#finish();
    }
  }

  /** Resolves when zlib has finished the input, or will finish none any more. */
  #give(input: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#inflater.off("close", done);
        resolve();
      };
      this.#inflater.once("close", done);
      this.#inflater.write(input, done);
    });
  }

  #finish(): void {
    this.#over = true;
    this.#wakeReader?.();
    this.#wakeFeeder?.();
  }
}
