import { afterEach, describe, expect, test } from "vitest";
import type { Trouble } from "../fakes/google.ts";
import { addRun, type FitbitHome, type FitbitHomeOptions, startFitbitHome } from "./fitbit-home.ts";

const homes: FitbitHome[] = [];

async function newHome(options?: FitbitHomeOptions): Promise<FitbitHome> {
  const home = await startFitbitHome(options);
  homes.push(home);
  return home;
}

afterEach(async () => {
  for (const home of homes.splice(0)) await home.close();
});

describe("sync fitbit", () => {
  test("brings an account in, and a second time changes nothing and says nothing", async () => {
    const home = await newHome();
    addRun(home.google, "1", 3);
    addRun(home.google, "2", 1);
    const first = await home.run("sync", "fitbit", "--json");
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({
      providers: [
        { provider: "fitbit", status: "ok", added: 2, updated: 0, unchanged: 0, skipped: 0, error: null },
      ],
    });
    expect(
      home.rows(
        `SELECT source, account, external_id, sport, has_gps,
           (SELECT count(*) FROM samples WHERE activity_id = activities.id) AS samples FROM activities ORDER BY start_time`,
      ),
    ).toEqual(
      ["1", "2"].map((external_id) => ({
        source: "fitbit",
        account: home.google.healthUserId,
        external_id,
        sport: "running",
        has_gps: 1,
        samples: 60,
      })),
    );
    home.google.server.forget();
    expect(await home.run("sync", "fitbit")).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    expect(home.google.asked()).toEqual(["list exercise", "list exercise"]);
    expect(home.google.refusals).toEqual([]);
  });

  test("the first run says how far back it reads, and how to get everything", async () => {
    const home = await newHome();
    addRun(home.google, "1", 1);
    const { code, stderr, stdout } = await home.run("sync", "fitbit");
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toContain("the last 90 days");
    expect(stderr).toContain("fitglue sync fitbit --full");
  });

  test("a dry run asks, counts, and stores nothing", async () => {
    const home = await newHome();
    addRun(home.google, "1", 1);
    const { code, stdout } = await home.run("sync", "fitbit", "--dry-run", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ providers: [{ status: "ok", added: 1 }] });
    expect(home.rows("SELECT * FROM activities")).toEqual([]);
    expect(home.rows("SELECT * FROM sync_state")).toEqual([]);
  });

  test("an interrupt ends it with 130; what is stored is whole, and the next run goes on", async () => {
    const home = await newHome();
    for (let index = 0; index < 4; index++) addRun(home.google, String(index), index + 1);
    const { child, result } = home.start(["sync", "fitbit"]);
    home.google.server.onRequest = () => {
      if (home.google.asked().includes("tcx")) child.kill("SIGINT");
    };
    expect(await result).toMatchObject({ code: 130, stdout: "" });
    home.google.server.onRequest = undefined;
    expect(home.rows("SELECT count(*) AS n FROM activities")[0]?.["n"]).toBeLessThan(4);
    expect((await home.run("sync", "fitbit")).code).toBe(0);
    expect(
      home.rows("SELECT count(*) AS n, (SELECT count(*) FROM samples) AS samples FROM activities"),
    ).toEqual([{ n: 4, samples: 240 }]);
  });

  test("maps everything stored again to the same", async () => {
    const home = await newHome();
    addRun(home.google, "1", 1);
    await home.run("sync", "fitbit");
    const before = home.rows("SELECT * FROM activities");
    expect((await home.run("reprocess", "fitbit")).code).toBe(0);
    expect(home.rows("SELECT * FROM activities")).toEqual(before);
  });

  test("two processes at once refresh the login once", async () => {
    const home = await newHome({ expiresAt: Date.now() - 1000 });
    home.google.oauth.expireAccess();
    addRun(home.google, "1", 1);
    const runs = ["a.db", "b.db"].map(
      (name) => home.start(["sync", "fitbit"], { FITGLUE_DB: `${home.home}/${name}` }).result,
    );
    expect((await Promise.all(runs)).map(({ code }) => code)).toEqual([0, 0]);
    expect(home.google.oauth.refreshes).toBe(1);
  });
});

describe("each error through the real binary", () => {
  async function failing(home: FitbitHome): Promise<{ code: number | null; line: Record<string, unknown> }> {
    const { code, stderr, stdout } = await home.run("sync", "fitbit", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ providers: [{ provider: "fitbit", status: "failed" }] });
    const lines = stderr.trimEnd().split("\n");
    for (const secret of home.google.oauth.secrets) expect(stderr + stdout).not.toContain(secret);
    expect(lines).toHaveLength(1);
    return { code, line: JSON.parse(lines[0] ?? "") as Record<string, unknown> };
  }

  const troubles: readonly (readonly [Trouble, number, string, RegExp, RegExp])[] = [
    [
      "api-disabled",
      8,
      "API_NOT_ENABLED",
      /is not enabled/,
      /console\.cloud\.google\.com\/.*project=271828182845/,
    ],
    [
      "not-linked",
      8,
      "ACCOUNT_NOT_LINKED",
      /no Fitbit or Google Health profile/,
      /fitbit\.google\.com\/auth\/signup/,
    ],
    ["legacy-account", 8, "LEGACY_ACCOUNT", /never moved to a Google account/, /support\.google\.com/],
    ["not-ready", 5, "PROFILE_NOT_READY", /not ready yet/, /Google Health app/],
    ["mint-scope", 4, "SCOPE_MISSING", /permission was not granted/, /fitglue connect fitbit/],
  ];
  test.each(troubles)("%s: %i", async (trouble, code, name, message, hint) => {
    const home = await newHome();
    home.google.trouble = trouble;
    expect(await failing(home)).toMatchObject({
      code,
      line: {
        type: "error",
        code: name,
        exit_code: code,
        provider: "fitbit",
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      },
    });
  });

  test("HTML: 5", async () => {
    const home = await newHome();
    home.google.server.fail(/exercise/, { kind: "html" });
    expect(await failing(home)).toMatchObject({ code: 5, line: { code: "BAD_RESPONSE" } });
  });

  test("the quota, for longer than a run waits: 5, and the next run does not even ask", async () => {
    const home = await newHome();
    home.google.quota = { limit: 0, windowMs: 1 };
    home.google.retryAfter = 3600;
    expect(await failing(home)).toMatchObject({ code: 5, line: { code: "RATE_LIMITED" } });
    home.google.server.forget();
    expect(await failing(home)).toMatchObject({ code: 5, line: { code: "RATE_LIMITED" } });
    expect(home.google.server.requests).toEqual([]);
  });

  test("a login that has ended: 4, with the reasons and the command", async () => {
    const home = await newHome();
    home.google.oauth.revokeAll();
    const { code, line } = await failing(home);
    expect(code).toBe(4);
    expect(line).toMatchObject({ code: "AUTH_REQUIRED", hint: "fitglue connect fitbit" });
    expect(line["message"]).toMatch(
      /invalid_grant.*most likely because the Google app is still in testing, where every login ends after seven days .*; or its access was removed/,
    );
  });

  test("not connected: 4", async () => {
    const home = await newHome({ connected: false });
    expect(await failing(home)).toMatchObject({ code: 4, line: { hint: "fitglue connect fitbit" } });
  });

  test("an address of the Fitbit Web API: 8, one sentence, and nobody is asked", async () => {
    const home = await newHome();
    const run = home.start(["sync", "fitbit", "--json"], {
      FITGLUE_FITBIT_API_URL: "https://api.fitbit.com",
    });
    const { code, stderr } = await run.result;
    expect(code).toBe(8);
    expect(JSON.parse(stderr)).toMatchObject({
      code: "FITBIT_WEB_API_ENDED",
      message: expect.stringContaining("ended on 2 November 2026"),
      hint: expect.stringContaining("fitglue connect fitbit"),
    });
  });

  test("a route that Google cannot give now: 3, and everything else is there", async () => {
    const home = await newHome();
    addRun(home.google, "1", 1);
    home.google.server.fail(/exportExerciseTcx/, { kind: "status", status: 503 }, 4);
    const { code, stderr } = await home.run("sync", "fitbit");
    expect(code).toBe(3);
    expect(stderr).toContain("route");
    expect(home.rows("SELECT count(*) AS n FROM samples")).toEqual([{ n: 60 }]);
  });
});
