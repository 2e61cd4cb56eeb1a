import { closeSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "../errors.ts";
import { isDatabaseFile } from "../store/index.ts";
import { sweepTemporaries } from "../temporary-files.ts";
import type { CommandContext } from "./context.ts";

/** <https://www.sqlite.org/fileformat.html> §1.3.1 */
const MAGIC = "SQLite format 3\0";

/**
 * Makes ready to write one file, in the place of what is there: sweeps out what a killed run left beside it, and refuses a database,
 * the own one or any other, since nobody means to lose that.
 *
 * Throws `UsageError` `EXPORT_TARGET`.
 */
export function prepareOutFile(context: CommandContext, path: string): void {
  // Of the own one first: closing a descriptor of it would take SQLite's locks away.
  if (isDatabaseFile(path, context.settings().databasePath) || isDatabase(path)) {
    throw new UsageError("EXPORT_TARGET", `the target is a database: ${path}`, {
      hint: "choose another file",
    });
  }
  sweepTemporaries(dirname(path), context.now());
}

function isDatabase(path: string): boolean {
  const head = Buffer.alloc(MAGIC.length);
  let descriptor: number | undefined;
  try {
    // A pipe would be waited for.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
    descriptor = openSync(path, "r");
    readSync(descriptor, head);
  } catch {
    // What cannot be read is for the writing to complain of.
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  return head.toString("latin1") === MAGIC;
}
