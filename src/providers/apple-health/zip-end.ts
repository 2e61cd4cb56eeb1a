import type { FileHandle } from "node:fs/promises";

const LOCAL_HEADER = Buffer.from("PK\u0003\u0004", "latin1");
const CENTRAL_HEADER = Buffer.from("PK\u0001\u0002", "latin1");
const END = Buffer.from("PK\u0005\u0006", "latin1");
const END_64 = Buffer.from("PK\u0006\u0006", "latin1");
const LOCATOR_64 = Buffer.from("PK\u0006\u0007", "latin1");
const END_SIZE = 22;
const END_64_SIZE = 56;
const LOCATOR_64_SIZE = 20;

/** How far from the end of the file that of the archive is looked for: the longest comment there can be, and as much again. */
const TAIL = 128 << 10;
/** The signature may be there by chance; more of them than this are no accident … */
const MOST_ENDS = 8;
/** … and hardly by chance does one name a directory that is there: whoever made it so will not have a long one read many times. */
const MOST_PLACES = 2;

/** Where an archive lies in its file. */
export interface ArchivePlace {
  /** What its offsets count from. */
  readonly start: number;
  /** Where its comment ends. */
  readonly end: number;
  /** Where its directory begins in the file. */
  readonly directory: number;
}

/** What the end of a directory says of it. */
interface DirectoryEnd {
  /** Where it stands in the file. */
  readonly at: number;
  readonly entries: number;
  /** Of the directory, in bytes. */
  readonly size: number;
  /** Where the directory begins, counted from the beginning of the archive. */
  readonly offset: number;
}

/**
 * Where in a file an archive with a directory may lie: the places for which that can be said without reading the directory, the one
 * nearest to the end of the file first. Bytes before and behind the archive are tolerated, unless another archive may be among
 * them, whose entries would be lost without a word.
 */
export async function archivePlaces(file: FileHandle, fileSize: number): Promise<ArchivePlace[]> {
  const tailAt = Math.max(0, fileSize - TAIL);
  const tail = await bytesAt(file, tailAt, fileSize - tailAt, fileSize);
  const places: ArchivePlace[] = [];
  let at = tail.length - END_SIZE;
  for (let tried = 0; tried < MOST_ENDS && places.length < MOST_PLACES && at >= 0; tried++, at--) {
    at = tail.lastIndexOf(END, at);
    if (at < 0) break;
    const record = tail.subarray(at, at + END_SIZE);
    const end = at + END_SIZE + record.readUInt16LE(20);
    if (end > tail.length || tail.includes(LOCAL_HEADER, end)) continue;
    const said = await directoryEnd(file, fileSize, tailAt + at, record);
    const place = said === undefined ? undefined : await placeOf(file, fileSize, said);
    if (place !== undefined) places.push({ ...place, end: tailAt + end });
  }
  return places;
}

/** What an end says, or the one of 64 bits in front of it. */
async function directoryEnd(
  file: FileHandle,
  fileSize: number,
  at: number,
  record: Buffer,
): Promise<DirectoryEnd | undefined> {
  const locatorAt = at - LOCATOR_64_SIZE;
  const locator = await bytesAt(file, locatorAt, LOCATOR_64_SIZE, fileSize);
  if (!beginsWith(locator, LOCATOR_64)) {
    return {
      at,
      entries: record.readUInt16LE(10),
      size: record.readUInt32LE(12),
      offset: record.readUInt32LE(16),
    };
  }
  // Where bytes stand before the archive, the record is not where the locator says; it is nearly always right before that.
  for (const at64 of [number64(locator, 8), locatorAt - END_64_SIZE]) {
    const record64 = await bytesAt(file, at64, END_64_SIZE, fileSize);
    if (!beginsWith(record64, END_64)) continue;
    return {
      at: at64,
      entries: number64(record64, 32),
      size: number64(record64, 40),
      offset: number64(record64, 48),
    };
  }
  return undefined;
}

/** Where the directory is that an end speaks of: where it says, or else as far from the end as it says. */
async function placeOf(
  file: FileHandle,
  fileSize: number,
  { at, entries, size, offset }: DirectoryEnd,
): Promise<Pick<ArchivePlace, "start" | "directory"> | undefined> {
  for (const start of [0, at - size - offset]) {
    const directory = start + offset;
    if (start < 0) continue;
    if (start > 0 && beginsWith(await bytesAt(file, 0, LOCAL_HEADER.length, fileSize), LOCAL_HEADER))
      continue;
    const isThere =
      entries === 0
        ? // Nothing can be told from any other place, so only an archive that is nothing else is an empty one.
          start === 0 && directory === at
        : await isCentralHeader(file, directory, fileSize);
    if (isThere) return { start, directory };
  }
  return undefined;
}

/** Bytes of the file; none where not all of them are in it. */
async function bytesAt(file: FileHandle, at: number, length: number, fileSize: number): Promise<Buffer> {
  if (at < 0 || at + length > fileSize) return Buffer.alloc(0);
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, at);
  return bytes.subarray(0, bytesRead < length ? 0 : length);
}

function beginsWith(bytes: Buffer, signature: Buffer): boolean {
  return bytes.subarray(0, signature.length).equals(signature);
}

function number64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

/** Whether an entry of a directory begins there. */
export async function isCentralHeader(file: FileHandle, at: number, fileSize: number): Promise<boolean> {
  return beginsWith(await bytesAt(file, at, CENTRAL_HEADER.length, fileSize), CENTRAL_HEADER);
}
