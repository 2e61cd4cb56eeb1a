import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GeneratedExport, generateExport } from "./apple-export.ts";
import { type Benchmark, type BenchOptions, seconds, size } from "./benchmark.ts";
import { type ChildCost, runNode } from "./child.ts";

/** sax is slow and even: a part is enough to know its speed. */
const SAX_SAMPLE = 64e6;

async function importInto(options: BenchOptions, generated: GeneratedExport): Promise<ChildCost> {
  const folder = mkdtempSync(join(tmpdir(), "fitglue-bench-"));
  try {
    const binary = join(options.root, "bin/fitglue.js");
    return await runNode([binary, "--db", join(folder, "bench.db"), "--json", "import", generated.path]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The better of two: whatever else the machine did shows in the worse. */
async function best(measure: () => Promise<ChildCost>): Promise<ChildCost> {
  const first = await measure();
  const second = await measure();
  return second.seconds < first.seconds ? second : first;
}

/** The whole import against inflating alone and against sax alone. */
export const appleImport: Benchmark = {
  name: "apple-import",
  title: "a whole Apple Health import into a fresh database",
  run: async (options) => {
    const progress = (text: string): void => options.progress(text);
    const generated = await generateExport(options.cache, options.size ?? 1e9, progress);
    const sample = await generateExport(options.cache, SAX_SAMPLE, progress);
    progress("inflating");
    const inflate = await best(() => runNode([join(import.meta.dirname, "inflate-only.js"), generated.path]));
    progress("importing");
    const whole = await best(() => importInto(options, generated));
    progress("parsing with sax");
    const parsed = await runNode([join(import.meta.dirname, "sax-only.js"), sample.path]);
    const sax = JSON.parse(parsed.stdout) as { bytes: number; seconds: number };
    const saxSeconds = (sax.seconds / sax.bytes) * generated.xmlBytes;
    const speed = (bytes: number, time: number): string => `${Math.round(bytes / 1e6 / time)} MB/s`;
    const all = generated.xmlBytes + generated.routeBytes;
    return {
      rows: [
        ["", "time", "plain bytes", "speed", "peak memory", "must", "aim"],
        [
          "whole import",
          seconds(whole.seconds),
          size(all),
          speed(all, whole.seconds),
          size(whole.peak),
          "250 MB",
          "150 MB",
        ],
        [
          "inflating alone",
          seconds(inflate.seconds),
          size(all),
          speed(all, inflate.seconds),
          size(inflate.peak),
          "",
          "",
        ],
        [
          "sax alone, XML only",
          seconds(saxSeconds),
          size(generated.xmlBytes),
          speed(generated.xmlBytes, saxSeconds),
          "",
          "",
          "",
        ],
        ["import ÷ inflating", (whole.seconds / inflate.seconds).toFixed(2), "", "", "", "≤ 4", "≤ 2"],
        ["sax ÷ import", (saxSeconds / whole.seconds).toFixed(1), "", "", "", "≥ 5", "≥ 10"],
      ],
      notes: [
        `${generated.records} records, ${generated.workouts} workouts, ${generated.routes} routes of ${size(generated.routeBytes)}; the zip has ${size(generated.zipBytes)} (${(all / generated.zipBytes).toFixed(1)}:1).`,
        `Times are wall clock of a whole process, start included, the better of two. sax parsed ${size(sax.bytes)} of XML of the same kind, already inflated; its time is extrapolated.`,
      ],
    };
  },
};

/** Memory must not grow with the file. */
export const appleMemory: Benchmark = {
  name: "apple-memory",
  title: "peak memory of an Apple Health import, four times the XML",
  run: async (options) => {
    const progress = (text: string): void => options.progress(text);
    const small = await generateExport(options.cache, options.size ?? 1e9, progress);
    const large = await generateExport(options.cache, (options.size ?? 1e9) * 4, progress);
    progress("importing the small one");
    const one = await importInto(options, small);
    progress("importing the large one");
    const four = await importInto(options, large);
    return {
      rows: [
        ["XML", "routes", "time", "peak memory", "must", "aim"],
        [size(small.xmlBytes), String(small.routes), seconds(one.seconds), size(one.peak), "", ""],
        [size(large.xmlBytes), String(large.routes), seconds(four.seconds), size(four.peak), "", ""],
        ["ratio", "", "", (four.peak / one.peak).toFixed(2), "≤ 1.3", "≤ 1.1"],
      ],
      notes: [],
    };
  },
};
