import { readFileSync, realpathSync, statfsSync } from "node:fs";
import { dirname } from "node:path";

/** `statfs` magic numbers (Linux, statfs(2)) of file systems on which WAL's shared memory does not work. */
const NETWORK_MAGIC: Readonly<Record<number, string>> = {
  0x6969: "NFS",
  0x517b: "SMB",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB2",
  0x5346414f: "AFS",
  0x01021997: "9P",
  0x00c36400: "Ceph",
  0x6a656a63: "virtiofs",
  0x73757245: "Coda",
  0x564c: "NCP",
};

const FUSE_MAGIC = 0x65735546;
const NETWORK_FUSE =
  /^fuse\.(sshfs|s3fs|rclone|davfs2?|glusterfs|gvfsd-fuse|smbnetfs|curlftpfs|grpcfuse|osxfs)/;

/** What is asked of the system; injected in tests. */
export interface FileSystemProbe {
  /** `statfs` magic number of the file system that holds a folder. */
  magic(folder: string): number;
  /** The text of `/proc/mounts`, or empty. */
  mounts(): string;
}

const system: FileSystemProbe = {
  magic: (folder) => statfsSync(folder).type >>> 0,
  mounts: () => {
    try {
      return readFileSync("/proc/mounts", "utf8");
    } catch {
      return "";
    }
  },
};

/** The folder that a file is or will be in, wherever links lead. */
function folderOf(path: string): string {
  try {
    return dirname(realpathSync(path));
  } catch {
    // It is not there yet.
  }
  try {
    return realpathSync(dirname(path));
  } catch {
    return dirname(path);
  }
}

/**
 * The name of the network file system that holds `path` (its folder must exist), or null for a local one. SQLite's WAL needs memory
 * shared between processes, which no network file system gives: <https://sqlite.org/wal.html> §1, "all processes
 * must be on the same host".
 */
export function networkFileSystem(path: string, probe: FileSystemProbe = system): string | null {
  const folder = folderOf(path);
  let magic: number;
  try {
    magic = probe.magic(folder);
  } catch {
    return null;
  }
  const name = NETWORK_MAGIC[magic];
  if (name !== undefined) return name;
  if (magic !== FUSE_MAGIC) return null;
  let best: { point: string; type: string } | undefined;
  for (const line of probe.mounts().split("\n")) {
    const [, point, type] = line.split(" ");
    if (point === undefined || type === undefined) continue;
    const decoded = point.replace(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const inside = folder === decoded || folder.startsWith(decoded.endsWith("/") ? decoded : `${decoded}/`);
    if (inside && decoded.length >= (best?.point.length ?? 0)) best = { point: decoded, type };
  }
  return best !== undefined && NETWORK_FUSE.test(best.type) ? best.type : null;
}
