import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { connect } from "../../src/store/driver.ts";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { backupStore, openStore, type Store, verifyStore } from "../../src/store/index.ts";
import { builtModule } from "../cli.ts";
import { tempDir } from "../temp.ts";
import { activity } from "./activity.ts";

const OWNER = { source: "polar", account: "7" };
const OPTIONS = { parserVersion: 1, now: Date.UTC(2026, 10, 20, 12) };

let folder: string;
let store: Store;
let target: string;
beforeEach(async () => {
  folder = tempDir();
  store = openStore(join(folder, "data", "fitglue.db"), { ifMissing: "create" });
  onTestFinished(() => store.close());
  target = join(folder, "backup.db");
  const raw = [{ kind: "exercise", mediaType: "application/json", bytes: Buffer.from("{}") }];
  const batch = {
    items: [{ activity: activity(), raw }],
    bookmark: { since: "2026-03-29" },
    receipt: { id: "t1", data: { path: "/v3/t1" } },
  };
  store.write(OWNER, await store.prepare(batch), OPTIONS);
});

const backup = (force = false) => backupStore(store, target, { force, now: OPTIONS.now });

test("the copy is one private file with everything in it", async () => {
  const result = await backup();
  expect(result).toMatchObject({ path: target, bytes: statSync(target).size, schemaVersion: 1 });
  expect(result.counts).toMatchObject({ activities: 1, samples: 3, raw_payloads: 1, receipts: 1 });
  expect((statSync(target).mode & 0o777).toString(8)).toBe("600");
  expect(readdirSync(folder).sort()).toEqual(["backup.db", "data"]);
  const copy = openStore(target, { ifMissing: "empty" });
  expect(copy.get(1, { samples: true })).toEqual(store.get(1, { samples: true }));
  expect(copy.syncState.bookmark(OWNER)).toEqual({ since: "2026-03-29" });
  expect(copy.pendingReceipts(OWNER)).toEqual([{ id: "t1", data: { path: "/v3/t1" } }]);
  expect((await verifyStore(copy)).findings).toEqual([]);
  copy.close();
});

test("an existing file is replaced only with force, and then as a whole", async () => {
  writeFileSync(target, "precious");
  await expect(backup()).rejects.toMatchObject({ code: "BACKUP_EXISTS", exitCode: 2 });
  expect(readFileSync(target, "utf8")).toBe("precious");
  await backup(true);
  expect(connect(target, { readonly: true }).pragma("integrity_check", { simple: true })).toBe("ok");
});

describe("refuses", () => {
  const refused = (code: string) => ({ code, exitCode: 2 });

  test.each(["fitglue.db", "fitglue.db-wal", "fitglue.db.lock"])("the database's own %s", async (name) => {
    target = join(folder, "data", name);
    await expect(backup(true)).rejects.toMatchObject(refused("BACKUP_TARGET"));
    expect(store.get(1, { samples: false })?.externalId).toBe("run-1");
  });

  test("a link to the database", async () => {
    symlinkSync(store.path, target);
    await expect(backup(true)).rejects.toMatchObject(refused("BACKUP_TARGET"));
  });

  test("a folder, and a folder that is not there", async () => {
    mkdirSync(target);
    await expect(backup(true)).rejects.toMatchObject(refused("BACKUP_TARGET"));
    target = join(folder, "no", "where.db");
    await expect(backup()).rejects.toMatchObject(refused("BACKUP_TARGET"));
  });

  test("what is no file: it would be replaced", async () => {
    target = "/dev/null";
    await expect(backup(true)).rejects.toMatchObject(refused("BACKUP_TARGET"));
    expect(statSync(target).isCharacterDevice()).toBe(true);
  });

  test("a target whose write-ahead log would be replayed into the copy", async () => {
    writeFileSync(`${target}-wal`, "");
    await expect(backup()).rejects.toMatchObject(refused("BACKUP_TARGET"));
  });

  test("a database that is not there", async () => {
    const none = openStore(join(folder, "none.db"), { ifMissing: "empty" });
    await expect(backupStore(none, target, { force: false, now: OPTIONS.now })).rejects.toMatchObject({
      code: "STORE_MISSING",
      exitCode: 7,
    });
    none.close();
  });
});

test("a damaged database gives no backup, and an older good one stays", async () => {
  await backup();
  const before = readFileSync(target);
  store.db.unsafeMode();
  store.db.pragma("writable_schema = ON");
  store.db.exec(
    "UPDATE sqlite_schema SET sql = replace(sql, '(start_time)', '(title)') WHERE name = 'activities_start_time'",
  );
  await expect(backup(true)).rejects.toMatchObject({ code: "BACKUP_DAMAGED", exitCode: 7 });
  expect(readFileSync(target).equals(before)).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(["backup.db", "data"]);
});

test.skipIf(process.getuid?.() === 0)("a folder that cannot be written is a wrong place", async () => {
  chmodSync(dirname(target), 0o500);
  onTestFinished(() => chmodSync(dirname(target), 0o700));
  await expect(backup()).rejects.toMatchObject({ code: "BACKUP_TARGET", exitCode: 2 });
});

test("a name that is too long is a wrong place", async () => {
  target = join(folder, "b".repeat(300));
  await expect(backup()).rejects.toMatchObject({ code: "BACKUP_TARGET", exitCode: 2 });
});

test("what a killed backup left behind goes with the next one, and nothing else", async () => {
  const old = new Date(OPTIONS.now - 2 * 3_600_000);
  const names = [".fitglue-0123456789abcdef.tmp", ".fitglue-0123456789abcdef.tmp-journal", ".backup.db"];
  for (const name of names) {
    writeFileSync(join(folder, name), "");
    utimesSync(join(folder, name), old, old);
  }
  writeFileSync(join(folder, ".fitglue-fedcba9876543210.tmp"), "of a run under way");
  utimesSync(join(folder, ".fitglue-fedcba9876543210.tmp"), OPTIONS.now / 1000, OPTIONS.now / 1000);
  await backup();
  expect(readdirSync(folder).sort()).toEqual([
    ".backup.db",
    ".fitglue-fedcba9876543210.tmp",
    "backup.db",
    "data",
  ]);
});

test("an interruption leaves nothing behind", async () => {
  store.db.exec("CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(20000000))");
  const controller = new AbortController();
  const onProgress = (): void => controller.abort();
  await expect(
    backupStore(store, target, { force: false, now: OPTIONS.now, signal: controller.signal, onProgress }),
  ).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(readdirSync(folder)).toEqual(["data"]);
});

test("another process may write all the time: the copy is of one moment", async () => {
  store.db.exec("CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(30000000))");
  // Two tables that always agree: every commit adds one row to both.
  store.db.exec("CREATE TABLE pair_a (n INTEGER); CREATE TABLE pair_b (n INTEGER)");
  const writer = spawn(process.execPath, [
    "--input-type=module",
    "-e",
    `import { openDatabase } from ${JSON.stringify(builtModule("store/open"))};
     const db = openDatabase(${JSON.stringify(store.path)}, { ifMissing: "create" });
     db.pragma("synchronous = OFF");
     const write = db.transaction((n) => {
       db.prepare("INSERT INTO pair_a VALUES (?)").run(n);
       db.prepare("INSERT INTO pair_b VALUES (?)").run(n);
     });
     let n = 0;
     const turn = () => { write.immediate(n++); if (n === 1) process.stdout.write("going"); setTimeout(turn, 1); };
     turn();`,
  ]);
  onTestFinished(() => void writer.kill("SIGKILL"));
  await once(writer.stdout, "data");
  await backup();
  const alive = writer.exitCode === null;
  writer.kill("SIGKILL");
  await once(writer, "exit");
  const copy = connect(target, { readonly: true });
  const [a, b] = ["pair_a", "pair_b"].map((table) =>
    copy.prepare(`SELECT count(*) FROM ${table}`).pluck().get(),
  );
  copy.close();
  expect([alive, a === b, existsSync(`${target}-wal`)]).toEqual([true, true, false]);
  expect(Number(a)).toBeGreaterThan(0);
});
