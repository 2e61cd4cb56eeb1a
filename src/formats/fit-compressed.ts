import { CrcCalculator } from "@garmin/fitsdk";
import { MAX_MESSAGES } from "./fit-messages.ts";

const COMPRESSED = 0x80;
const DEFINITION = 0x40;
const DEVELOPER_DATA = 0x20;
const TIMESTAMP_FIELD = 253;
const UINT32 = 0x86;

/** A message definition as it stands in the file. */
interface Definition {
  readonly bytes: Uint8Array;
  readonly fieldCount: number;
  readonly littleEndian: boolean;
  /** Of a data message: its fields, and with the developer fields behind them. */
  readonly fieldsSize: number;
  readonly size: number;
  /** Where its own timestamp stands, if it has one. */
  readonly timestampAt: number | undefined;
}

/**
 * Rewrites a FIT file whose records carry their time in five bits of their header ("compressed timestamp header", FIT
 * protocol, record header) into one with a timestamp field in each, which Garmin's decoder for JavaScript can read.
 * What cannot be followed ends the file there; a checksum that was wrong stays wrong.
 */
export function expandCompressedTimestamps(file: Uint8Array): Uint8Array {
  const headerSize = file[0] ?? 0;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = Math.min(headerSize + view.getUint32(4, true), file.length);
  const chunks: Uint8Array[] = [];
  const definitions = new Map<number, Definition>();
  /** The local types whose definition in the new file has the extra field. */
  const extended = new Set<number>();
  let last = 0;
  let at = headerSize;
  for (let messages = 0; at < end && messages < MAX_MESSAGES; messages++) {
    const header = view.getUint8(at);
    const isCompressed = (header & COMPRESSED) !== 0;
    const local = isCompressed ? (header >> 5) & 3 : header & 15;
    if (!isCompressed && (header & DEFINITION) !== 0) {
      const definition = definitionAt(file, view, at, end);
      if (definition === null) break;
      definitions.set(local, definition);
      extended.delete(local);
      chunks.push(definition.bytes);
      at += definition.bytes.length;
      continue;
    }
    const definition = definitions.get(local);
    if (definition === undefined || at + 1 + definition.size > end) break;
    const { littleEndian, fieldsSize, size, timestampAt } = definition;
    const data = file.subarray(at + 1, at + 1 + size);
    if (isCompressed) {
      const offset = header & 31;
      last += (offset - (last & 31) + 32) & 31;
      if (!extended.has(local)) chunks.push(withTimestamp(definition));
      extended.add(local);
      const time = new Uint8Array(4);
      new DataView(time.buffer).setUint32(0, last, littleEndian);
      chunks.push(Uint8Array.of(local), data.subarray(0, fieldsSize), time, data.subarray(fieldsSize));
    } else {
      if (extended.delete(local)) chunks.push(definition.bytes);
      if (timestampAt !== undefined) last = view.getUint32(at + 1 + timestampAt, littleEndian);
      chunks.push(Uint8Array.of(header), data);
    }
    at += 1 + size;
  }
  const sound =
    at === end && end + 2 <= file.length && crcOf(file.subarray(0, end)) === view.getUint16(end, true);
  return sealed(file.subarray(0, headerSize), chunks, sound);
}

function definitionAt(file: Uint8Array, view: DataView, at: number, end: number): Definition | null {
  if (at + 6 > end) return null;
  const littleEndian = view.getUint8(at + 2) === 0;
  const fieldCount = view.getUint8(at + 5);
  let next = at + 6;
  let fieldsSize = 0;
  let timestampAt: number | undefined;
  for (let field = 0; field < fieldCount; field++, next += 3) {
    if (next + 3 > end) return null;
    if (view.getUint8(next) === TIMESTAMP_FIELD && view.getUint8(next + 1) === 4) timestampAt = fieldsSize;
    fieldsSize += view.getUint8(next + 1);
  }
  let size = fieldsSize;
  if ((view.getUint8(at) & DEVELOPER_DATA) !== 0) {
    if (next >= end) return null;
    const count = view.getUint8(next++);
    for (let field = 0; field < count; field++, next += 3) {
      if (next + 3 > end) return null;
      size += view.getUint8(next + 1);
    }
  }
  return { bytes: file.subarray(at, next), fieldCount, littleEndian, fieldsSize, size, timestampAt };
}

/** The definition with a timestamp behind its fields. */
function withTimestamp({ bytes, fieldCount }: Definition): Uint8Array {
  const behind = 6 + fieldCount * 3;
  const longer = new Uint8Array(bytes.length + 3);
  longer.set(bytes.subarray(0, behind));
  longer.set([TIMESTAMP_FIELD, 4, UINT32], behind);
  longer.set(bytes.subarray(behind), behind + 3);
  longer[5] = fieldCount + 1;
  return longer;
}

/** Header, data and checksum of a file. */
function sealed(header: Uint8Array, chunks: readonly Uint8Array[], sound: boolean): Uint8Array {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const file = new Uint8Array(header.length + size + 2);
  const view = new DataView(file.buffer);
  file.set(header);
  view.setUint32(4, size, true);
  // 0: the header has no checksum of its own.
  if (header.length === 14) view.setUint16(12, 0, true);
  let at = header.length;
  for (const chunk of chunks) {
    file.set(chunk, at);
    at += chunk.length;
  }
  const crc = crcOf(file.subarray(0, at));
  view.setUint16(at, sound ? crc : crc ^ 0xffff, true);
  return file;
}

function crcOf(bytes: Uint8Array): number {
  return CrcCalculator.calculateCRC(bytes, 0, bytes.length);
}
