import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { StoredActivity } from "../../../src/model/index.ts";
import { appleHealth } from "../../../src/providers/apple-health/index.ts";
import type { FileResult } from "../../../src/sync/import.ts";
import { importPath } from "../../../src/sync/import.ts";
import { reprocessSource } from "../../../src/sync/reprocess.ts";
import type { ReprocessingProvider } from "../../../src/sync/reprocess.ts";
import { openStore } from "../../../src/store/index.ts";
import type { Store } from "../../../src/store/index.ts";
import { tempDir } from "../../temp.ts";
import { longExport } from "./long-export.ts";
import { buildZip } from "./zip-builder.ts";

type FileProvider = Parameters<typeof importPath>[1][number];

const PROVIDER = appleHealth as FileProvider & ReprocessingProvider;
const NOW = Date.parse("2026-11-20T12:00:00Z");

function store(): Store {
  const opened = openStore(join(tempDir(), "fitglue.db"), { ifMissing: "create" });
  onTestFinished(() => opened.close());
  return opened;
}

/** Writes an export's files and returns the folder. */
function folder(files: Readonly<Record<string, string>>): string {
  const path = join(tempDir(), "apple_health_export");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

const health = (content: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n]>\n<HealthData locale="en_GB">\n <ExportDate value="2025-03-01 10:00:00 +0100"/>\n${content}</HealthData>\n`;

const gpx = (from: string, seconds: number, lat = 48.5): string => {
  const points = Array.from({ length: seconds }, (_, index) => {
    const time = new Date(Date.parse(from) + index * 1000).toISOString().replace(".000Z", "Z");
    return `<trkpt lon="2.25" lat="${(lat + index / 1000).toFixed(3)}"><ele>35.5</ele><time>${time}</time><extensions><speed>2.5</speed><course>1</course><hAcc>5</hAcc><vAcc>4</vAcc></extensions></trkpt>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Apple Health Export"><metadata><time>2025-03-01T09:00:00Z</time></metadata><trk><name>Route</name><trkseg>\n${points.join("\n")}\n</trkseg></trk></gpx>\n`;
};

const run = (path: string, into: Store, dryRun = false): Promise<FileResult> =>
  importPath(path, [PROVIDER], into, { dryRun, signal: new AbortController().signal, now: () => NOW });

const all = (from: Store): StoredActivity[] =>
  from
    .ids({})
    .toSorted((a, b) => a - b)
    .flatMap((id) => from.get(id, { samples: true }) ?? []);

/** An export of one phone: a run with route and heart rate, and a swim, as written at a time with that offset. */
function phone(options: {
  readonly offset: number;
  readonly pointer: string;
  readonly reversed?: boolean;
  readonly calories?: string;
}): string {
  const { offset, pointer, reversed = false, calories = "300" } = options;
  const at = (iso: string): string =>
    new Date(Date.parse(iso) + offset * 3_600_000)
      .toISOString()
      .replace("T", " ")
      .replace(".000Z", ` +0${offset}00`);
  const device = `&lt;&lt;HKDevice: ${pointer}&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch7,2, software:11.${offset}&gt;`;
  const source = offset === 1 ? "Riley’s Apple&#160;Watch" : "Riley's Apple Watch";
  const heartRates = [0, 5, 10, 15].map(
    (second) =>
      `<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="${source}" device="${device}" unit="count/min" creationDate="${at("2024-07-14T08:00:00Z")}" startDate="${at(`2024-07-14T06:00:${String(second).padStart(2, "0")}Z`)}" endDate="${at(`2024-07-14T06:00:${String(second).padStart(2, "0")}Z`)}" value="${120 + second}"/>\n`,
  );
  const workouts = [
    `<Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="0.5" durationUnit="min" sourceName="${source}" sourceVersion="10.5" device="${device}" creationDate="${at("2024-07-14T06:01:00Z")}" startDate="${at("2024-07-14T06:00:00Z")}" endDate="${at("2024-07-14T06:00:30Z")}">
  <MetadataEntry key="HKTimeZone" value="Europe/Paris"/>
  <MetadataEntry key="Synced" value="${at("2024-07-14T07:00:00Z")}"/>
  <WorkoutStatistics type="HKQuantityTypeIdentifierActiveEnergyBurned" startDate="${at("2024-07-14T06:00:00Z")}" endDate="${at("2024-07-14T06:00:30Z")}" sum="${calories}" unit="kcal"/>
  <WorkoutRoute sourceName="${source}" startDate="${at("2024-07-14T06:00:01Z")}" endDate="${at("2024-07-14T06:00:20Z")}"><FileReference path="/workout-routes/run.gpx"/></WorkoutRoute>
  <MetadataEntry key="HKTimeZone" value="Europe/Paris"/>
</Workout>\n`,
    `<Workout workoutActivityType="HKWorkoutActivityTypeSwimming" duration="20" durationUnit="min" sourceName="${source}" startDate="${at("2024-12-24T17:00:00Z")}" endDate="${at("2024-12-24T17:20:00Z")}"/>\n`,
  ];
  const order = <T>(list: readonly T[]): readonly T[] => (reversed ? list.toReversed() : list);
  const parts = [order(heartRates).join(""), order(workouts).join("")];
  return health(order(parts).join(""));
}

const route = { "workout-routes/run.gpx": gpx("2024-07-14T06:00:01Z", 20) };

describe("one phone's exports", () => {
  test("an export becomes activities with samples and raw payloads", async () => {
    const into = store();
    const result = await run(folder({ "export.xml": phone({ offset: 1, pointer: "0x1" }), ...route }), into);
    expect(result).toMatchObject({
      kind: "apple-health",
      status: "ok",
      activities: 2,
      added: 2,
      updated: 0,
      unchanged: 0,
      skipped: 0,
      routes: 1,
      // 20 points from second 1 to 20, and a heart rate at second 0.
      samples: 21,
      warnings: [],
      sports: { running: 1, swimming: 1 },
    });
    const [first, second] = all(into);
    expect(first).toMatchObject({
      sport: "running",
      startTime: "2024-07-14T06:00:00.000Z",
      utcOffsetS: 7200,
      timezone: "Europe/Paris",
      totalElapsedTime: 30,
      totalTimerTime: 30,
      activeCalories: 300,
      avgHeartRate: 127.5,
      maxHeartRate: 135,
      minHeartRate: 120,
      hasGps: true,
      device: "Apple Watch Watch7,2",
    });
    expect(first?.samples.timestamp[0]).toBe(Date.parse("2024-07-14T06:00:00Z"));
    expect([...(first?.samples.heartRate ?? [])].filter((value) => !Number.isNaN(value))).toEqual([
      120, 125, 130, 135,
    ]);
    expect(first?.samples.positionLat?.[1]).toBe(48.5);
    expect(second).toMatchObject({
      sport: "swimming",
      startTime: "2024-12-24T17:00:00.000Z",
      timezone: null,
    });
    const owner = { source: "apple-health", account: "default" };
    const payloads = into.rawPayloads(owner, first?.externalId ?? "");
    expect(payloads.map(({ kind }) => kind).toSorted()).toEqual([
      "records",
      "route:/workout-routes/run.gpx",
      "workout",
    ]);
    const bytesOf = (kind: string) => payloads.find((payload) => payload.kind === kind)?.bytes.toString();
    expect(bytesOf("route:/workout-routes/run.gpx")).toBe(route["workout-routes/run.gpx"]);
    expect(bytesOf("workout")).toMatch(/^<Workout [^]*<\/Workout>$/);
  });

  test("the same file again changes nothing", async () => {
    const into = store();
    const path = folder({ "export.xml": phone({ offset: 1, pointer: "0x1" }), ...route });
    await run(path, into);
    expect(await run(path, into)).toMatchObject({
      activities: 2,
      added: 0,
      updated: 0,
      unchanged: 2,
      samples: 0,
    });
  });

  test("nor does next year's: other offsets, pointers, apostrophes, names and order", async () => {
    const into = store();
    await run(folder({ "export.xml": phone({ offset: 1, pointer: "0x1" }), ...route }), into);
    const before = all(into);
    const next = phone({ offset: 2, pointer: "0xc937f6fa0", reversed: true });
    const result = await run(folder({ "exportar.xml": next, ...route }), into);
    expect(result).toMatchObject({ status: "ok", activities: 2, added: 0, updated: 0, unchanged: 2 });
    expect(all(into)).toEqual(before);
  });

  test("a statistic that was written anew updates that workout, and only that", async () => {
    const into = store();
    await run(folder({ "export.xml": phone({ offset: 1, pointer: "0x1" }), ...route }), into);
    const next = phone({ offset: 2, pointer: "0x2", calories: "310" });
    expect(await run(folder({ "export.xml": next, ...route }), into)).toMatchObject({
      added: 0,
      updated: 1,
      unchanged: 1,
    });
    expect(all(into).map(({ activeCalories }) => activeCalories)).toEqual([310, null]);
  });

  test("a route that has since been lost stays", async () => {
    const into = store();
    await run(folder({ "export.xml": phone({ offset: 1, pointer: "0x1" }), ...route }), into);
    const before = all(into);
    const result = await run(folder({ "export.xml": phone({ offset: 2, pointer: "0x2" }) }), into);
    expect(result).toMatchObject({ status: "partial", added: 0, updated: 0, unchanged: 2 });
    expect(all(into)).toEqual(before);
  });

  test("a workout that its app has rewritten since is that workout, whichever export comes first", async () => {
    const version = (number: number, end: string, metres: number): string =>
      health(`<Workout workoutActivityType="HKWorkoutActivityTypeRunning" sourceName="App" startDate="2024-07-14 08:00:00 +0200" endDate="2024-07-14 ${end} +0200">
  <MetadataEntry key="HKMetadataKeySyncIdentifier" value="object-7"/>
  <MetadataEntry key="HKMetadataKeySyncVersion" value="${number}"/>
  <WorkoutStatistics type="HKQuantityTypeIdentifierDistanceWalkingRunning" sum="${metres}" unit="m"/>
 </Workout>
`);
    const older = folder({ "export.xml": version(1, "08:30:00", 4000) });
    const newer = folder({ "export.xml": version(3, "08:32:00", 5000) });
    for (const order of [
      [older, newer, older],
      [newer, older, newer],
    ]) {
      const into = store();
      for (const path of order) await run(path, into);
      expect(all(into)).toMatchObject([
        { totalElapsedTime: 1920, totalDistance: 5000, extra: { HKMetadataKeySyncVersion: 3 } },
      ]);
      for (const path of order) expect(await run(path, into)).toMatchObject({ added: 0, updated: 0 });
    }
  });

  test("mapping again what an older export had and a newer one changed takes nothing back", async () => {
    const into = store();
    const of = (number: number, metres: number, more = ""): string =>
      health(`<Workout workoutActivityType="HKWorkoutActivityTypeRunning" sourceName="App" startDate="2024-07-14 08:00:00 +0200" endDate="2024-07-14 08:30:00 +0200">
  <MetadataEntry key="HKMetadataKeySyncVersion" value="${number}"/>${more}
  <WorkoutStatistics type="HKQuantityTypeIdentifierDistanceWalkingRunning" sum="${metres}" unit="m"/>
 </Workout>
`);
    await run(folder({ "export.xml": of(1, 4000, '<MetadataEntry key="note" value="warm"/>') }), into);
    const newer = folder({ "export.xml": of(2, 5000) });
    await run(newer, into);
    const before = all(into);
    expect(before).toMatchObject([
      { totalDistance: 5000, extra: { note: "warm", HKMetadataKeySyncVersion: 2 } },
    ]);
    const options = {
      what: "everything",
      dryRun: false,
      signal: new AbortController().signal,
      now: () => NOW,
    } as const;
    for (const _ of [1, 2]) {
      expect(await reprocessSource(PROVIDER, into, options)).toMatchObject({ updated: 0, unchanged: 1 });
      expect(await run(newer, into)).toMatchObject({ updated: 0, unchanged: 1 });
    }
    expect(all(into)).toEqual(before);
    // A better parser is news, of the state that the bytes are of.
    const better = { ...PROVIDER, parserVersion: 2 };
    expect(await reprocessSource(better, into, options)).toMatchObject({ updated: 0, unchanged: 1 });
    expect(all(into)).toMatchObject([{ totalDistance: 5000, parserVersion: 2 }]);
  });

  test("heart rate and route that only one of two exports has are united", async () => {
    const into = store();
    const half = (from: number, to: number): string => {
      const at = (second: number): string =>
        new Date(Date.parse("2024-07-14T06:00:00Z") + second * 1000)
          .toISOString()
          .replace("T", " ")
          .replace(".000Z", " +0000");
      const beats = Array.from({ length: (to - from) / 5 }, (_, index) => from + index * 5).map(
        (second) =>
          `<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min" startDate="${at(second)}" endDate="${at(second)}" value="${100 + second / 10}"/>\n`,
      );
      return health(
        `${beats.join("")}<Workout workoutActivityType="HKWorkoutActivityTypeRunning" sourceName="Watch" startDate="${at(0)}" endDate="${at(600)}">
 <WorkoutRoute><FileReference path="/workout-routes/a.gpx"/></WorkoutRoute></Workout>\n`,
      );
    };
    const first = { "export.xml": half(300, 600), "workout-routes/a.gpx": gpx("2024-07-14T06:00:00Z", 30) };
    const second = { "export.xml": half(0, 400), "workout-routes/a.gpx": gpx("2024-07-14T06:01:01Z", 35) };
    const paths = [folder(first), folder(second)];
    for (const path of paths) await run(path, into);
    const [activity] = all(into);
    const values = (column?: Float64Array) => (column ?? []).filter((value) => !Number.isNaN(value));
    expect(values(activity?.samples.heartRate)).toHaveLength(120);
    expect(values(activity?.samples.positionLat)).toHaveLength(65);
    // The mean of 100, 100.5 … 159.5.
    expect(activity).toMatchObject({ avgHeartRate: 129.75, minHeartRate: 100, maxHeartRate: 159.5 });
    for (const path of paths) expect(await run(path, into)).toMatchObject({ updated: 0, unchanged: 1 });
  });

  test("a sample in a unit that nobody knows is lost, and told as that", async () => {
    const time = 'startDate="2024-07-14 08:00:00 +0200" endDate="2024-07-14 08:00:00 +0200"';
    const beat = (unit: string): string =>
      `<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="${unit}" ${time} value="120"/>`;
    const workout = `<Workout workoutActivityType="HKWorkoutActivityTypeRunning" sourceName="Watch" ${time}/>`;
    for (const [unit, expected] of [
      ["count/min", { status: "ok", samples: 1, warnings: [] }],
      [
        "count/\u0000in",
        {
          status: "partial",
          samples: 0,
          warnings: [{ code: "unreadable-record", count: 1 }],
        },
      ],
    ] as const) {
      const result = await run(folder({ "export.xml": health(beat(unit) + workout) }), store());
      expect(result).toMatchObject(expected);
    }
  });

  test("--timezone places what has no zone of its own, and a later import without it takes nothing away", async () => {
    const into = store();
    const path = folder({ "export.xml": phone({ offset: 1, pointer: "0x1" }), ...route });
    const signal = new AbortController().signal;
    const options = { dryRun: false, signal, now: () => NOW };
    await importPath(path, [PROVIDER], into, { ...options, timezone: "Asia/Kathmandu" });
    const zones = () => all(into).map(({ timezone, utcOffsetS }) => [timezone, utcOffsetS]);
    const expected = [
      ["Europe/Paris", 7200],
      ["Asia/Kathmandu", 20_700],
    ];
    expect(zones()).toEqual(expected);
    expect(await importPath(path, [PROVIDER], into, options)).toMatchObject({ updated: 0, unchanged: 2 });
    await reprocessSource(PROVIDER, into, { what: "everything", ...options });
    expect(zones()).toEqual(expected);
  });

  test("a rehearsal writes nothing", async () => {
    const into = store();
    const path = folder({ "export.xml": phone({ offset: 1, pointer: "0x1" }), ...route });
    expect(await run(path, into, true)).toMatchObject({ added: 2 });
    expect(all(into)).toEqual([]);
  });

  test("mapping what is stored again gives the same", async () => {
    const into = store();
    await run(folder({ "export.xml": phone({ offset: 1, pointer: "0x1", reversed: true }), ...route }), into);
    const before = all(into);
    const result = await reprocessSource(PROVIDER, into, {
      what: "everything",
      dryRun: false,
      signal: new AbortController().signal,
      now: () => NOW + 1000,
    });
    expect(result).toMatchObject({ updated: 0, unchanged: 2, failed: 0, without_raw: 0 });
    expect(all(into)).toEqual(before);
  });
});

/** A workout of ten minutes from 2025-02-01T07:00:00Z in the given minute. */
function workout(minute: number, children = "", type = "Running"): string {
  const at = (m: number): string =>
    `2025-02-01 ${String(8 + Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}:00 +0100`;
  return `<Workout workoutActivityType="HKWorkoutActivityType${type}" sourceName="Watch" startDate="${at(minute)}" endDate="${at(minute + 10)}">${children}</Workout>\n`;
}

const reference = (path: string, from = "", to = ""): string =>
  `<WorkoutRoute ${from === "" ? "" : `startDate="2025-02-01 ${from} +0100" endDate="2025-02-01 ${to} +0100"`}><FileReference path="${path}"/></WorkoutRoute>`;

describe("routes", () => {
  test("that are missing, empty or broken cost the workout nothing else", async () => {
    const into = store();
    const whole = gpx("2025-02-01T08:00:00Z", 60);
    const path = folder({
      "export.xml": health(
        workout(0, reference("/workout-routes/missing.gpx")) +
          workout(20, reference("/workout-routes/empty.gpx")) +
          workout(40, reference("/workout-routes/bare.gpx")) +
          workout(60, reference("/workout-routes/cut.gpx")),
      ),
      "workout-routes/empty.gpx": `<gpx version="1.1"><trk><name>sample</name></trk></gpx>`,
      "workout-routes/bare.gpx": "",
      "workout-routes/cut.gpx": whole.slice(0, Math.floor(whole.length / 2)),
    });
    const result = await run(path, into);
    expect(result).toMatchObject({ status: "partial", activities: 4, added: 4, skipped: 0 });
    expect(new Set(result.warnings.map(({ code }) => code))).toEqual(
      new Set(["route-missing", "route-empty", "route-truncated"]),
    );
    expect(result.warnings.find(({ code }) => code === "route-empty")?.count).toBe(2);
    const [missing, empty, , cut] = all(into);
    expect([missing?.hasGps, empty?.hasGps, cut?.hasGps]).toEqual([null, null, true]);
    expect(cut?.samples.positionLat?.length).toBeGreaterThan(20);
  });

  test("of several parts join, whatever their order", async () => {
    const parts = [
      reference("/workout-routes/b.gpx", "08:05:00", "08:06:00"),
      reference("/workout-routes/a.gpx", "08:00:00", "08:01:00"),
    ];
    const path = folder({
      "export.xml": health(workout(0, parts.join(""))),
      "workout-routes/a.gpx": gpx("2025-02-01T07:00:00Z", 60),
      "workout-routes/b.gpx": gpx("2025-02-01T07:05:00Z", 60, 49),
    });
    const into = store();
    expect(await run(path, into)).toMatchObject({ status: "ok", routes: 2, samples: 120 });
    const [activity] = all(into);
    expect(activity?.samples.positionLat?.[0]).toBe(48.5);
    expect(activity?.samples.positionLat?.[60]).toBe(49);
  });

  test("two parts under one name: the file counts once, and the part that it does not hold is told", async () => {
    const twice = ["07:54:00", "07:54:30"].map((_, index) =>
      reference(
        "/workout-routes/same.gpx",
        `08:00:${index === 0 ? "00" : "30"}`,
        index === 0 ? "08:00:30" : "08:01:00",
      ),
    );
    const path = folder({
      "export.xml": health(workout(0, twice.join(""))),
      "workout-routes/same.gpx": gpx("2025-02-01T07:00:30Z", 30),
    });
    const into = store();
    const result = await run(path, into);
    expect(result).toMatchObject({ status: "partial", routes: 1, samples: 30 });
    expect(result.warnings.map(({ code, count }) => [code, count])).toEqual([["route-part-missing", 1]]);
  });

  test("one file that two workouts name counts once and gives each its own points", async () => {
    const path = folder({
      "export.xml": health(
        workout(0, reference("/workout-routes/a.gpx", "08:00:00", "08:10:00")) +
          workout(10, reference("/workout-routes/a.gpx", "08:10:00", "08:20:00"), "Yoga"),
      ),
      "workout-routes/a.gpx": gpx("2025-02-01T07:00:00Z", 1200),
    });
    const into = store();
    expect(await run(path, into)).toMatchObject({ status: "ok", routes: 1 });
    // Ten minutes each, both ends included, and the minute after the end that the watch goes on.
    expect(all(into).map(({ samples }) => samples.timestamp.length)).toEqual([661, 600]);
  });
});

describe("what is not as it should be", () => {
  test("parts of a route that are too large together are no route, and are told", async () => {
    const into = store();
    const large = (from: string): string =>
      gpx(from, 5).replace("</trkseg>", `${" ".repeat(100 << 20)}</trkseg>`);
    const xml = health(
      `<Workout workoutActivityType="HKWorkoutActivityTypeRunning" sourceName="Watch" startDate="2024-07-14 06:00:00 +0000" endDate="2024-07-14 06:10:00 +0000">
 <WorkoutRoute><FileReference path="/workout-routes/a.gpx"/></WorkoutRoute>
 <WorkoutRoute><FileReference path="/workout-routes/b.gpx"/></WorkoutRoute></Workout>\n`,
    );
    const result = await run(
      folder({
        "export.xml": xml,
        "workout-routes/a.gpx": large("2024-07-14T06:00:00Z"),
        "workout-routes/b.gpx": large("2024-07-14T06:01:00Z"),
      }),
      into,
    );
    expect(result).toMatchObject({ status: "partial", added: 1, samples: 5 });
    expect(result.warnings.map(({ code }) => code)).toEqual(["route-unreadable"]);
  });

  test("a file that is cut off keeps every complete workout", async () => {
    const text = health(workout(0) + workout(20) + workout(40));
    const into = store();
    const result = await run(folder({ "export.xml": text.slice(0, text.lastIndexOf("</Workout>")) }), into);
    expect(result).toMatchObject({ status: "partial", activities: 2, added: 2 });
    expect(result.warnings.map(({ code }) => code)).toEqual(["truncated"]);
  });

  test("a workout without a start is skipped, kept raw, and the same one next time", async () => {
    const odd = `<Workout workoutActivityType="HKWorkoutActivityTypeYoga" endDate="2025-02-01 08:00:00 +0100"/>`;
    const path = folder({ "export.xml": health(workout(0) + odd + workout(20)) });
    const into = store();
    expect(await run(path, into)).toMatchObject({ status: "partial", activities: 3, added: 2, skipped: 1 });
    expect(await run(path, into)).toMatchObject({ status: "partial", unchanged: 2, skipped: 1 });
    const skipped = into.skippedItems();
    expect(skipped).toHaveLength(1);
    expect(skipped[0]?.code).toBe("unmappable");
    const raw = into.rawPayloads(
      { source: "apple-health", account: "default" },
      skipped[0]?.externalId ?? "",
    );
    expect(raw.map(({ bytes }) => bytes.toString())).toEqual([odd]);
  });

  test("health data without a workout is fine", async () => {
    const records = `<Record type="HKQuantityTypeIdentifierBodyMass" sourceName="Scale" unit="kg" startDate="2025-02-01 08:00:00 +0100" endDate="2025-02-01 08:00:00 +0100" value="70"/>`;
    expect(await run(folder({ "export.xml": health(records) }), store())).toMatchObject({
      status: "ok",
      activities: 0,
      warnings: [],
      error: null,
    });
  });

  test("a file of which nothing can be read is an input error", async () => {
    const result = await run(folder({ "export.xml": "<HealthData" }), store());
    expect(result).toMatchObject({ status: "failed", activities: 0 });
    expect(result.error?.exitCode).toBe(6);
  });

  test("a workout that is written twice is one, and it is said", async () => {
    const result = await run(folder({ "export.xml": health(workout(0) + workout(0)) }), store());
    expect(result).toMatchObject({ status: "ok", activities: 1, added: 1 });
    expect(result.warnings.map(({ code, count }) => [code, count])).toEqual([["workout-repeated", 1]]);
  });

  test("one session by two apps stays two, the poorer marked, whatever their order", async () => {
    const rich = workout(
      0,
      `<WorkoutStatistics type="HKQuantityTypeIdentifierActiveEnergyBurned" sum="90" unit="kcal"/>`,
    );
    const poor = workout(0).replace('"Watch"', '"Strava"');
    const marks = async (xml: string) => {
      const into = store();
      await run(folder({ "export.xml": health(xml) }), into);
      const activities = all(into);
      expect(activities).toHaveLength(2);
      return activities
        .map(
          ({
            externalId,
            extra,
          }): Record<string, unknown> & { sourceName?: unknown; externalId: string } => ({
            ...extra,
            externalId,
          }),
        )
        .toSorted((a, b) => (a.externalId < b.externalId ? -1 : 1));
    };
    const found = await marks(rich + poor);
    const idOf = (name: string) => found.find(({ sourceName }) => sourceName === name)?.externalId;
    expect(found).toEqual(
      expect.arrayContaining([
        { sourceName: "Strava", externalId: idOf("Strava"), possible_duplicate_of: idOf("Watch") },
        expect.not.objectContaining({ possible_duplicate_of: expect.anything() as unknown }),
      ]),
    );
    expect(await marks(poor + rich)).toEqual(found);
  });
});

describe("many workouts", () => {
  const path = (): string => {
    const workouts = Array.from({ length: 70 }, (_, index) => workout(index * 12));
    return folder({ "export.xml": health(workouts.toReversed().join("")) });
  };

  test("come in batches, by start", async () => {
    const into = store();
    expect(await run(path(), into)).toMatchObject({ added: 70, activities: 70 });
    const starts = all(into).map(({ startTime }) => startTime);
    expect(starts).toEqual(starts.toSorted());
    expect(starts[0]).toBe("2025-02-01T07:00:00.000Z");
  });

  test("a stop leaves whole batches, and a second run the rest", async () => {
    const into = store();
    const controller = new AbortController();
    const stopped = importPath(path(), [PROVIDER], into, {
      dryRun: false,
      signal: controller.signal,
      now: () => NOW,
      onProgress: ({ phase }) => {
        if (phase === "joining") controller.abort();
      },
    });
    expect(await stopped).toMatchObject({ status: "partial", added: 16, error: { exitCode: 130 } });
    expect(all(into)).toHaveLength(16);
    expect(await run(path(), into)).toMatchObject({ added: 54, unchanged: 16 });
  });
});

describe("an archive with damaged compressed data", () => {
  const whole = longExport(1200, 120);
  const zipOf = (damage?: (deflated: Buffer) => Buffer): string => {
    const path = join(tempDir(), "export.zip");
    const main = { name: "apple_health_export/export.xml", content: whole };
    writeFileSync(path, buildZip([damage === undefined ? main : { ...main, damage }]));
    return path;
  };
  const noise = (deflated: Buffer, at: number, count: number): Buffer => {
    for (let byte = at; byte < at + count; byte++) deflated[byte] = (byte * 167) & 0xff;
    return deflated;
  };

  test("keeps what is before and behind the damage, and a whole one adds only what is missing", async () => {
    const into = store();
    const first = await run(
      zipOf((deflated) => noise(deflated, 60_000, 64)),
      into,
    );
    expect(first.status).toBe("partial");
    expect(first.warnings.find(({ code }) => code === "archive-damaged")?.example).toMatch(
      /^apple_health_export\/export\.xml: its compressed data are damaged, and \d{3,5} bytes of it are lost, at byte \d{6}$/,
    );
    expect(first.activities).toBeGreaterThanOrEqual(80);
    const damaged = all(into);
    const second = await run(zipOf(), into);
    expect(second.status).toBe("ok");
    expect(second.activities).toBe(120);
    expect(second.added).toBe(120 - first.added);
    // What was read around the damage was right: the whole export says the same of it, unless it has more heart rates.
    const ids = new Map(all(into).map((activity) => [activity.externalId, activity]));
    for (const activity of damaged) {
      const { samples: _, updatedAt: __, ...told } = activity;
      expect(ids.get(activity.externalId)).toMatchObject({
        startTime: told.startTime,
        totalTimerTime: told.totalTimerTime,
        activeCalories: told.activeCalories,
        avgHeartRate: told.avgHeartRate,
        totalAscent: told.totalAscent,
        pauses: told.pauses,
        extra: told.extra,
      });
    }
    const third = await run(zipOf(), into);
    expect([third.added, third.updated]).toEqual([0, 0]);
  });

  test("is read twice, and says so while it is", async () => {
    const phases = new Set<string>();
    const path = zipOf((deflated) => noise(deflated, 60_000, 64));
    await importPath(path, [PROVIDER], store(), {
      dryRun: false,
      signal: new AbortController().signal,
      now: () => NOW,
      onProgress: ({ phase }) => void phases.add(phase),
    });
    expect([...phases]).toEqual(["reading", "reading around damage", "joining"]);
  });

  test("a damage that hides the end of the data costs what is behind it, and nothing else", async () => {
    const into = store();
    const { status, warnings, activities } = await run(
      zipOf((deflated) => noise(deflated, 90_000, deflated.length - 90_000)),
      into,
    );
    expect([status, activities]).toEqual(["partial", 0]);
    expect(warnings.map(({ code }) => code)).toContain("archive-damaged");
  });
});
