import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Batch, PackedPayload, RawPayload } from "../../../src/model/index.ts";
import { openExport } from "../../../src/providers/apple-health/archive.ts";
import { readFiles, type ReadingSession } from "../../../src/providers/apple-health/reading.ts";
import type * as thread from "../../../src/providers/apple-health/thread.ts";
import type { ImportFile, Warning } from "../../../src/providers/types.ts";
import { builtModule } from "../../cli.ts";
import { tempDir } from "../../temp.ts";
import { longExport } from "./long-export.ts";
import { buildZip } from "./zip-builder.ts";

/** A thread loads built code, so this side of it has to be the built one, too. */
const built = builtModule("providers/apple-health/thread");
const { readInThread } = (await import(/* @vite-ignore */ built)) as typeof thread;

const START = Date.parse("2024-07-01T06:00:00Z");
const date = (second: number): string =>
  new Date(START + second * 1000).toISOString().replace("T", " ").replace(".000Z", " +0000");

const workout = (index: number, content = ""): string =>
  `<Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="10" durationUnit="min" sourceName="Watch" startDate="${date(index * 7200)}" endDate="${date(index * 7200 + 600)}">${content}</Workout>\n`;

const routeFile = (index: number): string =>
  `<WorkoutRoute sourceName="Watch"><FileReference path="/workout-routes/${index}.gpx"/></WorkoutRoute>`;

const gpx = (index: number, seconds: number): string =>
  `<gpx><trk><trkseg>${Array.from(
    { length: seconds },
    (_, second) =>
      `<trkpt lon="9.${second}" lat="48.${index}"><ele>200</ele><time>${new Date(START + (index * 7200 + second) * 1000).toISOString().replace(".000Z", "Z")}</time></trkpt>`,
  ).join("\n")}</trkseg></trk></gpx>`;

/** 70 workouts, hence several batches: with and without routes and heart rate, one unreadable, one twice, the end cut off. */
function exportZip(): string {
  const records = Array.from({ length: 700 }, (_, index) => {
    const at = date(Math.floor(index / 10) * 7200 + (index % 10) * 5);
    return `<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min" startDate="${at}" endDate="${at}" value="${100 + (index % 10)}"/>\n`;
  });
  const workouts = Array.from({ length: 70 }, (_, index) =>
    workout(index, index % 3 === 0 ? routeFile(index) : ""),
  );
  const strange = '<Workout workoutActivityType="HKWorkoutActivityTypeYoga" sourceName="Watch"/>\n';
  const xml = `<?xml version="1.0"?>\n<HealthData locale="en_GB">\n${records.join("")}${workouts.join("")}${strange}${workout(5)}<Workout work`;
  const path = join(tempDir(), "export.zip");
  const files = Array.from({ length: 24 }, (_, index) => index * 3).filter((index) => index !== 9);
  writeFileSync(
    path,
    buildZip([
      { name: "apple_health_export/export.xml", content: xml },
      ...files.map((index) => ({
        name: `apple_health_export/workout-routes/${index}.gpx`,
        content: index === 12 ? "" : gpx(index, 30),
      })),
    ]),
  );
  return path;
}

const importFile = (path: string): ImportFile => ({
  path,
  isDirectory: false,
  untouchable: new Set(),
  size: statSync(path).size,
  head: readFileSync(path).subarray(0, 4096),
});

interface Told {
  readonly session: ReadingSession;
  readonly warnings: Warning[];
  readonly phases: Map<string, number>;
  routes: number;
}

function listener(signal = new AbortController().signal): Told {
  const told: Told = {
    warnings: [],
    phases: new Map(),
    routes: 0,
    session: {
      signal,
      timezone: "Europe/Paris",
      warn: (warning) => told.warnings.push(warning),
      progress: ({ phase, activities }) => told.phases.set(phase, activities),
      routeRead: () => told.routes++,
    },
  };
  return told;
}

/** Payloads as text, so that a Buffer and a Uint8Array of the same bytes are equal. */
const plain = (batch: Batch): unknown => {
  const raw = (list: readonly (RawPayload | PackedPayload)[]): unknown =>
    list.map((one) =>
      Object.entries(one).map(([key, value]: [string, unknown]) => [
        key,
        value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value,
      ]),
    );
  return {
    ...batch,
    items: batch.items.map((item) => ({ ...item, raw: raw(item.raw) })),
    skipped: batch.skipped?.map((one) => ({ ...one, raw: raw(one.raw) })),
  };
};

describe("reading in a thread", () => {
  test("gives the batches, warnings and counts that reading in place gives", async () => {
    const path = exportZip();
    const here = listener();
    const expected: unknown[] = [];
    const files = await openExport(importFile(path));
    for await (const batch of readFiles(files, here.session)) expected.push(plain(batch));
    await files.close();

    const there = listener();
    const batches: Batch[] = [];
    // A batch's buffers go back with the next one.
    for await (const batch of readInThread(importFile(path), there.session))
      batches.push(structuredClone(batch));

    expect(batches.map(({ items }) => items.length)).toEqual([16, 16, 16, 16, 6]);
    expect(batches[0]?.skipped).toHaveLength(1);
    // Thirty points from second 0 on, and ten heart rates 5 s apart, four of them behind the last point.
    expect(batches[0]?.items[0]?.activity.samples.timestamp).toHaveLength(34);
    expect(batches.map(plain)).toEqual(expected);
    expect(there.warnings).toEqual(here.warnings);
    expect(new Set(there.warnings.map(({ code }) => code))).toEqual(
      new Set(["truncated", "workout-repeated", "route-missing", "route-empty"]),
    );
    expect(there.routes).toBe(here.routes);
    expect(there.routes).toBe(23);
    expect(there.phases).toEqual(here.phases);
  });

  test("tells how far a second reading is, though the first has been further", async () => {
    const path = join(tempDir(), "export.zip");
    const content = longExport(1200, 120).replace("<ExportDate", `${"\n".repeat(12 << 20)}<ExportDate`);
    const damage = (deflated: Buffer): Buffer =>
      deflated.fill(0, deflated.length - 20_000, deflated.length - 19_936);
    writeFileSync(path, buildZip([{ name: "apple_health_export/export.xml", content, damage }]));
    const steps: number[] = [];
    const progress: ReadingSession["progress"] = ({ phase, bytes }) => {
      if (phase === "reading around damage") steps.push(Math.floor(bytes / (4 << 20)));
    };
    for await (const _ of readInThread(importFile(path), { ...listener().session, progress }));
    // The first piece of a second reading has some 4 MB.
    expect(steps).toEqual([1, 2, 3]);
  });

  test("throws the error that reading in place throws, as one of the same kind", async () => {
    const path = join(tempDir(), "export.xml");
    writeFileSync(path, "<!DOCTYPE HealthData [\n<!ELEMENT HealthData (Record)*>\n]>\n");
    const read = async (): Promise<unknown> => {
      try {
        for await (const _ of readInThread(importFile(path), listener().session)) return "a batch";
      } catch (error) {
        return error;
      }
      return "nothing";
    };
    expect(await read()).toMatchObject({
      name: "InputError",
      code: "INPUT_NOTHING_READABLE",
      exitCode: 6,
      provider: "apple-health",
      hint: "export again on the iPhone, with Auto-Lock set to Never while it runs",
      message: `nothing in ${path} could be read, though it begins as an Apple Health export: the file ends before </HealthData>, at byte 58`,
    });
  });

  test("stops on abort", async () => {
    const abort = new AbortController();
    const reading = readInThread(importFile(exportZip()), listener(abort.signal).session);
    await reading.next();
    abort.abort(new Error("enough"));
    await expect(reading.next()).rejects.toMatchObject({ name: "InterruptedError", exitCode: 130 });
  });

  test("ends with a caller who wants no more", async () => {
    const threads = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
    const before = threads();
    const reading = readInThread(importFile(exportZip()), listener().session);
    await reading.next();
    expect(threads()).toBeGreaterThan(before);
    await reading.return();
    expect(threads()).toBe(before);
  });
});
