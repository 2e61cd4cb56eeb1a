import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type Activity,
  type Batch,
  EMPTY_LAP,
  type RawPayload,
  type SampleRow,
  heartRateOf,
  samplesFromRows,
} from "../../src/model/index.ts";
import { type BatchResult, openStore, type Store } from "../../src/store/index.ts";
import { tempDir } from "../temp.ts";
import { activity } from "./activity.ts";

const POLAR = { source: "polar", account: "10579" };

function openTemp(): Store {
  const store = openStore(join(tempDir(), "fitglue.db"), { ifMissing: "create" });
  onTestFinished(() => store.close());
  return store;
}

function raw(kind: string, text: string): RawPayload {
  return { kind, mediaType: "application/json", bytes: Buffer.from(text) };
}

async function write(
  store: Store,
  { revisionKey, ...batch }: Partial<Batch> & { readonly revisionKey?: string },
  now = Date.UTC(2026, 10, 20),
): Promise<BatchResult> {
  const prepared = await store.prepare({ items: [], ...batch });
  return store.write(POLAR, prepared, { parserVersion: 1, revisionKey, now });
}

function item(overrides: Partial<Activity> = {}, payloads: RawPayload[] = [raw("exercise", "{}")]) {
  return { activity: activity(overrides), raw: payloads };
}

function only(store: Store) {
  const all = [...store.list({}, { samples: true })];
  expect(all).toHaveLength(1);
  const [first] = all;
  if (first === undefined) throw new Error("empty");
  return first;
}

describe("a rehearsal", () => {
  test("tells that the disk was full, though SQLite has taken everything back by then", async () => {
    const store = openTemp();
    store.db.pragma("max_page_count = 60");
    const rehearsed = store.rehearse(async () => {
      for (let at = 0; at < 500; at++)
        await write(store, { items: [item({ externalId: `n${at}`, notes: "x".repeat(4000) })] });
    });
    await expect(rehearsed).rejects.toMatchObject({ code: "STORE_FULL" });
    expect(store.db.inTransaction).toBe(false);
    expect(store.count()).toBe(0);
  });
});

describe("an activity", () => {
  test("comes back as it went in: nulls stay null, zeros stay zero, doubles keep every digit", async () => {
    const store = openTemp();
    const given = activity({
      totalAscent: 0,
      totalDistance: 10230.400000000001,
      notes: null,
      manual: null,
      laps: [
        { ...EMPTY_LAP, startTime: "2026-03-29T00:30:00.000Z", totalTimerTime: 300.25, lapTrigger: "manual" },
      ],
      hrZones: [{ zone: 1, minBpm: 100, maxBpm: 120, seconds: 0, origin: "provider", calcType: "custom" }],
      pauses: [{ start: 1774744300000, end: 1774744310000 }],
      extra: { b: 1, a: ["x", null] },
    });
    await write(store, { items: [{ activity: given, raw: [] }] });
    const stored = only(store);
    for (const key of Object.keys(given) as (keyof Activity)[]) {
      if (key === "samples") continue;
      expect([key, stored[key]]).toEqual([key, given[key]]);
    }
    expect([...stored.samples.timestamp]).toEqual([1774744200000, 1774744205000, 1774744206000]);
    expect(stored.samples.heartRate).toEqual(Float64Array.of(120, 125, Number.NaN));
    expect(stored.samples.altitude).toEqual(Float64Array.of(Number.NaN, Number.NaN, 0));
    expect(stored.samples.power).toBeUndefined();
    expect(
      store.db.prepare("SELECT heart_rate, altitude, power FROM samples ORDER BY timestamp").raw().all(),
    ).toEqual([
      [120, null, null],
      [125, null, null],
      [null, 0, null],
    ]);
  });

  test("written twice is written once, and the second time changes not a byte", async () => {
    const store = openTemp();
    const batch = { items: [item(), item({ externalId: "run-2", startTime: "2026-04-01T10:00:00.000Z" })] };
    expect(await write(store, batch)).toMatchObject({ added: 2, updated: 0, unchanged: 0, samples: 6 });
    const dump = () =>
      store.db
        .prepare("SELECT group_concat(id || external_id || updated_at || hex(digest)) FROM activities")
        .pluck()
        .get();
    const before = dump();
    expect(await write(store, batch, Date.UTC(2027, 0, 1))).toMatchObject({
      added: 0,
      updated: 0,
      unchanged: 2,
      samples: 0,
    });
    expect(dump()).toBe(before);
  });

  test.each<[string, Partial<Activity>]>([
    ["a column", { title: "Evening" }],
    ["a value that vanished", { avgHeartRate: null }],
    ["a lap", { laps: [EMPTY_LAP] }],
    ["an extra", { extra: { "running-index": 62 } }],
    ["one sample", { samples: samplesFromRows([{ timestamp: 1774744200000, heartRate: 121 }]) }],
  ])("is updated when %s changes; its id and created_at stay", async (_, change) => {
    const store = openTemp();
    await write(store, { items: [item()] });
    const before = only(store);
    const later = Date.UTC(2026, 11, 24);
    expect(await write(store, { items: [item(change)] }, later)).toMatchObject({ updated: 1 });
    const after = only(store);
    expect(after).toMatchObject({
      id: before.id,
      createdAt: before.createdAt,
      updatedAt: "2026-12-24T00:00:00.000Z",
    });
    for (const key of Object.keys(change) as (keyof Activity)[]) expect(after[key]).toEqual(change[key]);
  });
});

describe("merge mode never removes what is stored", () => {
  test("a sub-sport comes with its sport, and is not taken over to another", async () => {
    const store = openTemp();
    await write(store, { items: [item({ sport: "cycling", subSport: "mountain" })], mode: "merge" });
    await write(store, { items: [item({ sport: "cycling", subSport: null })], mode: "merge" });
    expect(only(store)).toMatchObject({ sport: "cycling", subSport: "mountain" });
    await write(store, { items: [item({ sport: "running", subSport: null })], mode: "merge" });
    expect(only(store)).toMatchObject({ sport: "running", subSport: null });
  });

  test("nulls and poorer columns keep the stored values; new ones are taken", async () => {
    const store = openTemp();
    await write(store, { items: [item({ title: "Morning", laps: [EMPTY_LAP] })] });
    const poorer = item({
      title: null,
      totalDistance: 2001,
      laps: [],
      samples: samplesFromRows([
        { timestamp: 1774744200000, heartRate: 120, power: 210 },
        { timestamp: 1774744207000, power: 220 },
      ]),
    });
    expect(await write(store, { mode: "merge", items: [poorer] })).toMatchObject({ updated: 1 });
    const stored = only(store);
    expect(stored).toMatchObject({ title: "Morning", totalDistance: 2001, laps: [EMPTY_LAP] });
    expect([...stored.samples.timestamp]).toEqual([
      1774744200000, 1774744205000, 1774744206000, 1774744207000,
    ]);
    expect(stored.samples.heartRate).toEqual(Float64Array.of(120, 125, Number.NaN, Number.NaN));
    expect(stored.samples.power).toEqual(Float64Array.of(210, Number.NaN, Number.NaN, 220));
    expect(stored.samples.positionLat?.[0]).toBe(60.1);
    expect(await write(store, { mode: "merge", items: [poorer] })).toMatchObject({ unchanged: 1 });
    expect(await write(store, { mode: "merge", items: [item({ totalDistance: 2001 })] })).toMatchObject({
      unchanged: 1,
    });
  });
});

describe("two recordings of one session", () => {
  const START = 1774744200000;
  const pulse = (from: number, to: number, bpm: (second: number) => number, step = 5): SampleRow[] =>
    Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step).map(
      (second) => ({ timestamp: START + second * 1000, heartRate: bpm(second) }),
    );
  const recorded = (rows: SampleRow[], overrides: Partial<Activity> = {}) =>
    item({
      samples: samplesFromRows(rows),
      avgHeartRate: null,
      extra: {},
      ...overrides,
    });
  const merge = (store: Store, ...items: ReturnType<typeof item>[]) => write(store, { mode: "merge", items });

  test("what one of them lacks comes from the other; where both are, the newer stands", async () => {
    const store = openTemp();
    const first = recorded(pulse(300, 595, () => 150));
    const second = recorded(pulse(0, 395, () => 120));
    await merge(store, first);
    expect(await merge(store, second)).toMatchObject({ updated: 1 });
    const { timestamp, heartRate } = only(store).samples;
    expect(timestamp).toHaveLength(120);
    expect(heartRate).toEqual(Float64Array.from({ length: 120 }, (_, at) => (at < 80 ? 120 : 150)));
    expect(await merge(store, second)).toMatchObject({ unchanged: 1 });
    expect(await merge(store, first)).toMatchObject({ unchanged: 1 });
  });

  test("the parts of a route that two exports hold are one route", async () => {
    const store = openTemp();
    const part = (from: number, to: number): SampleRow[] =>
      Array.from({ length: to - from + 1 }, (_, index) => ({
        timestamp: START + (from + index) * 1000,
        positionLat: 60 + (from + index) / 1000,
        positionLong: 24,
        altitude: from + index,
      }));
    await merge(store, recorded(part(0, 29)));
    await merge(store, recorded(part(61, 120)));
    const { timestamp, positionLat, altitude } = only(store).samples;
    expect(timestamp).toHaveLength(90);
    expect([positionLat?.[0], positionLat?.[29], positionLat?.[30]]).toEqual([60, 60.029, 60.061]);
    expect([altitude?.[29], altitude?.[30]]).toEqual([29, 61]);
  });

  test("a sparser one gives nothing where the denser has no hole", async () => {
    const store = openTemp();
    await merge(store, recorded(pulse(0, 595, () => 140)));
    expect(await merge(store, recorded(pulse(3, 595, () => 200, 60)))).toMatchObject({ unchanged: 1 });
    expect(only(store).samples.heartRate).toEqual(new Float64Array(120).fill(140));
  });

  test("two subsets of one recording are united, and settle", async () => {
    const store = openTemp();
    const all = pulse(0, 1200, (second) => 100 + second / 100);
    const without = (second: number) =>
      recorded(all.filter(({ timestamp }) => timestamp !== START + second * 1000));
    await merge(store, without(600));
    expect(await merge(store, without(900))).toMatchObject({ updated: 1 });
    expect(only(store).samples).toEqual(samplesFromRows(all));
    for (const second of [600, 900])
      expect(await merge(store, without(second))).toMatchObject({ unchanged: 1 });
  });

  test("a sample that a later export lacks stays, though another one was rectified", async () => {
    const store = openTemp();
    const first = recorded(pulse(0, 1200, (second) => 100 + second / 100, 10));
    const later = recorded(
      pulse(0, 1200, (second) => (second === 200 ? 99 : 100 + second / 100)).filter(
        ({ timestamp }) => timestamp !== START + 500_000,
      ),
    );
    await merge(store, first);
    expect(await merge(store, later)).toMatchObject({ updated: 1 });
    const { timestamp, heartRate } = only(store).samples;
    expect(timestamp).toHaveLength(241);
    expect([heartRate?.[40], heartRate?.[100]]).toEqual([99, 105]);
    for (const again of [first, later]) expect(await merge(store, again)).toMatchObject({ unchanged: 1 });
  });

  test("a few equal values do not make two recordings one", async () => {
    const store = openTemp();
    await merge(store, recorded(pulse(0, 595, () => 140)));
    // Every minute, three seconds after the denser one, but for one value at the same instant.
    const sparse = [{ timestamp: START, heartRate: 140 }, ...pulse(63, 595, () => 150, 60)];
    expect(await merge(store, recorded(sparse))).toMatchObject({ unchanged: 1 });
  });

  test("what a shorter rewrite leaves outside is not of the session", async () => {
    const store = openTemp();
    const of = (revision: number, seconds: number) =>
      recorded(
        pulse(0, seconds, (second) => 100 + second / 60),
        {
          startTime: new Date(START).toISOString(),
          totalElapsedTime: seconds,
          ...heartRateOf(samplesFromRows(pulse(0, seconds, (second) => 100 + second / 60))),
          extra: { revision },
        },
      );
    const put = (one: ReturnType<typeof item>) =>
      write(store, { mode: "merge", revisionKey: "revision", items: [one] });
    for (const [first, second] of [
      [of(1, 3600), of(2, 1800)],
      [of(2, 1800), of(1, 3600)],
    ] as const) {
      await put(first);
      await put(second);
      expect(only(store)).toMatchObject({ totalElapsedTime: 1800, avgHeartRate: 115, maxHeartRate: 130 });
      expect(only(store).samples.timestamp.at(-1)).toBe(START + 1_800_000);
    }
    expect(await put(of(1, 3600))).toMatchObject({ unchanged: 1 });
    expect(await put(of(2, 1800))).toMatchObject({ unchanged: 1 });
  });

  test("one cumulative distance is not continued with another", async () => {
    const store = openTemp();
    const far = (from: number, to: number, metres: number): SampleRow[] =>
      pulse(from, to, () => 0).map(({ timestamp }, index) => ({ timestamp, distance: metres + index }));
    await merge(store, recorded(far(0, 595, 0)));
    expect(await merge(store, recorded(far(900, 1000, 5)))).toMatchObject({ unchanged: 1 });
  });

  test("figures computed from samples are those of the samples that are stored", async () => {
    const store = openTemp();
    const figures = { avgHeartRate: 150, maxHeartRate: 160, minHeartRate: 140 };
    const half = recorded(
      [
        { timestamp: START, heartRate: 140 },
        { timestamp: START + 60_000, heartRate: 160 },
      ],
      figures,
    );
    await merge(store, half);
    const other = { avgHeartRate: 110, maxHeartRate: 120, minHeartRate: 100 };
    await merge(
      store,
      recorded(
        [
          { timestamp: START + 120_000, heartRate: 100 },
          { timestamp: START + 180_000, heartRate: 120 },
        ],
        other,
      ),
    );
    expect(only(store)).toMatchObject({ avgHeartRate: 130, maxHeartRate: 160, minHeartRate: 100 });
    expect(await merge(store, half)).toMatchObject({ unchanged: 1 });
    // A figure that one copy states does not make the others stated.
    const store2 = openTemp();
    await merge(
      store2,
      recorded([{ timestamp: START, heartRate: 110 }], {
        avgHeartRate: 105,
        maxHeartRate: 110,
        minHeartRate: 110,
      }),
    );
    await merge(
      store2,
      recorded([{ timestamp: START + 60_000, heartRate: 180 }], {
        avgHeartRate: 180,
        maxHeartRate: 180,
        minHeartRate: 180,
      }),
    );
    expect(only(store2)).toMatchObject({ avgHeartRate: 105, maxHeartRate: 180, minHeartRate: 110 });
    // What the source itself says counts, of either.
    await merge(
      store,
      recorded([{ timestamp: START, heartRate: 140 }], { avgHeartRate: 133.5, maxHeartRate: 170 }),
    );
    expect(only(store)).toMatchObject({ avgHeartRate: 133.5, maxHeartRate: 170, minHeartRate: 100 });
    expect(await merge(store, half)).toMatchObject({ unchanged: 1 });
  });

  test("what only the poorer one says beyond the model stays", async () => {
    const store = openTemp();
    await merge(store, recorded([], { extra: { steps: 900, weather: 1 } }));
    expect(await merge(store, recorded([], { extra: { weather: 2 } }))).toMatchObject({ updated: 1 });
    expect(only(store).extra).toEqual({ steps: 900, weather: 2 });
  });

  test("an older revision takes nothing back, in either order", async () => {
    const older = recorded([], { totalDistance: 4000, extra: { revision: 1, note: "a" } });
    const newer = recorded([], { totalDistance: 5000, extra: { revision: 3 } });
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      const store = openTemp();
      for (const one of order) await write(store, { mode: "merge", revisionKey: "revision", items: [one] });
      expect(only(store)).toMatchObject({ totalDistance: 5000, extra: { revision: 3, note: "a" } });
      expect(await write(store, { mode: "merge", revisionKey: "revision", items: [older] })).toMatchObject({
        unchanged: 1,
      });
    }
  });

  test("an older revision that comes under another id is known, and does not rename what is stored", async () => {
    const store = openTemp();
    const of = (externalId: string, revision: number) =>
      recorded([], { externalId, aliases: ["object"], extra: { revision } });
    const put = (one: ReturnType<typeof item>) =>
      write(store, { mode: "merge", revisionKey: "revision", items: [one] });
    await put(of("ends-10-12", 2));
    expect(await put(of("ends-10-10", 1))).toMatchObject({ unchanged: 1 });
    expect(only(store)).toMatchObject({ externalId: "ends-10-12", extra: { revision: 2 } });
    expect(await put(of("ends-10-14", 3))).toMatchObject({ updated: 1 });
    expect(only(store)).toMatchObject({ externalId: "ends-10-14", extra: { revision: 3 } });
  });

  test("of two possible duplicates one is marked, even when the next export turns them round", async () => {
    const store = openTemp();
    const of = (externalId: string, original?: string) =>
      recorded([], { externalId, extra: original === undefined ? {} : { possible_duplicate_of: original } });
    const marks = () =>
      [...store.list({})].map(({ externalId, extra }) => [externalId, extra["possible_duplicate_of"]]);
    await merge(store, of("a", "b"), of("b"));
    // An export that has only one of them says nothing about the pair.
    expect(await merge(store, of("a"))).toMatchObject({ unchanged: 1 });
    expect(Object.fromEntries(marks())).toEqual({ a: "b", b: undefined });
    // Nor does a third copy that only one export knows change what another says of the pair, at every turn.
    await merge(store, of("a", "c"), of("c"));
    expect(await merge(store, of("a", "b"), of("b"))).toMatchObject({ unchanged: 2 });
    expect(await merge(store, of("a", "c"), of("c"))).toMatchObject({ unchanged: 2 });
    // Three exports that see three copies in a ring leave one of them unmarked.
    await merge(store, of("b", "c"));
    await merge(store, of("c", "a"));
    expect(marks().filter(([, original]) => original === undefined)).toHaveLength(1);
    await merge(store, of("d", "e"), of("e"));
    store.db.exec("DELETE FROM activities WHERE external_id IN ('c', 'd', 'e')");
    for (const items of [
      [of("a"), of("b", "a")],
      [of("b"), of("a", "b")],
    ]) {
      const [, marked] = items;
      await merge(store, ...items);
      expect(marks().filter(([, original]) => original !== undefined)).toEqual([
        [marked?.activity.externalId, marked?.activity.extra["possible_duplicate_of"]],
      ]);
      expect(await merge(store, ...items)).toMatchObject({ unchanged: 2 });
    }
  });
});

describe("identity", () => {
  test("an alias leads to the session; both ids are one activity", async () => {
    const store = openTemp();
    await write(store, { items: [item()] });
    await write(store, { aliases: [{ externalId: "9007", of: "run-1" }] });
    expect(await write(store, { items: [item({ externalId: "9007", title: "Renamed" })] })).toMatchObject({
      updated: 1,
    });
    expect(only(store)).toMatchObject({ externalId: "run-1", aliases: ["9007"], title: "Renamed" });
  });

  test("an original takes the place of its mirror and keeps the number that the user knows", async () => {
    const store = openTemp();
    await write(store, { items: [item({ externalId: "mirror", title: "Strava" })] });
    const id = only(store).id;
    await write(store, { items: [item({ externalId: "original", aliases: ["mirror"], title: "Watch" })] });
    expect(only(store)).toMatchObject({ id, externalId: "original", aliases: ["mirror"], title: "Watch" });
  });

  test("two stored rows that turn out to be one session become one", async () => {
    const store = openTemp();
    await write(store, { items: [item({ externalId: "a" }), item({ externalId: "b" })] });
    await write(store, { items: [item({ externalId: "a", aliases: ["b"] })] });
    expect(only(store)).toMatchObject({ externalId: "a", aliases: ["b"] });
    expect(store.db.prepare("SELECT count(*) FROM samples").pluck().get()).toBe(3);
  });

  test("accounts and sources are worlds apart", async () => {
    const store = openTemp();
    await write(store, { items: [item()] });
    for (const owner of [
      { source: "polar", account: "2" },
      { source: "fitbit", account: "10579" },
    ]) {
      const result = store.write(owner, await store.prepare({ items: [item()] }), {
        parserVersion: 1,
        now: 0,
      });
      expect(result).toMatchObject({ added: 1 });
    }
    expect(store.count()).toBe(3);
  });
});

describe("raw payloads", () => {
  test("are stored once per content and read back byte for byte by kind", async () => {
    const store = openTemp();
    const big = "distance ".repeat(1000);
    await write(store, {
      items: [
        item({ externalId: "a" }, [raw("exercise", big), raw("samples", "[]")]),
        item({ externalId: "b" }, [raw("exercise", "{}"), raw("samples", "[]")]),
      ],
    });
    expect(store.rawPayloads(POLAR, "a").map(({ kind, bytes }) => [kind, bytes.toString()])).toEqual([
      ["exercise", big],
      ["samples", "[]"],
    ]);
    expect(store.rawPayloads(POLAR, "b").map(({ kind }) => kind)).toEqual(["exercise", "samples"]);
    const rows = store.db
      .prepare("SELECT hex(sha256), encoding, length(body), bytes FROM raw_payloads ORDER BY id")
      .raw()
      .all();
    expect(rows).toHaveLength(3);
    const [digest, encoding, size, bytes] = rows[0] as [string, string, number, number];
    expect(digest).toBe(createHash("sha256").update(big).digest("hex").toUpperCase());
    expect([encoding, bytes, size < 200]).toEqual(["deflate-raw", 9000, true]);
  });

  test("of an unchanged session stay as they were; a changed one brings its own", async () => {
    const store = openTemp();
    await write(store, { items: [item({}, [raw("exercise", "first")])] });
    await write(store, {
      items: [item({}, [raw("exercise", "same session, other words"), raw("fit", "new kind")])],
    });
    const texts = () =>
      store.rawPayloads(POLAR, "run-1").map(({ kind, bytes }) => `${kind}=${bytes.toString()}`);
    expect(texts()).toEqual(["exercise=first", "fit=new kind"]);
    await write(store, { items: [item({ title: "Changed" }, [raw("exercise", "second")])] });
    expect(texts()).toEqual(["exercise=second", "fit=new kind"]);
  });
});

describe("a batch is one transaction", () => {
  test("a failure in its middle leaves nothing of it, neither items nor bookmark nor receipt", async () => {
    const store = openTemp();
    const prepared = await store.prepare({
      items: [item({ externalId: "good" }), item({ externalId: "bad", sport: null as never })],
      bookmark: { page: 2 },
      receipt: { id: "t1", data: null },
    });
    expect(() => store.write(POLAR, prepared, { parserVersion: 1, now: 0 })).toThrow(
      expect.objectContaining({ exitCode: 7 }) as Error,
    );
    expect(store.count()).toBe(0);
    expect(store.syncState.bookmark(POLAR)).toBeUndefined();
    expect(store.pendingReceipts(POLAR)).toEqual([]);
    expect(store.db.prepare("SELECT count(*) FROM raw_payloads").pluck().get()).toBe(0);
  });

  test("bookmark and receipt are there when it is", async () => {
    const store = openTemp();
    await write(store, {
      items: [item()],
      bookmark: { day: "2026-11-20" },
      receipt: { id: "t1", data: { n: 2 } },
    });
    expect(store.syncState.bookmark(POLAR)).toEqual({ day: "2026-11-20" });
    expect(store.pendingReceipts(POLAR)).toEqual([{ id: "t1", data: { n: 2 } }]);
    store.settleReceipt(POLAR, "t1");
    expect(store.pendingReceipts(POLAR)).toEqual([]);
  });

  test("what could not be mapped is kept raw, and leaves the list once it is mapped", async () => {
    const store = openTemp();
    const skipped = {
      externalId: "odd",
      code: "unmappable",
      reason: "no start time",
      raw: [raw("exercise", "{?}")],
    };
    expect(await write(store, { skipped: [skipped] })).toMatchObject({ skipped: 1, added: 0 });
    expect(store.skippedItems()).toMatchObject([
      { externalId: "odd", code: "unmappable", reason: "no start time" },
    ]);
    expect(store.rawPayloads(POLAR, "odd")[0]?.bytes.toString()).toBe("{?}");
    await write(store, { items: [item({ externalId: "odd" })] });
    expect(store.skippedItems()).toEqual([]);
  });
});

test("a complete span marks what is gone upstream by local date; seen again it is back", async () => {
  const store = openTemp();
  // 00:30Z at +01:00 is the 29th; 23:30Z on the 28th at +01:00 is the 29th too.
  await write(store, {
    items: [
      item({ externalId: "stays" }),
      item({ externalId: "goes", startTime: "2026-03-28T23:30:00.000Z" }),
      item({ externalId: "day-before", startTime: "2026-03-28T22:59:59.000Z" }),
    ],
  });
  const complete = { from: "2026-03-29", to: "2026-03-30", externalIds: ["stays"] };
  expect(await write(store, { complete })).toMatchObject({ deleted: 1 });
  expect(await write(store, { complete })).toMatchObject({ deleted: 0 });
  const gone = () =>
    [...store.list({})].filter(({ deletedAt }) => deletedAt !== null).map(({ externalId }) => externalId);
  expect(gone()).toEqual(["goes"]);
  expect(store.count()).toBe(3);
  await write(store, { items: [item({ externalId: "goes", startTime: "2026-03-28T23:30:00.000Z" })] });
  expect(gone()).toEqual([]);
});

test("a long list gives each activity what is its own, in order, however many are read together", async () => {
  const store = openTemp();
  const startOf = (number: number): number => Date.UTC(2026, 0, 1) + number * 3_600_000;
  const given = Array.from({ length: 450 }, (_, number) => {
    const start = startOf(number);
    const lap = (seconds: number) => ({ ...EMPTY_LAP, totalTimerTime: seconds });
    return activity({
      externalId: `run-${number}`,
      aliases: number % 3 === 0 ? [`b-${number}`, `a-${number}`] : [],
      startTime: new Date(start).toISOString(),
      totalDistance: number,
      laps: number % 2 === 0 ? [lap(number + 0.5), lap(1)] : [],
      pauses: number % 5 === 0 ? [{ start: start + 2000, end: start + 3000 }] : [],
      hrZones:
        number % 7 === 0
          ? [{ zone: 1, minBpm: number, maxBpm: null, seconds: 2, origin: "provider", calcType: "custom" }]
          : [],
      samples: samplesFromRows([{ timestamp: start, heartRate: number }]),
      extra: number % 4 === 0 ? {} : { number },
    });
  });
  await write(store, { items: given.map((one) => ({ activity: one, raw: [] })) });
  const read = [...store.list({ order: "oldest" }, { samples: true })];
  expect(read).toHaveLength(450);
  for (const [number, one] of read.entries()) {
    const { aliases = [], ...rest } = given[number] ?? activity();
    expect(one).toMatchObject({ ...rest, aliases: [...aliases].sort() });
    expect(one).toEqual(store.get(one.id, { samples: true }));
  }
  expect([...store.list({ limit: 2 })].map(({ externalId }) => externalId)).toEqual(["run-449", "run-448"]);
  expect(store.count()).toBe(450);
  expect(store.count({ from: "2026-01-02", to: "2026-01-02", limit: 3 })).toBe(24);
});

test("filters go by local date, sport or sub-sport, and source", async () => {
  const store = openTemp();
  await write(store, {
    items: [
      item({ externalId: "1", startTime: "2026-01-01T23:30:00.000Z", utcOffsetS: 3600 }),
      item({
        externalId: "2",
        startTime: "2026-01-02T10:00:00.000Z",
        utcOffsetS: -36000,
        sport: "cycling",
        subSport: null,
      }),
      item({ externalId: "3", startTime: "2026-01-03T06:42:10", utcOffsetS: null }),
    ],
  });
  const ids = (filter: Parameters<Store["list"]>[0]) =>
    [...store.list(filter)].map(({ externalId }) => externalId);
  expect(ids({})).toEqual(["3", "2", "1"]);
  expect(ids({ order: "oldest", limit: 2 })).toEqual(["1", "2"]);
  expect(ids({ from: "2026-01-02", to: "2026-01-02" })).toEqual(["2", "1"]);
  expect(ids({ from: "2026-01-03" })).toEqual(["3"]);
  expect(ids({ sport: "trail" })).toEqual(["3", "1"]);
  expect(ids({ sport: "cycling", source: "polar" })).toEqual(["2"]);
  expect(ids({ source: "fitbit" })).toEqual([]);
});
