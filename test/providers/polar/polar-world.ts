import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiClient, createTransport, type Clock } from "../../../src/http/index.ts";
import type { StoredActivity } from "../../../src/model/index.ts";
import { createPolar } from "../../../src/providers/polar/index.ts";
import type { Provider, RemoteSource } from "../../../src/providers/types.ts";
import { openStore, type Store } from "../../../src/store/index.ts";
import { syncProvider, type ProviderResult, type SyncOptions } from "../../../src/sync/sync.ts";
import { FakeAccessLink, type FakeAccessLinkOptions } from "../../fakes/accesslink.ts";

/** A fake AccessLink, a real store and the real sync loop between them. */
export interface PolarWorld {
  readonly fake: FakeAccessLink;
  readonly provider: Provider & { readonly remote: RemoteSource };
  readonly store: Store;
  sync(options?: Partial<SyncOptions>): Promise<ProviderResult>;
  /** Everything stored, oldest first, with samples. */
  stored(): StoredActivity[];
  close(): Promise<void>;
}

export const NOW = Date.UTC(2026, 10, 20, 12);

export async function startPolarWorld(options: FakeAccessLinkOptions = {}): Promise<PolarWorld> {
  const fake = await FakeAccessLink.start({ registered: true, ...options });
  const folder = mkdtempSync(join(tmpdir(), "fitglue-polar-"));
  const store = openStore(join(folder, "fitglue.db"), { ifMissing: "create" });
  const transport = createTransport({ stallTimeoutMs: 500 });
  const provider = createPolar({
    authorizeUrl: `${fake.server.url}/oauth2/authorization`,
    tokenUrl: `${fake.server.url}/v2/oauth2/token`,
  }) as Provider & { remote: RemoteSource };
  return {
    fake,
    provider,
    store,
    async sync(more = {}) {
      let now = NOW;
      const clock: Clock = { now: () => now, sleep: async (ms) => void (now += ms) };
      const signal = more.signal ?? new AbortController().signal;
      const api = createApiClient({
        provider: "polar",
        baseUrl: new URL(fake.server.url),
        transport,
        authorize: async () => fake.authorization,
        userAgent: "fitglue-test",
        clock,
        signal,
        random: () => 0,
      });
      const connection = { account: String(fake.userId), details: {}, scopes: ["accesslink.read_all"], api };
      const sync = { full: false, dryRun: false, now: () => NOW, ...more, signal };
      return syncProvider(provider, connection, store, sync);
    },
    stored: () => [...store.list({}, { samples: true })].sort((a, b) => (a.startTime < b.startTime ? -1 : 1)),
    async close() {
      store.close();
      rmSync(folder, { recursive: true, force: true });
      await transport.close();
      await fake.close();
    },
  };
}
