import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { fromBufferPromise, openPromise, type Entry, type ZipFile } from "yauzl";
import { InputError } from "../../errors.ts";
import { fileIdentity } from "../../file-identity.ts";
import type { ImportFile } from "../types.ts";
import { sessionFormatOf } from "./format.ts";

/** One file of an archive: on disk, or in a zip on disk, or in a zip in a zip. */
export interface FileEntry {
  /** For people: the path below what was given, zips included: `2019/export.zip/run.fit`. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** A file that is there and could not be read. */
export interface UnreadableEntry {
  readonly path: string;
  readonly problem: string;
}

/** A day of 1 Hz GPX is some 30 MB; what is far larger is no recording. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
const MAX_ZIP_DEPTH = 3;
const MAX_FOLDER_DEPTH = 32;
const HEAD_BYTES = 4096;
/** Files looked at before a folder is taken for something else. */
const RECOGNIZE_FILES = 5000;
/** Likewise the names in a zip; reading a name costs less than opening a file. */
const RECOGNIZE_NAMES = 50_000;
/** Likewise the XML files of a zip. */
const RECOGNIZE_XML = 50;
/** The beginning of an Apple Health export's main XML, whatever it is called. */
const HEALTH_DATA = /<!DOCTYPE\s+HealthData[\s[>]|<HealthData[\s/>]/;
/** What every Apple Health export has and no archive of files: it is for another reader. */
const APPLE_FOLDERS = /(?:^|\/)(?:apple_health_export|workout-routes|electrocardiograms)(?:\/|$)/;

/** Every file that is or may be a session, sorted by path. A folder is walked, a zip opened; links to folders are not followed. */
export async function* entriesOf(given: ImportFile): AsyncGenerator<FileEntry | UnreadableEntry, void, void> {
  if (given.isDirectory) {
    for (const file of walk(given)) yield* fileEntries(join(given.path, file), file);
  } else {
    yield* fileEntries(given.path, "");
  }
}

/** Whether a folder or a zip is an archive of sessions, by a look at the heads or the names of its files. */
export async function holdsSessions(given: ImportFile): Promise<boolean> {
  const { path } = given;
  if (!given.isDirectory) return zipHoldsSessions(path);
  let looked = 0;
  let found = false;
  const zips: string[] = [];
  for (const file of walk(given)) {
    if (APPLE_FOLDERS.test(file)) return false;
    const head = headOf(join(path, file));
    if (HEALTH_DATA.test(head.toString("latin1"))) return false;
    found ||= sessionFormatOf(head) !== null;
    if (isZip(head)) zips.push(file);
    if (++looked >= RECOGNIZE_FILES) break;
  }
  for (const file of zips) {
    if (found) break;
    found = await zipHoldsSessions(join(path, file));
  }
  return found;
}

async function zipHoldsSessions(path: string): Promise<boolean> {
  try {
    return (await contentOf(await openPromise(path, { autoClose: false }))) === "sessions";
  } catch {
    return false;
  }
}

/** What a zip is full of, by the names in it and the heads of its XML files. Closes it. */
async function contentOf(zip: ZipFile): Promise<"sessions" | "health" | "neither"> {
  try {
    let found = false;
    const xml: Entry[] = [];
    let looked = 0;
    for await (const entry of zip.eachEntry()) {
      if (!found && ++looked > RECOGNIZE_NAMES) break;
      if (APPLE_FOLDERS.test(entry.fileName)) return "health";
      found ||= /\.(?:fit|tcx|gpx)(?:\.gz)?$/i.test(entry.fileName);
      if (/\.xml$/i.test(entry.fileName)) xml.push(entry);
    }
    // An export that somebody has packed again without its folders has routes, too.
    for (const entry of xml.slice(0, RECOGNIZE_XML)) if (await isHealthData(zip, entry)) return "health";
    return found ? "sessions" : "neither";
  } finally {
    zip.close();
  }
}

async function isHealthData(zip: ZipFile, entry: Entry): Promise<boolean> {
  try {
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of await zip.openReadStreamPromise(entry)) {
      pieces.push(piece as Buffer);
      length += (piece as Buffer).length;
      if (length >= HEAD_BYTES) break;
    }
    return HEALTH_DATA.test(Buffer.concat(pieces).toString("latin1", 0, HEAD_BYTES));
  } catch {
    return false;
  }
}

/** Whether these are the first bytes of a zip. */
export function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
}

/** The files in a folder, by their paths below it, but for those that must not be opened. */
function* walk(given: ImportFile, below = "", depth = 0): Generator<string> {
  const { path: root, untouchable } = given;
  let names;
  try {
    names = readdirSync(join(root, below), { withFileTypes: true });
  } catch (error) {
    if (depth > 0) return;
    throw new InputError("INPUT_UNREADABLE", `cannot read the folder ${root}`, { cause: error });
  }
  for (const entry of names.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    // Dot-files are other programs' own, and half-written exports.
    if (entry.name.startsWith(".") || entry.name === "__MACOSX") continue;
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      if (depth < MAX_FOLDER_DEPTH) yield* walk(given, path, depth + 1);
    } else if (entry.isFile() || (entry.isSymbolicLink() && isFile(join(root, path)))) {
      if (!untouchable.has(fileIdentity(join(root, path)) ?? "")) yield path;
    }
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function headOf(path: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    return head.subarray(0, readSync(descriptor, head));
  } catch {
    return head.subarray(0, 0);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

async function* fileEntries(path: string, name: string): AsyncGenerator<FileEntry | UnreadableEntry> {
  const head = headOf(path);
  try {
    if (isZip(head)) {
      yield* zipEntries(() => openPromise(path, { autoClose: false }), name, 1);
    } else if (sessionFormatOf(head) !== null) {
      const { size } = statSync(path);
      if (size > MAX_FILE_BYTES) yield { path: name, problem: "too large to be a recording" };
      else yield { path: name, bytes: readFileSync(path) };
    }
  } catch (error) {
    yield { path: name, problem: problemOf(error) };
  }
}

async function* zipEntries(
  open: () => Promise<ZipFile>,
  name: string,
  depth: number,
): AsyncGenerator<FileEntry | UnreadableEntry> {
  // Its routes without their workouts would be activities that nobody did.
  if (name !== "" && (await contentOf(await open())) === "health") {
    yield { path: name, problem: "an Apple Health export, to be imported by itself" };
    return;
  }
  const zip = await open();
  try {
    for await (const entry of zip.eachEntry()) {
      const path = name === "" ? entry.fileName : `${name}/${entry.fileName}`;
      if (entry.fileName.endsWith("/") || /(?:^|\/)(?:\.|__MACOSX\/)/.test(entry.fileName)) continue;
      if (!/\.(?:fit|tcx|gpx|zip)(?:\.gz)?$/i.test(entry.fileName)) continue;
      if (entry.uncompressedSize > MAX_FILE_BYTES) {
        yield { path, problem: "too large to be a recording" };
        continue;
      }
      try {
        const bytes = await inflated(zip, entry);
        if (!isZip(bytes)) yield { path, bytes };
        else if (depth < MAX_ZIP_DEPTH)
          yield* zipEntries(() => fromBufferPromise(bytes, { autoClose: false }), path, depth + 1);
        else yield { path, problem: "a zip in a zip in a zip" };
      } catch (error) {
        yield { path, problem: problemOf(error) };
      }
    }
  } catch (error) {
    yield { path: name, problem: problemOf(error) };
  } finally {
    zip.close();
  }
}

async function inflated(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const stream = await zip.openReadStreamPromise(entry);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function problemOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n", 1)[0] ?? "unreadable") : "unreadable";
}
