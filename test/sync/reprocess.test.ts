import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { InterruptedError, ItemError } from "../../src/errors.ts";
import type { Activity } from "../../src/model/index.ts";
import type { RemoteSource } from "../../src/providers/types.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import {
  type ReprocessingProvider,
  type ReprocessOptions,
  reprocessSource,
} from "../../src/sync/reprocess.ts";
import { activity } from "../store/activity.ts";
import { tempDir } from "../temp.ts";

const OWNER = { source: "polar", account: "7" };
const THEN = Date.UTC(2026, 10, 1);
const NOW = Date.UTC(2026, 10, 20, 12);

/** The invented wire format: JSON of what the activity overrides; `null` cannot be mapped. */
const wire = (value: Partial<Activity> | null): Buffer => Buffer.from(JSON.stringify(value));

/** A parser of that format; each version reads it differently through `improve`. */
function parser(
  version: number,
  improve: (from: Activity) => Activity = (from) => from,
): ReprocessingProvider {
  return {
    id: "polar",
    name: "Polar",
    parserVersion: version,
    remote: {} as RemoteSource,
    reprocess(payloads, stored) {
      const value = JSON.parse(payloads[0]?.bytes.toString() ?? "null") as Partial<Activity> | null;
      if (value === null) throw new ItemError("unmappable", "it is null");
      return improve(activity({ ...value, externalId: `mapped ${stored.externalId}` }));
    },
  };
}

async function setup(
  items: Record<string, Partial<Activity>>,
  skipped: Record<string, Partial<Activity> | null> = {},
) {
  const store = openStore(join(tempDir(), "fitglue.db"), { ifMissing: "create" });
  onTestFinished(() => store.close());
  const raw = (value: Partial<Activity> | null) => [
    { kind: "exercise", mediaType: "application/json", bytes: wire(value) },
  ];
  const batch = {
    items: Object.entries(items).map(([externalId, value]) => ({
      activity: activity({ ...value, externalId }),
      raw: raw(value),
    })),
    skipped: Object.entries(skipped).map(([externalId, value]) => ({
      externalId,
      code: "unmappable",
      reason: "unknown then",
      raw: raw(value),
    })),
  };
  store.write(OWNER, await store.prepare(batch), { parserVersion: 1, now: THEN });
  return store;
}

test("an abort is heard while it works, and not only between batches", async () => {
  const store = await setup({ a: {}, b: {}, c: {}, d: {} });
  const controller = new AbortController();
  const mapped: string[] = [];
  const provider = parser(2, (from) => {
    mapped.push(from.externalId);
    // What a signal does: it comes in a later turn of the event loop.
    setImmediate(() => controller.abort());
    return from;
  });
  await expect(run(store, provider, { signal: controller.signal })).rejects.toThrow(InterruptedError);
  expect(mapped.length).toBeLessThan(4);
});

const run = (store: Store, provider: ReprocessingProvider, options: Partial<ReprocessOptions> = {}) =>
  reprocessSource(provider, store, {
    what: "everything",
    dryRun: false,
    signal: new AbortController().signal,
    now: () => NOW,
    ...options,
  });

const rows = (store: Store) =>
  store.db
    .prepare("SELECT id, external_id, title, parser_version, updated_at, raw_id FROM activities ORDER BY id")
    .raw()
    .all();

test("the same parser changes nothing", async () => {
  const store = await setup({ a: { title: "A" }, b: { title: "B" } });
  const before = rows(store);
  expect(await run(store, parser(1))).toEqual({
    source: "polar",
    added: 0,
    updated: 0,
    unchanged: 2,
    failed: 0,
    without_raw: 0,
    example: null,
  });
  expect(rows(store)).toEqual(before);
});

test("a better parser updates in place: numbers and identity stay, what did not change is not touched", async () => {
  const store = await setup({ a: { title: "A" }, b: { title: "B" } });
  const better = parser(2, (from) => (from.title === "B" ? { ...from, title: "better" } : from));
  expect(await run(store, better)).toMatchObject({ updated: 1, unchanged: 1 });
  expect(rows(store)).toEqual([
    [1, "a", "A", 2, "2026-11-01T00:00:00.000Z", 1],
    [2, "b", "better", 2, "2026-11-20T12:00:00.000Z", 2],
  ]);
  expect(await run(store, better)).toMatchObject({ updated: 0, unchanged: 2 });
});

test("a skipped item that can be mapped now becomes an activity with its bytes", async () => {
  const store = await setup({}, { s: { title: "S" }, t: null });
  expect(await run(store, parser(2))).toEqual({
    source: "polar",
    added: 1,
    updated: 0,
    unchanged: 0,
    failed: 1,
    without_raw: 0,
    example: "t: it is null",
  });
  expect(rows(store)).toEqual([[1, "s", "S", 2, "2026-11-20T12:00:00.000Z", 1]]);
  expect(store.skippedItems()).toEqual([
    {
      ...OWNER,
      externalId: "t",
      code: "unmappable",
      reason: "it is null",
      parserVersion: 2,
      firstSeenAt: "2026-11-01T00:00:00.000Z",
      lastSeenAt: "2026-11-01T00:00:00.000Z",
      payloads: 1,
      bytes: 4,
    },
  ]);
});

test("an activity that cannot be mapped any more stays as it was, and the others are done", async () => {
  const store = await setup({ a: { title: "A" }, b: { title: "B" } });
  const worse = parser(2, (from) => {
    if (from.title === "A") throw new ItemError("unmappable", "no");
    return { ...from, title: "better" };
  });
  expect(await run(store, worse)).toMatchObject({ updated: 1, failed: 1, example: "a: no" });
  expect(rows(store).map((row) => (row as unknown[])[2])).toEqual(["A", "better"]);
});

test("only what was skipped, when asked so", async () => {
  const store = await setup({ a: { title: "A" } }, { s: { title: "S" } });
  const better = parser(2, (from) => ({ ...from, title: `${from.title} better` }));
  expect(await run(store, better, { what: "skipped" })).toMatchObject({ added: 1, updated: 0, unchanged: 0 });
  expect(rows(store).map((row) => (row as unknown[])[2])).toEqual(["A", "S better"]);
});

test("a dry run counts the same and writes nothing", async () => {
  const store = await setup({ a: { title: "A" } }, { s: { title: "S" }, t: null });
  const before = rows(store);
  const better = parser(2, (from) => ({ ...from, title: "better" }));
  expect(await run(store, better, { dryRun: true })).toMatchObject({ added: 1, updated: 1, failed: 1 });
  expect([rows(store), store.skippedItems().map(({ parserVersion }) => parserVersion)]).toEqual([
    before,
    [1, 1],
  ]);
});

test("what has disappeared upstream stays marked, changed or not", async () => {
  const store = await setup({ a: { title: "A" }, b: { title: "B" } });
  store.db.exec("UPDATE activities SET deleted_at = '2026-11-10T00:00:00.000Z'");
  const better = parser(2, (from) => (from.title === "B" ? { ...from, title: "better" } : from));
  expect(await run(store, better)).toMatchObject({ updated: 1, unchanged: 1 });
  expect([...store.list({ order: "oldest" })].map(({ title, deletedAt }) => [title, deletedAt])).toEqual([
    ["A", "2026-11-10T00:00:00.000Z"],
    ["better", "2026-11-10T00:00:00.000Z"],
  ]);
});

test("other sources are left alone, and activities without bytes are counted", async () => {
  const store = await setup({ a: { title: "A" } });
  const other = { source: "apple-health", account: "default" };
  const batch = { items: [{ activity: activity({ externalId: "w", title: "W" }), raw: [] }] };
  store.write(other, await store.prepare(batch), { parserVersion: 1, now: THEN });
  expect(await run(store, parser(2))).toMatchObject({ unchanged: 1, without_raw: 0 });
  const apple = { ...parser(2), id: "apple-health" as const };
  expect(await run(store, apple)).toMatchObject({ unchanged: 0, without_raw: 1 });
});

test("a file's payload never takes away what an earlier, richer file gave", async () => {
  const store = await setup({});
  const owner = { source: "file", account: "default" };
  const raw = [{ kind: "gpx", mediaType: "application/gpx+xml", bytes: wire({ title: "A", notes: null }) }];
  const rich = { items: [{ activity: activity({ externalId: "f", title: "A", notes: "kept" }), raw }] };
  store.write(owner, await store.prepare(rich), { parserVersion: 1, now: THEN });
  const { remote: _none, ...file } = parser(2);
  expect(await run(store, { ...file, id: "file" })).toMatchObject({ unchanged: 1, updated: 0 });
  expect(store.get(1, { samples: false })?.notes).toBe("kept");
});

test("an interruption keeps the batches before it", async () => {
  const many = Object.fromEntries(Array.from({ length: 45 }, (_, n) => [`a${n}`, { title: `A${n}` }]));
  const store = await setup(many);
  const controller = new AbortController();
  const better = parser(2, (from) => ({ ...from, title: "better" }));
  const onProgress = (): void => controller.abort();
  await expect(run(store, better, { signal: controller.signal, onProgress })).rejects.toBeInstanceOf(
    InterruptedError,
  );
  const done = store.db.prepare("SELECT count(*) FROM activities WHERE title = 'better'").pluck().get();
  expect(done).toBe(20);
  expect(await run(store, better)).toMatchObject({ updated: 25, unchanged: 20 });
});

test("a damaged payload stops with a store error instead of being taken for a bad item", async () => {
  const store = await setup({ a: { title: "A".repeat(200) } });
  store.db.exec("UPDATE raw_payloads SET body = x'ffff', encoding = 'deflate-raw'");
  await expect(run(store, parser(2))).rejects.toMatchObject({ code: "STORE_DAMAGED", exitCode: 7 });
});
