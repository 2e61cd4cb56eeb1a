import type { FileHandle } from "node:fs/promises";
import { type ZipEntry, decodeName } from "./zip-entry.ts";

const SIGNATURE = Buffer.from("PK\u0003\u0004", "latin1");
const HEADER_SIZE = 30;
const LONGEST_NAME = 1024;
const WINDOW = 1 << 20;
/** The sizes are written behind the data. */
const SIZES_FOLLOW = 8;
const ZIP64 = 0xffff_ffff;

/**
 * The entries of an archive that has lost its directory, by their local headers. A header that tells the size of its
 * data is believed if another header or the end follows there; else the next signature is searched for.
 */
export async function findLocalHeaders(handle: FileHandle, fileSize: number): Promise<ZipEntry[]> {
  const file = new WindowedFile(handle, fileSize);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (at >= 0 && at + HEADER_SIZE <= fileSize) {
    const header = await readLocalHeader(file, at);
    if (header !== undefined) {
      entries.push(header.entry);
      const { compressedSize } = header.entry;
      if (compressedSize !== undefined) {
        const behind = header.dataOffset + compressedSize;
        if (behind >= fileSize) break;
        if ((await file.read(behind, 2)).toString("latin1") === "PK") {
          at = behind;
          continue;
        }
      }
      at = header.dataOffset;
    } else at += 1;
    at = await file.indexOf(SIGNATURE, at);
  }
  return entries;
}

/** A file of which a window is held: what is looked at lies close together, and there may be a million places to look at. */
class WindowedFile {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #buffer = Buffer.alloc(WINDOW);
  #from = 0;
  #length = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** The bytes there, fewer at the end of the file; valid until the next call. */
  async read(at: number, length: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.#size - at));
    if (at < this.#from || at + wanted > this.#from + this.#length) {
      this.#from = at;
      this.#length = (await this.#file.read(this.#buffer, 0, WINDOW, at)).bytesRead;
    }
    return this.#buffer.subarray(at - this.#from, Math.min(at - this.#from + wanted, this.#length));
  }

  /** The next place of the pattern; -1 when there is none. */
  async indexOf(pattern: Buffer, from: number): Promise<number> {
    for (let at = from; at + pattern.length <= this.#size;) {
      if ((await this.read(at, pattern.length)).length < pattern.length) break;
      const held = this.#buffer.subarray(at - this.#from, this.#length);
      const found = held.indexOf(pattern);
      if (found >= 0) return at + found;
      at += held.length - pattern.length + 1;
    }
    return -1;
  }
}

async function readLocalHeader(
  file: WindowedFile,
  at: number,
): Promise<{ readonly entry: ZipEntry; readonly dataOffset: number } | undefined> {
  let bytes = await file.read(at, HEADER_SIZE + LONGEST_NAME);
  if (bytes.length < HEADER_SIZE || bytes.compare(SIGNATURE, 0, 4, 0, 4) !== 0) return undefined;
  const version = bytes.readUInt16LE(4) & 0xff;
  const flags = bytes.readUInt16LE(6);
  const method = bytes.readUInt16LE(8);
  const nameLength = bytes.readUInt16LE(26);
  const extraLength = bytes.readUInt16LE(28);
  const dataOffset = HEADER_SIZE + nameLength + extraLength;
  // Four bytes may be there by chance; this many fields that make sense are not.
  if (version > 63 || method > 99 || nameLength === 0 || nameLength > LONGEST_NAME) return undefined;
  if (bytes.length < dataOffset) bytes = await file.read(at, dataOffset);
  if (bytes.length < dataOffset) return undefined;
  const name = bytes.subarray(HEADER_SIZE, HEADER_SIZE + nameLength);
  if (name.includes(0)) return undefined;
  const sizes = sizesOf(bytes, HEADER_SIZE + nameLength, dataOffset);
  const follow = (flags & SIZES_FOLLOW) !== 0;
  return {
    dataOffset: at + dataOffset,
    entry: {
      name: decodeName(name),
      method,
      encrypted: (flags & 1) !== 0,
      compressedSize: follow ? undefined : sizes.compressed,
      size: follow ? undefined : sizes.plain,
      crc32: follow ? undefined : bytes.readUInt32LE(14),
      headerOffset: at,
    },
  };
}

function sizesOf(bytes: Buffer, extraFrom: number, extraTo: number): { compressed: number; plain: number } {
  let compressed = bytes.readUInt32LE(18);
  let plain = bytes.readUInt32LE(22);
  for (let at = extraFrom; at + 4 <= extraTo; at += 4 + bytes.readUInt16LE(at + 2)) {
    if (bytes.readUInt16LE(at) !== 1) continue;
    // Zip64: only the fields that did not fit, the plain size first.
    let field = at + 4;
    if (plain === ZIP64 && field + 8 <= extraTo) {
      plain = Number(bytes.readBigUInt64LE(field));
      field += 8;
    }
    if (compressed === ZIP64 && field + 8 <= extraTo) compressed = Number(bytes.readBigUInt64LE(field));
  }
  return { compressed, plain };
}
