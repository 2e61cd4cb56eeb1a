import type { FileHandle } from "node:fs/promises";

/** A file in an archive, as far as the archive tells. */
export interface ZipEntry {
  /** Path in the archive, as UTF-8 or else as the bytes stand. */
  readonly name: string;
  /** 0 stored, 8 deflated; others cannot be read. */
  readonly method: number;
  readonly encrypted: boolean;
  /** May be wrong: some archivers write only the lower 32 bits. Undefined when only the stream itself can tell. */
  readonly compressedSize: number | undefined;
  readonly size: number | undefined;
  readonly crc32: number | undefined;
  /** Where its local header begins. */
  readonly headerOffset: number;
}

/**
 * Archivers set the UTF-8 flag or forget it; what is valid UTF-8 was meant as such. Some on Windows write backslashes,
 * where the format wants slashes.
 */
export function decodeName(raw: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(raw).replaceAll("\\", "/");
  } catch {
    return Buffer.from(raw).toString("latin1").replaceAll("\\", "/");
  }
}

const READ_SIZE = 256 << 10;

/** A file in pieces, from `start` to `end`. */
export async function* readPieces(
  file: FileHandle,
  start: number,
  end: number,
  size = READ_SIZE,
): AsyncGenerator<Buffer, void, void> {
  for (let at = start; at < end;) {
    const piece = Buffer.allocUnsafe(Math.min(size, end - at));
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield bytesRead < piece.length ? piece.subarray(0, bytesRead) : piece;
  }
}
