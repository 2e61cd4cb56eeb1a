import { FitglueError, StoreError } from "../errors.ts";

/** What each SQLite result code means to a person: our code, the words, the remedy. */
const MEANINGS: readonly (readonly [prefix: string, code: string, message: string, hint: string])[] = [
  [
    "SQLITE_BUSY",
    "STORE_LOCKED",
    "the database is in use by another run",
    "wait for the other run to end, then try again",
  ],
  [
    "SQLITE_LOCKED",
    "STORE_LOCKED",
    "the database is in use by another run",
    "wait for the other run to end, then try again",
  ],
  ["SQLITE_FULL", "STORE_FULL", "the disk is full", "free some space; what was stored before is safe"],
  [
    "SQLITE_CORRUPT",
    "STORE_DAMAGED",
    "the database is damaged",
    "fitglue verify tells what is lost; then restore a backup",
  ],
  ["SQLITE_NOTADB", "STORE_DAMAGED", "the file is not a SQLite database", "check --db, or restore a backup"],
  [
    "SQLITE_READONLY",
    "STORE_READONLY",
    "the database cannot be written",
    "check the owner and mode of the file and its folder",
  ],
  [
    "SQLITE_PERM",
    "STORE_UNUSABLE",
    "the database may not be accessed",
    "check the owner and mode of the file and its folder",
  ],
  [
    "SQLITE_CANTOPEN",
    "STORE_UNUSABLE",
    "the database cannot be opened",
    "check that its folder exists and that you may write there: SQLite does, even to read",
  ],
  [
    "SQLITE_IOERR",
    "STORE_IO",
    "reading or writing the database failed",
    "check the disk; what was stored before is safe",
  ],
];

/** Turns what better-sqlite3 and the file system throw into a `StoreError`, by code and never by text. */
export function asStoreError(error: unknown, path: string): FitglueError {
  if (error instanceof FitglueError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  for (const [prefix, storeCode, message, hint] of MEANINGS) {
    if (code.startsWith(prefix))
      return new StoreError(storeCode, `${message}: ${path}`, { hint, cause: error });
  }
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new StoreError("STORE_FULL", `the disk is full: ${path}`, {
      cause: error,
      hint: "free some space",
    });
  }
  if (code.startsWith("E") && !code.startsWith("ERR_")) {
    return new StoreError("STORE_UNUSABLE", `the database cannot be opened: ${path} (${code})`, {
      hint: "check that the folder exists and is yours",
      cause: error,
    });
  }
  if (code.startsWith("SQLITE_")) {
    return new StoreError("STORE_FAILED", `the database refused an operation: ${path} (${code})`, {
      hint: "fitglue doctor",
      cause: error,
    });
  }
  throw error;
}
