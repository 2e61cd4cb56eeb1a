import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { BIN } from "../cli.ts";
import { ride } from "../fakes/polar-sessions.ts";
import { startPolarHome, type PolarHome } from "./polar-home.ts";

const hasStrace = process.platform === "linux" && spawnSync("strace", ["-V"]).status === 0;

let world: PolarHome;
afterEach(() => world.close());

/** The system calls of a sync that matter, in the order in which they began. */
async function tracedSync(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "fitglue-strace-"));
  const log = join(folder, "log");
  const calls = "fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg,ftruncate";
  // Without -f: the main thread does both, SQLite and the sockets, and its calls never interleave.
  const strace = ["-y", "-s", "80", "-e", `trace=${calls}`, "-o", log];
  const child = spawn("strace", [...strace, process.execPath, BIN, "sync", "polar"], {
    env: { PATH: process.env["PATH"], HOME: world.home, FITGLUE_CREDENTIALS: "file", ...world.env },
    stdio: "ignore",
  });
  const [code] = (await once(child, "exit")) as [number];
  const lines = readFileSync(log, "utf8").split("\n");
  rmSync(folder, { recursive: true, force: true });
  expect(code).toBe(0);
  return lines;
}

describe.skipIf(!hasStrace)("the order of system calls", () => {
  it("syncs the write-ahead log between the last write to it and the commit request", async () => {
    world = await startPolarHome({ pageSize: 2 });
    for (let i = 0; i < 5; i++) world.fake.upload(ride(i));
    const lines = await tracedSync();
    expect(world.fake.commits).toHaveLength(3);

    const commits = lines.flatMap((line, at) =>
      /^(?:write|writev|sendto|sendmsg)\(.*PUT \/v3\/users\//.test(line) ? [at] : [],
    );
    expect(commits).toHaveLength(3);
    let from = 0;
    for (const commit of commits) {
      const before = lines.slice(from, commit);
      const lastWrite = before.findLastIndex((line) =>
        /^(?:pwrite64|write)\(\d+<[^>]*fitglue\.db-wal>/.test(line),
      );
      const lastSync = before.findLastIndex((line) =>
        /^(?:fsync|fdatasync)\(\d+<[^>]*fitglue\.db-wal>\)\s+= 0/.test(line),
      );
      expect(lastWrite, "the batch is written before it is acknowledged").toBeGreaterThan(-1);
      expect(lastSync, "and synced").toBeGreaterThan(lastWrite);
      from = commit;
    }
  });
});
