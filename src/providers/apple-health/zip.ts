import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { type Entry, RandomAccessReader, type ZipFile, fromRandomAccessReaderPromise } from "yauzl";
import type { Damage } from "./elements.ts";
import { type InflationEnd, inflate, inflatePromised } from "./inflation.ts";
import type { ReadAround } from "./recovery/read-around.ts";
import { type ZipEntry, decodeName, readPieces } from "./zip-entry.ts";
import { type ArchivePlace, archivePlaces, isCentralHeader } from "./zip-end.ts";
import { findLocalHeaders } from "./zip-salvage.ts";

/** An archive's table of contents. */
export interface ZipDirectory {
  readonly entries: readonly ZipEntry[];
  /** Set when the directory was of no use and the entries were found by their own headers. */
  readonly salvaged: boolean;
  /** Bytes of the file before and behind the archive. */
  readonly before: number;
  readonly behind: number;
}

const PAGE = 64 << 10;
const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_SIZE = 30;
const CENTRAL_HEADER_SIZE = 46;
/** With 64-bit sizes. */
const DESCRIPTOR_SIZE = 24;

/** Reads an archive's directory; where that is missing, cut or wrong, looks for the entries themselves. */
export async function readZipDirectory(file: FileHandle, size: number): Promise<ZipDirectory> {
  for (const place of await archivePlaces(file, size)) {
    try {
      const entries = await readCentralDirectory(file, size, place);
      return { entries, salvaged: false, before: place.start, behind: size - place.end };
    } catch (error) {
      if (isSystemError(error)) throw error;
    }
  }
  return { entries: await findLocalHeaders(file, size), salvaged: true, before: 0, behind: 0 };
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

async function hasLocalHeader(file: FileHandle, entry: ZipEntry): Promise<boolean> {
  const head = Buffer.alloc(4);
  await file.read(head, 0, 4, entry.headerOffset);
  return head.readUInt32LE(0) === LOCAL_HEADER;
}

/** Throws where the directory is not what its end says: cut, of another number of entries, pointing elsewhere. */
async function readCentralDirectory(
  file: FileHandle,
  fileSize: number,
  { start, end, directory }: ArchivePlace,
): Promise<ZipEntry[]> {
  const zip: ZipFile = await fromRandomAccessReaderPromise(new PagedReader(file, start), end - start, {
    lazyEntries: true,
    autoClose: false,
    decodeStrings: false,
    validateEntrySizes: false,
  });
  const entries: ZipEntry[] = [];
  let next = directory;
  for await (const central of zip.eachEntry()) {
    const entry = fromCentral(central, start);
    // One that points elsewhere (offsets cut to 32 bits) is no better than none.
    if (entries.length === 0 && !(await hasLocalHeader(file, entry)))
      throw new Error("not where the directory says");
    entries.push(entry);
    const { fileNameLength, extraFieldLength, fileCommentLength } = central;
    next += CENTRAL_HEADER_SIZE + fileNameLength + extraFieldLength + fileCommentLength;
  }
  // Of more than 65535 entries some archivers write only the lower 16 bits.
  if (await isCentralHeader(file, next, fileSize)) throw new Error("more entries than the directory says");
  return entries;
}

/** @param start what the archive's offsets count from */
function fromCentral(entry: Entry, start: number): ZipEntry {
  return {
    name: decodeName(entry.fileNameRaw),
    method: entry.compressionMethod,
    encrypted: (entry.generalPurposeBitFlag & 1) !== 0,
    compressedSize: entry.compressedSize,
    size: entry.uncompressedSize,
    crc32: entry.crc32,
    headerOffset: start + entry.relativeOffsetOfLocalHeader,
  };
}

/**
 * Lets yauzl read its small pieces from pages, so that 100,000 entries are not 200,000 system calls, and shows it nothing of what
 * stands before the archive.
 */
class PagedReader extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #start: number;
  #page = Buffer.alloc(0);
  #pageAt = 0;

  constructor(file: FileHandle, start: number) {
    super();
    this.#file = file;
    this.#start = start;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    finish: (error: Error | null) => void,
  ): void {
    this.#fill(buffer.subarray(offset, offset + length), this.#start + position).then(
      () => finish(null),
      (error: unknown) => finish(error instanceof Error ? error : new Error(String(error))),
    );
  }

  async #fill(target: Buffer, position: number): Promise<void> {
    const inside = position - this.#pageAt;
    if (inside < 0 || inside + target.length > this.#page.length) {
      const page = Buffer.allocUnsafe(Math.max(PAGE, target.length));
      const { bytesRead } = await this.#file.read(page, 0, page.length, position);
      this.#page = page.subarray(0, bytesRead);
      this.#pageAt = position;
      if (bytesRead < target.length) throw new Error("unexpected end of file");
    }
    const from = position - this.#pageAt;
    this.#page.copy(target, 0, from, from + target.length);
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}

/** Where an entry's data begins; undefined when its header is not where the directory says. */
export async function dataOffset(file: FileHandle, entry: ZipEntry): Promise<number | undefined> {
  const header = Buffer.alloc(LOCAL_HEADER_SIZE);
  const { bytesRead } = await file.read(header, 0, header.length, entry.headerOffset);
  if (bytesRead < header.length || header.readUInt32LE(0) !== LOCAL_HEADER) return undefined;
  return entry.headerOffset + LOCAL_HEADER_SIZE + header.readUInt16LE(26) + header.readUInt16LE(28);
}

/**
 * The plain bytes of an entry up to the first damage of its compressed data. What is wrong is told to `report` at the
 * end; the offset is that of the plain bytes.
 */
export async function* readEntry(
  file: FileHandle,
  fileSize: number,
  entry: ZipEntry,
  report: (damage: Damage) => void,
): AsyncGenerator<Buffer, void, void> {
  const start = await dataOffset(file, entry);
  if (start === undefined) {
    report({
      code: "archive-damaged",
      message: "an entry is not where the archive says",
      offset: 0,
      loss: true,
    });
    return;
  }
  let known = 0;
  const { compressedSize, size, crc32: sum } = entry;
  if (entry.method === 8 && compressedSize !== undefined && size !== undefined && sum !== undefined) {
    const content = readPieces(file, start, Math.min(fileSize, start + compressedSize));
    const { isWhole, given } = yield* inflatePromised(content, compressedSize, { size, crc32: sum });
    if (isWhole) return;
    // Once more, to say what is wrong with it.
    known = given;
  }
  let length = 0;
  let checksum = 0;
  let end: InflationEnd = { consumed: 0 };
  const pieces =
    entry.method === 0
      ? stored(file, start, Math.min(fileSize, start + storedSize(entry, fileSize)))
      : inflate(() => readPieces(file, start, fileSize));
  try {
    for (;;) {
      const next = await pieces.next();
      if (next.done === true) {
        end = next.value;
        break;
      }
      const piece = next.value;
      checksum = crc32(piece, checksum);
      length += piece.length;
      const from = Math.min(known, piece.length);
      known -= from;
      if (from < piece.length) yield from === 0 ? piece : piece.subarray(from);
    }
  } finally {
    await pieces.return(end);
  }
  const damage = damageOf(entry, end, length, checksum);
  if (damage !== undefined) report(damage);
}

/** What {@link readEntryAround} has to tell before it begins. */
export function nothingRead(): ReadAround {
  return { gaps: [], length: 0, isCut: false };
}

/**
 * The plain bytes of a deflated entry before and behind all damage of its compressed data, with zero bytes for what is
 * lost: {@link readAround}. As {@link readEntry} otherwise.
 *
 * @param next where the next entry begins, or the archive ends
 */
export async function* readEntryAround(
  file: FileHandle,
  next: number,
  entry: ZipEntry,
  result: ReadAround,
  report: (damage: Damage) => void,
): AsyncGenerator<Buffer, void, void> {
  const start = await dataOffset(file, entry);
  if (start === undefined) return;
  const end = await dataEnd(file, start, entry);
  // Whoever writes a wrong size of the compressed bytes writes none better of the others.
  const size = end === undefined ? undefined : entry.size;
  // Few archives need it, and it takes longer to load than all else that imports.
  const { CompressedBytes } = await import("./recovery/compressed-bytes.ts");
  const { readAround } = await import("./recovery/read-around.ts");
  const input = new CompressedBytes(file.fd, start, end ?? next);
  let checksum = 0;
  for (const piece of readAround(input, size, result)) {
    // A small export is read by the thread that shows the progress and hears Ctrl-C.
    await setImmediate();
    if (piece.length === 0) continue;
    checksum = crc32(piece, checksum);
    yield piece;
  }
  for (const { offset, lost } of result.gaps) {
    const message = `its compressed data are damaged, and ${lost ?? "an unknown number of"} bytes of it are lost`;
    report({ code: "archive-damaged", message, offset, loss: true });
  }
  // What has a gap is not what the checksum is of.
  const whole = result.gaps.length === 0 ? entry : { ...entry, size: undefined, crc32: undefined };
  const damage = damageOf(
    whole,
    { consumed: 0, problem: result.isCut ? "cut" : undefined },
    result.length,
    checksum,
  );
  if (damage !== undefined) report(damage);
}

/** Where an entry's data end, if they do where the archive says: then something else begins there. */
async function dataEnd(file: FileHandle, start: number, entry: ZipEntry): Promise<number | undefined> {
  if (entry.compressedSize === undefined) return undefined;
  const end = start + entry.compressedSize;
  // The sizes may stand in between once more.
  const behind = Buffer.alloc(DESCRIPTOR_SIZE + 2);
  const { bytesRead } = await file.read(behind, 0, behind.length, end);
  return behind.subarray(0, bytesRead).includes("PK", 0, "latin1") ? end : undefined;
}

/** The two sizes of an entry that is not compressed are one; where an archive says two, the longer loses nothing. */
function storedSize({ compressedSize, size }: ZipEntry, fileSize: number): number {
  return compressedSize === undefined ? fileSize : Math.max(compressedSize, size ?? 0);
}

async function* stored(
  file: FileHandle,
  start: number,
  end: number,
): AsyncGenerator<Buffer, InflationEnd, void> {
  let consumed = 0;
  for await (const piece of readPieces(file, start, end)) {
    consumed += piece.length;
    yield piece;
  }
  return { consumed };
}

/** What the end of an entry says about its whole: sizes are compared in the 32 bits that every archiver writes. */
export function damageOf(
  entry: ZipEntry,
  end: InflationEnd,
  length: number,
  checksum: number,
): Damage | undefined {
  if (end.problem === "cut") {
    return { code: "archive-truncated", message: "the archive ends within it", offset: length, loss: true };
  }
  if (end.problem === "damaged") {
    return {
      code: "archive-damaged",
      message: "its compressed data are damaged",
      offset: length,
      loss: true,
    };
  }
  if (entry.size !== undefined && (entry.size - length) % 2 ** 32 !== 0) {
    const message = `${length} bytes where the archive promises ${entry.size}`;
    return {
      code: entry.method === 0 ? "archive-truncated" : "archive-damaged",
      message,
      offset: length,
      loss: true,
    };
  }
  if (entry.crc32 !== undefined && entry.crc32 !== checksum) {
    return { code: "archive-checksum", message: "its checksum is wrong", offset: length, loss: true };
  }
  return undefined;
}
