import { onTestFinished } from "vitest";
import { createApiClient, createTransport, type Clock } from "../../../src/http/index.ts";
import type { StoredActivity } from "../../../src/model/index.ts";
import { createFitbit } from "../../../src/providers/fitbit/index.ts";
import { openStore, type Store } from "../../../src/store/index.ts";
import { type ProviderResult, syncProvider } from "../../../src/sync/sync.ts";
import { FakeGoogle, type FakeGoogleOptions } from "../../fakes/google.ts";
import { tempDir } from "../../temp.ts";

/** 2026-11-20T12:00:00Z: the tests' present unless they say otherwise. */
export const NOW = Date.parse("2026-11-20T12:00:00Z");

/** A fake Google, a store and a login; everything ends with the test. */
export interface World {
  readonly google: FakeGoogle;
  readonly store: Store;
  /** Every pause that the client asked for, in milliseconds. */
  readonly pauses: number[];
  now: number;
  sync(options?: SyncOptions): Promise<ProviderResult>;
  activities(): StoredActivity[];
  activity(externalId: string): StoredActivity;
  /** What `status` would show. */
  note(): string | null;
}

export interface SyncOptions {
  readonly since?: string;
  readonly full?: boolean;
  readonly signal?: AbortSignal;
}

export async function startWorld(
  options: FakeGoogleOptions & { readonly ticked?: readonly string[] } = {},
): Promise<World> {
  const google = await FakeGoogle.start(options);
  const token = await google.login(options.ticked);
  const store = openStore(`${tempDir()}/fitglue.db`, { ifMissing: "create" });
  const transport = createTransport({ stallTimeoutMs: 2000 });
  onTestFinished(async () => {
    store.close();
    await transport.close();
    await google.close();
  });
  const { remote, ...rest } = createFitbit(google.urls);
  if (remote === undefined) throw new Error("no remote");
  const provider = { ...rest, remote };
  const owner = { source: "fitbit", account: google.healthUserId };
  const pauses: number[] = [];
  const world: World = {
    google,
    store,
    pauses,
    now: NOW,
    async sync({ since, full = false, signal = new AbortController().signal } = {}) {
      // Nobody waits in a test: a pause moves the clock.
      let passed = 0;
      const clock: Clock = {
        now: () => world.now + passed,
        sleep: async (ms) => {
          pauses.push(ms);
          passed += ms;
        },
      };
      const api = createApiClient({
        provider: "fitbit",
        baseUrl: new URL(google.urls.apiUrl),
        transport,
        authorize: async () => `Bearer ${String(token["access_token"])}`,
        userAgent: "fitglue-test",
        clock,
        signal,
        random: () => 0,
      });
      const scopes = String(token["scope"]).split(" ");
      const connection = { account: google.healthUserId, details: {}, scopes, api };
      google.server.forget();
      return syncProvider(provider, connection, store, {
        since,
        full,
        dryRun: false,
        signal,
        now: () => world.now,
      });
    },
    activities: () =>
      [...store.list({}, { samples: true })].toSorted((a, b) => (a.startTime < b.startTime ? -1 : 1)),
    activity(externalId) {
      const row = store.activities.find(owner, externalId);
      const found = row === undefined ? undefined : store.get(row.id, { samples: true });
      if (found === undefined) throw new Error(`not stored: ${externalId}`);
      return found;
    },
    note: () => store.syncState.get(owner)?.note ?? null,
  };
  return world;
}
