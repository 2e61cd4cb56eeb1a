import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { createGunzip, createInflateRaw, gunzip, type Gunzip, type InflateRaw } from "node:zlib";

/** Plain bytes per piece: large, since every piece is a trip to the thread pool and back. */
const PIECE = 256 << 10;
/** Compressed bytes given to zlib at a time: it has to finish them, so even a bomb makes no more than 64 MB of them. */
const INPUT = 64 << 10;
/**
 * On an error zlib drops what it has made of its last input. So this is given to it once more in smaller ones, and the one of these
 * that fails byte by byte: each is a trip to the thread pool.
 */
const INPUTS = [INPUT, 256, 1];
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
 * @param open reads the compressed bytes from their beginning; may go on behind the stream's end, may be called several times
 */
export async function* inflate(
  open: () => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, InflationEnd, void> {
  let end: InflationEnd = { consumed: 0 };
  let from = 0;
  let given = 0;
  for (const input of INPUTS) {
    const inflation = new Inflation(open(), { from, input });
    end = yield* inflation.pieces(given);
    if (end.problem !== "damaged") break;
    from = inflation.fed;
    given += inflation.delivered;
  }
  return end;
}

/** What an archive says of a deflate stream's plain bytes. */
export interface Promised {
  readonly size: number;
  readonly crc32: number;
}

/** What a gzip member begins with (RFC 1952 §2.3): deflate, no flags, no time, no system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const GZIP_TRAILER_SIZE = 8;

/** What a gzip member ends with: the checksum and the size of the plain bytes, the latter in 32 bits. */
function writeGzipTrailer(target: Buffer, at: number, { size, crc32 }: Promised): void {
  target.writeUInt32LE(crc32, at);
  target.writeUInt32LE(size % 2 ** 32, at + 4);
}

/**
 * Inflates a raw deflate stream of which everything is known, as a gzip member: zlib checks such a one itself, in the thread
 * pool, where a checksum keeps nobody waiting. Where a promise is broken, what has been given until then is what
 * {@link inflate} gives, too, and `isWhole` is false.
 *
 * @param content the stream's bytes and no others; fewer than `length` are no member
 */
export async function* inflatePromised(
  content: AsyncIterable<Buffer>,
  length: number,
  promised: Promised,
): AsyncGenerator<Buffer, { readonly isWhole: boolean; readonly given: number }, void> {
  async function* member(): AsyncGenerator<Buffer, void, void> {
    yield GZIP_HEADER;
    let left = length;
    for await (const piece of content) {
      left -= piece.length;
      yield piece;
    }
    if (left !== 0) return;
    // A damaged stream may go on where it should have ended; what zlib makes of the trailer then is nothing of the entry's.
    await setImmediate();
    inflation.closeOutput();
    const trailer = Buffer.alloc(GZIP_TRAILER_SIZE);
    writeGzipTrailer(trailer, 0, promised);
    yield trailer;
  }
  const inputs = { from: 0, input: INPUT };
  const inflation: Inflation = new Inflation(member(), inputs, createGunzip({ chunkSize: PIECE }));
  const { problem } = yield* inflation.pieces(0);
  const given = inflation.delivered;
  return { isWhole: problem === undefined && (promised.size - given) % 2 ** 32 === 0, given };
}

/** Room for a deflate stream of `length` bytes, and for what makes it a gzip member. */
export function roomForMember(length: number): { readonly member: Buffer; readonly deflated: Buffer } {
  const member = Buffer.allocUnsafeSlow(GZIP_HEADER.length + length + GZIP_TRAILER_SIZE);
  return { member, deflated: member.subarray(GZIP_HEADER.length, GZIP_HEADER.length + length) };
}

/**
 * The plain bytes of a short stream that stands in its {@link roomForMember}, at once; undefined where a promise is broken.
 */
export async function inflateMember(member: Buffer, promised: Promised): Promise<Buffer | undefined> {
  GZIP_HEADER.copy(member);
  writeGzipTrailer(member, member.length - GZIP_TRAILER_SIZE, promised);
  try {
    // One byte more than needed: zlib can then tell that it is at the end without another piece.
    const room = promised.size + 1;
    const bytes = await promisify(gunzip)(member, { chunkSize: Math.max(64, room), maxOutputLength: room });
    return bytes.length === promised.size ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** How much zlib is given at a time: `input` compressed bytes from the compressed byte `from` on, and the usual before. */
interface Inputs {
  readonly from: number;
  readonly input: number;
}

class Inflation {
  readonly #source: AsyncIterable<Buffer>;
  readonly #inputs: Inputs;
  readonly #inflater: Gunzip | InflateRaw;
  readonly #queue: Buffer[] = [];
  #over = false;
  #isOutputClosed = false;
  #problem: InflationEnd["problem"];
  #failure: unknown;
  #wakeReader: (() => void) | undefined;
  #wakeFeeder: (() => void) | undefined;
  /** Compressed bytes that zlib had finished before the input it has now. */
  fed = 0;
  /** Plain bytes given to the caller. */
  delivered = 0;

  constructor(
    source: AsyncIterable<Buffer>,
    inputs: Inputs,
    inflater: Gunzip | InflateRaw = createInflateRaw({ chunkSize: PIECE }),
  ) {
    this.#source = source;
    this.#inflater = inflater;
    this.#inputs = inputs;
    this.#inflater.on("data", (piece: Buffer) => {
      if (this.#isOutputClosed) this.#problem = "damaged";
      else this.#queue.push(piece);
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

  /** From now on whatever comes out is damage, and not given. To be called when zlib has finished all input before. */
  closeOutput(): void {
    this.#isOutputClosed = true;
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
          // What zlib has finished is told, and the next given to it, only when the thread has nothing else to do.
          await setImmediate();
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
          const before = this.#inputs.from - (position + at);
          const step = before > 0 ? Math.min(before, INPUT) : this.#inputs.input;
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
