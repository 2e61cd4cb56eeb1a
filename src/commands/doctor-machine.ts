import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { StoreError } from "../errors.ts";
import { databaseBytes } from "../store/index.ts";
import { formatBytes } from "../output/format.ts";
import type { CommandContext } from "./context.ts";
import { attention, fine, type Finding } from "./finding.ts";

type Settings = ReturnType<CommandContext["settings"]>;

/** As in package.json's `engines`; the shim refuses older ones before they could get here. */
const OLDEST_NODE = [20, 19] as const;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldMajor, oldMinor] = OLDEST_NODE;
  return major > oldMajor || (major === oldMajor && minor >= oldMinor)
    ? fine("node", `Node ${version}`)
    : attention("node", `Node ${version} is too old`, `install Node ${oldMajor}.${oldMinor} or later`);
}

/** Who else may read or write what is private. Nothing is opened: opening repairs the modes. */
export function checkModes(settings: Settings, uid = process.getuid?.()): Finding[] {
  if (process.platform === "win32") return [fine("file-modes", "decided by the folder on this system")];
  const { databasePath, isDatabaseFolderOwn, configDir } = settings;
  const findings: Finding[] = [];
  const credentials = join(configDir, "credentials.json");
  const files = [databasePath, `${databasePath}-wal`, `${databasePath}-shm`, credentials];
  for (const path of files.filter((path) => existsSync(path))) {
    const { mode, uid: owner } = statSync(path);
    const bits = (mode & 0o777).toString(8).padStart(4, "0");
    if ((mode & 0o077) !== 0)
      findings.push(attention("file-modes", `others may read ${path} (${bits})`, `chmod 600 ${path}`));
    if (uid !== undefined && owner !== uid) {
      findings.push(
        attention("file-modes", `${path} belongs to another user (${owner})`, `sudo chown "$USER" ${path}`),
      );
    }
  }
  const config = join(configDir, "config.json");
  for (const path of [config, configDir, dirname(databasePath)].filter((path) => existsSync(path))) {
    const stats = statSync(path);
    // Whoever may write in a folder may replace the files in it, unless it is sticky like /tmp.
    const writable = (stats.mode & 0o022) !== 0 && (stats.mode & 0o1000) === 0;
    if (writable) findings.push(attention("file-modes", `others may change ${path}`, `chmod go-w ${path}`));
  }
  const own = [
    ...(existsSync(credentials) ? [configDir] : []),
    ...(isDatabaseFolderOwn && existsSync(databasePath) ? [dirname(databasePath)] : []),
  ];
  for (const folder of own.filter((folder) => (statSync(folder).mode & 0o077) !== 0))
    findings.push(attention("file-modes", `others may look into ${folder}`, `chmod 700 ${folder}`));
  return findings.length > 0 ? findings : [fine("file-modes", "database and credentials are private")];
}

const LEAST_FREE = 256_000_000;

/** Room to write: the write-ahead log and a vacuum need as much again as the database. */
export function checkDisk(
  databasePath: string,
  free: (folder: string) => number = (folder) => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  },
): Finding {
  let folder = dirname(databasePath);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const available = free(folder);
  const text = `${formatBytes(available)} free in ${folder}`;
  const needed = Math.max(LEAST_FREE, sizeOf(databasePath));
  return available >= needed
    ? fine("disk", text)
    : attention("disk", text, `free some space: ${formatBytes(needed)} is the least that is comfortable`);
}

/** 0 for what cannot be looked into: that is told with the database. */
function sizeOf(databasePath: string): number {
  try {
    return databaseBytes(databasePath) ?? 0;
  } catch (error) {
    if (error instanceof StoreError) return 0;
    throw error;
  }
}
