import { type Dirent, createReadStream } from "node:fs";
import { open, readFile, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { InputError } from "../../errors.ts";
import { type Content, contentOf } from "./content.ts";
import type { Damage, ExportFiles, RouteBytes, RouteFile } from "./elements.ts";
import { RouteIndex } from "./route-index.ts";

const HEAD = 4096;
const READ_SIZE = 256 << 10;
/** Levels below the given folder that are looked at: its parent, the export, its subfolders. */
const DEPTH = 3;
/** Files whose head is looked at, before a folder counts as one that somebody keeps other things in. */
const LOOKED_AT = 1000;
/** No route is as long: a point a second for a whole week. */
export const ROUTE_LIMIT = 192 << 20;

/** What a folder holds. */
export interface FolderContent {
  /** Path of the main XML. */
  readonly main: string | undefined;
  readonly mainBytes: number;
  /** Further ones, which are not read. */
  readonly others: readonly string[];
  readonly utf16: boolean;
  /** A zip that was found instead. */
  readonly archive: string | undefined;
  /** A file that may be the main XML and could not be looked at, and why. */
  readonly closed: { readonly path: string; readonly error: unknown } | undefined;
}

/** Looks for the main XML by content, in the folder itself first. */
export async function findMainInFolder(folder: string): Promise<FolderContent> {
  const found: { path: string; size: number; depth: number }[] = [];
  let utf16 = false;
  let archive: string | undefined;
  let closed: FolderContent["closed"];
  let looked = 0;
  for await (const { path, depth } of files(folder, 1)) {
    if (!/\.(?:xml|zip)$/i.test(path) || basename(path).startsWith("._") || ++looked > LOOKED_AT) continue;
    let content: Content;
    try {
      content = await contentAt(path);
    } catch (error) {
      closed ??= { path: relative(folder, path), error };
      continue;
    }
    if (content === "export") found.push({ path, size: (await stat(path)).size, depth });
    else if (content === "export-utf16") utf16 = true;
    else if (content === "zip") archive ??= path;
  }
  found.sort((a, b) => a.depth - b.depth || b.size - a.size || (a.path < b.path ? -1 : 1));
  const [main, ...others] = found;
  return {
    main: main?.path,
    mainBytes: main?.size ?? 0,
    others: others.map((other) => relative(folder, other.path)),
    utf16,
    archive,
    closed,
  };
}

async function contentAt(path: string): Promise<Content> {
  const file = await open(path, "r");
  try {
    const head = Buffer.alloc(HEAD);
    const { bytesRead } = await file.read(head, 0, HEAD, 0);
    return contentOf(head.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** Regular files, the upper ones first; folders below that cannot be read are passed over and told to `onClosed`. */
async function* files(
  folder: string,
  depth: number,
  deepest = DEPTH,
  onClosed: (folder: string, error: unknown) => void = () => undefined,
): AsyncGenerator<{ readonly path: string; readonly depth: number }, void, void> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (depth === 1 && deepest === DEPTH) throw error;
    onClosed(folder, error);
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) if (entry.isFile()) yield { path: join(folder, entry.name), depth };
  if (depth === deepest) return;
  for (const entry of entries) {
    if (entry.isDirectory() && entry.name !== "__MACOSX") {
      yield* files(join(folder, entry.name), depth + 1, deepest, onClosed);
    }
  }
}

/** Opens an unzipped export, or the folder around it. */
export async function openFolder(folder: string): Promise<ExportFiles> {
  let content: FolderContent;
  try {
    content = await findMainInFolder(folder);
  } catch (error) {
    throw unreadable("the folder", error);
  }
  if (content.main === undefined) throw nothingIn(content);
  const damage: Damage[] = content.others.map((other) => ({
    code: "further-export",
    message: `the folder holds another export, which was not read: ${other}`,
    offset: 0,
    loss: true,
  }));
  return filesBeside(content.main, content.mainBytes, damage);
}

function nothingIn(content: FolderContent): InputError {
  if (content.utf16) return utf16Error();
  if (content.closed !== undefined) return unreadable(content.closed.path, content.closed.error);
  if (content.archive !== undefined) {
    return new InputError(
      "INPUT_UNKNOWN",
      "the folder holds no unpacked Apple Health export, but an archive",
      {
        hint: `fitglue import ${JSON.stringify(content.archive)}`,
      },
    );
  }
  return new InputError(
    "INPUT_UNKNOWN",
    "the folder holds no Apple Health export (no XML file with HealthData in it)",
  );
}

/** Opens a bare main XML with the routes beside it. */
export async function openXml(path: string): Promise<ExportFiles> {
  try {
    return await filesBeside(path, (await stat(path)).size, []);
  } catch (error) {
    throw unreadable("the file", error);
  }
}

async function filesBeside(main: string, mainBytes: number, damage: readonly Damage[]): Promise<ExportFiles> {
  const folder = dirname(main);
  const routes: RouteFile[] = [];
  // Two levels: a bare XML may lie among all of somebody's documents.
  const closed: Damage[] = [];
  const onClosed = (path: string, error: unknown): void => {
    const { message } = unreadable(`the folder ${relative(folder, path) || "."}`, error);
    closed.push({ code: "route-unreadable", message, offset: 0, loss: true });
  };
  for await (const { path } of files(folder, 1, 2, onClosed)) {
    if (/\.gpx$/i.test(path) && !basename(path).startsWith("._")) routes.push(routeAt(folder, path));
  }
  const index = new RouteIndex(routes, "");
  return {
    main: plainPieces(main),
    mainPath: main,
    mainBytes,
    routes: (reference) => index.find(reference),
    routeCount: index.count,
    damage: [...damage, ...closed],
    close: async () => {},
  };
}

async function* plainPieces(path: string): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const piece of createReadStream(path, { highWaterMark: READ_SIZE })) yield piece as Buffer;
  } catch (error) {
    throw unreadable("the export's XML", error);
  }
}

function routeAt(folder: string, path: string): RouteFile {
  const name = relative(folder, path).split(sep).join("/");
  return {
    path: name,
    read: async (): Promise<RouteBytes> => {
      try {
        const { size } = await stat(path);
        if (size > ROUTE_LIMIT)
          throw new InputError("INPUT_ROUTE_TOO_LARGE", `the route ${name} is too large`);
        return { bytes: await readFile(path), damage: [] };
      } catch (error) {
        throw unreadable(`the route ${name}`, error);
      }
    },
  };
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "it is not there",
  ENOTDIR: "it is not there",
  EIO: "the disk reports an error",
  ELOOP: "its links go round in circles",
};

/** The sentence for what the file system said. */
export function unreadable(what: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new InputError(
    "INPUT_UNREADABLE",
    `${what} cannot be read: ${REASONS[code] ?? (code || "unknown reason")}`,
    {
      cause: error,
    },
  );
}

/** The sentence for an export that somebody has converted. */
export function utf16Error(): InputError {
  return new InputError(
    "INPUT_ENCODING",
    "the export's XML is encoded in UTF-16, and only UTF-8 can be read",
    {
      hint: "import the file as the phone wrote it, or convert it: iconv -f UTF-16 -t UTF-8",
    },
  );
}
