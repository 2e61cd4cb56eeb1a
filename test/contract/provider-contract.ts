import { mkdtempSync, rmSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createApiClient, createTransport, type Clock, type Transport } from "../../src/http/index.ts";
import type { Batch } from "../../src/model/index.ts";
import type { Provider, RemoteSource, Session } from "../../src/providers/types.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { knownOf } from "../../src/sync/known.ts";
import { syncProvider, writeBatch, type Connection } from "../../src/sync/sync.ts";
import type { FakeServer, Fault } from "../fakes/http-server.ts";

/** A source with memory, freshly started for one test. */
export interface ProviderWorld {
  readonly provider: Provider & { readonly remote: RemoteSource };
  /** The provider's fake service: faults are planned here, on any request. */
  readonly server: FakeServer;
  readonly account: string;
  readonly details?: Readonly<Record<string, string>>;
  readonly scopes: readonly string[];
  /** Sessions that the source has; at least three. */
  readonly offered: number;
  /** The `Authorization` header that the source accepts. */
  readonly authorization: string;
  /** The source's present: Unix milliseconds. */
  readonly now: number;
  /** Acknowledgements that the source has received. */
  confirmations(): number;
  /** Makes one of the offered sessions one that nobody can map (but everybody can fetch). */
  spoilOne(): void;
  close(): Promise<void>;
}

/** A request or two may be under way when the signal comes; nothing may be started after it. */
const IN_FLIGHT = 8;

/** What every remote provider must do, whatever its service is like. */
export function describeProviderContract(name: string, start: () => Promise<ProviderWorld>): void {
  describe(`provider contract: ${name}`, () => {
    let world: ProviderWorld;
    let transport: Transport;
    let folder: string;
    const stores: Store[] = [];

    beforeEach(async () => {
      world = await start();
      transport = createTransport({ stallTimeoutMs: 2000 });
      folder = mkdtempSync(join(tmpdir(), "fitglue-contract-"));
    });
    afterEach(async () => {
      for (const store of stores.splice(0)) store.close();
      await transport.close();
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    });

    function newStore(): Store {
      const store = openStore(join(folder, `${stores.length}.db`), { ifMissing: "create" });
      stores.push(store);
      return store;
    }

    function connection(signal: AbortSignal): Connection {
      let now = world.now;
      // Nobody waits in a test: a pause moves the clock.
      const clock: Clock = { now: () => now, sleep: async (ms) => void (now += ms) };
      const api = createApiClient({
        provider: world.provider.id,
        baseUrl: new URL(world.server.url),
        transport,
        authorize: async () => world.authorization,
        userAgent: "fitglue-test",
        clock,
        signal,
        random: () => 0,
      });
      return { account: world.account, details: world.details ?? {}, scopes: world.scopes, api };
    }

    function sync(store: Store, signal = new AbortController().signal) {
      const options = { full: false, dryRun: false, signal, now: () => world.now };
      return syncProvider(world.provider, connection(signal), store, options);
    }

    /** A pull whose batches become durable, but are never confirmed. */
    async function pull(store: Store, signal = new AbortController().signal): Promise<Batch[]> {
      const owner = { source: world.provider.id, account: world.account };
      const session: Session = {
        ...connection(signal),
        known: knownOf(store, owner),
        signal,
        now: () => world.now,
        since: undefined,
        full: false,
        warn: () => undefined,
        progress: () => undefined,
        note: () => undefined,
      };
      const batches: Batch[] = [];
      for await (const batch of world.provider.remote.pull(session, store.syncState.bookmark(owner))) {
        await writeBatch(store, owner, batch, world.provider, world.now);
        batches.push(batch);
      }
      return batches;
    }

    const idsOf = (batches: readonly Batch[]): string[] =>
      [...new Set(batches.flatMap((batch) => batch.items.map((item) => item.activity.externalId)))].sort();
    const stored = (store: Store) => [...store.list({})].map(({ externalId }) => externalId).sort();

    it("gives everything that the source offers", async () => {
      const store = newStore();
      const result = await sync(store);
      expect(result).toMatchObject({ status: "ok", error: null, added: world.offered, skipped: 0 });
      expect(new Set(stored(store)).size).toBe(world.offered);
    });

    it("yields the same ids when it is pulled twice", async () => {
      const first = idsOf(await pull(newStore()));
      const second = idsOf(await pull(newStore()));
      expect(first).toHaveLength(world.offered);
      expect(second).toEqual(first);
    });

    it("changes nothing in a second sync", async () => {
      const store = newStore();
      await sync(store);
      const before = stored(store);
      const again = await sync(store);
      expect(again).toMatchObject({ status: "ok", error: null, added: 0, updated: 0, skipped: 0 });
      expect(stored(store)).toEqual(before);
    });

    it("confirms nothing during a pull", async () => {
      await pull(newStore());
      expect(world.confirmations()).toBe(0);
    });

    it("takes a second confirmation of the same receipt without harm", async () => {
      const store = newStore();
      const batches = await pull(store);
      const receipts = batches.flatMap((batch) => batch.receipt ?? []);
      const { remote } = world.provider;
      // A source that forgets gives receipts, and only such a source can be told.
      expect(receipts.length > 0).toBe(remote.confirm !== undefined);
      if (remote.confirm === undefined) return;
      const signal = new AbortController().signal;
      const session = { ...connection(signal), signal } as Session;
      for (const receipt of [...receipts, ...receipts]) {
        expect(["confirmed", "gone"]).toContain(await remote.confirm(session, receipt));
      }
      expect(world.confirmations()).toBeGreaterThan(0);
      expect(await sync(store)).toMatchObject({ status: "ok", error: null, added: 0, updated: 0 });
    });

    it("gives every item with the bytes that it was made from, and makes the same from them again", async () => {
      const batches = await pull(newStore());
      const { provider } = world;
      for (const { activity, raw } of batches.flatMap((batch) => batch.items)) {
        expect(raw.length).toBeGreaterThan(0);
        expect(new Set(raw.map(({ kind }) => kind)).size).toBe(raw.length);
        if (provider.reprocess === undefined) continue;
        const payloads = raw.map((payload) => ({
          ...payload,
          bytes: "bytes" in payload ? Buffer.from(payload.bytes) : inflateRawSync(payload.deflated),
        }));
        const again = await provider.reprocess(payloads, {
          externalId: activity.externalId,
          account: world.account,
          activity: undefined,
        });
        expect({ ...again, aliases: activity.aliases }).toEqual(activity);
      }
    });

    it("stops within one request when it is aborted", async () => {
      const controller = new AbortController();
      const store = newStore();
      let atAbort = 0;
      world.server.onRequest = () => {
        if (world.server.requests.length !== 3) return;
        atAbort = world.server.requests.length;
        controller.abort();
      };
      const { error } = await sync(store, controller.signal);
      expect(error).toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
      expect(atAbort).toBe(3);
      const atEnd = world.server.requests.length;
      expect(atEnd - atAbort).toBeLessThan(IN_FLIGHT);
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
      expect(world.server.requests).toHaveLength(atEnd);
      expect(world.confirmations()).toBe(0);
    });

    const faults: readonly (readonly [string, Fault, { code: string | RegExp; exitCode: number }])[] = [
      ["401", { kind: "status", status: 401 }, { code: "AUTH_REQUIRED", exitCode: 4 }],
      [
        "429 for an hour",
        { kind: "status", status: 429, headers: { "retry-after": "3600" } },
        { code: "RATE_LIMITED", exitCode: 5 },
      ],
      ["500", { kind: "status", status: 500 }, { code: "UNAVAILABLE", exitCode: 5 }],
      ["503", { kind: "status", status: 503 }, { code: "UNAVAILABLE", exitCode: 5 }],
      ["a reset", { kind: "reset" }, { code: "CONNECTION_LOST", exitCode: 5 }],
      ["a body that is cut off", { kind: "cut" }, { code: "CONNECTION_LOST", exitCode: 5 }],
      ["HTML instead of JSON", { kind: "html" }, { code: "BAD_RESPONSE", exitCode: 5 }],
      ["truncated JSON", { kind: "garbage" }, { code: "BAD_RESPONSE", exitCode: 5 }],
    ];
    it.each(faults)("turns %s everywhere into its error, and stores nothing", async (_, fault, expected) => {
      const store = newStore();
      world.server.fail(/./, fault, Infinity);
      const result = await sync(store);
      expect(result).toMatchObject({ status: "failed", added: 0, skipped: 0 });
      expect(result.error).toMatchObject(expected);
      expect(result.error?.message).not.toContain(world.authorization.split(" ").at(-1));
      expect(world.confirmations()).toBe(0);

      // And mends itself once the source is well again.
      world.server.clearFaults();
      store.transaction(() =>
        store.syncState.succeeded({ source: world.provider.id, account: world.account }, ""),
      );
      expect(await sync(store)).toMatchObject({ status: "ok", error: null, added: world.offered });
    });

    it("keeps one item that nobody can map, and everything else besides", async () => {
      world.spoilOne();
      const store = newStore();
      const result = await sync(store);
      expect(result).toMatchObject({ status: "partial", error: null, added: world.offered - 1 });
      expect(result.skipped).toBeGreaterThan(0);
      const skipped = store.skippedItems();
      expect(skipped.length).toBeGreaterThan(0);
      for (const { source, account, externalId } of skipped) {
        expect(store.rawPayloads({ source, account }, externalId).length).toBeGreaterThan(0);
      }
    });
  });
}
