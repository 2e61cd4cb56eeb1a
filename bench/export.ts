import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXPORT_FORMATS } from "../src/export/format.ts";
import {
  EMPTY_ACTIVITY,
  type Item,
  isoInstant,
  type SampleRow,
  samplesFromRows,
} from "../src/model/index.ts";
import { openStore } from "../src/store/index.ts";
import { type Benchmark, seconds, size } from "./benchmark.ts";
import { runNode } from "./child.ts";

const ACTIVITIES = 10_000;
/** Each with position, height, distance, speed, pulse, cadence and power. */
const SAMPLES = 100;
const BATCH = 200;
const DAY_MS = 86_400_000;

/** Ten thousand activities through the real binary, per format: speed, and memory that must not grow with their number. */
export const exportFolder: Benchmark = {
  name: "export",
  title: `${ACTIVITIES} activities of ${SAMPLES} samples into a folder, one file each, per format`,
  run: async (options) => {
    const database = join(options.cache, `export-${ACTIVITIES}-${SAMPLES}.db`);
    if (!existsSync(database)) {
      options.progress("making the database");
      await generate(database);
    }
    const few = join(options.cache, `export-100-${SAMPLES}.db`);
    if (!existsSync(few)) await generate(few, 100);
    const rows = [
      ["format", "activities/s", "samples/s", "time", "peak memory", "of 100 activities", "on disk"],
    ];
    for (const format of EXPORT_FORMATS) {
      options.progress(format);
      const small = await measure(options.root, few, format);
      const cost = await measure(options.root, database, format);
      rows.push([
        format,
        (ACTIVITIES / cost.seconds).toFixed(0),
        ((ACTIVITIES * SAMPLES) / cost.seconds).toFixed(0),
        seconds(cost.seconds),
        size(cost.peak),
        size(small.peak),
        size(cost.bytes),
      ]);
    }
    const folder = mkdtempSync(join(tmpdir(), "fitglue-bench-"));
    try {
      options.progress("nothing new");
      const args = ["export", "--db", database, "--new", "--format", "tcx", "--out", folder];
      await runNode([join(options.root, "bin/fitglue.js"), ...args]);
      const again = await runNode([join(options.root, "bin/fitglue.js"), ...args]);
      return {
        rows,
        notes: [
          `A second run with --new, where nothing is: ${seconds(again.seconds)}.`,
          "Every file is written beside, synced and renamed. json and ndjson with --samples; csv a row per sample.",
        ],
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(
  root: string,
  database: string,
  format: string,
): Promise<{ seconds: number; peak: number; bytes: number }> {
  const folder = mkdtempSync(join(tmpdir(), "fitglue-bench-"));
  try {
    const samples = ["json", "ndjson", "csv"].includes(format) ? ["--samples"] : [];
    const args = ["export", "--db", database, "--format", format, "--out", folder, ...samples];
    const cost = await runNode([join(root, "bin/fitglue.js"), ...args]);
    let bytes = 0;
    for (const name of readdirSync(folder)) bytes += statSync(join(folder, name)).size;
    return { ...cost, bytes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function generate(path: string, activities = ACTIVITIES): Promise<void> {
  const partial = `${path}.partial`;
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${partial}${suffix}`, { force: true });
  const store = openStore(partial, { ifMissing: "create" });
  try {
    const first = Date.UTC(2000, 0, 1, 6);
    for (let from = 0; from < activities; from += BATCH) {
      const items = Array.from({ length: Math.min(BATCH, activities - from) }, (_, index) =>
        item(from + index, first + (from + index) * DAY_MS),
      );
      store.write({ source: "polar", account: "1" }, await store.prepare({ items }), {
        parserVersion: 1,
        now: first,
      });
    }
  } finally {
    store.close();
  }
  renameSync(partial, path);
}

function item(number: number, start: number): Item {
  const rows: SampleRow[] = Array.from({ length: SAMPLES }, (_, second) => ({
    timestamp: start + second * 1000,
    heartRate: 100 + (second % 60),
    positionLat: 60 + second * 1e-5,
    positionLong: 24 + number * 1e-4,
    altitude: 10 + (second % 20),
    distance: second * 3,
    speed: 3,
    cadence: 160 + (second % 10),
    power: 200 + (second % 50),
  }));
  return {
    activity: {
      ...EMPTY_ACTIVITY,
      externalId: `bench-${number}`,
      sport: "running",
      startTime: isoInstant(start),
      utcOffsetS: 7200,
      totalElapsedTime: SAMPLES,
      totalTimerTime: SAMPLES,
      totalDistance: SAMPLES * 3,
      hasGps: true,
      samples: samplesFromRows(rows),
    },
    raw: [{ kind: "exercise", mediaType: "application/json", bytes: Buffer.from(`{"id":${number}}`) }],
  };
}
