import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { startCli } from "../cli.ts";
import type { Fault } from "../fakes/http-server.ts";
import { ride } from "../fakes/polar-sessions.ts";
import { mustBeVisible, readDatabase, startPolarHome, type PolarHome } from "./polar-home.ts";

/** More of them: FITGLUE_CRASH_HISTORIES=1000 npx vitest run test/e2e/polar-crash.test.ts */
const HISTORIES = Number(process.env["FITGLUE_CRASH_HISTORIES"] ?? 40);
/** A machine that does much else at the same time is no failure. */
const PATIENCE_MS = 20 * 60_000;
/** Histories side by side: half of the time a run waits for its disk or its process. */
const AT_ONCE = 3;

/** Small, fast and good enough: the same seed gives the same history (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Kill {
  /** The request at which the process is killed, counted from the start of the run; none: only `afterMs`. */
  readonly atRequest?: number;
  /** Whether Polar still acts on that request. */
  readonly acted?: boolean;
  readonly afterMs?: number;
}

/** Runs a sync and kills it (SIGKILL) as told. Resolves when the process is gone; says how many requests it made. */
async function killedSync(world: PolarHome, kill: Kill): Promise<{ requests: number; killed: boolean }> {
  const { server } = world.fake;
  const before = server.requests.length;
  const { child, result } = startCli(["sync", "polar"], { home: world.home, env: world.env });
  server.onRequest = async () => {
    if (kill.atRequest === undefined || server.requests.length - before !== kill.atRequest) return;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    if (kill.acted === false) server.fail(() => true, { kind: "reset" });
  };
  const timer =
    kill.afterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), kill.afterMs);
  const { signal } = await result;
  clearTimeout(timer);
  server.onRequest = undefined;
  // A request that was on its way when the process died may still be handled.
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
  return { requests: server.requests.length - before, killed: signal === "SIGKILL" };
}

function watchCommits(world: PolarHome): { broken: string[]; commits: number } {
  const seen = { broken: [] as string[], commits: 0 };
  world.fake.onCommit = (notice) => {
    seen.commits++;
    try {
      mustBeVisible(world.databasePath, notice);
    } catch (error) {
      seen.broken.push(String(error));
    }
  };
  return seen;
}

/** Clean runs until Polar has nothing left, as cron would; then everything ever offered is there exactly once. */
async function endWell(world: PolarHome, label: string): Promise<void> {
  const { fake } = world;
  fake.server.clearFaults();
  for (let run = 0; ; run++) {
    const { code, stderr } = await world.run("sync", "polar");
    expect([code, code === 0 ? "" : stderr], `${label}, clean run ${run}`).toEqual([0, ""]);
    if (fake.sessions.every(({ committed }) => committed)) break;
    expect(run, `${label}: Polar still holds sessions`).toBeLessThan(3);
    fake.expireTransaction();
  }
  readDatabase<Record<string, unknown>>(world.databasePath, (query) => {
    const all = query("SELECT id, external_id, start_time FROM activities");
    expect(all, label).toHaveLength(fake.sessions.length);
    expect(new Set(all.map((row) => row["start_time"])).size, label).toBe(fake.sessions.length);
    for (const { id, hashId, unlisted } of fake.sessions) {
      const named = unlisted ? [String(id)] : [String(id), hashId];
      const rows = query(
        `SELECT DISTINCT a.id FROM activities a LEFT JOIN activity_aliases l ON l.activity_id = a.id
         WHERE a.external_id IN (${named.map(() => "?").join()}) OR l.external_id IN (${named.map(() => "?").join()})`,
        ...named,
        ...named,
      );
      expect(rows, `${label}: session ${id}`).toHaveLength(1);
    }
    expect(query("SELECT * FROM receipts"), label).toEqual([]);
    expect(query("SELECT * FROM skipped_items"), label).toEqual([]);
    expect(query("PRAGMA integrity_check"), label).toEqual([{ integrity_check: "ok" }]);
    expect(query("PRAGMA foreign_key_check"), label).toEqual([]);
  });
}

/** Closes the world whatever happened, and hides nothing of it. */
async function within<T>(world: PolarHome, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    world.fake.server.clearFaults();
    await world.close();
  }
}

/** Uploads, faults, crashes and expiry as the seed has it, and a good end. Says how often it killed. */
async function randomHistory(seed: number): Promise<number> {
  const random = randomOf(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const label = `history ${seed}`;
  const pageSize = 1 + Math.floor(random() * 4);
  const world = await startPolarHome({ pageSize, reopen: pick(["same", "new", "busy"]) });
  return within(world, async () => {
    const { fake } = world;
    const seen = watchCommits(world);
    let uploads = 0;
    let kills = 0;
    const upload = (count: number): void => {
      for (let i = 0; i < count; i++) fake.upload(ride(uploads++)).unlisted = random() < 0.3;
    };
    upload(1 + Math.floor(random() * 5));
    const rounds = 1 + Math.floor(random() * 3);
    for (let round = 0; round < rounds; round++) {
      if (random() < 0.3) {
        const fault = pick<Fault>([
          { kind: "reset" },
          { kind: "lost" },
          { kind: "cut" },
          { kind: "status", status: 500 },
        ]);
        fake.server.fail(pick([/^POST/, /^PUT/, /transactions\/\d+$/, /samples$/, /\d$/, /fit$/]), fault);
      }
      const atRequest = 1 + Math.floor(random() * 30);
      const acted = random() < 0.5;
      const { killed } = await killedSync(
        world,
        random() < 0.7 ? { atRequest, acted } : { afterMs: 100 + Math.floor(random() * 500) },
      );
      if (killed) kills++;
      if (random() < 0.3) fake.expireTransaction();
      if (random() < 0.5) upload(1 + Math.floor(random() * 3));
    }
    await endWell(world, label);
    expect(seen.broken, label).toEqual([]);
    expect(seen.commits, label).toBeGreaterThan(0);
    return kills;
  });
}

/** Works through numbered jobs, a few at a time. */
async function sideBySide(count: number, job: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await job(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

describe("a sync that is killed", () => {
  it("at every request, before and after Polar has acted on it", { timeout: PATIENCE_MS }, async () => {
    const prepare = async (): Promise<PolarHome> => {
      const world = await startPolarHome({ pageSize: 2 });
      for (let i = 0; i < 3; i++) world.fake.upload(ride(i));
      return world;
    };
    const rehearsal = await prepare();
    const { requests } = await killedSync(rehearsal, {});
    await rehearsal.close();
    // 3 POST, 2 lists, 2 commits, 3 sessions of 8 requests, 2 looks at a transaction without files, 1 list.
    expect(requests).toBe(34);

    let killed = 0;
    let commits = 0;
    await sideBySide(requests * 2, async (index) => {
      const kill = { atRequest: Math.floor(index / 2) + 1, acted: index % 2 === 0 };
      const label = `killed at request ${kill.atRequest}, ${kill.acted ? "acted" : "not acted"}`;
      const world = await prepare();
      await within(world, async () => {
        const seen = watchCommits(world);
        const outcome = await killedSync(world, kill);
        if (outcome.killed) killed++;
        await endWell(world, label);
        expect(seen.broken, label).toEqual([]);
        commits += seen.commits;
      });
    });
    expect(killed).toBe(requests * 2);
    expect(commits).toBeGreaterThanOrEqual(requests * 4);
  });

  it(
    `at random moments of ${HISTORIES} random histories`,
    { timeout: PATIENCE_MS + HISTORIES * 10_000 },
    async () => {
      let kills = 0;
      await sideBySide(HISTORIES, async (seed) => {
        kills += await randomHistory(seed);
      });
      expect(kills).toBeGreaterThan(HISTORIES / 2);
    },
  );
});
