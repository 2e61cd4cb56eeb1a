import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { finished } from "node:stream/promises";
import { crc32, createDeflateRaw } from "node:zlib";

const UTF8_AND_DESCRIPTOR = 0x0808;
const DOS_DATE = ((2026 - 1980) << 9) | (11 << 5) | 20;
const MAX_32 = 0xffff_ffff;

interface Written {
  readonly name: Buffer;
  readonly offset: number;
  readonly compressed: number;
  readonly size: number;
  readonly crc: number;
}

/** Writes a zip as a phone might: streamed entries with data descriptors, zip64 where needed. Streams, so any size. */
export class ZipWriter {
  readonly #path: string;
  readonly #file: number;
  readonly #entries: Written[] = [];
  #position = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(`${path}.part`, "w");
  }

  async add(name: string, pieces: Iterable<string>): Promise<number> {
    const offset = this.#position;
    const nameBytes = Buffer.from(name);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(45, 4);
    header.writeUInt16LE(UTF8_AND_DESCRIPTOR, 6);
    header.writeUInt16LE(8, 8);
    header.writeUInt16LE(DOS_DATE, 12);
    header.writeUInt16LE(nameBytes.length, 26);
    this.#write(header);
    this.#write(nameBytes);
    const start = this.#position;
    const deflate = createDeflateRaw({ level: 6, chunkSize: 1 << 18 });
    deflate.on("data", (piece: Buffer) => this.#write(piece));
    const done = finished(deflate);
    let size = 0;
    let crc = 0;
    for (const piece of pieces) {
      const bytes = Buffer.from(piece);
      size += bytes.length;
      crc = crc32(bytes, crc);
      if (!deflate.write(bytes)) await new Promise<void>((resume) => deflate.once("drain", resume));
    }
    deflate.end();
    await done;
    const compressed = this.#position - start;
    const zip64 = size > MAX_32 || compressed > MAX_32;
    const descriptor = Buffer.alloc(zip64 ? 24 : 16);
    descriptor.writeUInt32LE(0x08074b50, 0);
    descriptor.writeUInt32LE(crc, 4);
    if (zip64) {
      descriptor.writeBigUInt64LE(BigInt(compressed), 8);
      descriptor.writeBigUInt64LE(BigInt(size), 16);
    } else {
      descriptor.writeUInt32LE(compressed, 8);
      descriptor.writeUInt32LE(size, 12);
    }
    this.#write(descriptor);
    this.#entries.push({ name: nameBytes, offset, compressed, size, crc });
    return size;
  }

  close(): void {
    const start = this.#position;
    for (const { name, offset, compressed, size, crc } of this.#entries) {
      const extra = Buffer.alloc(28);
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      extra.writeBigUInt64LE(BigInt(size), 4);
      extra.writeBigUInt64LE(BigInt(compressed), 12);
      extra.writeBigUInt64LE(BigInt(offset), 20);
      const header = Buffer.alloc(46);
      header.writeUInt32LE(0x02014b50, 0);
      header.writeUInt16LE(0x031e, 4);
      header.writeUInt16LE(45, 6);
      header.writeUInt16LE(UTF8_AND_DESCRIPTOR, 8);
      header.writeUInt16LE(8, 10);
      header.writeUInt16LE(DOS_DATE, 14);
      header.writeUInt32LE(crc, 16);
      header.writeUInt32LE(MAX_32, 20);
      header.writeUInt32LE(MAX_32, 24);
      header.writeUInt16LE(name.length, 28);
      header.writeUInt16LE(extra.length, 30);
      header.writeUInt32LE(MAX_32, 42);
      this.#write(Buffer.concat([header, name, extra]));
    }
    const length = this.#position - start;
    const count = BigInt(this.#entries.length);
    const end64 = Buffer.alloc(56);
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(44n, 4);
    end64.writeUInt16LE(0x031e, 12);
    end64.writeUInt16LE(45, 14);
    end64.writeBigUInt64LE(count, 24);
    end64.writeBigUInt64LE(count, 32);
    end64.writeBigUInt64LE(BigInt(length), 40);
    end64.writeBigUInt64LE(BigInt(start), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(this.#position), 8);
    locator.writeUInt32LE(1, 16);
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(0xffff, 8);
    end.writeUInt16LE(0xffff, 10);
    end.writeUInt32LE(MAX_32, 12);
    end.writeUInt32LE(MAX_32, 16);
    this.#write(Buffer.concat([end64, locator, end]));
    closeSync(this.#file);
    renameSync(`${this.#path}.part`, this.#path);
  }

  #write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
    this.#position += bytes.length;
  }
}
