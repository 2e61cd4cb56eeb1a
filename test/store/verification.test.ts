import { join } from "node:path";
import { connect, type Database } from "../../src/store/driver.ts";
import { beforeEach, describe, expect, test } from "vitest";
import type { Activity } from "../../src/model/index.ts";
import { openStore, type Store, verifyStore } from "../../src/store/index.ts";
import { tempDir } from "../temp.ts";
import { activity } from "./activity.ts";

const OWNER = { source: "polar", account: "7" };
const OPTIONS = { parserVersion: 1, now: Date.UTC(2026, 10, 20, 12) };

/** Long enough to be stored compressed. */
const bytes = (text: string): Buffer => Buffer.from(text.repeat(50));

async function put(store: Store, items: Activity[], skipped: string[] = []): Promise<void> {
  const raw = (id: string) => [{ kind: "exercise", mediaType: "application/json", bytes: bytes(id) }];
  const batch = {
    items: items.map((item) => ({ activity: item, raw: raw(item.externalId) })),
    skipped: skipped.map((externalId) => ({
      externalId,
      code: "unmappable",
      reason: "odd",
      raw: raw(externalId),
    })),
  };
  store.write(OWNER, await store.prepare(batch), OPTIONS);
}

let path: string;
beforeEach(async () => {
  path = join(tempDir(), "fitglue.db");
  const store = openStore(path, { ifMissing: "create" });
  await put(
    store,
    [activity(), activity({ externalId: "run-2", samples: { timestamp: new Float64Array(0) } })],
    ["x"],
  );
  store.close();
});

/** Changes the closed file as another program would, then verifies it. */
async function verifyAfter(sql: string | ((db: Database) => void)) {
  const db = connect(path);
  db.pragma("foreign_keys = OFF");
  if (typeof sql === "string") db.exec(sql);
  else sql(db);
  db.close();
  const store = openStore(path, { ifMissing: "create" });
  try {
    return await verifyStore(store);
  } finally {
    store.close();
  }
}

const codes = ({ findings }: Awaited<ReturnType<typeof verifyStore>>) =>
  findings.map(({ severity, code, count }) => [severity, code, count]);

test("a sound database has no findings, and everything was looked at", async () => {
  const result = await verifyAfter("");
  expect(result).toMatchObject({ payloads: 3, activities: 2, findings: [] });
  expect(result.counts).toMatchObject({ activities: 2, raw_payloads: 3, samples: 3, skipped_items: 1 });
});

test("what a stored value is rounded to is no change: negative zero, doubled pauses, fractions of a millisecond, half a character", async () => {
  const store = openStore(path, { ifMissing: "create" });
  const odd = activity({
    externalId: "odd",
    title: "Run \ud83d",
    totalAscent: -0,
    pauses: [
      { start: 2000.5, end: 3000.25 },
      { start: 1000, end: 1500 },
      { start: 2000, end: 2500 },
    ],
    samples: { timestamp: Float64Array.of(1, 2), altitude: Float64Array.of(-0, Number.NaN) },
  });
  await put(store, [odd]);
  const again = store.write(OWNER, await store.prepare({ items: [{ activity: odd, raw: [] }] }), OPTIONS);
  expect(again).toMatchObject({ unchanged: 1, updated: 0 });
  store.close();
  expect(codes(await verifyAfter(""))).toEqual([]);
});

describe("damage", () => {
  test.each<[string, string]>([
    ["UPDATE raw_payloads SET sha256 = zeroblob(32) WHERE external_id = 'run-1'", "payload-digest"],
    ["UPDATE raw_payloads SET bytes = bytes + 1 WHERE external_id = 'run-1'", "payload-digest"],
    ["UPDATE raw_payloads SET body = x'ffff' WHERE external_id = 'run-1'", "payload-inflate"],
    ["UPDATE raw_payloads SET encoding = 'identity' WHERE external_id = 'run-1'", "payload-digest"],
  ])("%s", async (sql, code) => {
    expect(codes(await verifyAfter(sql))).toEqual([["damage", code, 1]]);
  });

  test("a value that is no JSON, and a table that is gone", async () => {
    expect(
      codes(await verifyAfter("UPDATE activities SET extra = '{not json' WHERE external_id = 'run-1'")),
    ).toContainEqual(["damage", "unreadable", 1]);
    const gone = await verifyAfter("DROP TABLE laps");
    expect(gone.findings.some(({ severity, code }) => severity === "damage" && code === "unreadable")).toBe(
      true,
    );
  });

  test("an index that disagrees with its table", async () => {
    const result = await verifyAfter((db) => {
      db.unsafeMode();
      db.pragma("writable_schema = ON");
      db.exec(
        "UPDATE sqlite_schema SET sql = replace(sql, '(start_time)', '(title)') WHERE name = 'activities_start_time'",
      );
    });
    expect(result.findings.map(({ severity, code }) => [severity, code])).toEqual([["damage", "integrity"]]);
  });
});

describe("what does not fit together", () => {
  test.each<[string, string, number]>([
    ["DELETE FROM activities WHERE external_id = 'run-1'", "dangling-rows", 3],
    ["DELETE FROM skipped_items", "orphan-payload-links", 1],
    ["DELETE FROM skipped_items; DELETE FROM item_payloads WHERE external_id = 'x'", "orphan-payloads", 1],
    [
      "UPDATE activities SET raw_id = NULL WHERE external_id = 'run-1'; DELETE FROM item_payloads WHERE external_id = 'run-1'",
      "activities-without-raw",
      1,
    ],
    [
      "UPDATE skipped_items SET raw_id = NULL; DELETE FROM item_payloads WHERE external_id = 'x'",
      "skipped-without-raw",
      1,
    ],
    ["UPDATE activities SET total_distance = 1 WHERE external_id = 'run-2'", "activity-digest", 1],
    ["UPDATE samples SET heart_rate = 1 WHERE timestamp = 1774744205000", "activity-digest", 1],
    ["DELETE FROM samples WHERE timestamp = 1774744206000", "activity-digest", 1],
  ])("%s", async (sql, code, count) => {
    expect(codes(await verifyAfter(sql))).toContainEqual(["odd", code, count]);
  });

  test("a raw payload that a newer one replaced is history and no orphan", async () => {
    const store = openStore(path, { ifMissing: "create" });
    const raw = [{ kind: "exercise", mediaType: "application/json", bytes: bytes("newer") }];
    const changed = activity({ title: "Evening" });
    store.write(OWNER, await store.prepare({ items: [{ activity: changed, raw }] }), OPTIONS);
    store.close();
    const result = await verifyAfter("");
    expect([result.payloads, result.findings]).toEqual([4, []]);
  });
});

test("stops between rows when asked to", async () => {
  const store = openStore(path, { ifMissing: "create" });
  let asked = 0;
  const result = await verifyStore(store, { interrupted: () => ++asked > 4 });
  store.close();
  expect(result.payloads + result.activities).toBeLessThan(5);
});
