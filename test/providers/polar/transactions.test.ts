import { afterEach, describe, expect, it } from "vitest";
import type { Fault } from "../../fakes/http-server.ts";
import { ride, trailRun } from "../../fakes/polar-sessions.ts";
import { NOW, startPolarWorld, type PolarWorld } from "./polar-world.ts";

const BROKEN: Fault = { kind: "status", status: 500 };

let world: PolarWorld;
afterEach(() => world.close());

const codes = (result: { warnings: readonly { code: string }[] }) => result.warnings.map(({ code }) => code);
const starts = () => world.stored().map(({ startTime }) => startTime);

describe("transactions", () => {
  it("takes fifty at a time until there is nothing new, and commits each", async () => {
    world = await startPolarWorld();
    for (let i = 0; i < 120; i++) world.fake.upload(ride(i));
    const sizes: number[] = [];
    world.fake.onCommit = ({ ids }) => void sizes.push(ids.length);
    expect(await world.sync()).toMatchObject({ status: "ok", added: 120, updated: 0, unchanged: 0 });
    expect(sizes).toEqual([50, 50, 20]);
    expect(new Set(starts()).size).toBe(120);
    expect(world.store.syncState.countReceipts()).toBe(0);
    // Committed is gone: only the list still has it, and nothing of it is fetched again.
    world.fake.server.forget();
    expect(await world.sync()).toMatchObject({ status: "ok", added: 0, updated: 0, unchanged: 0 });
    expect(world.fake.server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v3/users/10579/exercise-transactions",
      "GET /v3/exercises",
    ]);
  });

  it("has everything of a transaction on disk when Polar is told so", async () => {
    world = await startPolarWorld({ pageSize: 4 });
    for (let i = 0; i < 10; i++) world.fake.upload(ride(i));
    let told = 0;
    world.fake.onCommit = ({ ids }) => {
      const stored = new Set(world.stored().map(({ externalId }) => externalId));
      for (const id of ids) {
        expect(stored).toContain(id);
        told++;
      }
    };
    await world.sync();
    expect(told).toBe(10);
  });

  it("keeps both ids of a session, so that the list brings nothing twice", async () => {
    world = await startPolarWorld();
    const uploaded = world.fake.upload(trailRun());
    await world.sync();
    expect(world.stored()).toMatchObject([{ externalId: String(uploaded.id), aliases: [uploaded.hashId] }]);
  });

  it("keeps two watches that were worn at once apart, in both worlds", async () => {
    world = await startPolarWorld();
    world.fake.upload({ ...ride(1), device: "Polar Grit X" });
    world.fake.upload({ ...ride(1), device: "Polar H10" });
    expect(await world.sync()).toMatchObject({ added: 2, updated: 0 });
    expect(await world.sync()).toMatchObject({ added: 0, updated: 0, unchanged: 0 });
    expect(new Set(world.stored().map(({ device }) => device))).toEqual(
      new Set(["Polar Grit X", "Polar H10"]),
    );
    expect(world.stored().every(({ aliases }) => aliases.length === 1)).toBe(true);
  });

  it("recognises a session within two seconds of start and duration, and not beyond", async () => {
    world = await startPolarWorld();
    const near = world.fake.upload({ ...ride(1), startTime: "2026-11-02T08:00:00", duration: "PT20M" });
    const far = world.fake.upload({ ...ride(2), startTime: "2026-11-02T10:00:00", duration: "PT20M" });
    near.unlisted = true;
    far.unlisted = true;
    await world.sync();
    near.unlisted = false;
    far.unlisted = false;
    near.session = { ...near.session, startTime: "2026-11-02T08:00:02", duration: "PT19M58S" };
    far.session = { ...far.session, duration: "PT20M3S" };
    expect(await world.sync()).toMatchObject({ added: 1 });
    expect(
      Object.fromEntries(world.stored().map(({ externalId, aliases }) => [externalId, aliases])),
    ).toEqual({
      [near.id]: [near.hashId],
      [far.id]: [],
      [far.hashId]: [],
    });
  });

  it("leaves a transaction open when one session cannot be read, and stores the others", async () => {
    world = await startPolarWorld();
    const [bad, ...good] = [1, 2, 3].map((i) => world.fake.upload(ride(i)));
    if (bad === undefined) throw new Error("no session");
    bad.unlisted = true;
    world.fake.server.fail(new RegExp(`/exercises/${bad.id}$`), BROKEN, Infinity);
    const result = await world.sync();
    expect(result).toMatchObject({ status: "partial", added: 2, error: null });
    expect(result.warnings).toMatchObject([{ code: "session-unreadable" }]);
    expect(world.fake.commitRequests).toBe(0);
    expect(world.stored().map(({ externalId }) => externalId)).toEqual(good.map(({ id }) => String(id)));

    // Seen again next time: only what is missing is fetched, and now everything is committed.
    world.fake.server.clearFaults();
    world.fake.server.forget();
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1, updated: 0 });
    expect(world.fake.commits).toHaveLength(1);
    expect(world.fake.server.seen(/exercise-transactions\/\d+\/exercises\/\d+$/)).toHaveLength(1);
  });

  it.each(["heart-rate-zones", "samples", "samples/1"])(
    "counts a session whose %s fail as unreadable",
    async (part) => {
      world = await startPolarWorld();
      const uploaded = world.fake.upload(ride(1));
      world.fake.upload(ride(2));
      uploaded.unlisted = true;
      world.fake.server.fail(new RegExp(`/exercises/${uploaded.id}/${part}$`), BROKEN, Infinity);
      expect(await world.sync()).toMatchObject({ status: "partial", added: 1 });
      expect(world.fake.commitRequests).toBe(0);
    },
  );

  it("looks for an unreadable session in the list, and stores it once", async () => {
    world = await startPolarWorld();
    const uploaded = world.fake.upload(trailRun());
    world.fake.server.fail(/samples\/3$/, BROKEN, Infinity);
    const result = await world.sync();
    expect(result).toMatchObject({ status: "ok", added: 1 });
    expect(codes(result)).toEqual(["session-unreadable"]);
    expect(world.fake.commitRequests).toBe(0);
    expect(world.stored()).toMatchObject([{ externalId: uploaded.hashId, aliases: [] }]);

    world.fake.server.clearFaults();
    await world.sync();
    expect(world.fake.commits).toHaveLength(1);
    expect(world.stored()).toMatchObject([{ externalId: uploaded.hashId, aliases: [String(uploaded.id)] }]);
    expect(world.stored()[0]?.samples.positionLat?.[2]).toBe(60.17006);
  });

  it.each<[string, Fault]>([
    ["a web page", { kind: "html" }],
    ["cut JSON", { kind: "garbage" }],
    [
      "an error message with status 200",
      { kind: "status", status: 200, body: '{"status":500,"errorType":"x","message":"y"}' },
    ],
    ["a list instead of a session", { kind: "status", status: 200, body: "[]" }],
    ["an empty answer", { kind: "status", status: 200, body: "" }],
    ["a session that is not found", { kind: "status", status: 404 }],
    ["a status that Polar does not describe", { kind: "status", status: 418 }],
    ["a body that is cut off", { kind: "cut" }],
    ["a connection that is lost", { kind: "lost" }],
    ["a server that stalls", { kind: "stall" }],
    ["a server that stalls halfway", { kind: "stall-body" }],
  ])("never commits after %s in place of a session", async (_, fault) => {
    world = await startPolarWorld();
    const uploaded = world.fake.upload(ride(1));
    uploaded.unlisted = true;
    world.fake.server.fail(new RegExp(`/exercises/${uploaded.id}$`), fault, Infinity);
    const result = await world.sync();
    expect(result).toMatchObject({ status: "partial", added: 0, skipped: 0 });
    expect(result.warnings[0]?.example).toContain(`/exercises/${uploaded.id}`);
    expect(world.fake.commitRequests).toBe(0);
  });

  it("gets over a passing fault without a trace", async () => {
    world = await startPolarWorld();
    for (let i = 0; i < 3; i++) world.fake.upload(ride(i));
    for (const [match, fault] of [
      [/^POST/, { kind: "lost" }],
      [/transactions\/\d+$/, BROKEN],
      [/zones$/, { kind: "reset" }],
      [/samples$/, { kind: "cut" }],
      [/fit$/, { kind: "status", status: 503, headers: { "retry-after": "1" } }],
      [/^PUT/, { kind: "lost" }],
    ] satisfies [RegExp, Fault][]) {
      world.fake.server.fail(match, fault);
    }
    expect(await world.sync()).toMatchObject({ status: "ok", added: 3, warnings: [] });
    expect(world.fake.sessions.every(({ committed }) => committed)).toBe(true);
    expect(world.store.syncState.countReceipts()).toBe(0);
  });

  it("keeps a session that nobody understands raw, and commits it", async () => {
    world = await startPolarWorld();
    const uploaded = world.fake.upload(ride(1));
    uploaded.spoiled = { "start-time": "yesterday" };
    world.fake.upload(ride(2));
    expect(await world.sync()).toMatchObject({ status: "partial", added: 1, skipped: 1, error: null });
    expect(world.fake.sessions.every(({ committed }) => committed)).toBe(true);
    const item = { source: "polar", account: "10579", externalId: String(uploaded.id) };
    expect(world.store.skippedItems()).toContainEqual(
      expect.objectContaining({ ...item, code: "unmappable", reason: "no usable start-time" }),
    );
    expect(world.store.rawPayloads(item, item.externalId).map(({ kind }) => kind)).toContain("exercise");
    // Reported once, and not again at every run.
    expect(await world.sync()).toMatchObject({ status: "ok", skipped: 0 });
  });

  it("believes that a session is gone when the transaction still stands", async () => {
    world = await startPolarWorld();
    const gone = world.fake.upload(ride(1));
    world.fake.upload(ride(2));
    world.fake.server.fail(new RegExp(`/exercises/${gone.id}$`), { kind: "status", status: 204 });
    gone.unlisted = true;
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1 });
    expect(world.fake.commits).toHaveLength(1);
  });

  it("does not believe that everything is gone when the transaction has expired", async () => {
    world = await startPolarWorld();
    for (let i = 0; i < 3; i++) world.fake.upload(ride(i));
    // The first transaction dies after its list; the next ones live.
    world.fake.transactionLife = 1;
    world.fake.server.onRequest = ({ method }) => {
      if (method === "POST" && world.fake.server.seen(/^POST/).length === 2)
        world.fake.transactionLife = Infinity;
    };
    expect(await world.sync()).toMatchObject({ status: "ok", added: 3, warnings: [] });
    expect(world.fake.commitRequests).toBe(1);
    expect(world.fake.commits).toHaveLength(1);
  });

  it("does not commit what it fetched from a transaction that expired on the way", async () => {
    world = await startPolarWorld();
    const uploaded = world.fake.upload(ride(1));
    uploaded.unlisted = true;
    // Listing and the session's own document are answered, its parts are not.
    world.fake.transactionLife = 2;
    await world.sync();
    expect(world.fake.commits).toHaveLength(0);
    world.fake.transactionLife = Infinity;
    await world.sync();
    expect(world.fake.commits).toHaveLength(1);
    expect(world.stored()[0]?.samples.heartRate).toHaveLength(3);
  });

  it("reads again what it could not tell from an expired transaction's when it was stopped", async () => {
    // Without a file the last answer of a session is a 204, as all are in an expired transaction; and after the 34th
    // request nobody may look whether it still stands.
    world = await startPolarWorld({ limits: [34, 1000] });
    for (let i = 0; i < 4; i++) world.fake.upload(ride(i));
    expect(await world.sync()).toMatchObject({
      status: "partial",
      added: 4,
      error: { code: "RATE_LIMITED" },
    });
    expect(world.fake.commitRequests).toBe(0);
    world.fake.limits = [1000, 1000];
    world.fake.server.forget();
    expect(await world.sync({ now: () => NOW + 86_400_000 })).toMatchObject({
      status: "ok",
      added: 0,
      updated: 0,
    });
    expect(world.fake.server.seen(/exercise-transactions\/\d+\/exercises\/\d+$/)).toHaveLength(4);
    expect(world.fake.commits).toHaveLength(1);
  });

  it("settles what an earlier run had stored but not acknowledged", async () => {
    world = await startPolarWorld();
    world.fake.upload(ride(1));
    world.fake.server.fail(/^PUT/, BROKEN, Infinity);
    expect(await world.sync()).toMatchObject({
      status: "partial",
      added: 1,
      error: { code: "UNAVAILABLE", exitCode: 5 },
    });
    expect(world.store.syncState.countReceipts()).toBe(1);
    world.fake.server.clearFaults();
    expect(await world.sync()).toMatchObject({ status: "ok", added: 0, updated: 0 });
    expect(world.store.syncState.countReceipts()).toBe(0);
    expect(world.fake.commits).toHaveLength(1);
  });

  it("takes back the sessions of a receipt that Polar no longer knows", async () => {
    world = await startPolarWorld();
    world.fake.upload(ride(1));
    world.fake.server.fail(/^PUT/, BROKEN, Infinity);
    await world.sync();
    world.fake.server.clearFaults();
    world.fake.expireTransaction();
    world.fake.upload(ride(2));
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1, updated: 0 });
    expect(world.store.syncState.countReceipts()).toBe(0);
    expect(world.fake.sessions.every(({ committed }) => committed)).toBe(true);
  });

  it.each(["same", "new", "busy"] as const)(
    "gets everything where opening again means %s",
    async (reopen) => {
      world = await startPolarWorld({ reopen, pageSize: 2 });
      for (let i = 0; i < 5; i++) world.fake.upload(ride(i));
      // A run is cut short with a transaction open.
      const controller = new AbortController();
      world.fake.server.onRequest = ({ path }) => {
        if (path.endsWith("/samples/1")) controller.abort();
      };
      expect((await world.sync({ signal: controller.signal })).error).toMatchObject({ code: "INTERRUPTED" });
      world.fake.server.onRequest = undefined;
      await world.sync();
      expect(starts()).toHaveLength(5);
      world.fake.expireTransaction();
      expect(await world.sync()).toMatchObject({ status: "ok", added: 0 });
      expect(starts()).toHaveLength(5);
      expect(world.fake.sessions.every(({ committed }) => committed)).toBe(true);
    },
  );

  it("does not run for ever when the same sessions come again and again", async () => {
    world = await startPolarWorld();
    world.fake.upload(ride(1));
    world.fake.server.fail(/^PUT/, { kind: "status", status: 404 }, Infinity);
    const result = await world.sync();
    expect(result).toMatchObject({ status: "ok", added: 1 });
    expect(codes(result)).toEqual(["transaction-repeated"]);
  });

  it("leaves alone a transaction that lists nothing", async () => {
    world = await startPolarWorld();
    world.fake.upload(ride(1));
    const empty: Fault = { kind: "status", status: 200, body: '{"exercises":[]}' };
    world.fake.server.fail(/transactions\/\d+$/, empty, Infinity);
    const result = await world.sync();
    expect(codes(result)).toEqual(["transaction-empty"]);
    expect(world.fake.commitRequests).toBe(0);
    expect(starts()).toHaveLength(1);
  });

  it("uses only the path of a link, whatever host it names", async () => {
    world = await startPolarWorld();
    const uploaded = world.fake.upload(ride(1));
    world.fake.server.fail(/transactions\/\d+$/, {
      kind: "status",
      status: 200,
      body: JSON.stringify({
        exercises: [
          `https://evil.invalid/prefix/v3/users/10579/exercise-transactions/179001/exercises/${uploaded.id}/?x=1`,
        ],
      }),
    });
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1 });
    expect(world.fake.commits).toHaveLength(1);
  });

  it.each([
    ["ftp://evil.invalid/v3/users/1"],
    ["https://evil.invalid//evil.invalid/x"],
    ["javascript:alert(1)"],
  ])("refuses the link %s", async (link) => {
    world = await startPolarWorld();
    world.fake.upload(ride(1));
    const body = JSON.stringify({ exercises: [link] });
    world.fake.server.fail(/transactions\/\d+$/, { kind: "status", status: 200, body }, Infinity);
    const result = await world.sync();
    expect(result.error).toMatchObject({ code: "BAD_LINK", exitCode: 5 });
    expect(world.fake.commitRequests).toBe(0);
    // The list has it all the same.
    expect(starts()).toHaveLength(1);
  });
});

describe("within the rate limit", () => {
  it("stores what it has, remembers the cool-down, and goes on from there", async () => {
    world = await startPolarWorld({ limits: [60, 1000] });
    for (let i = 0; i < 12; i++) world.fake.upload(ride(i));
    const first = await world.sync();
    expect(first).toMatchObject({ status: "partial", error: { code: "RATE_LIMITED", exitCode: 5 } });
    expect(first.added).toBeGreaterThan(0);
    expect(world.fake.commitRequests).toBe(0);
    const cooldown = world.store.syncState.get({ source: "polar", account: "10579" })?.cooldownUntil ?? 0;
    expect(cooldown).toBeGreaterThan(Date.UTC(2026, 10, 20, 12, 1));
    world.fake.server.forget();
    expect(await world.sync()).toMatchObject({ status: "failed", error: { code: "RATE_LIMITED" } });
    expect(world.fake.server.requests).toEqual([]);

    let runs = 0;
    for (let now = cooldown; runs < 20 && !world.fake.sessions.every(({ committed }) => committed); runs++) {
      world.fake.resetUsage();
      await world.sync({ now: () => now });
      now += 3_600_000;
    }
    expect(runs).toBeLessThan(6);
    expect(new Set(starts()).size).toBe(12);
  });
});

describe("the list", () => {
  it.each([404, 405, 410] as const)(
    "does the whole job when transactions answer %d, and says so",
    async (status) => {
      world = await startPolarWorld();
      world.fake.retired = status;
      for (let i = 0; i < 25; i++) world.fake.upload(ride(i));
      const owner = { source: "polar", account: "10579" };
      expect(await world.sync()).toMatchObject({ status: "ok", added: 25, warnings: [] });
      expect(world.store.syncState.get(owner)?.note).toMatch(/retired/);
      expect(await world.sync()).toMatchObject({ status: "ok", added: 0, updated: 0 });
      // They are tried again at each run: when they are back, the note goes and nothing is doubled.
      world.fake.retired = undefined;
      expect(await world.sync()).toMatchObject({ status: "ok", added: 0 });
      expect(world.store.syncState.get(owner)?.note).toBeNull();
      expect(starts()).toHaveLength(25);
      expect(world.fake.sessions.every(({ committed }) => committed)).toBe(true);
    },
  );

  it("keeps raw what nobody understands when it is all there is", async () => {
    world = await startPolarWorld();
    world.fake.retired = 404;
    const uploaded = world.fake.upload(ride(1));
    uploaded.spoiled = { "start-time": null };
    expect(await world.sync()).toMatchObject({ status: "partial", added: 0, skipped: 1 });
    expect(world.store.skippedItems()).toMatchObject([{ externalId: uploaded.hashId }]);
    expect(await world.sync()).toMatchObject({ status: "ok", skipped: 0 });
  });

  it("saves what the transactions could not give, and still ends with their fault", async () => {
    world = await startPolarWorld();
    world.fake.upload(ride(1));
    world.fake.server.fail(/^POST/, BROKEN, Infinity);
    const result = await world.sync();
    expect(result).toMatchObject({
      status: "partial",
      added: 1,
      error: { code: "UNAVAILABLE", exitCode: 5 },
    });
    expect(result.error?.message).toContain("/v3/users/10579/exercise-transactions");
  });

  it("keeps the summary of a session whose details are 404, and completes it later", async () => {
    world = await startPolarWorld();
    world.fake.retired = 404;
    const uploaded = world.fake.upload(trailRun());
    const detail = new RegExp(`/v3/exercises/${uploaded.hashId}$`);
    world.fake.server.fail(detail, { kind: "status", status: 404 }, 2);
    const first = await world.sync();
    expect(first).toMatchObject({ status: "ok", added: 1 });
    expect(codes(first)).toEqual(["detail-missing"]);
    expect(world.stored()[0]).toMatchObject({
      startTime: "2026-07-04T15:30:00.000Z",
      totalDistance: 18.5,
      hrZones: [],
    });
    expect(await world.sync()).toMatchObject({ added: 0, updated: 0, unchanged: 1 });
    expect(await world.sync()).toMatchObject({ added: 0, updated: 1 });
    expect(world.stored()[0]?.hrZones).toHaveLength(3);
    expect(world.stored()[0]?.samples.heartRate).toHaveLength(6);
    // Complete now: not asked for again.
    expect(await world.sync()).toMatchObject({ added: 0, updated: 0, unchanged: 0 });
  });

  it("tries a failed original file again, and acknowledges nothing before", async () => {
    world = await startPolarWorld();
    const uploaded = world.fake.upload(trailRun());
    world.fake.server.fail(/\/(fit|tcx|gpx)$/, BROKEN, Infinity);
    const first = await world.sync();
    expect(first).toMatchObject({ status: "partial", added: 1 });
    expect(codes(first)).toEqual(["file-unreadable"]);
    expect(world.fake.commitRequests).toBe(0);
    expect(world.stored()[0]).toMatchObject({ totalTimerTime: 6, laps: [] });
    world.fake.server.clearFaults();
    expect(await world.sync()).toMatchObject({ status: "ok", added: 0, updated: 1 });
    expect(world.stored()[0]?.laps).toHaveLength(2);
    expect(world.fake.commits).toHaveLength(1);
    expect(world.stored()).toMatchObject([{ externalId: String(uploaded.id), aliases: [uploaded.hashId] }]);
  });

  it("takes a TCX where there is no FIT, a GPX where there is neither", async () => {
    world = await startPolarWorld();
    const { fit: _, ...run } = trailRun();
    const gpx =
      '<gpx creator="Polar" version="1.1"><trk><trkseg><trkpt lat="1" lon="2"><time>2026-07-04T15:30:00Z</time></trkpt></trkseg></trk></gpx>';
    world.fake.upload({ ...run, gpx });
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1, warnings: [] });
    expect(world.stored()[0]?.samples.positionLat?.[0]).toBe(1);
  });

  it("reads everything again with --full, and changes nothing", async () => {
    world = await startPolarWorld();
    for (let i = 0; i < 3; i++) world.fake.upload(ride(i));
    await world.sync();
    world.fake.server.forget();
    // The list's own documents join what the transaction gave: nothing changes by it.
    expect(await world.sync({ full: true })).toMatchObject({
      status: "ok",
      added: 0,
      updated: 0,
      unchanged: 3,
    });
    expect(world.fake.server.seen(/^GET \/v3\/exercises\/h\w+$/)).toHaveLength(3);
  });

  it("leaves out of the list what began before --since", async () => {
    world = await startPolarWorld();
    world.fake.retired = 404;
    world.fake.upload({ ...ride(1), startTime: "2026-11-04T23:59:59" });
    world.fake.upload({ ...ride(2), startTime: "2026-11-05T00:00:00" });
    expect(await world.sync({ since: "2026-11-05" })).toMatchObject({ added: 1 });
    expect(starts()).toEqual(["2026-11-04T23:00:00.000Z"]);
  });

  it("rehearses without a trace", async () => {
    world = await startPolarWorld();
    for (let i = 0; i < 3; i++) world.fake.upload(ride(i));
    expect(await world.sync({ dryRun: true })).toMatchObject({ status: "ok", added: 3 });
    expect(starts()).toEqual([]);
    expect(world.fake.commitRequests).toBe(0);
    expect(await world.sync()).toMatchObject({ status: "ok", added: 3 });
  });

  it.each([
    ["an object", "{}"],
    ["a text", '"none"'],
  ])("refuses %s in place of the list", async (_, body) => {
    world = await startPolarWorld();
    world.fake.server.fail("/v3/exercises", { kind: "status", status: 200, body }, Infinity);
    const result = await world.sync();
    expect(result.error).toMatchObject({
      code: "BAD_RESPONSE",
      message: "the answer from /v3/exercises is not what Polar describes (status 200)",
    });
  });
});

describe("what only the person can mend", () => {
  it("names the consents page for a 403", async () => {
    world = await startPolarWorld();
    world.fake.upload(ride(1));
    world.fake.consents = false;
    const result = await world.sync();
    expect(result.error).toMatchObject({
      code: "CONSENT_MISSING",
      exitCode: 4,
      message: "a consent is missing (403 from /v3/users/10579/exercise-transactions)",
    });
    expect(result.error?.hint).toContain("https://account.polar.com");
  });

  it("stops at a 401 in the middle, keeps what it has, and names the command", async () => {
    world = await startPolarWorld();
    for (let i = 0; i < 8; i++) world.fake.upload(ride(i));
    world.fake.server.onRequest = () => {
      if (world.fake.server.seen(/\/gpx$/).length === 3) world.fake.oauth.revokeAll();
    };
    const result = await world.sync();
    expect(result).toMatchObject({ status: "partial", error: { code: "AUTH_REQUIRED", exitCode: 4 } });
    expect(result.error?.hint).toBe("fitglue connect polar");
    expect(result.added).toBeGreaterThan(0);
    expect(world.fake.commitRequests).toBe(0);
  });
});
