import { chmodSync, closeSync, lstatSync, openSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { connect, type Database } from "./driver.ts";
import { StoreError } from "../errors.ts";
import { makeFolder } from "../folders.ts";
import { asStoreError } from "./errors.ts";
import { type FileSystemProbe, networkFileSystem } from "./file-system.ts";
import { APPLICATION_ID, migrate, SCHEMA_VERSION } from "./migrations.ts";

export type JournalMode = "wal" | "delete";

export interface OpenOptions {
  /** `create`: make file and folder. `empty`: a missing file reads as an empty database and is not made. */
  readonly ifMissing: "create" | "empty";
  /** `delete` is for network file systems: slower, one writer or reader at a time, and safe there. Default `wal`. */
  readonly journalMode?: JournalMode;
  /** Whether the folder is fitglue's alone, so that who writes may take it from all other users. Default: somebody chose it. */
  readonly isFolderOwn?: boolean;
  readonly fileSystem?: FileSystemProbe;
}

/**
 * Opens the database durable and private: WAL with `synchronous = FULL` (better-sqlite3 is compiled so that WAL means NORMAL, and then
 * a power cut could undo a commit that Polar has already been told about), foreign keys on, file mode 0600, in a folder
 * of mode 0700 if that is made here or fitglue's own.
 *
 * Throws `StoreError`: `STORE_NEWER` (written by a newer fitglue; not touched), `STORE_FOREIGN` (another program's),
 * `STORE_NETWORK` (WAL on a network file system), `STORE_LOCKED`, `STORE_DAMAGED`, `STORE_UNUSABLE`.
 */
export function openDatabase(path: string, options: OpenOptions): Database {
  try {
    const missing = !databaseExists(path);
    if (missing && options.ifMissing === "empty")
      return prepare(connect(":memory:"), ":memory:", "wal", true);
    if (missing) {
      makeFolder(dirname(path), 0o700);
      refuseNetwork(path, options);
      closeSync(openSync(path, "a", 0o600));
    } else {
      refuseNetwork(path, options);
    }
    if (options.isFolderOwn === true && options.ifMissing === "create") closeFolder(dirname(path));
    const db = connect(path, { timeout: 5000 });
    return prepare(db, path, options.journalMode ?? "wal", options.ifMissing === "empty");
  } catch (error) {
    throw asStoreError(error, path);
  }
}

/**
 * Whether there is a database, or something in its place. Only what is not there is missing: a folder that cannot be looked into
 * may hold years of training, and must not pass for an empty store.
 *
 * Throws `StoreError` `STORE_UNUSABLE`.
 */
export function databaseExists(path: string): boolean {
  let found: Stats | undefined;
  try {
    found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() === true) found = statSync(path);
  } catch (error) {
    throw asStoreError(error, path);
  }
  if (found === undefined || found.isFile()) return found !== undefined;
  throw new StoreError("STORE_UNUSABLE", `the database cannot be opened: ${path} is not a file`, {
    hint: "check --db and FITGLUE_DB",
  });
}

function refuseNetwork(path: string, options: OpenOptions): void {
  if (options.journalMode === "delete") return;
  const name = networkFileSystem(path, options.fileSystem);
  if (name === null) return;
  throw new StoreError(
    "STORE_NETWORK",
    `the database is on a network file system (${name}), where SQLite's write-ahead log loses data: ${path}`,
    { hint: 'keep it on a local disk (--db), or set "journal_mode": "delete" in config.json' },
  );
}

/**
 * Takes the file from all other users, and what SQLite has made beside it with the file's own mode. Only of a database that is
 * known to be fitglue's: whatever else `--db` may name keeps its mode.
 */
function closeToOthers(path: string): void {
  if (process.platform === "win32") return;
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) !== 0) setMode(file);
  }
}

/** Takes the folder from all other users. One that cannot be taken is for `doctor` to tell: the database in it is private all the same. */
function closeFolder(folder: string): void {
  if (process.platform === "win32" || (statSync(folder).mode & 0o077) === 0) return;
  try {
    chmodSync(folder, 0o700);
  } catch {
    // Another user's, or on a read-only medium.
  }
}

function setMode(file: string): void {
  try {
    chmodSync(file, 0o600);
  } catch (error) {
    // A backup on a read-only medium is as private as that is.
    if (!(error instanceof Error && "code" in error && error.code === "EROFS")) throw error;
  }
}

function prepare(db: Database, path: string, wanted: JournalMode, isReading: boolean): Database {
  try {
    const version = Number(db.pragma("user_version", { simple: true }));
    const application = Number(db.pragma("application_id", { simple: true }));
    const tables = db.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").pluck().get();
    if (tables !== 0 && application !== APPLICATION_ID) {
      throw new StoreError("STORE_FOREIGN", `the file is another program's SQLite database: ${path}`, {
        hint: "choose another file with --db",
      });
    }
    if (version < 0) {
      throw new StoreError("STORE_DAMAGED", `the database is damaged: ${path} (schema ${version})`, {
        hint: "restore a backup",
      });
    }
    if (version > SCHEMA_VERSION) {
      throw new StoreError(
        "STORE_NEWER",
        `the database was written by a newer fitglue (schema ${version}, this one knows ${SCHEMA_VERSION}): ${path}`,
        { hint: "npm install --global fitglue@latest" },
      );
    }
    if (path !== ":memory:") closeToOthers(path);
    // A backup has no write-ahead log: who only looks at it leaves it, byte for byte, as it is.
    const isBackup = isReading && db.pragma("journal_mode", { simple: true }) === "delete";
    const journalMode = isBackup ? "delete" : wanted;
    if (path !== ":memory:" && db.pragma(`journal_mode = ${journalMode}`, { simple: true }) !== journalMode) {
      throw new StoreError("STORE_JOURNAL", `SQLite cannot use journal_mode = ${journalMode} here: ${path}`, {
        hint: "keep the database on a local disk (--db)",
      });
    }
    // Without WAL, FULL leaves a moment in which the journal's removal is not on disk yet; EXTRA closes it. The next two are for
    // macOS, where fsync alone does not reach the platter. Together, since each call would be waited for at every start.
    db.exec(`
      PRAGMA synchronous = ${journalMode === "wal" ? "FULL" : "EXTRA"};
      PRAGMA fullfsync = ON;
      PRAGMA checkpoint_fullfsync = ON;
      PRAGMA foreign_keys = ON;
      PRAGMA trusted_schema = OFF;
      PRAGMA cache_size = -8000;
    `);
    migrate(db, version);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
