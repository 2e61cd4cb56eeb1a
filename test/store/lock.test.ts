import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { acquireRunLock } from "../../src/store/lock.ts";
import { builtModule } from "../cli.ts";
import { tempDir } from "../temp.ts";

const MODULE = builtModule("store/lock");

/** Another process that takes the lock, says so and keeps it. */
async function holder(path: string): Promise<ChildProcess> {
  const script = `const { acquireRunLock } = await import(${JSON.stringify(MODULE)});
    await acquireRunLock(${JSON.stringify(path)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

test("a second run is refused with exit 7 and a reason while the first lives", async () => {
  const path = join(tempDir(), "fitglue.db");
  await holder(path);
  await expect(acquireRunLock(path, { waitMs: 200 })).rejects.toMatchObject({
    code: "STORE_LOCKED",
    exitCode: 7,
    message: `another fitglue is already working on ${path}`,
  });
});

test("a link to the database has the lock of the database", async () => {
  const path = join(tempDir(), "fitglue.db");
  const link = join(tempDir(), "link.db");
  writeFileSync(path, "");
  symlinkSync(path, link);
  await holder(link);
  await expect(acquireRunLock(path, { waitMs: 0 })).rejects.toMatchObject({ code: "STORE_LOCKED" });
});

test("a killed process leaves no stale lock", async () => {
  const path = join(tempDir(), "fitglue.db");
  const child = await holder(path);
  child.kill("SIGKILL");
  await once(child, "exit");
  const lock = await acquireRunLock(path, { waitMs: 0 });
  onTestFinished(() => lock.release());
  expect(lock).toBeDefined();
});

test("a second run gets its turn when the first ends within the wait", async () => {
  const path = join(tempDir(), "fitglue.db");
  const first = await acquireRunLock(path);
  const second = acquireRunLock(path, { waitMs: 5000 });
  let turn = false;
  void second.then(() => (turn = true));
  await sleep(250);
  expect(turn).toBe(false);
  first.release();
  (await second).release();
  expect(turn).toBe(true);
});

test("an abort ends the wait", async () => {
  const path = join(tempDir(), "fitglue.db");
  const first = await acquireRunLock(path);
  onTestFinished(() => first.release());
  await expect(acquireRunLock(path, { waitMs: 60_000, signal: AbortSignal.abort() })).rejects.toMatchObject({
    exitCode: 130,
  });
});
