import { type Stats, statSync } from "node:fs";

/** What a file is, whatever name leads to it: its device and number. Undefined when nothing is there, or nothing may be seen. */
export function fileIdentity(path: string): string | undefined {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}
