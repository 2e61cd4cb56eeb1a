import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { FitglueError, InputError, InterruptedError, dispositionOf } from "../errors.ts";
import { fileIdentity } from "../file-identity.ts";
import { isoInstant } from "../model/index.ts";
import type { FileSource, ImportFile, ImportProgress, ImportSession, Provider } from "../providers/types.ts";
import { databaseFiles, type ImportCounts, type Store } from "../store/index.ts";
import { fileDigest } from "./file-digest.ts";
import { storedSessionsOf } from "./known.ts";
import { endOfPass, writeBatch } from "./sync.ts";
import { type WarningGroup, WarningGroups } from "./warnings.ts";

const HEAD_BYTES = 4096;

/** A provider that reads files. */
export type FileProvider = Provider & { readonly file: FileSource };

export interface ImportOptions {
  /** An IANA name, checked. */
  readonly timezone?: string | undefined;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** What to draw; nothing depends on it. */
  readonly onProgress?: (progress: ImportProgress) => void;
}

/** What one path gave. `activities` = `added` + `updated` + `unchanged` + `skipped`. */
export interface FileResult extends ImportCounts {
  readonly path: string;
  /** The provider that read it; null when none knows it. */
  readonly kind: string | null;
  readonly status: "ok" | "partial" | "failed";
  /** Plain bytes read. */
  readonly bytes: number;
  readonly warnings: readonly WarningGroup[];
  /** What ended the import of it early, and the whole run where its disposition is `stop-all`. */
  readonly error: FitglueError | null;
  /** Activities of this run by sport, for the summary. */
  readonly sports: Readonly<Record<string, number>>;
}

/**
 * Imports one path: the first provider that recognises its content reads it. What can be read is stored, batch by batch;
 * an error leaves the batches before it in place, and both are in the result.
 *
 * Throws only what is a bug.
 */
export async function importPath(
  path: string,
  providers: readonly FileProvider[],
  store: Store,
  options: ImportOptions,
): Promise<FileResult> {
  const pass = () => readPath(path, providers, store, options);
  return options.dryRun ? store.rehearse(pass) : pass();
}

async function readPath(
  path: string,
  providers: readonly FileProvider[],
  store: Store,
  options: ImportOptions,
): Promise<FileResult> {
  const warnings = new WarningGroups();
  const sports: Record<string, number> = {};
  const count = { added: 0, updated: 0, unchanged: 0, skipped: 0, samples: 0, routes: 0 };
  const now = (): string => isoInstant(options.now());
  let bytes = 0;
  let kind: string | null = null;
  let error: FitglueError | null = null;
  let importId: number | undefined;
  let digest: Promise<Buffer | null> | undefined;
  try {
    const file = openHead(path, new Set(databaseFiles(store.path).flatMap((own) => fileIdentity(own) ?? [])));
    const provider = await recognize(file, providers);
    kind = provider.id;
    digest = file.isDirectory ? Promise.resolve(null) : fileDigest(path, options.signal);
    importId = store.transaction(() => store.imports.start(provider.id, basename(path), file.size, now()));
    const session: ImportSession = {
      signal: options.signal,
      stored: storedSessionsOf(store),
      timezone: options.timezone,
      now: options.now,
      warn: (warning) => warnings.add(warning),
      progress: (progress) => {
        bytes = progress.bytes;
        options.onProgress?.(progress);
      },
      routeRead: () => count.routes++,
    };
    const owner = { source: provider.id, account: "default" };
    for await (const batch of provider.file.read(file, session)) {
      const result = await writeBatch(store, owner, batch, provider, options.now());
      count.added += result.added;
      count.updated += result.updated;
      count.unchanged += result.unchanged;
      count.skipped += result.skipped;
      count.samples += result.samples;
      for (const { activity } of batch.items) sports[activity.sport] = (sports[activity.sport] ?? 0) + 1;
      if (options.signal.aborted) throw new InterruptedError();
    }
  } catch (thrown) {
    error = endOfPass(thrown, options.signal);
  }
  const result = (): FileResult => {
    const activities = count.added + count.updated + count.unchanged + count.skipped;
    const complete = error === null && count.skipped === 0 && !warnings.loss;
    const status = complete ? "ok" : error !== null && activities === 0 ? "failed" : "partial";
    return { path, kind, status, activities, ...count, bytes, warnings: warnings.list(), error, sports };
  };
  // What was cut off stays `running`: nobody knows what would have come, and a full disk takes no word about it.
  const isCutOff = error !== null && dispositionOf(error) === "stop-all";
  if (importId !== undefined && !isCutOff) {
    const id = importId;
    const sha256 = (await digest) ?? null;
    const { status, warnings: groups, ...counts } = result();
    try {
      store.transaction(() => store.imports.finish(id, status, sha256, counts, groups, now()));
    } catch (thrown) {
      error = endOfPass(thrown, options.signal);
    }
  }
  return result();
}

/** Looks at a path without reading more than its head. Throws `InputError` for one that is absent or unreadable. */
function openHead(path: string, untouchable: ReadonlySet<string>): ImportFile {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return { path, isDirectory: true, size: 0, head: Buffer.alloc(0), untouchable };
    if (!stats.isFile()) throw new InputError("INPUT_NOT_A_FILE", `not a file or folder: ${path}`);
    if (untouchable.has(fileIdentity(path) ?? "")) {
      throw new InputError("INPUT_UNKNOWN", `the file is the database that the import would go to: ${path}`);
    }
    const head = Buffer.alloc(Math.min(HEAD_BYTES, stats.size));
    const descriptor = openSync(path, "r");
    try {
      return {
        path,
        isDirectory: false,
        size: stats.size,
        head: head.subarray(0, readSync(descriptor, head)),
        untouchable,
      };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof FitglueError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const words =
      code === "ENOENT"
        ? "no such file or folder"
        : code === "EACCES" || code === "EPERM"
          ? "no permission to read"
          : `cannot be read (${code})`;
    throw new InputError(code === "ENOENT" ? "INPUT_MISSING" : "INPUT_UNREADABLE", `${words}: ${path}`, {
      cause: error,
    });
  }
}

async function recognize(file: ImportFile, providers: readonly FileProvider[]): Promise<FileProvider> {
  for (const provider of providers) if (await provider.file.recognizes(file)) return provider;
  const what = file.isDirectory
    ? "the folder holds no export"
    : file.size === 0
      ? "the file is empty"
      : `the file is ${describeHead(file.head)}, not an export`;
  throw new InputError("INPUT_UNKNOWN", `${what}: ${file.path}`, {
    hint: "on the iPhone: Health, your picture, Export All Health Data; then fitglue import export.zip",
  });
}

/** What the first bytes of an unknown file say it is. */
export function describeHead(head: Buffer): string {
  const kinds: readonly (readonly [magic: string, name: string])[] = [
    ["ffd8ff", "a JPEG picture"],
    ["89504e47", "a PNG picture"],
    ["25504446", "a PDF document"],
    ["1f8b", "gzip data"],
    ["377abcaf271c", "a 7-Zip archive"],
    ["526172211a07", "a RAR archive"],
    ["53514c69746520666f726d6174203300", "a SQLite database"],
    ["504b0304", "a zip archive of something else"],
    ["504b0506", "an empty zip archive"],
    ["7b", "JSON"],
    ["3c", "XML of another kind"],
    ["efbbbf3c", "XML of another kind"],
  ];
  const hex = head.subarray(0, 16).toString("hex");
  for (const [magic, name] of kinds) if (hex.startsWith(magic)) return name;
  const printable = head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
  return printable ? "text" : "of an unknown kind";
}
