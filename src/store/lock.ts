import { closeSync, existsSync, openSync, realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Database } from "./driver.ts";
import { InterruptedError, StoreError, type FitglueError } from "../errors.ts";
import { asStoreError } from "./errors.ts";

/** The right to change the database for the length of a run. */
export interface RunLock {
  release(): void;
}

export interface LockOptions {
  /** Milliseconds to wait for another run; `docs/exit-codes.md` promises 5,000. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The run lock's file: beside the database itself, whatever link leads there, or two runs would hold two locks. */
export function runLockPath(databasePath: string): string {
  try {
    return `${realpathSync(databasePath)}.lock`;
  } catch {
    return `${databasePath}.lock`;
  }
}

/**
 * Takes the run lock beside the database (`fitglue.db.lock`). Readers do not need it.
 *
 * Throws `StoreError` `STORE_LOCKED` (exit 7) when another run still holds it after `waitMs`.
 */
export async function acquireRunLock(databasePath: string, options: LockOptions = {}): Promise<RunLock> {
  return acquireFileLock(runLockPath(databasePath), {
    ...options,
    held: (cause) =>
      new StoreError("STORE_LOCKED", `another fitglue is already working on ${databasePath}`, {
        hint: "wait for it to end; if nothing runs, fitglue doctor",
        cause,
      }),
  });
}

/** Whether a run is under way. The lock is the system's: a dead process cannot leave it held. */
export async function isRunLocked(databasePath: string): Promise<boolean> {
  if (!existsSync(runLockPath(databasePath))) return false;
  try {
    (await acquireRunLock(databasePath, { waitMs: 0 })).release();
    return false;
  } catch (error) {
    if (error instanceof StoreError && error.code === "STORE_LOCKED") return true;
    throw error;
  }
}

/**
 * Takes an exclusive lock that works across processes. It is an operating-system lock, held through SQLite on an
 * empty file: a killed process leaves nothing stale behind. The file (0600) stays; its folder must exist.
 *
 * Throws what `held` makes when somebody else still has it after `waitMs`.
 */
export async function acquireFileLock(
  path: string,
  options: LockOptions & { readonly held: (cause: unknown) => FitglueError },
): Promise<RunLock> {
  const deadline = performance.now() + (options.waitMs ?? 5000);
  let db: Database;
  try {
    closeSync(openSync(path, "a", 0o600));
    db = connect(path, { timeout: 0 });
  } catch (error) {
    throw asStoreError(error, path);
  }
  for (;;) {
    try {
      db.exec("BEGIN EXCLUSIVE");
      return { release: () => db.close() };
    } catch (error) {
      const failure = asStoreError(error, path);
      if (
        failure.code !== "STORE_LOCKED" ||
        performance.now() >= deadline ||
        options.signal?.aborted === true
      ) {
        db.close();
        if (options.signal?.aborted === true) throw new InterruptedError({ cause: error });
        throw failure.code === "STORE_LOCKED" ? options.held(error) : failure;
      }
    }
    await sleep(100);
  }
}
