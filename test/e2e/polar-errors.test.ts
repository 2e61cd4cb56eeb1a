import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { runCli, startCli } from "../cli.ts";
import type { Fault, RequestMatch } from "../fakes/http-server.ts";
import { ride } from "../fakes/polar-sessions.ts";
import { readDatabase, startPolarHome, type PolarHome } from "./polar-home.ts";

let world: PolarHome;
afterEach(() => world.close());

function stored(): number {
  let count = 0;
  readDatabase<{ n: number }>(world.databasePath, (query) => {
    count = query("SELECT count(*) AS n FROM activities")[0]?.n ?? 0;
  });
  return count;
}

const TRANSACTIONS = "/v3/users/10579/exercise-transactions";

describe("what a person reads, and what a script gets", () => {
  it.each<[string, RequestMatch, Fault, number, string]>([
    [
      "a revoked login",
      /./,
      { kind: "status", status: 401 },
      4,
      `fitglue: polar: the login is no longer accepted (401 from ${TRANSACTIONS})\n  try: fitglue connect polar\n`,
    ],
    [
      "missing consents",
      /./,
      { kind: "status", status: 403 },
      4,
      `fitglue: polar: a consent is missing (403 from ${TRANSACTIONS})\n` +
        "  try: accept the consents at https://account.polar.com, then: fitglue connect polar\n",
    ],
    [
      "a service that is down",
      /./,
      { kind: "status", status: 503 },
      5,
      "fitglue: polar: the service is out of order (503 from /v3/exercises)\n  try: run the same command again later\n",
    ],
    [
      "a web page instead of JSON",
      /./,
      { kind: "html" },
      5,
      "fitglue: polar: got a web page from /v3/exercises (status 200)\n" +
        "  try: a proxy or a login page may stand between this machine and the service\n",
    ],
    [
      "truncated JSON",
      /./,
      { kind: "garbage" },
      5,
      "fitglue: polar: the answer from /v3/exercises is no complete JSON (status 200, 13 bytes)\n",
    ],
    [
      "a surprising shape",
      "/v3/exercises",
      { kind: "status", status: 200, body: '{"exercises":[]}' },
      5,
      "fitglue: polar: the answer from /v3/exercises is not what Polar describes (status 200)\n",
    ],
    [
      "a surprising status",
      "/v3/exercises",
      { kind: "status", status: 418 },
      5,
      "fitglue: polar: unexpected answer from /v3/exercises (status 418)\n",
    ],
  ])("%s", async (_, match, fault, exitCode, message) => {
    world = await startPolarHome();
    world.fake.server.fail(match, fault, Infinity);
    const { code, stdout, stderr } = await world.run("sync", "polar");
    expect({ code, stdout, stderr }).toEqual({ code: exitCode, stdout: "", stderr: message });
    for (const secret of world.fake.oauth.secrets) expect(stderr).not.toContain(secret);
    expect(world.fake.commitRequests).toBe(0);
  });

  it("a machine that is offline", async () => {
    world = await startPolarHome();
    // Nobody listens on port 1.
    const env = { ...world.env, FITGLUE_POLAR_API_URL: "http://127.0.0.1:1" };
    const { code, stderr } = await runCli(["sync", "polar"], { home: world.home, env });
    expect(code).toBe(5);
    expect(stderr).toMatch(/^fitglue: polar: cannot reach 127\.0\.0\.1:1 \(ECONNREFUSED\)\n/);
  });

  it("a rate limit, remembered across runs", async () => {
    world = await startPolarHome();
    world.fake.upload(ride(1));
    world.fake.server.fail(/^GET/, { kind: "status", status: 429, headers: { "retry-after": "3600" } }, 1);
    const first = await world.run("sync", "polar");
    expect(first.code).toBe(5);
    expect(first.stderr).toMatch(
      /^fitglue: polar: the service asks to wait until \d{4}-\d\d-\d\dT[\d:.]+Z \(\/v3\//,
    );
    world.fake.server.forget();
    const second = await world.run("sync", "polar", "--json");
    expect(second.code).toBe(5);
    expect(JSON.parse(second.stderr)).toMatchObject({
      type: "error",
      code: "RATE_LIMITED",
      exit_code: 5,
      provider: "polar",
    });
    expect(world.fake.server.requests).toEqual([]);
  });

  it("a session that cannot be fetched: the others are stored, nothing is acknowledged", async () => {
    world = await startPolarHome();
    const bad = world.fake.upload(ride(1));
    bad.unlisted = true;
    world.fake.upload(ride(2));
    world.fake.server.fail(new RegExp(`/exercises/${bad.id}$`), { kind: "status", status: 418 }, Infinity);
    const { code, stderr } = await world.run("sync", "polar");
    expect(code).toBe(3);
    expect(stderr).toContain(`session ${bad.id} could not be read, its transaction stays open`);
    expect(stored()).toBe(1);
    expect(world.fake.commitRequests).toBe(0);
  });

  it("a session that nobody understands: kept raw, reported, acknowledged", async () => {
    world = await startPolarHome();
    world.fake.upload(ride(1)).spoiled = { "start-time": 7 };
    world.fake.upload(ride(2));
    const { code, stderr } = await world.run("sync", "polar");
    expect(code).toBe(3);
    expect(stderr).toContain("skipped");
    expect(stored()).toBe(1);
    expect(world.fake.commits).toHaveLength(1);
  });

  it("nothing new: silence", async () => {
    world = await startPolarHome();
    world.fake.upload(ride(1));
    const first = await world.run("sync");
    expect([first.code, first.stdout]).toEqual([0, ""]);
    expect(first.stderr.trim().split("\n")).toHaveLength(1);
    expect(await world.run("sync")).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });
});

describe("interruptions", () => {
  const counts = { added: 2, updated: 0, unchanged: 0, skipped: 0, deleted: 0, warnings: [] };
  const error = { type: "error", code: "INTERRUPTED", exit_code: 130, provider: null };
  const interrupted = { ...error, message: "interrupted", hint: null };
  const line = `${JSON.stringify(interrupted)}\n`;
  const document = { providers: [{ provider: "polar", status: "partial", ...counts, error: interrupted }] };

  it.each<[NodeJS.Signals, string[], object]>([
    ["SIGTERM", [], { stdout: "", stderr: "polar: 2 added, 0 updated\nfitglue: interrupted\n" }],
    ["SIGINT", ["--json"], { stdout: `${JSON.stringify(document)}\n`, stderr: line }],
  ])(
    "%s ends the run with 130 after or before a batch, never within, and says what is stored %j",
    async (signal, flags, output) => {
      world = await startPolarHome({ pageSize: 2 });
      for (let i = 0; i < 6; i++) world.fake.upload(ride(i));
      const { child, result } = world.start("sync", "polar", ...flags);
      let asked = false;
      world.fake.server.onRequest = () => {
        // Once, in the middle of the second transaction.
        const middle = world.fake.server.requests.at(-1)?.path.endsWith("/samples/1") === true;
        if (asked || world.fake.commits.length !== 1 || !middle) return;
        asked = true;
        child.kill(signal);
      };
      expect(await result).toMatchObject({ code: 130, ...output });
      expect(stored()).toBe(2);
      expect(world.fake.commits).toHaveLength(1);
      world.fake.server.onRequest = undefined;
      expect(await world.run("sync", "polar")).toMatchObject({ code: 0 });
      expect(stored()).toBe(6);
      expect(world.fake.sessions.every(({ committed }) => committed)).toBe(true);
    },
  );

  it("Ctrl-C on a terminal, too, where the spinner's library listens to it and would end the process", async () => {
    world = await startPolarHome({ pageSize: 2 });
    for (let i = 0; i < 4; i++) world.fake.upload(ride(i));
    // What a spinner loads for the cursor's sake; it begins to listen when the program already does.
    const signalExit = ["ora", "cli-cursor", "restore-cursor", "signal-exit"].reduce(
      (from, name) => createRequire(from).resolve(name),
      import.meta.url,
    );
    const preload = join(world.home, "spinner.cjs");
    writeFileSync(
      preload,
      `let late;
       process.on("newListener", (name) => {
         if (name === "SIGINT") late ??= setImmediate(() => require(${JSON.stringify(signalExit)}).onExit(() => {}));
       });`,
    );
    const env = { ...world.env, NODE_OPTIONS: `--require=${preload}` };
    const { child, result } = startCli(["sync", "polar"], { home: world.home, env });
    let asked = false;
    world.fake.server.onRequest = () => {
      const middle = world.fake.server.requests.at(-1)?.path.endsWith("/samples/1") === true;
      if (asked || !middle) return;
      asked = true;
      child.kill("SIGINT");
    };
    expect(await result).toMatchObject({ code: 130, signal: null, stderr: "fitglue: interrupted\n" });
  });

  it(
    "two syncs at once: the second waits for the first, or says that it is running",
    { timeout: 60_000 },
    async () => {
      world = await startPolarHome();
      world.fake.upload(ride(1));
      let release: (() => void) | undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const arrived = new Promise<void>((resolve) => {
        world.fake.server.onRequest = async () => {
          resolve();
          await held;
        };
      });
      const first = world.start("sync", "polar");
      await arrived;
      const second = await world.run("sync", "polar");
      expect(second.code).toBe(7);
      expect(second.stderr).toMatch(/^fitglue: .*another/);

      const third = world.start("sync", "polar");
      await sleep(500);
      world.fake.server.onRequest = undefined;
      release?.();
      expect(await first.result).toMatchObject({ code: 0 });
      expect(await third.result).toMatchObject({ code: 0 });
      expect(stored()).toBe(1);
    },
  );
});

describe("transactions that are gone for good", () => {
  it("the list does the whole job, and status says so", async () => {
    world = await startPolarHome();
    world.fake.retired = 410;
    for (let i = 0; i < 3; i++) world.fake.upload(ride(i));
    expect(await world.run("sync", "polar")).toMatchObject({ code: 0 });
    expect(stored()).toBe(3);
    const told = await world.run("status");
    expect(told.stdout).toContain(
      "Polar has retired its exercise transactions; the exercise list alone is used",
    );
    world.fake.retired = undefined;
    expect(await world.run("sync", "polar")).toMatchObject({ code: 0 });
    expect(stored()).toBe(3);
    expect((await world.run("status")).stdout).not.toContain("retired");
  });
});
