import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "../../src/store/driver.ts";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openStore } from "../../src/store/index.ts";
import { type CliOptions, type CliResult, runCli } from "../cli.ts";
import { FakeAccessLink } from "../fakes/accesslink.ts";
import { FakeServer } from "../fakes/http-server.ts";
import { ride } from "../fakes/polar-sessions.ts";
import { activity } from "../store/activity.ts";
import { tempDir } from "../temp.ts";

const SECRETS = { token: "", client: "client-secret-of-this-test" };

let home: string;
beforeEach(() => {
  home = tempDir();
});

const database = (folder = home): string => join(folder, ".local", "share", "fitglue", "fitglue.db");
const run = (args: string[], options: Partial<CliOptions> = {}): Promise<CliResult> =>
  runCli(args, { home, ...options });

/** A home that is connected to a fake AccessLink, as `connect` leaves it. */
async function connected(folder = home): Promise<FakeAccessLink> {
  const fake = await FakeAccessLink.start({ registered: true });
  onTestFinished(() => fake.close());
  writeLogin(fake, folder);
  return fake;
}

function writeLogin(fake: FakeAccessLink, folder: string): void {
  const config = join(folder, ".config", "fitglue");
  mkdirSync(config, { recursive: true, mode: 0o700 });
  SECRETS.token = fake.authorization.replace("Bearer ", "");
  const credentials = {
    polar: {
      account: String(fake.userId),
      client_id: "client-of-this-test",
      client_secret: SECRETS.client,
      access_token: SECRETS.token,
      refresh_token: null,
      expires_at: null,
      refresh_token_expires_at: null,
      scopes: ["accesslink.read_all"],
      obtained_at: new Date().toISOString(),
      details: {},
    },
  };
  writeFileSync(join(config, "credentials.json"), JSON.stringify({ version: 1, credentials }), {
    mode: 0o600,
  });
}

const at = (fake: FakeAccessLink) => ({ env: { FITGLUE_POLAR_API_URL: fake.server.url } });

/** A health check that remembers what it was told. */
async function healthCheck(status = 200) {
  const heard: { path: string; body: string }[] = [];
  const server = await FakeServer.start(({ method, path, body }) => {
    expect(method).toBe("POST");
    heard.push({ path, body: body.toString() });
    return { status, body: "OK" };
  });
  onTestFinished(() => server.close());
  return { url: `${server.url}/6d5b-uuid`, heard };
}

describe("sync --ping", () => {
  test("tells start and success, with counts and no health data", async () => {
    const fake = await connected();
    fake.upload(ride(1));
    const { url, heard } = await healthCheck();
    const result = await run(["sync", "--ping", url], at(fake));
    expect([result.code, result.stderr]).toEqual([0, "polar: 1 added, 0 updated\n"]);
    expect(heard.map(({ path }) => path)).toEqual(["/6d5b-uuid/start", "/6d5b-uuid"]);
    expect(heard[0]?.body).toBe("");
    expect(JSON.parse(heard[1]?.body ?? "")).toEqual({
      exit_code: 0,
      providers: [
        { provider: "polar", status: "ok", added: 1, updated: 0, unchanged: 0, skipped: 0, error: null },
      ],
    });
  });

  test("tells failure, with the code; the variable serves as well as the flag", async () => {
    const fake = await connected();
    fake.server.fail(/^GET \/v3\/exercises|^POST .*transactions/, { kind: "status", status: 401 });
    const { url, heard } = await healthCheck();
    const result = await run(["sync"], { env: { ...at(fake).env, FITGLUE_PING_URL: url } });
    expect(result.code).toBe(4);
    expect(heard.map(({ path }) => path)).toEqual(["/6d5b-uuid/start", "/6d5b-uuid/fail"]);
    expect(JSON.parse(heard[1]?.body ?? "")).toMatchObject({
      exit_code: 4,
      providers: [{ status: "failed" }],
    });
  });

  test("a run that does not get as far as a provider is a failure, too", async () => {
    const { url, heard } = await healthCheck();
    expect((await run(["sync", "--ping", url])).code).toBe(4);
    expect(heard.map(({ path, body }) => [path, body])).toEqual([
      ["/6d5b-uuid/start", ""],
      ["/6d5b-uuid/fail", '{"exit_code":4,"error":"AUTH_REQUIRED"}\n'],
    ]);
  });

  test("a health check that is away or ill changes nothing, and its address is told to nobody", async () => {
    const fake = await connected();
    const { url } = await healthCheck(500);
    for (const target of [url, "http://127.0.0.1:1/6d5b-uuid"]) {
      const quiet = await run(["sync", "--ping", target], at(fake));
      expect([quiet.code, quiet.stderr]).toEqual([0, ""]);
      const verbose = await run(["sync", "--verbose", "--ping", target], at(fake));
      expect(verbose.code).toBe(0);
      expect(verbose.stderr).toContain("the health check at 127.0.0.1:");
      expect(verbose.stderr).not.toContain("6d5b-uuid");
    }
  });

  test.each(["http://example.org/x", "ftp://127.0.0.1/x", "nonsense"])("refuses %s: exit 8", async (url) => {
    const { code, stderr } = await run(["sync", "--ping", url]);
    expect([code, stderr.startsWith("fitglue: --ping ")]).toEqual([8, true]);
  });

  test("a rehearsal is not told", async () => {
    const fake = await connected();
    const { url, heard } = await healthCheck();
    expect((await run(["sync", "--dry-run", "--ping", url], at(fake))).code).toBe(0);
    expect(heard).toEqual([]);
  });
});

describe("a machine restored from a backup", () => {
  test("syncs on as if nothing had happened", async () => {
    const fake = await connected();
    fake.upload(ride(1));
    expect((await run(["sync"], at(fake))).code).toBe(0);
    const backup = join(home, "backup.db");
    const made = await run(["backup", backup, "--json"]);
    expect([made.code, JSON.parse(made.stdout)]).toMatchObject([
      0,
      { path: backup, verified: true, counts: { activities: 1 } },
    ]);
    expect((statSync(backup).mode & 0o777).toString(8)).toBe("600");

    const elsewhere = tempDir();
    mkdirSync(join(elsewhere, ".local", "share", "fitglue"), { recursive: true });
    copyFileSync(backup, database(elsewhere));
    writeLogin(fake, elsewhere);
    expect(await runCli(["sync", "--json"], { home: elsewhere, ...at(fake) })).toMatchObject({
      code: 0,
      stdout: `${JSON.stringify({
        providers: [
          {
            provider: "polar",
            status: "ok",
            added: 0,
            updated: 0,
            unchanged: 0,
            skipped: 0,
            deleted: 0,
            warnings: [],
            error: null,
          },
        ],
      })}\n`,
    });
    fake.upload(ride(2));
    expect((await runCli(["sync"], { home: elsewhere, ...at(fake) })).stderr).toBe(
      "polar: 1 added, 0 updated\n",
    );
    expect((await runCli(["verify"], { home: elsewhere })).code).toBe(0);
    const listed = JSON.parse((await runCli(["list", "--format", "json"], { home: elsewhere })).stdout) as {
      id: number;
    }[];
    expect(listed.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([1, 2]);
  });

  test("what was stored after the backup comes again from a source that still has it", async () => {
    const fake = await connected();
    fake.upload(ride(1));
    await run(["sync"], at(fake));
    const backup = join(home, "backup.db");
    await run(["backup", backup]);
    fake.upload(ride(2));
    await run(["sync"], at(fake));
    for (const name of readdirSync(join(home, ".local", "share", "fitglue")))
      rmSync(join(home, ".local", "share", "fitglue", name));
    copyFileSync(backup, database());
    expect((await run(["sync"], at(fake))).stderr).toBe("polar: 1 added, 0 updated\n");
  });
});

test("a backup is not written over another file unless told", async () => {
  await connected().then((fake) => run(["sync"], at(fake)));
  const target = join(home, "backup.db");
  writeFileSync(target, "precious");
  expect(await run(["backup", target])).toMatchObject({
    code: 2,
    stdout: "",
    stderr: `fitglue: the file exists already: ${target}\n  try: choose another name, or replace it with --force\n`,
  });
  expect((await run(["backup", "--force", target])).code).toBe(0);
});

/** A database with one Polar session and one skipped item, made as a sync makes it. */
async function withSkipped(): Promise<void> {
  const store = openStore(database(), { ifMissing: "create" });
  const raw = [{ kind: "exercise", mediaType: "application/json", bytes: Buffer.from('{"nonsense":1}') }];
  const batch = {
    items: [{ activity: activity({ externalId: "1" }), raw: [] }],
    skipped: [{ externalId: "x\u001b[2J", code: "unmappable", reason: "no start", raw }],
  };
  store.write({ source: "polar", account: "7" }, await store.prepare(batch), {
    parserVersion: 1,
    now: Date.UTC(2026, 10, 19),
  });
  store.close();
}

test("skipped items are listed, and tried again", async () => {
  await withSkipped();
  expect(await run(["skipped"])).toMatchObject({
    code: 0,
    stdout: "polar\tx�[2J\t2026-11-19T00:00:00.000Z\t2026-11-19T00:00:00.000Z\t14\tunmappable\tno start\n",
  });
  expect(JSON.parse((await run(["skipped", "--json"])).stdout)).toMatchObject({
    skipped: [{ source: "polar", external_id: "x\u001b[2J", code: "unmappable", payloads: 1, bytes: 14 }],
  });
  const retried = await run(["skipped", "--retry", "--json"]);
  expect(retried.code).toBe(3);
  expect(JSON.parse(retried.stdout)).toMatchObject({
    dry_run: false,
    sources: expect.arrayContaining([
      expect.objectContaining({ source: "polar", added: 0, failed: 1 }),
    ]) as unknown,
  });
  // The code stays the one it was.
  expect(JSON.parse((await run(["skipped", "--json"])).stdout)).toMatchObject({
    skipped: [{ code: "unmappable" }],
  });
});

test("reprocess maps everything again from the database alone, and twice changes nothing", async () => {
  const fake = await connected();
  fake.upload(ride(1));
  fake.upload(ride(2));
  await run(["sync"], at(fake));
  const db = connect(database());
  db.exec(
    "UPDATE activities SET title = 'of an older parser', digest = zeroblob(32), parser_version = 0 WHERE id = 2",
  );
  db.close();
  // No address of any service: it must not be asked.
  const offline = { env: { FITGLUE_POLAR_API_URL: "https://127.0.0.1:1" } };
  expect((await run(["reprocess", "--dry-run"], offline)).stderr).toBe(
    "polar: 0 added, 1 updated, 1 unchanged\n",
  );
  expect((await run(["reprocess", "polar"], offline)).stderr).toBe(
    "polar: 0 added, 1 updated, 1 unchanged\n",
  );
  expect(await run(["reprocess"], offline)).toMatchObject({ code: 0, stdout: "", stderr: "" });
  const [second] = JSON.parse((await run(["list", "--format", "json", "--limit", "1"])).stdout) as {
    title: unknown;
  }[];
  expect(second?.title).toBeNull();
  expect((await run(["reprocess", "garmin"])).code).toBe(2);
});

test("an Apple Health export maps to the same again, and nothing of it is odd", async () => {
  const zip = join(home, "export.zip");
  execFileSync(process.execPath, [
    fileURLToPath(new URL("../../scripts/demo-export.mjs", import.meta.url)),
    zip,
  ]);
  expect((await run(["import", zip])).stderr).toContain(": 7 added, 0 updated, 0 unchanged");
  const { code, stdout } = await run(["reprocess", "apple-health", "--json"]);
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    { sources: [{ source: "apple-health", added: 0, updated: 0, unchanged: 7, failed: 0, without_raw: 0 }] },
  ]);
  expect((await run(["verify"])).code).toBe(0);
});

describe("verify", () => {
  test("0 for a sound database, 7 for a damaged one and for none, 3 for an odd one", async () => {
    await withSkipped();
    expect((await run(["verify"])).code).toBe(3);
    const db = connect(database());
    db.exec("DELETE FROM activities");
    db.close();
    const sound = await run(["verify", "--json"]);
    expect([sound.code, JSON.parse(sound.stdout)]).toMatchObject([
      0,
      { status: "ok", verified: { raw_payloads: 1, activities: 0 }, findings: [] },
    ]);
    const again = connect(database());
    again.exec("UPDATE raw_payloads SET sha256 = zeroblob(32)");
    again.close();
    const damaged = await run(["verify"]);
    expect([damaged.code, damaged.stdout.split("\n")[0]]).toEqual([
      7,
      "damage: payload-digest ×1: raw payloads that are not what was stored (raw_payloads.id 1, polar exercise)",
    ]);
    expect((await run(["verify", "--db", join(home, "mistyped.db")])).code).toBe(7);
    expect(existsSync(join(home, "mistyped.db"))).toBe(false);
  });
});

test("a damaged page is damage, whoever comes across it", async () => {
  await withSkipped();
  const db = connect(database());
  const pageSize = Number(db.pragma("page_size", { simple: true }));
  const page = db
    .prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'sync_state'")
    .pluck()
    .get() as number;
  db.close();
  const bytes = readFileSync(database());
  writeFileSync(database(), bytes.fill(0xaa, (page - 1) * pageSize, page * pageSize));
  const { code, stdout, stderr } = await run(["status"]);
  expect([code, stdout, stderr]).toEqual([
    7,
    "",
    `fitglue: the database is damaged: ${database()}\n  try: fitglue verify tells what is lost; then restore a backup\n`,
  ]);
  expect((await run(["verify"])).code).toBe(7);
});

describe("status and doctor", () => {
  test("a connected machine after a sync is healthy, and no secret is told", async () => {
    const fake = await connected();
    fake.upload(ride(1));
    await run(["sync"], at(fake));
    const outputs = await Promise.all(
      [["status"], ["status", "--json"], ["doctor"], ["doctor", "--json"], ["doctor", "--debug"]].map(
        (args) => run(args, at(fake)),
      ),
    );
    expect(outputs.map(({ code, stderr }) => [code, stderr.includes("fitglue:")])).toEqual(
      outputs.map(() => [0, false]),
    );
    for (const { stdout, stderr } of outputs) {
      expect(stdout + stderr).not.toContain(SECRETS.token);
      expect(stdout + stderr).not.toContain(SECRETS.client);
    }
    expect(JSON.parse(outputs[1]?.stdout ?? "")).toMatchObject({
      connections: [
        { provider: "polar", connected: true, account: String(fake.userId) },
        { provider: "fitbit" },
      ],
      totals: { activities: 1 },
    });
    expect(outputs[2]?.stdout).toContain(`ok\tclock\tagrees with ${new URL(fake.server.url).host}\t`);
    // What the clock is read from is a question about nothing: any answer has a date.
    expect(fake.server.unexpected.splice(0)).toEqual(["HEAD /", "HEAD /", "HEAD /"]);
  });

  test("modes are found before opening repairs them", async () => {
    const fake = await connected();
    await run(["sync"], at(fake));
    chmodSync(database(), 0o644);
    const { code, stdout } = await run(["doctor", "--offline"]);
    expect([code, stdout]).toEqual([3, expect.stringContaining(`others may read ${database()} (0644)`)]);
    expect((await run(["doctor", "--offline"])).code).toBe(0);
  });

  test("a folder that others may look into is found, and closed by the next sync", async () => {
    const fake = await connected();
    await run(["sync"], at(fake));
    const folder = dirname(database());
    chmodSync(folder, 0o755);
    const { code, stdout } = await run(["doctor", "--offline"]);
    expect([code, stdout]).toEqual([3, expect.stringContaining(`others may look into ${folder}`)]);
    expect((await run(["sync"], at(fake))).code).toBe(0);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect((await run(["doctor", "--offline"])).code).toBe(0);
  });
});

describe("completion", () => {
  /** What bash offers for a line, asked the way bash asks. */
  async function offered(line: string): Promise<string[]> {
    const script = join(home, "completion.bash");
    if (!existsSync(script)) writeFileSync(script, (await run(["completion", "bash"])).stdout);
    const program = `source "$1"; COMP_LINE=$2; read -ra COMP_WORDS <<< "$2"; [[ $2 == *" " ]] && COMP_WORDS+=("")
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _fitglue; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const output = execFileSync("bash", ["--norc", "-c", program, "bash", script, line], {
      cwd: home,
      encoding: "utf8",
    });
    return output
      .trim()
      .split("\n")
      .filter((word) => word !== "");
  }

  test("bash: commands, flags, choices, providers, files", async () => {
    expect(await offered("fitglue s")).toEqual(["sync", "show", "status", "skipped"]);
    expect(await offered("fitglue sync ")).toEqual(["polar", "fitbit"]);
    expect(await offered("fitglue sync --d")).toEqual(["--dry-run", "--db", "--debug"]);
    expect(await offered("fitglue list --format ")).toEqual(["table", "json", "ndjson", "csv"]);
    expect(await offered("fitglue list --source p")).toEqual(["polar"]);
    expect(await offered("fitglue reprocess ")).toEqual(["polar", "fitbit", "apple-health", "file"]);
    expect(await offered("fitglue completion ")).toEqual(["bash", "zsh", "fish"]);
    expect(await offered("fitglue help do")).toEqual(["doctor"]);
    writeFileSync(join(home, "my export.zip"), "");
    expect(await offered("fitglue import my")).toEqual(["my export.zip"]);
    // A flag's value is not taken for the command.
    expect(await offered("fitglue --db sync st")).toEqual(["status"]);
  });

  test.each(["bash", "zsh", "fish"] as const)(
    "the script for %s parses where the shell is there",
    async (shell) => {
      const { code, stdout } = await run(["completion", shell]);
      expect([code, stdout.includes("--dry-run") || stdout.includes("-l dry-run")]).toEqual([0, true]);
      const path = join(home, "script");
      writeFileSync(path, stdout);
      const { status, error } = spawnSync(shell, ["-n", path]);
      const absent = error !== undefined && "code" in error && error.code === "ENOENT";
      expect(absent ? 0 : status).toBe(0);
    },
  );
});
