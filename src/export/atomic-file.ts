import {
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { StoreError, UsageError } from "../errors.ts";
import { makeFolder } from "../folders.ts";
import { sweepTemporaries, temporaryIn } from "../temporary-files.ts";

/**
 * A file that appears whole or not at all: written under a dot-name in its own folder, which programs that watch the folder
 * leave alone, made durable and then renamed. Of a symbolic link the file behind it is replaced. A device or a named pipe
 * (`/dev/stdout`) is written to as it is: a rename would put a file in its place. Errors are `UsageError` (the place) or
 * `StoreError` (the disk is full).
 */
export class AtomicFile {
  readonly #path: string;
  /** Undefined for what is no regular file. */
  readonly #temporary: string | undefined;
  #descriptor: number | undefined;

  /** @param mode of a file that is made or replaced; what the umask leaves of 0666 unless given */
  constructor(path: string, mode = 0o666) {
    const known = guarded(path, () => statSync(path, { throwIfNoEntry: false }));
    if (known !== undefined && !known.isFile() && !known.isDirectory()) {
      this.#path = path;
      this.#descriptor = guarded(path, () => openSync(path, "w"));
      return;
    }
    this.#path = known === undefined ? resolve(path) : realpathSync(path);
    const temporary = temporaryIn(dirname(this.#path));
    this.#temporary = temporary;
    this.#descriptor = guarded(this.#path, () => openSync(temporary, "wx", mode));
  }

  write(data: string | Uint8Array): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return;
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    guarded(this.#path, () => {
      for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    });
  }

  /** Gives the file its name. A power cut after {@link syncFolder} cannot take it away again. */
  commit(): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return;
    const temporary = this.#temporary;
    guarded(this.#path, () => {
      if (temporary !== undefined) fsyncSync(descriptor);
      closeSync(descriptor);
      this.#descriptor = undefined;
      if (temporary !== undefined) renameSync(temporary, this.#path);
    });
  }

  /** Leaves nothing behind; does nothing after {@link commit}. */
  discard(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    if (this.#temporary !== undefined) rmSync(this.#temporary, { force: true });
  }
}

/** Writes one whole file; see {@link AtomicFile}. */
export function writeAtomically(path: string, data: string | Uint8Array, mode?: number): void {
  const file = new AtomicFile(path, mode);
  try {
    file.write(data);
    file.commit();
  } finally {
    file.discard();
  }
}

/** Makes a folder where it is missing, and sweeps out what a killed run left in it. Returns its real path. */
export function openFolder(path: string, now: number): string {
  return guarded(path, () => {
    makeFolder(path);
    const folder = realpathSync(path);
    sweepTemporaries(folder, now);
    return folder;
  });
}

/** Makes the names in a folder durable. Does nothing where a folder cannot be synced (Windows, some network shares). */
export function syncFolder(folder: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(folder, "r");
    fsyncSync(descriptor);
  } catch {
    // The files themselves are durable; only their names depend on the file system's own pace then.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    if (code === "ENOSPC" || code === "EDQUOT") {
      throw new StoreError("DISK_FULL", `cannot write ${path}: the disk is full`, { cause: error });
    }
    const words: Record<string, string> = {
      ENOENT: "no such folder",
      ENOTDIR: "a part of the path is no folder",
      EEXIST: "a file of that name is in the way",
      EISDIR: "it is a folder",
      EACCES: "no permission",
      EPERM: "no permission",
      EROFS: "the file system is read-only",
    };
    throw new UsageError("EXPORT_TARGET", `cannot write to ${path}: ${words[code] ?? code}`, {
      hint: "--out with a file or folder that you may write",
      cause: error,
    });
  }
}
