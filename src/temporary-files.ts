import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const NAME = /^\.fitglue-[0-9a-f]{16}\.tmp(?:-wal|-shm|-journal)?$/;
/** A temporary file this old belongs to a run that was killed. */
const ABANDONED_MS = 3_600_000;

/** A name in a folder that nobody else uses, for what gets its own name when it is whole. Programs that watch the folder leave dot-names alone. */
export function temporaryIn(folder: string): string {
  return join(folder, `.fitglue-${randomBytes(8).toString("hex")}.tmp`);
}

/** Removes from a folder what killed runs left in it. A folder that cannot be read is left to whoever writes to it. */
export function sweepTemporaries(folder: string, now: number): void {
  try {
    for (const name of readdirSync(folder)) {
      if (!NAME.test(name)) continue;
      const age = now - (statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? now);
      if (age > ABANDONED_MS) rmSync(join(folder, name), { force: true });
    }
  } catch {
    // What is in the way of sweeping is in the way of writing, too, and is told there.
  }
}
