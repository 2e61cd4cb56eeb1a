import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileIdentity } from "../file-identity.ts";

/** The database, what SQLite keeps beside it, and the run lock. */
const SUFFIXES = ["", "-wal", "-shm", "-journal", ".lock"] as const;

/** The real paths of all files of a database, those included that are not there now. */
export function databaseFiles(databasePath: string): readonly string[] {
  const real = realPathOf(databasePath);
  return SUFFIXES.map((suffix) => real + suffix);
}

/** Whether writing to `path` would write to a file of the database, whatever links lead there. */
export function isDatabaseFile(path: string, databasePath: string): boolean {
  const real = realPathOf(path);
  const identity = fileIdentity(path);
  return databaseFiles(databasePath).some(
    (file) => file === real || (identity !== undefined && fileIdentity(file) === identity),
  );
}

/** Where a path leads; its folder's links are followed where the file itself is not there. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It is not there, or is a link to nothing.
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return resolve(path);
  }
}
