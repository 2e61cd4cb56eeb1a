import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiClient, createLimiter, createTransport } from "../src/http/index.ts";
import { createFitbit, type FitbitUrls, GOOGLE_PACE } from "../src/providers/fitbit/index.ts";
import { openStore } from "../src/store/index.ts";
import { syncProvider } from "../src/sync/sync.ts";
import { type Benchmark, seconds } from "./benchmark.ts";

const EXERCISES = 1000;
/** Every second one has a route. */
const GPS_EVERY = 2;
/** What Google allows an unverified app, per user and second. */
const QUOTA = 2.5;

interface Hello {
  readonly urls: FitbitUrls;
  readonly account: string;
  readonly token: Readonly<Record<string, string>>;
  readonly oldest: string;
}

interface Report {
  readonly asked: readonly string[];
  readonly refused: number;
}

/** A thousand exercises from Google, in requests and in time, against what its quota makes necessary. */
export const fitbitSync: Benchmark = {
  name: "fitbit-sync",
  title: `${EXERCISES} exercises from Google, every second one with a route, 20 minutes at 1 Hz each`,
  run: async (options) => {
    const folder = mkdtempSync(join(tmpdir(), "fitglue-bench-"));
    const child = fork(
      join(import.meta.dirname, "google-service.js"),
      [String(EXERCISES), String(GPS_EVERY)],
      {
        stdio: ["ignore", "pipe", "inherit", "ipc"],
      },
    );
    const store = openStore(join(folder, "bench.db"), { ifMissing: "create" });
    const transport = createTransport();
    try {
      const hello = JSON.parse(await firstLine(child.stdout)) as Hello;
      const { remote, ...rest } = createFitbit(hello.urls);
      if (remote === undefined) throw new Error("no remote");
      const signal = new AbortController().signal;
      const sync = async (
        since: string | undefined,
      ): Promise<{ time: number; report: Report; added: number }> => {
        const api = createApiClient({
          provider: "fitbit",
          baseUrl: new URL(hello.urls.apiUrl),
          transport,
          authorize: async () => `Bearer ${hello.token["access_token"]}`,
          userAgent: "fitglue-bench",
          // The pace is lifted: what is left is the work, and the requests are counted.
          limiter: createLimiter({ ...GOOGLE_PACE, perSecond: Infinity }),
          signal,
        });
        const connection = {
          account: hello.account,
          details: {},
          scopes: (hello.token["scope"] ?? "").split(" "),
          api,
        };
        const begun = process.hrtime.bigint();
        const result = await syncProvider({ ...rest, remote }, connection, store, {
          since,
          full: false,
          dryRun: false,
          signal,
          now: () => Date.now(),
        });
        const time = Number(process.hrtime.bigint() - begun) / 1e9;
        if (result.error !== null) throw result.error;
        child.send("report");
        const [report] = (await once(child, "message")) as [Report];
        if (report.refused > 0) throw new Error("the fake had to refuse something");
        return { time, report, added: result.added };
      };
      options.progress("the first sync");
      const first = await sync(hello.oldest);
      if (first.added !== EXERCISES) throw new Error(`${first.added} exercises arrived`);
      options.progress("a second one");
      const second = await sync(undefined);
      // Each exercise needs its pulse and, half of them, a route; 25 share a page of the list.
      const needed = Math.ceil(EXERCISES / 25) + EXERCISES + Math.ceil(EXERCISES / GPS_EVERY);
      const made = first.report.asked.length;
      const paced = Math.max(0, made - (GOOGLE_PACE.burst ?? 1)) / GOOGLE_PACE.perSecond;
      const count = (what: string): number =>
        first.report.asked.filter((asked) => asked.startsWith(what)).length;
      return {
        rows: [
          ["", "requests", "time", "must", "aim"],
          ["needed at least, at Google's quota", String(needed), seconds(needed / QUOTA), "", ""],
          ["first sync, at fitglue's pace", String(made), seconds(paced), "", ""],
          ["first sync, pace lifted (the work)", String(made), seconds(first.time), "", ""],
          ["second sync, pace lifted", String(second.report.asked.length), seconds(second.time), "", ""],
          ["requests ÷ needed", (made / needed).toFixed(3), "", "≤ 1.25", "≤ 1.1"],
          ["time at pace ÷ quota's minimum", "", (paced / (needed / QUOTA)).toFixed(3), "≤ 1.5", "≤ 1.2"],
          ["work ÷ quota's minimum", "", (first.time / (needed / QUOTA)).toFixed(3), "≤ 0.5", "≤ 0.2"],
        ],
        notes: [
          `Requests of the first sync: ${count("list exercise")} lists of exercises, ${count("list heart-rate")} of heart rate, ${count("list daily")} of zone limits, ${count("tcx")} routes.`,
          "At pace the work is hidden behind the waiting, so the time there is the number of requests over the pace; it is computed, not waited for.",
        ],
      };
    } finally {
      store.close();
      await transport.close();
      child.disconnect();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  for await (const chunk of stream ?? []) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}
