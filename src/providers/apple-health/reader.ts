import { InterruptedError } from "../../errors.ts";
import type { Scan } from "./elements.ts";
import { ElementGate } from "./element-gate.ts";

/** How far a scan has come. */
export interface ScanProgress {
  /** Plain bytes. */
  readonly bytes: number;
  /** Elements of any kind. */
  readonly elements: number;
  readonly workouts: number;
}

export interface ScanOptions {
  readonly signal?: AbortSignal;
  /** Whether a zero byte stands for one that is lost, so that no element with one in it is complete. */
  readonly zeroIsLost?: boolean;
  /** Called once per chunk. */
  readonly onProgress?: (progress: ScanProgress) => void;
}

/**
 * One pass over the main XML: keeps the hot attributes of the wanted records and the bytes of every complete workout,
 * skips everything else without decoding it, and goes on behind whatever it cannot read.
 *
 * Throws `InterruptedError` when aborted, and what `main` throws.
 */
export async function scan(main: AsyncIterable<Buffer>, options: ScanOptions = {}): Promise<Scan> {
  const gate = new ElementGate(options.zeroIsLost);
  for await (const chunk of main) {
    if (options.signal?.aborted === true) throw new InterruptedError({ cause: options.signal.reason });
    gate.write(chunk);
    options.onProgress?.({ bytes: gate.bytes, elements: gate.elements, workouts: gate.workouts.length });
  }
  return gate.end();
}
