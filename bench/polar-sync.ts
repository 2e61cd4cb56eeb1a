import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CredentialFile } from "../src/auth/credential-file.ts";
import { FakeAccessLink } from "../test/fakes/accesslink.ts";
import { fitFile } from "../test/fakes/fit-file.ts";
import { ride } from "../test/fakes/polar-sessions.ts";
import { type Benchmark, seconds } from "./benchmark.ts";
import { runNode } from "./child.ts";

const SESSIONS = 200;
const LATENCY_MS = 50;
/** What the provider allows itself (`src/providers/polar/parallel.ts`). */
const CONCURRENCY = 4;

/** A whole first sync over a slow network. */
export const polarSync: Benchmark = {
  name: "polar-sync",
  title: `${SESSIONS} Polar sessions, ${LATENCY_MS} ms for each answer`,
  run: async (options) => {
    const fake = await FakeAccessLink.start({ registered: true, latencyMs: LATENCY_MS });
    const home = mkdtempSync(join(tmpdir(), "fitglue-bench-"));
    try {
      for (let i = 0; i < SESSIONS; i++) {
        const startMs = Date.UTC(2026, 10, 1, 6) + i * 3_600_000;
        const heartRates = Array.from({ length: 1800 }, (_, second) => 100 + ((second + i) % 60));
        fake.upload({
          ...ride(i),
          samples: {
            "0": { rate: 1, data: heartRates.join(",") },
            "1": { rate: 1, data: heartRates.map((value) => value / 5).join(",") },
          },
          fit: fitFile({ startMs, timerSeconds: 1800, laps: [900, 900], heartRates }),
        });
      }
      await connect(fake, home);
      options.progress(`syncing ${SESSIONS} sessions`);
      const { seconds: elapsed } = await runNode([join(options.root, "bin/fitglue.js"), "sync", "polar"], {
        ...fake.environment,
        FITGLUE_CREDENTIALS: "file",
        FITGLUE_CONFIG_DIR: home,
        FITGLUE_DATA_DIR: home,
        HOME: home,
      });
      const requests = fake.server.requests.length;
      const needed = (requests * LATENCY_MS) / CONCURRENCY / 1000;
      return {
        rows: [
          ["", "time", "requests", "must"],
          ["whole sync", seconds(elapsed), String(requests), ""],
          [`the requests alone, ${CONCURRENCY} at once`, seconds(needed), "", ""],
          ["sync ÷ requests", (elapsed / needed).toFixed(2), "", "≤ 1.5"],
        ],
        notes: [
          `${fake.commits.length} transactions of at most fifty sessions; each session has zones, two series of 1800 values and a FIT file. Wall clock of the whole process, start included.`,
        ],
      };
    } finally {
      rmSync(home, { recursive: true, force: true });
      await fake.close();
    }
  },
};

async function connect(fake: FakeAccessLink, configDir: string): Promise<void> {
  const credentials = new CredentialFile({
    configDir,
    acquireLock: async () => ({ release: () => undefined }),
    warn: () => undefined,
  });
  await credentials.set({
    provider: "polar",
    account: String(fake.userId),
    clientId: fake.oauth.options.clientId,
    clientSecret: fake.oauth.options.clientSecret,
    accessToken: fake.authorization.replace("Bearer ", ""),
    refreshToken: null,
    expiresAt: null,
    refreshTokenExpiresAt: null,
    scopes: ["accesslink.read_all"],
    obtainedAt: Date.UTC(2026, 10, 1),
    details: {},
  });
}
