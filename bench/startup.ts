import { spawn } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EMPTY_ACTIVITY, type Item, isoInstant } from "../src/model/index.ts";
import { openStore } from "../src/store/index.ts";
import { type Benchmark, seconds } from "./benchmark.ts";

const ACTIVITIES = 10_000;
const RUNS = 41;

/** How long a person waits for the prompt to come back, against Node doing nothing at all. */
export const startup: Benchmark = {
  name: "startup",
  title: `starting up, and listing ${ACTIVITIES} activities, against bare \`node -e 0\``,
  run: async (options) => {
    const { cache, root } = options;
    const database = join(cache, `startup-${ACTIVITIES}.db`);
    if (!existsSync(database)) {
      options.progress("making the database");
      await generate(database);
    }
    const fitglue = join(root, "bin/fitglue.js");
    const cases: readonly (readonly [name: string, args: readonly string[], must: string])[] = [
      ["node -e 0", ["-e", "0"], ""],
      ["fitglue --version", [fitglue, "--version"], "≤ 1.5"],
      ["fitglue --help", [fitglue, "--help"], ""],
      ["fitglue list", [fitglue, "list", "--db", database], "≤ 2.5"],
      ["fitglue list --limit all", [fitglue, "list", "--limit", "all", "--db", database], ""],
      ["fitglue list --totals", [fitglue, "list", "--totals", "--db", database], ""],
    ];
    // In turns, so that a busy moment of the machine falls on all of them.
    const times = cases.map((): number[] => []);
    for (let run = 0; run < RUNS; run++) {
      options.progress(`run ${run + 1} of ${RUNS}`);
      for (const [at, [, args]] of cases.entries()) times[at]?.push(await timeOf(args));
    }
    const medians = times.map((all) => all.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN);
    const bare = medians[0] ?? Number.NaN;
    return {
      rows: [
        ["command", "median", "÷ bare Node", "must"],
        ...cases.map(([name, , must], at) => {
          const median = medians[at] ?? Number.NaN;
          return [name, seconds(median), (median / bare).toFixed(2), must];
        }),
      ],
      notes: [`The median of ${RUNS} runs, in turns; stdout goes nowhere.`],
    };
  },
};

function timeOf(args: readonly string[]): Promise<number> {
  const begun = process.hrtime.bigint();
  return new Promise((resolve, reject) => {
    // NODE_EXTRA_CA_CERTS makes bare Node take four times as long, and every ratio look as much better: nothing comes along.
    const child = spawn(process.execPath, args, { stdio: "ignore", env: {} });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(Number(process.hrtime.bigint() - begun) / 1e9);
      else reject(new Error(`${args.join(" ")} ended with ${code ?? "a signal"}`));
    });
  });
}

async function generate(path: string): Promise<void> {
  const partial = `${path}.partial`;
  rmSync(partial, { force: true });
  const store = openStore(partial, { ifMissing: "create" });
  const items = Array.from({ length: ACTIVITIES }, (_, at): Item => ({
    activity: {
      ...EMPTY_ACTIVITY,
      externalId: `startup-${at}`,
      sport: at % 3 === 0 ? "cycling" : "running",
      title: at % 5 === 0 ? `Round ${at}` : null,
      startTime: isoInstant(Date.UTC(2026, 9, 1) - at * 20 * 3_600_000),
      utcOffsetS: 3600,
      totalElapsedTime: 3000 + (at % 1000),
      totalTimerTime: 2900 + (at % 1000),
      totalDistance: 8000 + (at % 4000),
      totalAscent: at % 200,
      totalCalories: 400 + (at % 300),
      avgHeartRate: 130 + (at % 30),
      maxHeartRate: 165 + (at % 20),
    },
    raw: [],
  }));
  store.write({ source: "polar", account: "1" }, await store.prepare({ items }), {
    parserVersion: 1,
    now: Date.UTC(2026, 10, 1),
  });
  store.close();
  renameSync(partial, path);
}
