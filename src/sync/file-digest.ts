import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/**
 * The SHA-256 of a file, in a thread of its own: a bare XML of several gigabytes would otherwise cost the import as much
 * time again. Null when the file cannot be read to its end, or on abort.
 */
export async function fileDigest(path: string, signal: AbortSignal): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { path },
      // The parent may have been started with flags that a thread refuses.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16 },
    });
    worker.once("message", (digest: Uint8Array | null) =>
      resolve(digest === null ? null : Buffer.from(digest)),
    );
    worker.once("error", () => resolve(null));
    worker.once("exit", () => resolve(null));
    signal.addEventListener("abort", () => void worker.terminate(), { once: true });
    if (signal.aborted) void worker.terminate();
  });
}

if (
  !isMainThread &&
  parentPort !== null &&
  typeof (workerData as { path?: unknown } | null)?.path === "string"
) {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream((workerData as { path: string }).path, { highWaterMark: 1 << 20 }), hash);
    parentPort.postMessage(hash.digest());
  } catch {
    parentPort.postMessage(null);
  }
}
