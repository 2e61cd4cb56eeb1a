import { InputError } from "../../errors.ts";
import type { Batch } from "../../model/index.ts";
import type { ImportSession } from "../types.ts";
import { batchesOf } from "./batches.ts";
import type { Damage, ExportFiles, Scan } from "./elements.ts";
import { type ScanOptions, scan } from "./reader.ts";

/** What reading an export needs of its session: what can also be had in another thread. */
export type ReadingSession = Pick<ImportSession, "signal" | "timezone" | "warn" | "progress" | "routeRead">;

/**
 * Everything in an opened export as batches, the files left open. Throws `InputError` when nothing in it can be read, and
 * `InterruptedError` when aborted.
 */
export async function* readFiles(
  files: ExportFiles,
  session: ReadingSession,
): AsyncGenerator<Batch, void, void> {
  const { mainBytes: totalBytes } = files;
  const during = (phase: string): ScanOptions => ({
    signal: session.signal,
    onProgress: ({ bytes, elements, workouts }) =>
      session.progress({ bytes, totalBytes, activities: workouts, records: elements, phase }),
  });
  let found = await scan(files.main, during("reading"));
  const around = files.around?.();
  if (around !== undefined) {
    const more = await scan(around.content, { ...during("reading around damage"), zeroIsLost: true });
    if (around.wentOn) found = more;
  }
  if (isNothing(found)) throw nothingReadable(found, files.mainPath);
  // Some of what is wrong with an archive shows only when its end has been read.
  for (const { code, message, loss } of files.damage) session.warn({ code, message, loss });
  warn(session, found.damage, files.mainPath);
  yield* batchesOf(found, files, session);
}

/** Whether no more than the root was found of what was there. An export in which there is nothing else is whole. */
function isNothing({ elements, workouts, damage }: Scan): boolean {
  if (elements > 1 || workouts.length > 0) return false;
  return elements === 0 || damage.some(({ loss }) => loss);
}

function nothingReadable({ damage }: Scan, path: string): InputError {
  const lost = damage.find(({ loss }) => loss);
  const why = lost === undefined ? "" : `: ${lost.message}, at byte ${lost.offset}`;
  return new InputError(
    "INPUT_NOTHING_READABLE",
    `nothing in ${path} could be read, though it begins as an Apple Health export${why}`,
    {
      provider: "apple-health",
      hint: "export again on the iPhone, with Auto-Lock set to Never while it runs",
    },
  );
}

function warn(session: ReadingSession, damage: readonly Damage[], path: string): void {
  for (const { code, message, offset, loss } of damage) {
    session.warn({ code, message: `${path}: ${message}, at byte ${offset}`, loss });
  }
}
