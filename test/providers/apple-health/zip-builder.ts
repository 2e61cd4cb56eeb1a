import { crc32, deflateRawSync } from "node:zlib";

/** An entry of a zip made by hand, with the oddities that real archivers have. */
export interface EntrySpec {
  readonly name: string | Buffer;
  readonly content: string | Buffer;
  /** Default 8. */
  readonly method?: number;
  /** Sizes and checksum behind the data instead of before them. */
  readonly descriptor?: boolean;
  /** Sizes in the zip64 extra field. */
  readonly zip64?: boolean;
  readonly encrypted?: boolean;
  /** Written instead of the true values. */
  readonly crc?: number;
  readonly size?: number;
  readonly compressedSize?: number;
  /** Changes the compressed bytes. */
  readonly damage?: (compressed: Buffer) => Buffer;
}

const MAX_32 = 0xffff_ffff;

/** Builds a whole archive in memory. */
export function buildZip(
  entries: readonly EntrySpec[],
  options: {
    readonly directory?: boolean;
    readonly comment?: string;
    /** An end of 64 bits even where 32 would do. */
    readonly zip64?: boolean;
  } = {},
): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const spec of entries) {
    const { local, directory } = entryBytes(spec, offset);
    parts.push(local);
    central.push(directory);
    offset += local.length;
  }
  if (options.directory === false) return Buffer.concat(parts);
  const size = central.reduce((sum, { length }) => sum + length, 0);
  const comment = Buffer.from(options.comment ?? "");
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length & 0xffff, 8);
  end.writeUInt16LE(entries.length & 0xffff, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  if (entries.length <= 0xffff && options.zip64 !== true)
    return Buffer.concat([...parts, ...central, end, comment]);
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeBigUInt64LE(BigInt(entries.length), 24);
  end64.writeBigUInt64LE(BigInt(entries.length), 32);
  end64.writeBigUInt64LE(BigInt(size), 40);
  end64.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([...parts, ...central, end64, locator, end, comment]);
}

function entryBytes(spec: EntrySpec, offset: number): { local: Buffer; directory: Buffer } {
  const name = Buffer.from(spec.name);
  const content = Buffer.from(spec.content);
  const method = spec.method ?? 8;
  const packed = method === 8 ? deflateRawSync(content) : content;
  const data = spec.damage?.(packed) ?? packed;
  const crc = spec.crc ?? crc32(content);
  const size = spec.size ?? content.length;
  const compressedSize = spec.compressedSize ?? data.length;
  const flags = (spec.encrypted === true ? 1 : 0) | (spec.descriptor === true ? 8 : 0);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(spec.zip64 === true ? 45 : 20, 0);
  fields.writeUInt16LE(flags, 2);
  fields.writeUInt16LE(method, 4);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(spec.zip64 === true ? MAX_32 : compressedSize, 14);
  fields.writeUInt32LE(spec.zip64 === true ? MAX_32 : size, 18);
  fields.writeUInt16LE(name.length, 22);
  let extra = Buffer.alloc(0);
  if (spec.zip64 === true) {
    extra = Buffer.alloc(20);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(16, 2);
    extra.writeBigUInt64LE(BigInt(size), 4);
    extra.writeBigUInt64LE(BigInt(compressedSize), 12);
  }
  fields.writeUInt16LE(extra.length, 24);
  const localFields = Buffer.from(fields);
  let descriptor = Buffer.alloc(0);
  if (spec.descriptor === true) {
    localFields.fill(0, 10, 22);
    descriptor = Buffer.alloc(16);
    descriptor.writeUInt32LE(0x08074b50, 0);
    descriptor.writeUInt32LE(crc, 4);
    descriptor.writeUInt32LE(compressedSize, 8);
    descriptor.writeUInt32LE(size, 12);
  }
  const local = Buffer.concat([
    Buffer.from("PK\u0003\u0004", "latin1"),
    localFields,
    name,
    extra,
    data,
    descriptor,
  ]);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(offset, 10);
  const directory = Buffer.concat([
    Buffer.from("PK\u0001\u0002\u0014\u0003", "latin1"),
    fields,
    tail,
    name,
    extra,
  ]);
  return { local, directory };
}
