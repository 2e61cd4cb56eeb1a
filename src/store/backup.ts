import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { connect, type Database } from "./driver.ts";
import { InterruptedError, StoreError, UsageError } from "../errors.ts";
import { sweepTemporaries, temporaryIn } from "../temporary-files.ts";
import { isDatabaseFile } from "./database-files.ts";
import { asStoreError } from "./errors.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { type TableCounts, tableCounts } from "./statistics.ts";
import type { Store } from "./store.ts";
import { integrityErrors } from "./verification.ts";

export interface BackupOptions {
  /** Replace an existing file. */
  readonly force: boolean;
  /** Unix milliseconds: what is old enough to have been left by a killed run is removed. */
  readonly now: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (donePages: number, totalPages: number) => void;
}

/** A finished backup. */
export interface BackupResult {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly schemaVersion: number;
  readonly counts: TableCounts;
}

/** Pages per step: between two steps the process answers signals, and other processes may write. */
const STEP_PAGES = 2048;
const ALL_PAGES = 0x7fffffff;

/**
 * Writes a consistent copy of the database to `target`, while other processes read and write. The copy gets its name only after it
 * was checked (integrity, and row counts where nobody wrote meanwhile) and is on the disk; it is one file without side
 * files, mode 0600.
 *
 * Throws `UsageError` (`BACKUP_EXISTS`, `BACKUP_TARGET`), `StoreError` (`STORE_MISSING`, `STORE_FULL`, `BACKUP_DAMAGED` …),
 * `InterruptedError`. Nothing half-written stays behind.
 */
export async function backupStore(
  store: Store,
  target: string,
  options: BackupOptions,
): Promise<BackupResult> {
  const path = resolve(target);
  if (store.db.memory) {
    throw new StoreError("STORE_MISSING", `there is no database to back up: ${store.path}`, {
      hint: "fitglue status",
    });
  }
  const temporary = temporaryIn(dirname(path));
  try {
    checkTarget(store.path, path, options.force);
    sweepTemporaries(dirname(path), options.now);
    closeSync(openSync(temporary, "wx", 0o600));
    const before = options.signal?.aborted === true ? undefined : dataVersion(store.db);
    await copy(store.db, temporary, options);
    const copied = checkCopy(temporary);
    const quiet = before === dataVersion(store.db);
    if (quiet) compare(tableCounts(store.db), copied.counts);
    syncToDisk(temporary);
    give(temporary, path, options.force);
    syncToDisk(dirname(path));
    return { path, bytes: statSync(path).size, schemaVersion: copied.schemaVersion, counts: copied.counts };
  } catch (error) {
    throw asTargetError(error, path);
  } finally {
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${temporary}${suffix}`, { force: true });
  }
}

/** What the file system says of the place is not about the database. */
function asTargetError(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    EACCES: "no permission",
    EPERM: "no permission",
    EROFS: "the file system is read-only",
    ENAMETOOLONG: "the name is too long",
    SQLITE_CANTOPEN: "it cannot be made there",
  };
  const reason = reasons[code];
  if (reason === undefined) return asStoreError(error, path);
  return new UsageError("BACKUP_TARGET", `cannot write to ${path}: ${reason}`, {
    hint: "name a file in a folder that you may write to",
    cause: error,
  });
}

function checkTarget(source: string, path: string, force: boolean): void {
  const folder = dirname(path);
  if (!existsSync(folder)) {
    throw new UsageError("BACKUP_TARGET", `no such folder: ${folder}`, { hint: `mkdir -p ${folder}` });
  }
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) {
    throw new UsageError("BACKUP_TARGET", `the target is a folder: ${path}`, {
      hint: "name a file in it, for example fitglue-backup.db",
    });
  }
  if (stats !== undefined && !stats.isFile() && !stats.isSymbolicLink()) {
    throw new UsageError("BACKUP_TARGET", `the target is no file: ${path}`, {
      hint: "name a file that may be made or replaced",
    });
  }
  if (isDatabaseFile(path, source)) {
    throw new UsageError("BACKUP_TARGET", `the target is the database itself: ${path}`, {
      hint: "choose another file",
    });
  }
  if (stats !== undefined && !force) {
    throw new UsageError("BACKUP_EXISTS", `the file exists already: ${path}`, {
      hint: "choose another name, or replace it with --force",
    });
  }
  const side = ["-wal", "-journal"].map((suffix) => `${path}${suffix}`).find((file) => existsSync(file));
  if (side !== undefined) {
    // SQLite would take it for the new file's own and replay it.
    throw new UsageError(
      "BACKUP_TARGET",
      `the target is in use, or was not closed properly: ${side} exists`,
      {
        hint: "choose another name",
      },
    );
  }
}

/** Page by page. Another process's write makes SQLite begin again; the second time everything is copied in one step. */
async function copy(db: Database, temporary: string, options: BackupOptions): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  await db.backup(temporary, {
    progress({ totalPages, remainingPages }) {
      if (options.signal?.aborted === true) throw new InterruptedError();
      options.onProgress?.(totalPages - remainingPages, totalPages);
      const restarted = remainingPages > least;
      least = Math.min(least, remainingPages);
      return restarted ? ALL_PAGES : STEP_PAGES;
    },
  });
}

function checkCopy(path: string): { counts: TableCounts; schemaVersion: number } {
  const db = connect(path, { fileMustExist: true });
  try {
    // One file: what is in a write-ahead log would be lost by whoever copies the file alone.
    db.pragma("journal_mode = DELETE");
    const [error] = integrityErrors(db);
    if (error !== undefined) {
      throw new StoreError("BACKUP_DAMAGED", `the copy is not sound, and was removed: ${error}`, {
        hint: "fitglue verify",
      });
    }
    return {
      counts: tableCounts(db),
      schemaVersion: Number(db.pragma("user_version", { simple: true }) ?? SCHEMA_VERSION),
    };
  } finally {
    db.close();
  }
}

function compare(original: TableCounts, copied: TableCounts): void {
  for (const [table, count] of Object.entries(original)) {
    if (copied[table] === count) continue;
    throw new StoreError("BACKUP_DAMAGED", `the copy lacks rows of ${table}, and was removed`, {
      hint: "fitglue verify",
    });
  }
}

/** Grows with every commit of another connection. */
function dataVersion(db: Database): number {
  return Number(db.pragma("data_version", { simple: true }));
}

function give(temporary: string, path: string, force: boolean): void {
  if (force) {
    renameSync(temporary, path);
    return;
  }
  try {
    // Unlike a rename, a link never replaces a file that appeared meanwhile.
    linkSync(temporary, path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "EEXIST") {
      throw new UsageError("BACKUP_EXISTS", `the file exists already: ${path}`, {
        hint: "choose another name, or replace it with --force",
        cause: error,
      });
    }
    // FAT and some network file systems have no links.
    renameSync(temporary, path);
  }
}

function syncToDisk(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } catch (error) {
    // A folder cannot be synced everywhere (Windows).
    if (!statSync(path).isDirectory()) throw error;
  } finally {
    closeSync(descriptor);
  }
}
