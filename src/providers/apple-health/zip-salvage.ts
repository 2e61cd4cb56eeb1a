import type { FileHandle } from "node:fs/promises";
import { type ZipEntry, decodeName, readPieces } from "./zip-entry.ts";

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
export async function findLocalHeaders(file: FileHandle, fileSize: number): Promise<ZipEntry[]> {
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
        if (await startsWithSignature(file, behind)) {
          at = behind;
          continue;
        }
      }
      at = header.dataOffset;
    } else at += 1;
    at = await findSignature(file, at, fileSize);
  }
  return entries;
}

async function startsWithSignature(file: FileHandle, at: number): Promise<boolean> {
  const head = Buffer.alloc(2);
  const { bytesRead } = await file.read(head, 0, 2, at);
  return bytesRead === 2 && head.toString("latin1") === "PK";
}

async function findSignature(file: FileHandle, from: number, fileSize: number): Promise<number> {
  let at = from;
  let carry = Buffer.alloc(0);
  for await (const piece of readPieces(file, from, fileSize, WINDOW)) {
    const window = carry.length === 0 ? piece : Buffer.concat([carry, piece]);
    const found = window.indexOf(SIGNATURE);
    if (found >= 0) return at - carry.length + found;
    at += piece.length;
    carry = Buffer.from(window.subarray(Math.max(0, window.length - SIGNATURE.length + 1)));
  }
  return -1;
}

async function readLocalHeader(
  file: FileHandle,
  at: number,
): Promise<{ readonly entry: ZipEntry; readonly dataOffset: number } | undefined> {
  let bytes = Buffer.alloc(HEADER_SIZE + LONGEST_NAME);
  let { bytesRead } = await file.read(bytes, 0, bytes.length, at);
  if (bytesRead < HEADER_SIZE || bytes.compare(SIGNATURE, 0, 4, 0, 4) !== 0) return undefined;
  const version = bytes.readUInt16LE(4) & 0xff;
  const flags = bytes.readUInt16LE(6);
  const method = bytes.readUInt16LE(8);
  const nameLength = bytes.readUInt16LE(26);
  const extraLength = bytes.readUInt16LE(28);
  const dataOffset = HEADER_SIZE + nameLength + extraLength;
  // Four bytes may be there by chance; this many fields that make sense are not.
  if (version > 63 || method > 99 || nameLength === 0 || nameLength > LONGEST_NAME) return undefined;
  if (bytesRead < dataOffset) {
    bytes = Buffer.alloc(dataOffset);
    ({ bytesRead } = await file.read(bytes, 0, bytes.length, at));
    if (bytesRead < dataOffset) return undefined;
  }
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
