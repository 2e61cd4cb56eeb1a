import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { addRun, type FitbitHome, startFitbitHome } from "./fitbit-home.ts";

/** More of them: FITGLUE_CRASH_HISTORIES=500 npx vitest run test/e2e/fitbit-crash.test.ts */
const HISTORIES = Number(process.env["FITGLUE_CRASH_HISTORIES"] ?? 8);
/** Histories side by side: most of the time a run waits for Google's pace. */
const AT_ONCE = 4;

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
  /** The request at which the process is killed, counted from the start of the run. */
  readonly atRequest?: number;
  readonly afterMs?: number;
}

/** Runs a sync and kills it (SIGKILL) as told; says whether it was still running. */
async function killedSync(home: FitbitHome, args: readonly string[], kill: Kill): Promise<boolean> {
  const { server } = home.google;
  const before = server.requests.length;
  const { child, result } = home.start(["sync", "fitbit", ...args]);
  server.onRequest = async () => {
    if (kill.atRequest === undefined || server.requests.length - before !== kill.atRequest) return;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  const timer =
    kill.afterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), kill.afterMs);
  const { signal } = await result;
  clearTimeout(timer);
  server.onRequest = undefined;
  return signal === "SIGKILL";
}

/** What does not hold of what must hold at any moment, also right after a kill: whole activities, no day claimed that was not read. */
function faultsOf(home: FitbitHome): string[] {
  const faults: string[] = [];
  // Killed before it had made a database, there is nothing to be wrong.
  if (!existsSync(home.databasePath)) return faults;
  if (home.rows("SELECT 1 FROM sqlite_master WHERE name = 'activities'").length === 0) return faults;
  if (home.rows("PRAGMA integrity_check")[0]?.["integrity_check"] !== "ok") faults.push("integrity");
  if (home.rows("PRAGMA foreign_key_check").length > 0) faults.push("foreign keys");
  const stored = home.rows(
    `SELECT external_id, (SELECT count(*) FROM samples s WHERE s.activity_id = a.id) AS samples,
       (SELECT count(DISTINCT substr(kind, 1, 5)) FROM item_payloads p WHERE p.external_id = a.external_id) AS payloads FROM activities a`,
  );
  for (const row of stored) {
    if (row["samples"] !== 60 || row["payloads"] !== 3) faults.push(`not whole: ${JSON.stringify(row)}`);
  }
  const [state] = home.rows("SELECT bookmark FROM sync_state");
  const bookmark = state?.["bookmark"];
  const { covered = [] } = (typeof bookmark === "string" ? JSON.parse(bookmark) : {}) as {
    covered?: [string, string][];
  };
  const has = new Set(stored.map((row) => row["external_id"]));
  for (const { point } of home.google.exercises) {
    const { interval } = point["exercise"] as { interval: { startTime: string } };
    const date = interval.startTime.slice(0, 10);
    if (covered.some(([from, to]) => from <= date && date < to) && !has.has(idOf(point))) {
      faults.push(`${date} is covered, but ${idOf(point)} is missing`);
    }
  }
  return faults;
}

function idOf(point: Readonly<Record<string, unknown>>): string {
  const name = String(point["name"]);
  return name.slice(name.lastIndexOf("/") + 1);
}

/** A clean run; then everything is there exactly once. What is wrong, else nothing. */
async function endOf(home: FitbitHome, args: readonly string[]): Promise<string[]> {
  const { code, stderr } = await home.run("sync", "fitbit", ...args);
  const faults = faultsOf(home);
  if (code !== 0) faults.push(`exit ${code}: ${stderr}`);
  const ids = home
    .rows("SELECT external_id FROM activities ORDER BY external_id")
    .map((row) => row["external_id"]);
  const offered = home.google.exercises.map(({ point }) => idOf(point)).toSorted((x, y) => (x < y ? -1 : 1));
  if (JSON.stringify(ids) !== JSON.stringify(offered)) faults.push(`stored: ${ids.join()}`);
  return [...faults, ...home.google.refusals];
}

/** Works through numbered jobs, a few at a time. */
async function sideBySide(count: number, job: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await job(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

test("a sync that is killed at every request ends well", { timeout: 120_000 }, async () => {
  // Refreshes the login first; then two windows of lists, a pulse and a route each.
  const prepare = async (): Promise<FitbitHome> => {
    const home = await startFitbitHome({ expiresAt: Date.now() - 1000 });
    home.google.emptyPageFirst = false;
    for (const [index, daysAgo] of [80, 20, 1].entries()) addRun(home.google, `run-${index}`, daysAgo);
    return home;
  };
  const requests = 1 + 2 + 3 * 2;
  const rehearsal = await prepare();
  expect(await endOf(rehearsal, [])).toEqual([]);
  expect(rehearsal.google.server.requests).toHaveLength(requests);
  await rehearsal.close();

  let killed = 0;
  const faults: string[] = [];
  await sideBySide(requests, async (index) => {
    const home = await prepare();
    if (await killedSync(home, [], { atRequest: index + 1 })) killed++;
    const found = [...faultsOf(home), ...(await endOf(home, []))];
    faults.push(...found.map((fault) => `killed at request ${index + 1}: ${fault}`));
    await home.close();
  });
  expect(faults).toEqual([]);
  expect(killed).toBe(requests);
});

test(
  `a sync that is killed at random moments ends well, ${HISTORIES} times`,
  { timeout: 60_000 + HISTORIES * 10_000 },
  async () => {
    let kills = 0;
    const faults: string[] = [];
    await sideBySide(HISTORIES, async (seed) => {
      const random = randomOf(seed + 1);
      const home = await startFitbitHome();
      home.google.emptyPageFirst = random() < 0.5;
      const reach = random() < 0.5 ? 85 : 175;
      const args =
        reach === 85 ? [] : ["--since", new Date(Date.now() - 180 * 86_400_000).toISOString().slice(0, 10)];
      const count = 1 + Math.floor(random() * 3);
      for (let index = 0; index < count; index++) addRun(home.google, `run-${index}`, 1 + random() * reach);
      const rounds = 1 + Math.floor(random() * 2);
      for (let round = 0; round < rounds; round++) {
        if (random() < 0.3) home.google.server.fail(/heart-rate|exercise/, { kind: "lost" });
        const early = random() < 0.5;
        const kill = early
          ? { atRequest: 1 + Math.floor(random() * 8) }
          : { afterMs: 300 + Math.floor(random() * 2500) };
        if (await killedSync(home, args, kill)) kills++;
        // What comes later may belong to days that are covered already: the overlap's business.
        if (round === 0) faults.push(...faultsOf(home).map((fault) => `history ${seed}, killed: ${fault}`));
        if (round === 0) addRun(home.google, "late", 5);
      }
      home.google.server.clearFaults();
      const found = await endOf(home, args);
      faults.push(...found.map((fault) => `history ${seed}: ${fault}`));
      await home.close();
    });
    expect(faults).toEqual([]);
    expect(kills).toBeGreaterThan(HISTORIES / 3);
  },
);
