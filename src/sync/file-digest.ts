import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

/** Bytes read at a time, all into one buffer. */
const PIECE = 256 << 10;

/**
 * The SHA-256 of a file. Null when the file cannot be read to its end, or on abort.
 *
 * It is worked out piece by piece in the calling thread, which has little to do while a large export is read in
 * another: a thread of its own would cost more to start than an archive of usual size takes to digest.
 */
export async function fileDigest(path: string, signal: AbortSignal): Promise<Buffer | null> {
  try {
    const file = await open(path, "r");
    try {
      const hash = createHash("sha256");
      const piece = Buffer.allocUnsafeSlow(PIECE);
      while (!signal.aborted) {
        const { bytesRead } = await file.read(piece, 0, PIECE, null);
        if (bytesRead === 0) return hash.digest();
        hash.update(piece.subarray(0, bytesRead));
      }
      return null;
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}
