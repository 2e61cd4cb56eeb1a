import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { connect } from "../../src/store/driver.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { runDoctor } from "../../src/commands/doctor.ts";
import { checkDisk, checkNode } from "../../src/commands/doctor-machine.ts";
import type { Finding } from "../../src/commands/finding.ts";
import { ConfigError } from "../../src/errors.ts";
import { isoInstant } from "../../src/model/index.ts";
import { acquireRunLock } from "../../src/store/index.ts";
import { activity } from "../store/activity.ts";
import { tempDir } from "../temp.ts";
import {
  configPath,
  fakeContext,
  type FakeContext,
  type FakeContextOptions,
  login,
  NOW,
} from "./fake-context.ts";

const DAY = 86_400_000;
const POLAR = { source: "polar", account: "10579" };

const silent = (context: FakeContext) => context.json() as { healthy: boolean; findings: Finding[] };

async function diagnose(context: FakeContext) {
  const code = await runDoctor({ context, offline: false });
  const { healthy, findings } = silent(context);
  return { code, healthy, findings, bad: findings.filter(({ status }) => status === "attention") };
}

const make = (options: FakeContextOptions = {}) => fakeContext({ globals: { json: true }, ...options });

/** A context whose database holds one activity and one sync that ended well `daysAgo`. */
async function synced(daysAgo: number, options: FakeContextOptions = {}): Promise<FakeContext> {
  const context = make({ connections: [login()], ...options });
  const store = context.store("write");
  const raw = [{ kind: "exercise", mediaType: "application/json", bytes: Buffer.from("{}") }];
  const then = NOW - daysAgo * DAY;
  store.write(POLAR, await store.prepare({ items: [{ activity: activity(), raw }] }), {
    parserVersion: 1,
    now: then,
  });
  store.transaction(() => {
    store.syncState.started(POLAR, isoInstant(then));
    store.syncState.succeeded(POLAR, isoInstant(then));
  });
  return context;
}

test("a machine on which nothing was done yet is healthy, and nothing is made on it", async () => {
  const context = make();
  const { code, healthy, findings } = await diagnose(context);
  expect([code, healthy]).toEqual([0, true]);
  expect(findings.map(({ check }) => check)).toEqual([
    "node",
    "file-modes",
    "disk",
    "database",
    "keychain",
    "connections",
    "clock",
  ]);
  expect(existsSync(context.settings().databasePath)).toBe(false);
});

test("a machine that syncs is healthy", async () => {
  const { code, findings } = await diagnose(await synced(1, { skewMs: 59_000 }));
  expect(findings.filter(({ status }) => status !== "ok")).toEqual([]);
  expect(code).toBe(0);
  expect(findings).toContainEqual({
    check: "polar",
    status: "ok",
    detail: "login valid, last success 1 day ago",
    remedy: null,
  });
  expect(findings.map(({ check }) => check)).toEqual(
    expect.arrayContaining(["file-system", "sqlite", "database", "lock", "receipts", "skipped", "clock"]),
  );
});

describe("logins", () => {
  const expiry = { accessExpiresAt: NOW - 1 };

  test.each<[string, Parameters<typeof login>[0], string, string]>([
    ["has ended", expiry, "the login has ended", "fitglue connect polar"],
    [
      "is in Google's seven-day trap",
      {
        provider: "fitbit",
        name: "Fitbit",
        refreshable: true,
        retentionDays: null,
        loginEndsAt: NOW + 3 * DAY,
      },
      "the login ends on 2026-11-23 (in 3 days), whatever is done: the app is in Testing",
      "Google Cloud console, Google Auth Platform, Audience: Publish app; then fitglue connect fitbit",
    ],
    [
      "fell into it",
      { provider: "fitbit", name: "Fitbit", refreshable: true, retentionDays: null, loginEndsAt: NOW - 1 },
      "the login has ended",
      "fitglue connect fitbit",
    ],
  ])("one that %s", async (_name, overrides, detail, remedy) => {
    const context = make({ connections: [login({ connectedAt: NOW, ...overrides })] });
    const { code, bad } = await diagnose(context);
    expect(code).toBe(3);
    expect(bad).toEqual([{ check: overrides?.provider ?? "polar", status: "attention", detail, remedy }]);
  });

  test("an expired access token that renews itself is fine", async () => {
    const connections = [login({ connectedAt: NOW, refreshable: true, ...expiry })];
    expect((await diagnose(make({ connections }))).code).toBe(0);
  });

  test("credentials that cannot be read are told with their remedy", async () => {
    const problem = new ConfigError("CREDENTIALS_DAMAGED", "the stored credentials are damaged", {
      hint: "fitglue connect polar",
    });
    const { bad } = await diagnose(make({ connections: [login({ problem, account: null })] }));
    expect(bad.map(({ detail, remedy }) => [detail, remedy])).toEqual([
      ["the stored credentials are damaged", "fitglue connect polar"],
    ]);
  });

  test("a credentials file that cannot be read at all", async () => {
    const context = make();
    const broken = new ConfigError("CREDENTIALS_DAMAGED", "credentials.json is damaged", {
      hint: "remove it",
    });
    const diagnosis = { ...(await context.diagnosis()), connections: () => Promise.reject(broken) };
    const { code, bad } = await diagnose({ ...context, diagnosis: async () => diagnosis });
    expect([code, bad]).toEqual([
      3,
      [
        {
          check: "credentials",
          status: "attention",
          detail: "credentials.json is damaged",
          remedy: "remove it",
        },
      ],
    ]);
  });

  test("the last sync's error, until one succeeds", async () => {
    const context = await synced(1);
    const store = context.store("write");
    store.transaction(() =>
      store.syncState.failed(POLAR, "AUTH_REVOKED", "consent was revoked", isoInstant(NOW - 1000), null),
    );
    const { code, bad } = await diagnose(context);
    expect([code, bad.map(({ detail }) => detail)]).toEqual([
      3,
      ["the last sync failed: AUTH_REVOKED consent was revoked"],
    ]);
  });
});

test.each<[string, number, string]>([
  ["a login that was refused wants a new one", NOW - 5000, "fitglue connect polar"],
  ["one that was made since only wants a sync", NOW - 500, "fitglue sync polar"],
])("%s", async (_, connectedAt, remedy) => {
  const context = await synced(1, { connections: [login({ connectedAt })] });
  const store = context.store("write");
  store.transaction(() =>
    store.syncState.failed(POLAR, "AUTH_REQUIRED", "no longer accepted", isoInstant(NOW - 1000), null),
  );
  const { bad } = await diagnose(context);
  expect(bad.map((finding) => finding.remedy)).toEqual([remedy]);
});

describe("a source that forgets", () => {
  test.each<[number, number, string | undefined]>([
    [21, 0, undefined],
    [21.01, 3, "no sync since 2026-10-30: from 2026-11-27 on Polar forgets sessions"],
    [28.01, 3, "no sync since 2026-10-23: Polar keeps sessions for 28 days, older ones are gone there"],
  ])("last success %d days ago: exit %d", async (days, code, detail) => {
    const result = await diagnose(await synced(days));
    expect([result.code, result.bad[0]?.detail]).toEqual([code, detail]);
  });

  test("never synced: the time since the login counts", async () => {
    const connections = [login({ connectedAt: NOW - 22 * DAY })];
    const { bad } = await diagnose(make({ connections }));
    expect(bad.map(({ detail }) => detail)).toEqual([
      "no sync since 2026-10-29: from 2026-11-26 on Polar forgets sessions",
    ]);
  });

  test("one that keeps everything does not mind", async () => {
    const connections = [login({ connectedAt: NOW - 300 * DAY, retentionDays: null })];
    expect((await diagnose(make({ connections }))).code).toBe(0);
  });
});

describe("the keychain", () => {
  const keychain = (here: string | null, cron: string | null) => ({ keychain: { this: here, cron } });

  test.each<[string, FakeContextOptions, number, string]>([
    [
      "in use and out of cron's reach",
      { connections: [login({ connectedAt: NOW, storedIn: "keychain" })], ...keychain(null, "no D-Bus") },
      3,
      "reachable from this session, but a cron job",
    ],
    [
      "reachable from everywhere",
      { connections: [login({ connectedAt: NOW, storedIn: "keychain" })], ...keychain(null, null) },
      0,
      "reachable, also without a D-Bus session",
    ],
    [
      "out of cron's reach, with nothing in it",
      keychain(null, "no D-Bus"),
      0,
      "reachable from this session, not from cron",
    ],
    ["not there, and not needed", keychain("no D-Bus", "no D-Bus"), 0, "no D-Bus; the private file serves"],
    [
      "not there, and asked for",
      { environment: { FITGLUE_CREDENTIALS: "keychain" }, ...keychain("no D-Bus", "no D-Bus") },
      3,
      "no D-Bus",
    ],
    [
      "not there, and not asked",
      { environment: { FITGLUE_CREDENTIALS: "file" }, ...keychain("no D-Bus", "no D-Bus") },
      0,
      "not used",
    ],
  ])("%s", async (_name, options, code, detail) => {
    const result = await diagnose(make(options));
    const finding = result.findings.find(({ check }) => check === "keychain");
    expect([result.code, finding?.detail.startsWith(detail)]).toEqual([code, true]);
  });
});

describe("the clock", () => {
  test.each<[number | undefined, number, string]>([
    [undefined, 0, "not compared: no service could be reached"],
    [60_000, 0, "agrees with time.test"],
    [61_000, 3, "61 s ahead of time.test"],
    [-7_200_000, 3, "7200 s behind time.test"],
  ])("%s ms off", async (skewMs, code, detail) => {
    const result = await diagnose(make(skewMs === undefined ? {} : { skewMs }));
    expect([result.code, result.findings.at(-1)?.detail]).toEqual([code, detail]);
  });

  test("--offline asks nobody", async () => {
    const context = make({ skewMs: 1e9 });
    expect(await runDoctor({ context, offline: true })).toBe(0);
    expect(silent(context).findings.map(({ check }) => check)).not.toContain("clock");
  });
});

describe("file modes", () => {
  test("a database, credentials and folders that others can get at", async () => {
    const context = await synced(1);
    const { databasePath, configDir } = context.settings();
    mkdirSync(configDir, { recursive: true, mode: 0o755 });
    chmodSync(configDir, 0o775);
    writeFileSync(configPath(context, "credentials.json"), "{}", { mode: 0o640 });
    chmodSync(databasePath, 0o604);
    const { bad } = await diagnose(context);
    expect(
      bad.filter(({ check }) => check === "file-modes").map(({ detail, remedy }) => [detail, remedy]),
    ).toEqual([
      [`others may read ${databasePath} (0604)`, `chmod 600 ${databasePath}`],
      [
        `others may read ${join(configDir, "credentials.json")} (0640)`,
        `chmod 600 ${join(configDir, "credentials.json")}`,
      ],
      [`others may change ${configDir}`, `chmod go-w ${configDir}`],
      [`others may look into ${configDir}`, `chmod 700 ${configDir}`],
    ]);
  });
});

describe("the database's folder", () => {
  const looked = async (environment: Record<string, string> = {}): Promise<unknown[]> => {
    const context = make({ environment });
    const { databasePath } = context.settings();
    const folder = dirname(databasePath);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    context.store("write");
    chmodSync(folder, 0o755);
    const { bad } = await diagnose(context);
    return bad
      .filter(({ check }) => check === "file-modes")
      .map(({ detail, remedy }) => [detail.replace(folder, "FOLDER"), remedy?.replace(folder, "FOLDER")]);
  };

  test("may not be looked into by others if it is fitglue's own", async () => {
    expect(await looked()).toEqual([["others may look into FOLDER", "chmod 700 FOLDER"]]);
  });

  test("is somebody's own affair if they chose it", async () => {
    expect(await looked({ FITGLUE_DATA_DIR: join(tempDir(), "data") })).toEqual([]);
  });
});

describe("the database", () => {
  const prepared = async (sql: string): Promise<FakeContext> => {
    const context = await synced(1);
    context.store("write").db.exec(sql);
    return context;
  };

  test("what waits, what was skipped and what was cut off", async () => {
    const { code, bad } = await diagnose(
      await prepared(`
        INSERT INTO receipts VALUES ('polar', '10579', 't1', '{}', '2026-11-19T00:00:00.000Z');
        INSERT INTO skipped_items VALUES ('polar', '10579', 'x', 'unmappable', 'odd', NULL, 1, '2026-11-19', '2026-11-19');
        INSERT INTO imports (source, name, bytes, started_at, status) VALUES ('apple-health', 'export.zip', 1, '2026-11-19T00:00:00.000Z', 'running')`),
    );
    expect(code).toBe(3);
    expect(bad.map(({ check, detail, remedy }) => [check, detail, remedy])).toEqual([
      ["receipts", "1 stored but not acknowledged at the source", "fitglue sync"],
      [
        "skipped",
        "1 item could not be understood; their bytes are kept",
        "fitglue skipped, and after an update fitglue skipped --retry",
      ],
      [
        "imports",
        "the import of export.zip on 2026-11-19T00:00:00.000Z did not end",
        "fitglue import it again",
      ],
    ]);
  });

  test.each([true, false])("an import under way is not one that was cut off (a run: %s)", async (running) => {
    const context = await prepared(`
      INSERT INTO imports (source, name, bytes, started_at, status) VALUES ('apple-health', 'old.zip', 1, '2026-11-18', 'running');
      INSERT INTO imports (source, name, bytes, started_at, status) VALUES ('apple-health', 'export.zip', 1, '2026-11-19', 'running')`);
    if (running) {
      const lock = await acquireRunLock(context.settings().databasePath);
      onTestFinished(() => lock.release());
    }
    const { bad } = await diagnose(context);
    expect(bad.filter(({ check }) => check === "imports").map(({ detail }) => detail)).toEqual([
      "the import of old.zip on 2026-11-18 did not end",
      ...(running ? [] : ["the import of export.zip on 2026-11-19 did not end"]),
    ]);
  });

  test("an import that was repeated is not cut off any more", async () => {
    const { code } = await diagnose(
      await prepared(`
        INSERT INTO imports (source, name, bytes, started_at, status) VALUES ('apple-health', 'export.zip', 1, '2026-11-18', 'running');
        INSERT INTO imports (source, name, bytes, started_at, status) VALUES ('apple-health', 'export.zip', 1, '2026-11-19', 'ok')`),
    );
    expect(code).toBe(0);
  });

  test.each<[string, (path: string) => void, string]>([
    [
      "no database at all",
      (path) => writeFileSync(path, "not a database, but long enough to look at it"),
      "the file is not a SQLite database",
    ],
    [
      "of a newer fitglue",
      (path) => {
        const db = connect(path);
        db.exec("CREATE TABLE t (a); PRAGMA application_id = 1718187111; PRAGMA user_version = 999");
        db.close();
      },
      "the database was written by a newer fitglue",
    ],
    ["a folder", (path) => mkdirSync(path), "the database cannot be opened"],
  ])("%s is a finding and no error", async (_name, write, detail) => {
    const context = make();
    mkdirSync(dirname(context.settings().databasePath), { recursive: true, mode: 0o700 });
    write(context.settings().databasePath);
    chmodSync(context.settings().databasePath, 0o700);
    const { code, bad } = await diagnose(context);
    expect([code, bad[0]?.check, bad[0]?.detail.startsWith(detail), bad[0]?.remedy]).toEqual([
      3,
      "database",
      true,
      expect.any(String),
    ]);
  });

  test("a run under way is told; one that hangs wants attention", async () => {
    for (const [hours, code] of [
      [1, 0],
      [7, 3],
    ] as const) {
      const context = await synced(hours / 24);
      const lock = await acquireRunLock(context.settings().databasePath);
      onTestFinished(() => lock.release());
      expect((await diagnose(context)).code).toBe(code);
    }
  });
});

describe("the machine", () => {
  test.each<[string, string]>([
    ["20.18.3", "attention"],
    ["20.19.0", "ok"],
    ["26.1.0", "ok"],
  ])("Node %s", (version, status) => {
    expect(checkNode(version).status).toBe(status);
  });

  test.each<[number, string]>([
    [255_999_999, "attention"],
    [256_000_000, "ok"],
  ])("%d bytes free", (free, status) => {
    const context = make();
    expect(checkDisk(context.settings().databasePath, () => free).status).toBe(status);
  });
});

describe("what is printed", () => {
  test("on a terminal: a mark, a line, and the remedy below", async () => {
    const context = fakeContext({ terminal: true, skewMs: 90_000 });
    await runDoctor({ context, offline: false });
    expect(context.out().split("\n").slice(-3)).toEqual([
      "✗ clock: 90 s ahead of time.test",
      "  try: sudo timedatectl set-ntp true",
      "",
    ]);
  });

  test("without Unicode", async () => {
    const context = fakeContext({ terminal: true, unicode: false, skewMs: 90_000 });
    await runDoctor({ context, offline: false });
    expect(context.out()).toMatch(/^ok node: /);
    expect(context.out()).toMatch(/^!! clock: /m);
  });

  test("in a pipe: four columns, also where nothing is to be done", async () => {
    const context = fakeContext({ skewMs: 90_000 });
    await runDoctor({ context, offline: false });
    const lines = context
      .out()
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(lines.every((cells) => cells.length === 4)).toBe(true);
    expect(lines.at(-1)).toEqual([
      "attention",
      "clock",
      "90 s ahead of time.test",
      "sudo timedatectl set-ntp true",
    ]);
  });
});
