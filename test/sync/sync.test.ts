import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { AuthError, RateLimitError, StoreError, TemporaryError } from "../../src/errors.ts";
import type { Batch, Bookmark, Item } from "../../src/model/index.ts";
import type { Provider, RemoteSource, Session } from "../../src/providers/types.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { type SyncOptions, syncProvider } from "../../src/sync/sync.ts";
import { activity } from "../store/activity.ts";
import { tempDir } from "../temp.ts";

const OWNER = { source: "polar", account: "7" };
const NOW = Date.UTC(2026, 10, 20, 12);

function itemOf(externalId: string): Item {
  return {
    activity: activity({ externalId }),
    raw: [{ kind: "exercise", mediaType: "application/json", bytes: Buffer.from(externalId) }],
  };
}

/** A source that hands out numbered batches with receipts and forgets what was confirmed, as Polar does. */
class ForgetfulSource implements RemoteSource {
  readonly offered = new Map<string, string[]>();
  readonly log: string[] = [];
  /** Sessions that can be had without a receipt as well: handed out last, even after a failure. */
  beneath: string[] = [];
  /** Called at each step; throw to break there. */
  at: (step: string) => void = () => undefined;
  confirmAnswer: "confirmed" | "gone" = "confirmed";

  constructor(batches: Record<string, string[]>) {
    for (const [id, items] of Object.entries(batches)) this.offered.set(id, items);
  }

  async *pull(session: Session, since: Bookmark | undefined): AsyncGenerator<Batch, void, void> {
    this.log.push(`pull since ${JSON.stringify(since)}`);
    let failure: unknown;
    try {
      yield* this.batches(session);
    } catch (error) {
      if (this.beneath.length === 0) throw error;
      failure = error;
    }
    if (this.beneath.length > 0) yield { items: this.beneath.map(itemOf) };
    if (failure !== undefined) throw failure as Error;
  }

  private async *batches(session: Session): AsyncGenerator<Batch, void, void> {
    for (const [id, items] of Array.from(this.offered)) {
      this.at(`pull ${id}`);
      yield { items: items.map(itemOf), bookmark: { last: id }, receipt: { id, data: { id } } };
      const seen = session.known.get(items[0] ?? "")?.externalId;
      this.log.push(`consumer came back after ${id}, ${seen} is known`);
    }
  }

  async confirm(_session: Session, receipt: { id: string }): Promise<"confirmed" | "gone"> {
    this.at(`confirm ${receipt.id}`);
    this.log.push(`confirm ${receipt.id}`);
    this.offered.delete(receipt.id);
    this.at(`confirmed ${receipt.id}`);
    return this.confirmAnswer;
  }
}

function setup(batches: Record<string, string[]>) {
  const path = join(tempDir(), "fitglue.db");
  const store = openStore(path, { ifMissing: "create" });
  onTestFinished(() => store.close());
  const source = new ForgetfulSource(batches);
  const run = (options: Partial<SyncOptions> = {}, patience = { leftMs: 60_000 }) => {
    const provider: Provider & { remote: RemoteSource } = {
      id: "polar",
      name: "Polar",
      parserVersion: 1,
      remote: source,
    };
    const connection = { account: "7", details: {}, scopes: [], api: undefined as never, patience };
    return syncProvider(provider, connection, store, {
      full: false,
      dryRun: false,
      signal: new AbortController().signal,
      now: () => NOW,
      ...options,
    });
  };
  return { store, source, run, path };
}

const ids = (store: Store): string[] => [...store.list({})].map(({ externalId }) => externalId).toSorted();

test("writes, then confirms, then asks for the next batch", async () => {
  const { store, source, run, path } = setup({ t1: ["a", "b"], t2: ["c"] });
  source.at = (step) => {
    if (!step.startsWith("confirm ")) return;
    // From another connection: at the moment of the confirmation everything is visible, and the receipt is pending.
    const reader = openStore(path, { ifMissing: "empty" });
    expect(ids(reader)).toEqual(step === "confirm t1" ? ["a", "b"] : ["a", "b", "c"]);
    expect(reader.pendingReceipts(OWNER)).toHaveLength(1);
    reader.close();
  };
  const result = await run();
  expect(result).toEqual({
    provider: "polar",
    status: "ok",
    added: 3,
    updated: 0,
    unchanged: 0,
    skipped: 0,
    deleted: 0,
    warnings: [],
    error: null,
  });
  expect(source.log).toEqual([
    "pull since undefined",
    "confirm t1",
    "consumer came back after t1, a is known",
    "confirm t2",
    "consumer came back after t2, c is known",
  ]);
  expect(store.pendingReceipts(OWNER)).toEqual([]);
  expect(store.syncState.bookmark(OWNER)).toEqual({ last: "t2" });
  expect(store.syncState.get(OWNER)).toMatchObject({
    lastSuccessAt: "2026-11-20T12:00:00.000Z",
    lastErrorCode: null,
  });
});

describe("whatever breaks, nothing is lost and nothing is doubled", () => {
  test.each(["pull t1", "confirm t1", "confirmed t1", "pull t2", "confirm t2", "confirmed t2"])(
    "a temporary failure at: %s",
    async (broken) => {
      const { store, source, run } = setup({ t1: ["a", "b"], t2: ["c"] });
      source.at = (step) => {
        if (step === broken) throw new TemporaryError("OFFLINE", "no route to host");
      };
      const first = await run();
      expect(first.error).toMatchObject({ code: "OFFLINE", exitCode: 5 });
      expect(first.status).toBe(first.added > 0 ? "partial" : "failed");
      expect(store.syncState.get(OWNER)).toMatchObject({ lastErrorCode: "OFFLINE", lastSuccessAt: null });
      source.at = () => undefined;
      const second = await run();
      expect(second).toMatchObject({ status: "ok", error: null });
      expect(first.added + second.added).toBe(3);
      expect(ids(store)).toEqual(["a", "b", "c"]);
      expect(store.pendingReceipts(OWNER)).toEqual([]);
      expect(source.offered.size).toBe(0);
    },
  );

  test("a receipt that cannot be settled stays pending and does not keep the pass from fetching", async () => {
    const { store, source, run } = setup({ t2: ["b"] });
    store.transaction(() =>
      store.syncState.addReceipt(OWNER, { id: "t1", data: null }, "2026-11-19T00:00:00.000Z"),
    );
    source.at = (step) => {
      if (step === "confirm t1") throw new TemporaryError("BAD_STATUS", "503 from /v3/t1");
    };
    expect(await run()).toMatchObject({ status: "partial", added: 1, error: { code: "BAD_STATUS" } });
    expect(store.pendingReceipts(OWNER)).toEqual([{ id: "t1", data: null }]);
    expect(store.syncState.get(OWNER)).toMatchObject({ lastSuccessAt: null, lastErrorCode: "BAD_STATUS" });
    source.at = () => undefined;
    expect(await run()).toMatchObject({ status: "ok", error: null });
    expect(store.pendingReceipts(OWNER)).toEqual([]);
  });

  test("a confirmation that fails is thrown at the source, which may have another way to the rest", async () => {
    const { store, source, run } = setup({ t1: ["a"], t2: ["b"] });
    source.beneath = ["a", "b", "c"];
    source.at = (step) => {
      if (step === "confirm t1") throw new TemporaryError("BAD_STATUS", "503 from /v3/t1");
    };
    expect(await run()).toMatchObject({
      status: "partial",
      added: 3,
      error: { code: "BAD_STATUS", exitCode: 5 },
    });
    expect(ids(store)).toEqual(["a", "b", "c"]);
    expect(store.pendingReceipts(OWNER)).toEqual([{ id: "t1", data: { id: "t1" } }]);
    expect([...source.offered.keys()]).toEqual(["t1", "t2"]);
  });

  test("a receipt that an earlier run left pending is settled before anything is pulled", async () => {
    const { store, source, run } = setup({ t2: ["c"] });
    store.transaction(() =>
      store.syncState.addReceipt(OWNER, { id: "t1", data: null }, "2026-11-19T00:00:00.000Z"),
    );
    source.confirmAnswer = "gone";
    await run();
    expect(source.log.slice(0, 2)).toEqual(["confirm t1", "pull since undefined"]);
    expect(store.pendingReceipts(OWNER)).toEqual([]);
  });

  test("a batch that cannot be written is not confirmed", async () => {
    const { store, source, run } = setup({ t1: ["a"] });
    store.db.exec(
      "CREATE TRIGGER full BEFORE INSERT ON activities BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    const { error, ...counts } = await run();
    expect(error).toBeInstanceOf(StoreError);
    expect(counts).toMatchObject({ status: "failed", added: 0 });
    expect(source.log).toEqual(["pull since undefined"]);
    expect(source.offered.has("t1")).toBe(true);
  });
});

test("a database that takes not even the word of a failure: what was stored before is told", async () => {
  const { store, source, run } = setup({ t1: ["a"], t2: ["b"] });
  source.at = (step) => {
    if (step !== "pull t2") return;
    store.db.exec(
      "CREATE TRIGGER full BEFORE UPDATE ON sync_state BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    throw new TemporaryError("OFFLINE", "no route to host");
  };
  expect(await run()).toMatchObject({ status: "partial", added: 1, error: { code: "STORE_FAILED" } });
});

test("a dry run counts exactly, writes nothing and confirms nothing", async () => {
  const { store, source, run } = setup({ t1: ["a", "b"] });
  expect(await run({ dryRun: true })).toMatchObject({ status: "ok", added: 2 });
  expect(ids(store)).toEqual([]);
  expect(source.log.filter((line) => line.startsWith("confirm"))).toEqual([]);
  expect(store.syncState.get(OWNER)).toBeUndefined();
});

test("an abort ends the run after the current batch, which is stored and confirmed", async () => {
  const { store, source, run } = setup({ t1: ["a"], t2: ["b"] });
  const controller = new AbortController();
  source.at = (step) => {
    if (step === "confirm t1") controller.abort();
  };
  expect(await run({ signal: controller.signal })).toMatchObject({
    status: "partial",
    added: 1,
    error: { code: "INTERRUPTED", exitCode: 130 },
  });
  // The next run goes on: nothing is wrong with the source.
  expect(store.syncState.get(OWNER)).toMatchObject({ lastErrorCode: null });
  expect(ids(store)).toEqual(["a"]);
  expect([...source.offered.keys()]).toEqual(["t2"]);
  expect(store.pendingReceipts(OWNER)).toEqual([]);
});

test("a rate limit is remembered across runs until it is over", async () => {
  const { store, source, run } = setup({ t1: ["a"] });
  source.at = () => {
    throw new RateLimitError("RATE_LIMITED", "429 from /v3/exercises", NOW + 600_000);
  };
  expect((await run()).error).toMatchObject({ exitCode: 5 });
  source.at = () => undefined;
  const asked = source.log.length;
  expect((await run()).error).toMatchObject({
    code: "RATE_LIMITED",
    message: "polar: asked by Polar to wait until 2026-11-20T12:10:00.000Z",
  });
  expect(source.log).toHaveLength(asked);
  expect(await run({ now: () => NOW + 600_001 })).toMatchObject({ status: "ok", added: 1 });
  expect(store.syncState.get(OWNER)?.cooldownUntil).toBeNull();
});

test("all that waits in a run waits from one patience", async () => {
  const { source, run } = setup({ t1: ["a"] });
  source.at = () => {
    throw new RateLimitError("RATE_LIMITED", "429 from /v3/exercises", NOW + 50);
  };
  await run();
  source.at = () => undefined;
  const spent = { leftMs: 49 };
  expect((await run({}, spent)).error).toMatchObject({ code: "RATE_LIMITED" });
  expect(spent.leftMs).toBe(49);
  const left = { leftMs: 60_000 };
  expect(await run({}, left)).toMatchObject({ status: "ok", added: 1 });
  expect(left.leftMs).toBe(59_950);
});

test("an error that ends the provider is in the result, with what was stored before it", async () => {
  const { source, run } = setup({ t1: ["a"], t2: ["b"] });
  source.at = (step) => {
    if (step === "pull t2") throw new AuthError("AUTH_REVOKED", "consent was revoked (401 from /v3/users)");
  };
  expect(await run()).toMatchObject({
    status: "partial",
    added: 1,
    error: { code: "AUTH_REVOKED", exitCode: 4 },
  });
});
