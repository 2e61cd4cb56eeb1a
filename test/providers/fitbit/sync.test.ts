import { describe, expect, test } from "vitest";
import { exercisePoint, GOOGLE_SCOPES, pulseOf, tcxDocument } from "../../fakes/google.ts";
import { type World, startWorld } from "./world.ts";

/** A ten-minute exercise with a pulse of a minute, in Berlin's summer or wherever `offset` says. */
function add(
  world: World,
  id: string,
  start: string,
  more: Partial<Parameters<typeof exercisePoint>[0]> = {},
): void {
  const from = Date.parse(start);
  const end = new Date(from + 600_000).toISOString();
  world.google.add({ point: exercisePoint({ id, start, end, offset: 3600, ...more }) }, pulseOf(from, 60));
}

function change(world: World, id: string, exercise: Record<string, unknown>): void {
  const index = world.google.exercises.findIndex(({ point }) => String(point["name"]).endsWith(`/${id}`));
  const found = world.google.exercises[index];
  if (found === undefined) throw new Error(`no exercise ${id}`);
  const before = found.point["exercise"] as Record<string, unknown>;
  world.google.exercises[index] = {
    ...found,
    point: { ...found.point, exercise: { ...before, ...exercise } },
  };
}

function remove(world: World, id: string): void {
  const index = world.google.exercises.findIndex(({ point }) => String(point["name"]).endsWith(`/${id}`));
  world.google.exercises.splice(index, 1);
}

/** The civil bounds of every exercise list asked for, first pages only. */
function windows(world: World): string[] {
  return world.google.server.requests
    .filter(({ path, query }) => path.endsWith("/exercise/dataPoints") && !query.has("pageToken"))
    .map(({ query }) =>
      [...(query.get("filter") ?? "").matchAll(/"([^"]+)"/g)].map(([, date]) => date).join(" "),
    );
}

const ids = (world: World): string[] => world.activities().map(({ externalId }) => externalId);

describe("the first sync", () => {
  test("reads the last 90 days in windows from old to new, and says how to get more", async () => {
    const world = await startWorld();
    add(world, "1", "2026-08-21T10:00:00Z");
    add(world, "2", "2026-08-22T10:00:00Z");
    add(world, "3", "2026-10-30T10:00:00Z");
    add(world, "4", "2026-11-20T11:00:00Z");
    const result = await world.sync();
    expect(result).toMatchObject({ status: "ok", added: 3, updated: 0, skipped: 0, error: null });
    expect(result.warnings).toEqual([
      {
        code: "first-run",
        count: 1,
        example:
          "this first sync reads the last 90 days; for more: fitglue sync fitbit --since 2020-01-01, for everything: fitglue sync fitbit --full",
      },
    ]);
    expect(ids(world)).toEqual(["2", "3", "4"]);
    // 60 days and the rest, each asked for with a day more on both sides; the end is tomorrow's date plus that day.
    expect(windows(world)).toEqual(["2026-08-21 2026-10-22", "2026-10-20 2026-11-23"]);
    expect(world.google.refusals).toEqual([]);
  });

  test("follows pages of 25 through empty ones", async () => {
    const world = await startWorld();
    for (let index = 0; index < 60; index++) {
      add(
        world,
        String(1000 + index),
        new Date(Date.parse("2026-11-01T00:00:00Z") + index * 3_600_000).toISOString(),
      );
    }
    const result = await world.sync({ since: "2026-10-31" });
    expect(result).toMatchObject({ status: "ok", added: 60 });
    const lists = world.google.server.requests.filter(({ path }) => path.endsWith("/exercise/dataPoints"));
    expect(lists.map(({ query }) => query.get("pageSize"))).toEqual(["25", "25", "25", "25"]);
    expect(world.google.refusals).toEqual([]);
  });
});

describe("a second sync of an unchanged account", () => {
  test("asks only the overlap and writes nothing", async () => {
    const world = await startWorld();
    add(world, "1", "2026-09-01T10:00:00Z", { hasGps: true });
    add(world, "2", "2026-11-18T10:00:00Z");
    await world.sync();
    const before = world.activities();
    const changes = world.store.db.prepare("SELECT total_changes()").pluck();
    const count = changes.get();
    const result = await world.sync();
    expect(result).toMatchObject({
      status: "ok",
      added: 0,
      updated: 0,
      unchanged: 1,
      skipped: 0,
      warnings: [],
    });
    expect(world.activities()).toEqual(before);
    // An empty page and the page; 14 days before 2026-11-18, and a day more.
    expect(world.google.asked()).toEqual(["list exercise", "list exercise"]);
    expect(windows(world)).toEqual(["2026-11-03 2026-11-23"]);
    // Started, note, succeeded: the run's own three marks, and nothing of the account.
    expect(Number(changes.get()) - Number(count)).toBe(3);
  });

  test("re-reads 14 days before the newest start even after a long pause", async () => {
    const world = await startWorld();
    add(world, "1", "2026-11-10T10:00:00Z");
    await world.sync();
    world.now = Date.parse("2027-03-01T12:00:00Z");
    await world.sync();
    expect(windows(world)).toEqual(
      ["2026-10-26 2026-12-27", "2026-12-25 2027-02-25", "2027-02-23 2027-03-04"].map((w) => w),
    );
  });
});

test("an exercise dated in the future does not end the re-reading", async () => {
  const world = await startWorld();
  add(world, "1", "2026-11-21T08:00:00Z");
  await world.sync();
  await world.sync();
  expect(windows(world)).toEqual(["2026-11-05 2026-11-23"]);
});

describe("later news", () => {
  test("takes what is new in the overlap and what has another updateTime, and nothing else", async () => {
    const world = await startWorld();
    add(world, "1", "2026-11-17T10:00:00Z");
    add(world, "2", "2026-11-18T10:00:00Z");
    await world.sync();
    add(world, "3", "2026-11-06T10:00:00Z");
    change(world, "2", { notes: "felt good", updateTime: "2026-11-19T07:00:00Z" });
    const result = await world.sync();
    expect(result).toMatchObject({ added: 1, updated: 1, unchanged: 1 });
    expect(world.activity("2").notes).toBe("felt good");
    expect(world.activity("2").providerUpdatedAt).toBe("2026-11-19T07:00:00.000Z");
    expect(world.google.asked().filter((what) => what === "list heart-rate")).toHaveLength(4);
  });

  test("marks what disappeared, keeps it, and takes the mark away when it is back", async () => {
    const world = await startWorld();
    add(world, "1", "2026-11-17T10:00:00Z");
    add(world, "2", "2026-11-18T10:00:00Z");
    await world.sync();
    const gone = world.google.exercises.find(({ point }) => String(point["name"]).endsWith("/2"));
    remove(world, "2");
    expect(await world.sync()).toMatchObject({ status: "ok", deleted: 1 });
    expect(world.activity("2")).toMatchObject({ deletedAt: "2026-11-20T12:00:00.000Z", title: "Run" });
    expect(world.activity("2").samples.timestamp).toHaveLength(60);
    if (gone !== undefined) world.google.exercises.push(gone);
    expect(await world.sync()).toMatchObject({ status: "ok", updated: 1, deleted: 0 });
    expect(world.activity("2").deletedAt).toBeNull();
    expect(world.google.asked()).not.toContain("list heart-rate");
  });
});

describe("--since and --full", () => {
  test("--since is a local date, inclusive; an earlier one reaches further back later", async () => {
    const world = await startWorld();
    // 2026-11-09 in UTC, 2026-11-10 where it happened; and the other way round.
    add(world, "east", "2026-11-09T20:00:00Z", { offset: 5.75 * 3600 });
    add(world, "west", "2026-11-10T02:00:00Z", { offset: -3.5 * 3600 });
    add(world, "old", "2026-02-01T10:00:00Z");
    await world.sync({ since: "2026-11-10" });
    expect(ids(world)).toEqual(["east"]);
    await world.sync();
    expect(ids(world)).toEqual(["east"]);
    await world.sync({ since: "2026-11-09" });
    expect(ids(world)).toEqual(["east", "west"]);
    await world.sync({ since: "2026-02-01" });
    expect(ids(world)).toEqual(["old", "east", "west"]);
  });

  test("a run that ends early leaves no hole: the next plain sync reads what is missing", async () => {
    const world = await startWorld();
    add(world, "now", "2026-11-18T10:00:00Z");
    await world.sync();
    add(world, "a", "2026-01-10T10:00:00Z");
    add(world, "b", "2026-04-10T10:00:00Z");
    add(world, "c", "2026-07-10T10:00:00Z");
    world.google.server.fail(
      ({ query }) => query.get("filter")?.includes('>= "2026-04-30"') ?? false,
      { kind: "reset" },
      8,
    );
    const cut = await world.sync({ since: "2026-01-01" });
    expect(cut).toMatchObject({ status: "partial", added: 2, error: { code: "CONNECTION_LOST" } });
    expect(ids(world)).toEqual(["a", "b", "now"]);
    world.google.server.clearFaults();
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1 });
    expect(ids(world)).toEqual(["a", "b", "c", "now"]);
    expect(windows(world)).toEqual([
      "2026-04-30 2026-07-01",
      "2026-06-29 2026-08-23",
      "2026-11-03 2026-11-23",
    ]);
  });

  test("--full reads from 2009 on, takes everything again, and updates what the overlap never sees", async () => {
    const world = await startWorld();
    add(world, "old", "2009-11-01T10:00:00Z");
    add(world, "new", "2026-11-18T10:00:00Z");
    expect(await world.sync({ full: true })).toMatchObject({ status: "ok", added: 2, warnings: [] });
    change(world, "old", { notes: "edited years later", updateTime: "2026-11-20T09:00:00Z" });
    expect(await world.sync()).toMatchObject({ updated: 0 });
    expect(await world.sync({ full: true })).toMatchObject({ added: 0, updated: 1, unchanged: 1 });
    expect(world.activity("old").notes).toBe("edited years later");
    expect(windows(world)[0]).toBe("2008-12-31 2009-03-03");
    expect(windows(world)).toHaveLength(109);
  });
});

describe("a session that another app wrote back", () => {
  const strava = { platform: "GOOGLE_PARTNER_INTEGRATION" };

  test("is an alias of the device's own recording, and its bytes are kept", async () => {
    const world = await startWorld();
    add(world, "own", "2026-11-18T10:00:00Z");
    add(world, "copy", "2026-11-18T10:00:59Z", strava);
    expect(await world.sync()).toMatchObject({ added: 1 });
    expect(world.activity("copy").externalId).toBe("own");
    expect(world.activities()).toMatchObject([{ externalId: "own", aliases: ["copy"] }]);
    const owner = { source: "fitbit", account: world.google.healthUserId };
    expect(world.store.rawPayloads(owner, "own").map(({ kind }) => kind)).toEqual([
      "exercise",
      "heart-rate/0",
      "heart-rate/1",
      "mirror/copy",
    ]);
    expect(await world.sync()).toMatchObject({ added: 0, updated: 0 });
  });

  test("gives way when the recording comes later, and the number stays", async () => {
    const world = await startWorld();
    add(world, "copy", "2026-11-18T10:00:00Z", strava);
    await world.sync();
    const { id } = world.activity("copy");
    add(world, "own", "2026-11-18T10:00:20Z");
    expect(await world.sync()).toMatchObject({ added: 0, updated: 1 });
    expect(world.activities()).toMatchObject([
      {
        id,
        externalId: "own",
        aliases: ["copy"],
        startTime: "2026-11-18T10:00:20.000Z",
        device: "Fitbit Charge 6",
      },
    ]);
    expect(await world.sync()).toMatchObject({ added: 0, updated: 0, deleted: 0 });
  });

  test("that arrives later changes nothing but the aliases", async () => {
    const world = await startWorld();
    add(world, "own", "2026-11-18T10:00:00Z");
    await world.sync();
    add(world, "copy", "2026-11-18T10:00:00Z", strava);
    expect(await world.sync()).toMatchObject({ added: 0, updated: 0, unchanged: 1 });
    expect(world.activities()).toMatchObject([{ externalId: "own", aliases: ["copy"] }]);
    expect(world.google.asked()).not.toContain("list heart-rate");
    // The recording is deleted, the copy stays: the session is still there, and it is the recording that we keep.
    remove(world, "own");
    expect(await world.sync()).toMatchObject({ added: 0, updated: 0, deleted: 0 });
    expect(world.activities()).toMatchObject([{ externalId: "own", deletedAt: null }]);
  });

  test("is another session beyond 60 s, of another length, or when it is Fitbit's too", async () => {
    const world = await startWorld();
    add(world, "own", "2026-11-18T10:00:00Z");
    add(world, "late", "2026-11-18T10:01:01Z", strava);
    add(world, "long", "2026-11-18T10:00:10Z", { ...strava, end: "2026-11-18T11:00:00Z" });
    add(world, "both", "2026-11-18T09:59:30Z");
    await world.sync();
    expect(ids(world)).toEqual(["both", "own", "long", "late"]);
  });
});

describe("what the person did not permit", () => {
  test("no location: no routes, and never asked for", async () => {
    const world = await startWorld({ ticked: [GOOGLE_SCOPES.activity, GOOGLE_SCOPES.metrics] });
    add(world, "1", "2026-11-18T10:00:00Z", { hasGps: true });
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1 });
    expect(world.google.asked()).not.toContain("tcx");
    expect(world.note()).toBe(
      "not permitted at Google, so there will be no routes (location); fitglue connect fitbit asks again",
    );
  });

  test("no health metrics: no heart rate and no limits", async () => {
    const world = await startWorld({ ticked: [GOOGLE_SCOPES.activity] });
    add(world, "1", "2026-11-18T10:00:00Z", {
      more: { metricsSummary: { heartRateZoneDurations: { lightTime: "60s" } } },
    });
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1 });
    expect(world.activity("1").samples.timestamp).toHaveLength(0);
    expect(world.activity("1").hrZones[0]).toMatchObject({ seconds: 60, minBpm: null, maxBpm: null });
    expect(world.note()).toBe(
      "not permitted at Google, so there will be no heart rate and no zone limits (health metrics) and no routes (location); fitglue connect fitbit asks again",
    );
    expect(await world.sync()).toMatchObject({ added: 0, updated: 0 });
    expect(world.google.refusals).toEqual([]);
  });

  test("Google may refuse what it said it granted: it is missing then, and nothing fails", async () => {
    const world = await startWorld();
    add(world, "1", "2026-11-18T10:00:00Z", { hasGps: true });
    const body = '{"error":{"code":403,"details":[{"reason":"MISSING_OAUTH_SCOPE"}]}}';
    world.google.server.fail(/heart-rate|exportExerciseTcx/, { kind: "status", status: 403, body }, 2);
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1 });
    expect(world.note()).toMatch(/no heart rate.* and no routes/);
    // Google has come to its senses: what was missing is fetched.
    expect(await world.sync()).toMatchObject({ status: "ok", updated: 1 });
    expect(world.note()).toBeNull();
    expect(world.activity("1").samples.heartRate).toHaveLength(60);
  });

  test("no activities: nothing can be done, 4", async () => {
    const world = await startWorld({ ticked: [GOOGLE_SCOPES.metrics, GOOGLE_SCOPES.location] });
    const result = await world.sync();
    expect(result.error).toMatchObject({ code: "SCOPE_MISSING", exitCode: 4 });
    expect(world.google.asked()).toEqual([]);
  });
});

describe("routes", () => {
  const start = Date.parse("2026-11-18T10:00:00Z");

  test("are asked for once; an empty document and a refusal are remembered", async () => {
    const world = await startWorld();
    for (const [id, tcx] of [
      ["route", tcxDocument(start, 60)],
      ["empty", { status: 200, body: "" }],
      ["none", undefined],
    ] as const) {
      const point = exercisePoint({
        id,
        start: "2026-11-18T10:00:00Z",
        end: "2026-11-18T10:10:00Z",
        hasGps: true,
      });
      world.google.add(tcx === undefined ? { point } : { point, tcx });
    }
    expect(await world.sync()).toMatchObject({ status: "ok", added: 3 });
    expect(world.google.asked().filter((what) => what === "tcx")).toHaveLength(3);
    expect(world.activity("route").samples.positionLat).toHaveLength(60);
    expect(world.activity("empty")).toMatchObject({
      hasGps: true,
      samples: { timestamp: new Float64Array(0) },
    });
    await world.sync();
    expect(world.google.asked()).not.toContain("tcx");
    expect(world.google.refusals).toEqual([
      "404 GET /v4/users/me/dataTypes/exercise/dataPoints/none:exportExerciseTcx?alt=media",
    ]);
  });

  test("of an edited exercise are not fetched again", async () => {
    const world = await startWorld();
    add(world, "1", "2026-11-18T10:00:00Z", { hasGps: true });
    const exercise = world.google.exercises[0];
    if (exercise !== undefined) exercise.tcx = tcxDocument(start, 60);
    await world.sync();
    change(world, "1", { notes: "edited", updateTime: "2026-11-19T10:00:00Z" });
    expect(await world.sync()).toMatchObject({ updated: 1 });
    expect(world.google.asked()).not.toContain("tcx");
    expect(world.activity("1").samples.positionLat).toHaveLength(60);
  });

  test("that are out of order now are asked for again by the next sync", async () => {
    const world = await startWorld();
    add(world, "1", "2026-10-01T10:00:00Z", { hasGps: true });
    add(world, "2", "2026-11-18T10:00:00Z");
    const from = Date.parse("2026-10-01T10:00:00Z");
    const exercise = world.google.exercises[0];
    if (exercise !== undefined) exercise.tcx = tcxDocument(from, 60);
    world.google.server.fail(/exportExerciseTcx/, { kind: "status", status: 503 }, 4);
    const first = await world.sync();
    expect(first).toMatchObject({ status: "partial", added: 2, error: null });
    expect(first.warnings.map(({ code }) => code)).toEqual(["first-run", "route-missing"]);
    expect(world.activity("1").samples.positionLat).toBeUndefined();
    expect(await world.sync()).toMatchObject({ status: "ok", updated: 1, warnings: [] });
    expect(windows(world)).toEqual(["2026-09-30 2026-10-03", "2026-11-03 2026-11-23"]);
    expect(world.activity("1").samples.positionLat).toHaveLength(60);
    await world.sync();
    expect(windows(world)).toEqual(["2026-11-03 2026-11-23"]);
  });

  test("that cannot be read in full are kept, and said", async () => {
    const world = await startWorld();
    add(world, "1", "2026-11-18T10:00:00Z", { hasGps: true });
    const whole = tcxDocument(start, 60);
    const exercise = world.google.exercises[0];
    if (exercise !== undefined) exercise.tcx = whole.slice(0, whole.length / 2);
    const result = await world.sync();
    expect(result).toMatchObject({ status: "partial", added: 1 });
    expect(result.warnings.map(({ code }) => code)).toEqual(["first-run", "route-damaged"]);
    expect(world.activity("1").samples.positionLat?.length).toBeGreaterThan(10);
  });
});

describe("zone limits", () => {
  const limits = [
    [30, 110],
    [111, 135],
    [136, 160],
    [161, 220],
  ] as const;
  const metricsSummary = { heartRateZoneDurations: { lightTime: "300s", vigorousTime: "60s" } };

  test("are asked for once for many days, by list or else reconciled", async () => {
    const world = await startWorld();
    world.google.zonesListable = false;
    world.google.emptyPageFirst = false;
    // 23:30 in Kathmandu is another date than in UTC.
    add(world, "1", "2026-11-10T18:30:00Z", { offset: 20_700, more: { metricsSummary } });
    add(world, "2", "2026-11-12T10:00:00Z", { more: { metricsSummary } });
    world.google.zones.set("2026-11-11", limits);
    world.google.zones.set("2026-11-12", limits);
    await world.sync();
    expect(world.google.asked().filter((what) => what.includes("zones"))).toEqual([
      "list daily-heart-rate-zones",
      "reconcile daily-heart-rate-zones",
    ]);
    for (const id of ["1", "2"]) {
      expect(world.activity(id).hrZones).toEqual([
        { zone: 1, minBpm: 30, maxBpm: 110, seconds: 300, origin: "provider", calcType: "percent_hrr" },
        { zone: 2, minBpm: 111, maxBpm: 135, seconds: 0, origin: "provider", calcType: "percent_hrr" },
        { zone: 3, minBpm: 136, maxBpm: 160, seconds: 60, origin: "provider", calcType: "percent_hrr" },
        { zone: 4, minBpm: 161, maxBpm: 220, seconds: 0, origin: "provider", calcType: "percent_hrr" },
      ]);
    }
  });

  test("of a day that is not over are asked for again once it is", async () => {
    const world = await startWorld();
    add(world, "1", "2026-11-20T10:00:00Z", { more: { metricsSummary } });
    await world.sync();
    await world.sync();
    expect(world.google.asked()).toEqual(["list exercise", "list exercise"]);
    world.now = Date.parse("2026-11-22T06:00:00Z");
    world.google.zones.set("2026-11-20", limits);
    expect(await world.sync()).toMatchObject({ updated: 1 });
    expect(world.activity("1").hrZones[0]).toMatchObject({ minBpm: 30, maxBpm: 110 });
    expect(world.google.asked()).not.toContain("list heart-rate");
    expect(await world.sync()).toMatchObject({ updated: 0, unchanged: 1 });
    expect(world.google.asked().filter((what) => what.includes("zones"))).toEqual([]);
  });
});

describe("lists that make trouble", () => {
  test("pages of samples that take too long are asked for smaller", async () => {
    const world = await startWorld();
    add(world, "1", "2026-11-18T10:00:00Z");
    world.google.deadlineAbove = 1000;
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1 });
    const sizes = world.google.server.requests
      .filter(({ path }) => path.includes("heart-rate"))
      .map(({ query }) => query.get("pageSize"));
    // Each size that is too large is tried twice; then the empty page and the page.
    expect(sizes).toEqual(["10000", "10000", "2500", "2500", "625", "625"]);
    expect(world.activity("1").samples.timestamp).toHaveLength(60);
  });

  test("a page token that is no longer known costs the walk, once", async () => {
    const world = await startWorld();
    for (let index = 0; index < 30; index++) {
      add(
        world,
        String(100 + index),
        new Date(Date.parse("2026-11-01T00:00:00Z") + index * 3_600_000).toISOString(),
      );
    }
    const refused = {
      kind: "status",
      status: 400,
      body: '{"error":{"code":400,"message":"Invalid page token","status":"INVALID_ARGUMENT"}}',
    } as const;
    const continued = ({ path, query }: { path: string; query: URLSearchParams }): boolean =>
      path.endsWith("/exercise/dataPoints") && query.has("pageToken");
    world.google.server.fail(continued, refused);
    expect(await world.sync({ since: "2026-10-31" })).toMatchObject({ status: "ok", added: 30 });
    world.google.server.fail(continued, refused, 2);
    expect((await world.sync()).error).toMatchObject({ code: "PAGE_TOKEN", exitCode: 5 });
  });

  test("a list that goes round in circles ends the run, and marks nothing as gone", async () => {
    const world = await startWorld();
    add(world, "1", "2026-11-18T10:00:00Z");
    await world.sync();
    world.google.server.fail(
      /exercise\/dataPoints$/,
      {
        kind: "status",
        status: 200,
        headers: { "content-type": "application/json" },
        body: '{"nextPageToken":"again"}',
      },
      2,
    );
    const result = await world.sync();
    expect(result.error).toMatchObject({ code: "ENDLESS_LIST", exitCode: 5 });
    expect(world.activity("1").deletedAt).toBeNull();
  });

  test("an exercise that cannot be mapped is kept, and said once", async () => {
    const world = await startWorld();
    add(world, "1", "2026-11-18T10:00:00Z");
    change(world, "1", { interval: { startTime: "2026-11-18 at ten" } });
    add(world, "2", "2026-11-18T10:00:00Z");
    expect(await world.sync()).toMatchObject({ status: "partial", added: 1, skipped: 1 });
    expect(world.store.skippedItems()).toMatchObject([
      { externalId: "1", reason: "the exercise has no id or no start time that can be read" },
    ]);
    expect(await world.sync()).toMatchObject({ status: "ok", added: 0, skipped: 0 });
  });
});
