import { type FileHandle, open } from "node:fs/promises";
import { InputError } from "../../errors.ts";
import { type Content, contentOf } from "./content.ts";
import type { Damage, ExportFiles, RouteBytes } from "./elements.ts";
import { ROUTE_LIMIT, unreadable, utf16Error } from "./folder.ts";
import { inflateMember, roomForMember } from "./inflation.ts";
import { RouteIndex, baseName } from "./route-index.ts";
import {
  type ZipDirectory,
  dataOffset,
  nothingRead,
  readEntry,
  readEntryAround,
  readZipDirectory,
} from "./zip.ts";
import type { ZipEntry } from "./zip-entry.ts";

const HEAD = 4096;
/** Entries whose beginning is looked at in search of the main XML; real exports have a handful besides routes. */
const LOOKED_AT = 1000;

const METHODS: Readonly<Record<number, string>> = {
  9: "Deflate64, as Windows does with large files",
  12: "bzip2",
  14: "LZMA",
  93: "Zstandard",
  95: "xz",
};

interface Candidate {
  readonly entry: ZipEntry;
  readonly content: Content;
}

/** Opens an export that is still zipped. */
export async function openArchive(path: string): Promise<ExportFiles> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    throw unreadable("the archive", error);
  }
  try {
    return await filesIn(file, (await file.stat()).size);
  } catch (error) {
    await file.close();
    throw unreadable("the archive", error);
  }
}

async function filesIn(file: FileHandle, size: number): Promise<ExportFiles> {
  const directory = await readZipDirectory(file, size);
  const candidates = await candidatesOf(file, size, directory);
  const mains = candidates.filter(({ content }) => content === "export");
  const [main, ...others] = mains.toSorted((a, b) => (b.entry.size ?? 0) - (a.entry.size ?? 0));
  if (main === undefined) throw nothingIn(directory, candidates);

  const damage: Damage[] = [];
  if (directory.salvaged) {
    const message = "the archive has no directory, as if cut off; its files were looked for one by one";
    damage.push({ code: "archive-directory", message, offset: 0, loss: true });
  }
  const { before, behind: after } = directory;
  if (before + after > 0) {
    const places = [
      ...(before > 0 ? [`${before} before it`] : []),
      ...(after > 0 ? [`${after} behind it`] : []),
    ];
    const message = `the file has bytes that are no part of the archive: ${places.join(", ")}`;
    damage.push({ code: "archive-extra-bytes", message, offset: 0, loss: false });
  }
  for (const other of others) {
    if (isSameFile(other.entry, main.entry)) continue;
    const message = `the archive holds another export, which was not read: ${other.entry.name}`;
    damage.push({ code: "further-export", message, offset: 0, loss: true });
  }
  const base = main.entry.name.slice(0, -baseName(main.entry.name).length);
  const behind = placesBehind(directory, size);
  const routes = directory.entries
    .filter(isRoute)
    .map((entry) => ({ path: entry.name, read: () => readRouteEntry(file, size, entry, behind) }));
  const index = new RouteIndex(routes, base);
  const ofMain: Damage[] = [];
  const ofAround: Damage[] = [];
  const around = nothingRead();
  const reportTo =
    (list: Damage[]) =>
    (found: Damage): void => {
      const { name } = main.entry;
      list.push({ ...found, message: `${name}: ${found.message}, at byte ${found.offset}` });
    };
  return {
    main: readEntry(file, size, main.entry, reportTo(ofMain)),
    mainPath: main.entry.name,
    mainBytes: plainSize(main.entry, size),
    routes: (reference) => index.find(reference),
    routeCount: index.count,
    get damage() {
      return [...damage, ...(around.gaps.length > 0 ? ofAround : ofMain)];
    },
    around: () =>
      canReadAround(main.entry, size, ofMain)
        ? {
            content: readEntryAround(file, behind(main.entry), main.entry, around, reportTo(ofAround)),
            get wentOn() {
              return around.gaps.length > 0;
            },
          }
        : undefined,
    close: () => file.close(),
  };
}

/** Some archivers add a file again when they are told to twice. */
function isSameFile(a: ZipEntry, b: ZipEntry): boolean {
  return a.crc32 !== undefined && a.crc32 === b.crc32 && a.size === b.size;
}

function isRoute(entry: ZipEntry): boolean {
  return /\.gpx$/i.test(entry.name) && !isDross(entry);
}

/** What macOS adds when it packs: resource forks beside every file. */
function isDross(entry: ZipEntry): boolean {
  return /(?:^|\/)(?:__MACOSX\/|\._)/.test(entry.name);
}

/** The size that the archive gives, if it can be true: an archiver that writes 32 bits tells less than is there. */
function plainSize(entry: ZipEntry, archiveSize: number): number | undefined {
  if (entry.size === undefined || entry.size === 0) return undefined;
  const deflatesTo = entry.size / Math.max(1, entry.compressedSize ?? archiveSize);
  return deflatesTo < 1 && entry.method !== 0 ? undefined : entry.size;
}

/** Looks into the entries that may be the main XML: those named so first, largest first. */
async function candidatesOf(file: FileHandle, size: number, directory: ZipDirectory): Promise<Candidate[]> {
  const possible = directory.entries.filter(
    (entry) =>
      // What is really empty is not compressed; a size of 0 is also what is never filled in.
      (entry.size !== 0 || entry.method !== 0) &&
      !entry.name.endsWith("/") &&
      !isDross(entry) &&
      !/\.(?:gpx|csv|json|pdf|jpe?g|png)$/i.test(entry.name),
  );
  const isXml = (entry: ZipEntry): number => (/\.xml$/i.test(entry.name) ? 1 : 0);
  possible.sort((a, b) => isXml(b) - isXml(a) || (b.size ?? 0) - (a.size ?? 0));
  const candidates: Candidate[] = [];
  for (const entry of possible.slice(0, LOOKED_AT)) {
    if (entry.encrypted || (entry.method !== 0 && entry.method !== 8)) continue;
    const content = contentOf(await headOf(file, size, entry));
    candidates.push({ entry, content });
    // Only another .xml can be another main XML.
    if (
      content === "export" &&
      !possible.some((other) => other !== entry && other.size !== 0 && isXml(other) === 1)
    )
      break;
  }
  return candidates;
}

async function headOf(file: FileHandle, size: number, entry: ZipEntry): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of readEntry(file, size, entry, () => {})) {
    pieces.push(piece);
    length += piece.length;
    if (length >= HEAD) break;
  }
  return Buffer.concat(pieces).subarray(0, HEAD);
}

function nothingIn(directory: ZipDirectory, candidates: readonly Candidate[]): InputError {
  const { entries } = directory;
  const files = entries.filter((entry) => !entry.name.endsWith("/") && !isDross(entry));
  if (files.length === 0) {
    return directory.salvaged
      ? new InputError("INPUT_DAMAGED", "the archive is damaged, and nothing could be found in it", {
          hint: "export again from the phone, and keep it unlocked until it has finished",
        })
      : new InputError("INPUT_UNKNOWN", "the archive is empty", {
          hint: "export again from the phone, and keep it unlocked until it has finished",
        });
  }
  if (files.some((entry) => entry.encrypted)) {
    return new InputError("INPUT_ENCRYPTED", "the archive is encrypted", {
      hint: "unpack it with its password, and import the folder",
    });
  }
  if (candidates.some(({ content }) => content === "export-utf16")) {
    return utf16Error();
  }
  const nested = candidates.find(({ content }) => content === "zip");
  if (nested !== undefined) {
    const name = baseName(nested.entry.name);
    return new InputError(
      "INPUT_NESTED_ARCHIVE",
      `the archive holds another archive, ${name}, and no export itself`,
      {
        hint: `unpack it, and import ${name}`,
      },
    );
  }
  const odd = files.find((entry) => entry.method !== 0 && entry.method !== 8 && /\.xml$/i.test(entry.name));
  if (odd !== undefined) {
    const method = METHODS[odd.method] ?? `method ${odd.method}`;
    return new InputError(
      "INPUT_COMPRESSION",
      `the archive is compressed in a way that cannot be read (${method})`,
      {
        hint: "unpack it, and import the folder",
      },
    );
  }
  if (files.every((entry) => entry.size === 0)) {
    return new InputError("INPUT_UNKNOWN", `the archive holds ${files.length} empty files and no export`);
  }
  const cda = candidates.some(({ content }) => content === "cda");
  if (directory.salvaged && !cda) {
    return new InputError(
      "INPUT_DAMAGED",
      "the archive is damaged, and no export could be found in what is left of it",
      {
        hint: "export again from the phone, and keep it unlocked until it has finished",
      },
    );
  }
  return new InputError(
    "INPUT_UNKNOWN",
    cda
      ? "the archive holds only the CDA part of an Apple Health export, without the workouts"
      : "the archive holds no Apple Health export (no XML file with HealthData in it)",
  );
}

/** Where the next entry begins behind one, or the archive ends. */
type PlaceBehind = (entry: ZipEntry) => number;

function placesBehind({ entries }: ZipDirectory, archiveSize: number): PlaceBehind {
  let places: number[] | undefined;
  return ({ headerOffset }) => {
    places ??= entries.map((entry) => entry.headerOffset).sort((a, b) => a - b);
    return places.find((place) => place > headerOffset) ?? archiveSize;
  };
}

async function readRouteEntry(
  file: FileHandle,
  archiveSize: number,
  entry: ZipEntry,
  behind: PlaceBehind,
): Promise<RouteBytes> {
  if (entry.encrypted) throw new InputError("INPUT_ENCRYPTED", `the route ${entry.name} is encrypted`);
  if (entry.method !== 0 && entry.method !== 8) {
    throw new InputError(
      "INPUT_COMPRESSION",
      `the route ${entry.name} is compressed in a way that cannot be read`,
    );
  }
  try {
    return (await readWholeRoute(file, entry)) ?? (await readRoutePieces(file, archiveSize, entry, behind));
  } catch (error) {
    throw unreadable(`the route ${entry.name}`, error);
  }
}

/** The quick way, for an entry of which everything that the archive says is true. */
async function readWholeRoute(file: FileHandle, entry: ZipEntry): Promise<RouteBytes | undefined> {
  const { compressedSize, size, crc32 } = entry;
  if (compressedSize === undefined || size === undefined || crc32 === undefined || entry.method !== 8) {
    return undefined;
  }
  if (size > ROUTE_LIMIT || compressedSize > ROUTE_LIMIT) return undefined;
  const start = await dataOffset(file, entry);
  if (start === undefined) return undefined;
  const { member, deflated } = roomForMember(compressedSize);
  const { bytesRead } = await file.read(deflated, 0, compressedSize, start);
  if (bytesRead < compressedSize) return undefined;
  const bytes = await inflateMember(member, { size, crc32 });
  return bytes && { bytes, deflated, damage: [] };
}

/** Whether damage lies in compressed data that are all there, so that more may be behind it. */
function canReadAround(entry: ZipEntry, archiveSize: number, damage: readonly Damage[]): boolean {
  if (entry.method !== 8) return false;
  const { headerOffset, compressedSize = Infinity } = entry;
  // Damaged data may seem to go on beyond their end, and to that of the archive.
  const isThere = headerOffset + compressedSize < archiveSize;
  return damage.some(({ code }) => code === "archive-damaged" || (code === "archive-truncated" && isThere));
}

async function readRoutePieces(
  file: FileHandle,
  archiveSize: number,
  entry: ZipEntry,
  behind: PlaceBehind,
): Promise<RouteBytes> {
  const damage: Damage[] = [];
  const bytes = await wholeRoute(
    entry,
    readEntry(file, archiveSize, entry, (found) => damage.push(found)),
  );
  if (!canReadAround(entry, archiveSize, damage)) return { bytes, damage };
  const around = nothingRead();
  const ofAround: Damage[] = [];
  const more = await wholeRoute(
    entry,
    readEntryAround(file, behind(entry), entry, around, (found) => ofAround.push(found)),
  );
  return around.gaps.length > 0 ? { bytes: more, damage: ofAround } : { bytes, damage };
}

async function wholeRoute(entry: ZipEntry, content: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of content) {
    pieces.push(piece);
    length += piece.length;
    if (length > ROUTE_LIMIT)
      throw new InputError("INPUT_ROUTE_TOO_LARGE", `the route ${entry.name} is too large`);
  }
  return Buffer.concat(pieces);
}
