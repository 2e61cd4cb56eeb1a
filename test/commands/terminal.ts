import { join } from "node:path";
import { main } from "../../src/main.ts";
import type { Activity } from "../../src/model/index.ts";
import type { Io, OutputStream } from "../../src/output/io.ts";
import { openStore } from "../../src/store/index.ts";
import { ACTIVITIES } from "../output/activities.ts";
import { tempDir } from "../temp.ts";

/** What a run of the program in this process left behind. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What stdout and stderr pretend to be. */
export interface TerminalOptions {
  /** Columns of a terminal; none: a pipe. */
  readonly columns?: number;
  readonly color?: boolean;
  readonly unicode?: boolean;
}

/** Runs a command line in this process, on buffers, with the database below `home`. */
export async function run(
  home: string,
  argv: readonly string[],
  options: TerminalOptions = {},
): Promise<Run> {
  const text = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr"): OutputStream => ({
    write: (chunk) => {
      text[name] += chunk;
    },
    isTTY: options.columns !== undefined,
    columns: options.columns ?? 80,
  });
  const io: Io = {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    stdin: {
      isTTY: false,
      lines: async function* () {},
    },
    color: options.color ?? false,
    unicode: options.unicode ?? true,
    interactive: false,
  };
  const code = await main(argv, io, { HOME: home, FITGLUE_DB: databaseOf(home) });
  return { code, ...text };
}

/** Where the database of a test's home is. */
export function databaseOf(home: string): string {
  return join(home, "fitglue.db");
}

/** An empty home. */
export function emptyHome(): string {
  return tempDir();
}

const SOURCES: Readonly<Record<string, string>> = {
  "ride-1": "fitbit",
  "swim-1": "apple-health",
  "strength-1": "apple-health",
};

/** A home whose database holds the invented activities: the newest, the trail run, is number 7. */
export async function demoHome(activities: readonly Activity[] = ACTIVITIES): Promise<string> {
  const home = tempDir();
  const store = openStore(databaseOf(home), { ifMissing: "create", journalMode: "wal" });
  for (const activity of activities.toReversed()) {
    const batch = await store.prepare({ items: [{ activity, raw: [] }] });
    store.write({ source: SOURCES[activity.externalId] ?? "polar", account: "10579" }, batch, {
      parserVersion: 1,
      now: Date.UTC(2026, 10, 19, 4),
    });
  }
  store.close();
  return home;
}
