import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { Encoder } from "@garmin/fitsdk";
import { describe, expect, it } from "vitest";
import { fitFile } from "../../../src/export/fit.ts";
import { gpxFile } from "../../../src/export/gpx.ts";
import { tcxFile } from "../../../src/export/tcx.ts";
import { FIT_MESSAGE } from "../../../src/formats/fit-messages.ts";
import { type Activity, EMPTY_ACTIVITY, type StoredActivity } from "../../../src/model/index.ts";
import { fileProvider } from "../../../src/providers/file/index.ts";
import { acquireRunLock, openStore, type Store } from "../../../src/store/index.ts";
import { type FileResult, importPath } from "../../../src/sync/import.ts";
import { outdoorRun, START, strengthTraining, treadmillRun } from "../../model/stored-activity.ts";
import { tempDir } from "../../temp.ts";

const NOW = Date.UTC(2026, 10, 20, 12);

interface Bench {
  readonly folder: string;
  readonly store: Store;
  readonly put: (name: string, bytes: string | Uint8Array) => string;
  readonly load: (path: string, timezone?: string) => Promise<FileResult>;
  readonly all: () => StoredActivity[];
}

function bench(): Bench {
  const folder = tempDir();
  const store = openStore(join(folder, "fitglue.db"), { ifMissing: "create" } as never);
  const inbox = join(folder, "in");
  mkdirSync(inbox);
  return {
    folder: inbox,
    store,
    put(name, bytes) {
      const path = join(inbox, name);
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, bytes);
      return path;
    },
    load: (path, timezone) =>
      importPath(path, [fileProvider], store, {
        timezone,
        dryRun: false,
        signal: new AbortController().signal,
        now: () => NOW,
      }),
    all: () => [...store.list({ order: "oldest" }, { samples: true })],
  };
}

async function addPolar(store: Store, activity: Activity): Promise<StoredActivity> {
  const names = Object.keys({ ...EMPTY_ACTIVITY, externalId: "", startTime: "" });
  const plain = Object.fromEntries(names.map((name) => [name, activity[name as keyof Activity]]));
  const raw = [
    {
      kind: "gpx",
      mediaType: "application/gpx+xml",
      bytes: Buffer.from(gpxFile(outdoorRun({ id: 9, externalId: "q" }))),
    },
  ];
  const batch = { items: [{ activity: plain as unknown as Activity, raw }] };
  store.write({ source: "polar", account: "10579" }, await store.prepare(batch), {
    parserVersion: 1,
    now: NOW,
  });
  return store.list({}, { samples: true }).next().value as StoredActivity;
}

/** A FIT file of an invented watch, with the given messages after its file_id. */
function watchFit(messages: readonly (readonly [number, object])[], fileId: object = {}): Uint8Array {
  const encoder = new Encoder();
  const activity = {
    type: "activity",
    manufacturer: "garmin",
    product: 3907,
    serialNumber: 77,
    timeCreated: at(0),
  };
  const all: (readonly [number, object])[] = [[FIT_MESSAGE.FILE_ID, { ...activity, ...fileId }], ...messages];
  for (const [number, fields] of all) encoder.onMesg(number, fields);
  return encoder.close();
}

const at = (second: number): Date => new Date(START + second * 1000);
const session = (from: number, to: number, fields: object = {}): readonly [number, object] => [
  FIT_MESSAGE.SESSION,
  {
    startTime: at(from),
    timestamp: at(to),
    totalElapsedTime: to - from,
    totalTimerTime: to - from,
    sport: "running",
    ...fields,
  },
];
const record = (second: number, fields: object = {}): readonly [number, object] => [
  FIT_MESSAGE.RECORD,
  { timestamp: at(second), heartRate: 100 + second, ...fields },
];

describe("an export imported again is the same session", () => {
  it.each([
    ["fit", fitFile],
    ["tcx", tcxFile],
    ["gpx", gpxFile],
  ])("as %s: unchanged, and not doubled", async (extension, write) => {
    const { store, put, load, all } = bench();
    const polar = await addPolar(store, outdoorRun());
    const result = await load(put(`run.${extension}`, write(polar)));
    expect(result).toMatchObject({
      status: "ok",
      kind: "file",
      activities: 1,
      unchanged: 1,
      added: 0,
      warnings: [],
    });
    expect(all()).toHaveLength(1);
  });

  it("as the provider's own file, byte for byte", async () => {
    const { store, put, load, all } = bench();
    const polar = await addPolar(store, outdoorRun());
    const [payload] = store.rawPayloads(polar, polar.externalId);
    const result = await load(put("original.gpx", payload?.bytes ?? ""));
    expect(result).toMatchObject({ status: "ok", unchanged: 1, added: 0 });
    expect(all()).toHaveLength(1);
  });

  it("and in an empty store its three formats are one session, whatever comes first", async () => {
    for (const order of [
      ["fit", "tcx", "gpx"],
      ["gpx", "tcx", "fit"],
    ]) {
      const { put, load, all } = bench();
      const bytes: Record<string, string | Uint8Array> = {
        fit: fitFile(outdoorRun()),
        tcx: tcxFile(outdoorRun()),
        gpx: gpxFile(outdoorRun()),
      };
      for (const extension of order) await load(put(`run.${extension}`, bytes[extension] ?? ""));
      const [only, ...others] = all();
      expect(others).toEqual([]);
      expect(only).toMatchObject({
        subSport: "trail",
        totalTimerTime: 51,
        totalMovingTime: 50.5,
        device: "Polar Vantage V2",
      });
      for (const extension of order) {
        expect(await load(put(`run.${extension}`, bytes[extension] ?? ""))).toMatchObject({
          unchanged: 1,
          updated: 0,
        });
      }
      expect(all()).toEqual([only]);
    }
  });
});

describe("exports of two sessions that are alike", () => {
  it.each([
    ["fit", fitFile],
    ["tcx", tcxFile],
    ["gpx", gpxFile],
  ])("as %s: both are stored, the second marked, whatever each holds", async (extension, write) => {
    const { put, load, all } = bench();
    // One run, recorded by a phone and by a watch: two activities where they were exported.
    put(`phone.${extension}`, write(outdoorRun({ externalId: "phone", avgHeartRate: null })));
    put(`watch.${extension}`, write(outdoorRun({ externalId: "watch" })));
    const folder = put("note.txt", "").replace(/note\.txt$/, "");
    expect(await load(folder)).toMatchObject({ status: "ok", activities: 2, added: 2, unchanged: 0 });
    const [first, second, ...others] = all();
    expect(others).toEqual([]);
    expect(first?.extra["possible_duplicate_of"]).toBeUndefined();
    expect(second?.extra["possible_duplicate_of"]).toBe(first?.externalId);
    expect(second?.samples.timestamp).toEqual(first?.samples.timestamp);
    expect(await load(folder)).toMatchObject({ added: 0, updated: 0, unchanged: 2 });
    expect(all()).toEqual([first, second]);
  });
});

describe("a FIT file", () => {
  it("gives back what was exported, value by value", async () => {
    const { put, load, all } = bench();
    const run = outdoorRun();
    await load(put("run.fit", fitFile(run)));
    const [back] = all();
    expect(back).toMatchObject({
      source: "file",
      account: "default",
      externalId: expect.stringMatching(/^fitglue:[0-9a-f]{32}$/) as string,
      sport: "running",
      subSport: "trail",
      title: run.title,
      startTime: run.startTime,
      utcOffsetS: 7200,
      totalElapsedTime: 60,
      totalTimerTime: 51,
      totalMovingTime: 50.5,
      totalDistance: 150,
      totalAscent: 12,
      totalDescent: 0,
      totalCalories: 12,
      avgHeartRate: 148,
      avgSpeed: 2.941,
      avgCadence: 165,
      maxCadence: 172,
      avgPower: 240,
      hasGps: true,
      device: "Polar Vantage V2",
      pauses: run.pauses,
    });
    expect(back?.laps).toHaveLength(2);
    expect(back?.laps[1]).toMatchObject({
      totalTimerTime: 31,
      intensity: "cooldown",
      lapTrigger: "session_end",
    });
    expect(back?.samples.timestamp).toEqual(run.samples.timestamp);
    for (const field of ["heartRate", "distance", "speed", "cadence", "power", "temperature"] as const) {
      expect(back?.samples[field]).toEqual(run.samples[field]);
    }
    const rounded = (column: Float64Array | undefined): number[] =>
      Array.from(column ?? [], (value) => Number(value.toFixed(6)));
    for (const field of ["positionLat", "positionLong", "altitude"] as const) {
      expect(rounded(back?.samples[field])).toEqual(rounded(run.samples[field]));
    }
  });

  it("of a watch: its own id, device, pool and lengths; the same again is unchanged", async () => {
    const { put, load, all } = bench();
    const path = put(
      "swim.fit",
      watchFit([
        [FIT_MESSAGE.DEVICE_INFO, { deviceIndex: 0, manufacturer: "garmin", product: 3907 }],
        record(0),
        [
          FIT_MESSAGE.LENGTH,
          {
            startTime: at(0),
            timestamp: at(30),
            totalElapsedTime: 30,
            totalStrokes: 14,
            swimStroke: "freestyle",
            lengthType: "active",
          },
        ],
        [
          FIT_MESSAGE.LENGTH,
          { startTime: at(30), timestamp: at(40), totalElapsedTime: 10, lengthType: "idle" },
        ],
        session(0, 60, {
          sport: "swimming",
          subSport: "lapSwimming",
          poolLength: 25,
          sportProfileName: "Pool",
        }),
      ]),
    );
    expect(await load(path)).toMatchObject({ status: "ok", added: 1, samples: 1 });
    expect(all()[0]).toMatchObject({
      externalId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      title: null,
      sourceSport: "5/17",
      device: expect.stringMatching(/^Garmin /) as string,
      utcOffsetS: null,
      avgHeartRate: 100,
      extra: {
        sport_profile_name: "Pool",
        pool_length: 25,
        lengths: [
          {
            start_time: at(0).toISOString(),
            total_elapsed_time: 30,
            swim_stroke: "freestyle",
            total_strokes: 14,
          },
        ],
      },
    });
    expect(await load(path)).toMatchObject({ status: "ok", added: 0, unchanged: 1 });
  });

  it("of a multisport event becomes one activity per leg", async () => {
    const { put, load, all } = bench();
    const lap = (index: number, from: number): readonly [number, object] => [
      FIT_MESSAGE.LAP,
      { messageIndex: index, startTime: at(from), timestamp: at(from + 10), totalElapsedTime: 10 },
    ];
    await load(
      put(
        "duathlon.fit",
        watchFit([
          ...[0, 5, 9, 10, 15, 20, 25].map((second) => record(second)),
          lap(0, 0),
          lap(1, 10),
          lap(2, 20),
          session(0, 10, { firstLapIndex: 0, numLaps: 1 }),
          session(10, 20, { sport: "cycling", firstLapIndex: 1, numLaps: 1 }),
          session(20, 30, { firstLapIndex: 2, numLaps: 1 }),
        ]),
      ),
    );
    expect(
      all().map(({ sport, laps, samples, extra }) => [
        sport,
        laps[0]?.startTime,
        samples.timestamp.length,
        extra,
      ]),
    ).toEqual([
      ["running", at(0).toISOString(), 3, { multisport_index: 0 }],
      ["cycling", at(10).toISOString(), 2, { multisport_index: 1 }],
      ["running", at(20).toISOString(), 2, { multisport_index: 2 }],
    ]);
  });

  it("that is cut keeps what is there, as partial", async () => {
    const { put, load, all } = bench();
    const whole = watchFit([...Array.from({ length: 60 }, (_, second) => record(second)), session(0, 60)]);
    const result = await load(put("cut.fit", whole.subarray(0, whole.length - 120)));
    expect(result).toMatchObject({
      status: "partial",
      added: 1,
      warnings: [{ code: "damaged" }],
    });
    expect(all()[0]?.samples.timestamp.length).toBeGreaterThan(20);
    const bytes = Uint8Array.from(
      watchFit([record(0), session(0, 60)], { serialNumber: 78, timeCreated: at(7) }),
    );
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(await load(put("crc.fit", bytes))).toMatchObject({
      status: "ok",
      warnings: [{ code: "damaged" }],
    });
  });

  it("that is a course or a workout is told, alone as an error", async () => {
    const { put, load } = bench();
    const result = await load(put("course.fit", watchFit([record(0)], { type: "course" })));
    expect(result).toMatchObject({ status: "failed", error: { code: "INPUT_NO_ACTIVITY", exitCode: 6 } });
    expect(result.error?.message).toMatch(/another kind \(course\)/);
  });
});

describe("a folder that the database lies in", () => {
  /** Whether another process gets the lock that is held through this SQLite file. */
  const isFree = (path: string): boolean => {
    const script = `
      const db = new (require("better-sqlite3"))(process.argv[1], { timeout: 0 });
      try { db.exec("BEGIN EXCLUSIVE"); console.log("free"); } catch (error) { console.log(error.code); }`;
    const answer = execFileSync(process.execPath, ["-e", script, path], { encoding: "utf8" }).trim();
    expect(["free", "SQLITE_BUSY"]).toContain(answer);
    return answer === "free";
  };

  it("keeps its locks: no file of it is opened", async () => {
    const folder = tempDir();
    const database = join(folder, "fitglue.db");
    const store = openStore(database, { ifMissing: "create" });
    writeFileSync(join(folder, "run.gpx"), gpxFile(outdoorRun()));
    const lock = await acquireRunLock(database);
    const load = (path: string): Promise<FileResult> =>
      importPath(path, [fileProvider], store, {
        dryRun: false,
        signal: new AbortController().signal,
        now: () => NOW,
      });
    expect(await load(folder)).toMatchObject({ status: "ok", added: 1 });
    expect((await load(database)).error?.message).toBe(
      `the file is the database that the import would go to: ${database}`,
    );
    expect(isFree(`${database}.lock`)).toBe(false);
    lock.release();
    expect(isFree(`${database}.lock`)).toBe(true);
    store.close();
  });
});

describe("TCX and GPX files of other programs", () => {
  const tcx = (body: string): string =>
    `<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>${body}</Activities></TrainingCenterDatabase>`;

  it.each([
    ["at its end", (text: string) => text + "\n".repeat(5 << 20)],
    ["before what says what it is", (text: string) => text.replace("<trk>", `${" ".repeat(6 << 20)}<trk>`)],
  ])("are read when they are gzipped and long %s", async (_, lengthen) => {
    const { folder, put, load, all } = bench();
    put("long.gpx.gz", gzipSync(lengthen(gpxFile(outdoorRun()))));
    expect(await load(folder)).toMatchObject({ status: "ok", added: 1, warnings: [] });
    expect(all()).toHaveLength(1);
  });

  it("have no pulse where 0 is written for none, and no trigger where the word is none", async () => {
    const { put, load, all } = bench();
    const none = "<Value>0</Value>";
    const body = `<Activity Sport="Running"><Id>2026-11-18T06:42:10Z</Id>
      <Lap StartTime="2026-11-18T06:42:10Z"><TotalTimeSeconds>40</TotalTimeSeconds><DistanceMeters>100</DistanceMeters><Calories>3</Calories>
      <AverageHeartRateBpm>${none}</AverageHeartRateBpm><MaximumHeartRateBpm>${none}</MaximumHeartRateBpm>
      <Intensity>constructor</Intensity><TriggerMethod>constructor</TriggerMethod>
      <Track><Trackpoint><Time>2026-11-18T06:42:10Z</Time><HeartRateBpm>${none}</HeartRateBpm><DistanceMeters>1</DistanceMeters></Trackpoint></Track>
      </Lap></Activity>`;
    expect(await load(put("run.tcx", tcx(body)))).toMatchObject({ status: "ok", added: 1 });
    const unknown = { avgHeartRate: null, maxHeartRate: null };
    expect(all()[0]).toMatchObject({
      ...unknown,
      minHeartRate: null,
      laps: [{ ...unknown, lapTrigger: null, intensity: null }],
    });
    expect(all()[0]?.samples.heartRate).toBeUndefined();
    const zero = { avgHeartRate: 0, maxHeartRate: 0, minHeartRate: 0 };
    const fit = watchFit([
      [FIT_MESSAGE.LAP, { startTime: at(0), timestamp: at(60), totalElapsedTime: 60, ...zero }],
      session(0, 60, zero),
      record(5, { heartRate: 0 }),
    ]);
    expect(await load(put("run.fit", fit))).toMatchObject({ status: "ok", added: 1 });
    expect(all()[1]).toMatchObject({ ...unknown, minHeartRate: null, laps: [unknown] });
  });

  it("map with the zone that the times carry", async () => {
    const { put, load, all } = bench();
    const body = `<Activity Sport="Biking"><Id>2026-11-18T06:42:10+01:00</Id>
      <Lap StartTime="2026-11-18T06:42:10+01:00"><TotalTimeSeconds>40</TotalTimeSeconds><DistanceMeters>0</DistanceMeters>
      <Calories>0</Calories><Intensity>Active</Intensity><TriggerMethod>Manual</TriggerMethod>
      <Track><Trackpoint><Time>2026-11-18T06:42:10+01:00</Time><Cadence>88</Cadence></Trackpoint></Track>
      <Track><Trackpoint><Time>2026-11-18T06:43:10+01:00</Time><DistanceMeters>512.5</DistanceMeters></Trackpoint></Track></Lap>
      <Creator><Name>Old Bike Computer</Name></Creator></Activity>`;
    await load(put("ride.tcx.gz", gzipSync(tcx(body))));
    expect(all()[0]).toMatchObject({
      sport: "cycling",
      sourceSport: "Biking",
      startTime: "2026-11-18T05:42:10.000Z",
      utcOffsetS: 3600,
      totalElapsedTime: 60,
      totalTimerTime: 40,
      totalDistance: 512.5,
      // The schema's obligatory nought is no calorie figure.
      totalCalories: null,
      device: "Old Bike Computer",
      pauses: [{ start: START, end: START + 60_000 }],
      laps: [{ totalCalories: null, totalDistance: null, totalTimerTime: 40, lapTrigger: "manual" }],
    });
    expect(all()[0]?.samples.cadence?.[0]).toBe(88);
  });

  it("keep local times of an unknown zone as local, unless --timezone tells it", async () => {
    const body = `<Activity Sport="Other"><Id>2026-11-18T06:42:10</Id><Lap StartTime="2026-11-18T06:42:10">
      <TotalTimeSeconds>40</TotalTimeSeconds><Track><Trackpoint><Time>2026-11-18T06:42:10</Time>
      <HeartRateBpm><Value>99</Value></HeartRateBpm></Trackpoint></Track></Lap></Activity>`;
    const local = bench();
    await local.load(local.put("local.tcx", tcx(body)));
    expect(local.all()[0]).toMatchObject({
      startTime: "2026-11-18T06:42:10.000",
      utcOffsetS: null,
      timezone: null,
    });
    const zoned = bench();
    await zoned.load(zoned.put("local.tcx", tcx(body)), "Asia/Kolkata");
    expect(zoned.all()[0]).toMatchObject({
      startTime: "2026-11-18T01:12:10.000Z",
      utcOffsetS: 19_800,
      timezone: "Asia/Kolkata",
    });
    expect(zoned.all()[0]?.samples.timestamp[0]).toBe(Date.UTC(2026, 10, 18, 1, 12, 10));
  });

  it("map a track with strides of one leg, and one with steps", async () => {
    const gpx = (cad: number, second: number): string =>
      `<gpx version="1.1" creator="x"><trk><name>Loop</name><type>trail_running</type><trkseg>${[0, 5, 30]
        .map(
          (offset) =>
            `<trkpt lat="60" lon="24"><time>${at(second + offset).toISOString()}</time><extensions><cad>${cad}</cad><hr>${100 + offset}</hr></extensions></trkpt>`,
        )
        .join("")}</trkseg></trk></gpx>`;
    const { put, load, all } = bench();
    await load(put("one-leg.gpx", gpx(82, 0)));
    await load(put("steps.gpx", gpx(164, 3600)));
    expect(all().map(({ samples }) => samples.cadence?.[0])).toEqual([164, 164]);
    expect(all()[0]).toMatchObject({
      title: "Loop",
      sport: "running",
      subSport: "trail",
      totalElapsedTime: 30,
      totalTimerTime: null,
      totalDistance: null,
      // 100 for 5 s, 105 for 10 s (a reading counts no longer), 130 for the last second: 1680 / 16
      avgHeartRate: 105,
      maxHeartRate: 130,
      minHeartRate: 100,
    });
  });

  it("refuse a plan", async () => {
    const { put, load } = bench();
    const result = await load(
      put("plan.gpx", '<gpx><trk><trkseg><trkpt lat="1" lon="2"/></trkseg></trk></gpx>'),
    );
    expect(result).toMatchObject({ status: "failed", error: { exitCode: 6 } });
    expect(result.error?.message).toMatch(/points without times are a plan/);
  });
});

describe("archives", () => {
  it("a folder is walked, other files are left alone, and what is no activity is told", async () => {
    const { folder, put, load, all } = bench();
    put("2019/05/run.FIT", fitFile(outdoorRun()));
    put("2019/treadmill", tcxFile(treadmillRun({ startTime: "2026-11-17T05:42:10.000Z" })));
    put(
      "2020/strength.tcx.gz",
      gzipSync(tcxFile(strengthTraining({ startTime: "2026-11-16T05:42:10.000Z" }))),
    );
    put("2020/course.fit", watchFit([record(0)], { type: "course" }));
    put("2020/.fitglue-0123456789abcdef.tmp", "half");
    put("2020/broken.fit", Buffer.concat([fitFile(outdoorRun()).subarray(0, 14), Buffer.alloc(40, 0xff)]));
    put("notes.csv", "a,b\n");
    put("photo.jpg", Buffer.from([0xff, 0xd8, 0xff, 0, 0]));
    symlinkSync("..", join(folder, "loop"));
    const result = await load(folder);
    expect(result).toMatchObject({ kind: "file", activities: 3, added: 3, status: "partial" });
    expect(result.warnings.map(({ code, count }) => [code, count])).toEqual([
      ["damaged", 1],
      ["not-an-activity", 1],
    ]);
    expect(all().map(({ sport }) => sport)).toEqual(["training", "running", "running"]);
    expect(await load(folder)).toMatchObject({ added: 0, updated: 0, unchanged: 3 });
  });

  it("two files of one session in one folder are one activity", async () => {
    const { folder, put, load, all } = bench();
    put(
      "a/activity.gpx",
      gpxFile(outdoorRun()).replace(/<extensions><fitglue:identity>.*?<\/extensions>/, ""),
    );
    put(
      "b/activity.fit",
      watchFit([record(0, { power: 200 }), record(60), session(0, 60, { totalDistance: 151 })]),
    );
    expect(await load(folder)).toMatchObject({ activities: 2, added: 1, updated: 1 });
    const [only, ...others] = all();
    expect(others).toEqual([]);
    // The FIT says more, the GPX had the title and the positions.
    expect(only).toMatchObject({
      totalDistance: 151,
      totalTimerTime: 60,
      title: 'Morning <run> & "more"',
      hasGps: true,
    });
    expect(await load(folder)).toMatchObject({ added: 0, updated: 0, unchanged: 2 });
    expect(all()).toEqual([only]);
  });

  it("a session that another source has too is stored and marked, not dropped", async () => {
    const { store, put, load, all } = bench();
    await addPolar(store, outdoorRun());
    const path = put("watch.fit", watchFit([record(0), session(1, 61)]));
    expect(await load(path)).toMatchObject({ added: 1, status: "ok" });
    expect(all().map(({ source, extra }) => [source, extra["possible_duplicate_of"]])).toEqual([
      ["polar", undefined],
      ["file", "abc"],
    ]);
    expect(await load(path)).toMatchObject({ unchanged: 1 });
  });

  it("is marked all the same when the file came first", async () => {
    const { store, put, load, all } = bench();
    const path = put("watch.fit", watchFit([record(0), session(1, 61)]));
    await load(path);
    await addPolar(store, outdoorRun({ externalId: "other", totalElapsedTime: 900, totalTimerTime: 900 }));
    await addPolar(store, outdoorRun());
    const marks = () =>
      all().flatMap(({ externalId, source, extra }) => {
        const original = extra["possible_duplicate_of"];
        return original === undefined ? [] : [[source === "file" ? source : externalId, original]];
      });
    expect(marks()).toEqual([["file", "abc"]]);
    // Neither the file again nor the session again takes the mark away.
    expect(await load(path)).toMatchObject({ unchanged: 1 });
    await addPolar(store, outdoorRun());
    expect(marks()).toEqual([["file", "abc"]]);
  });

  it("an Apple Health export among them is told, and its routes are no activities", async () => {
    const { folder, put, load, all } = bench();
    const route = Buffer.from(gpxFile(outdoorRun()));
    const health = Buffer.from('<?xml version="1.0"?><HealthData locale="en_GB">');
    put("run.fit", fitFile(treadmillRun()));
    put("phone/export.zip", zipOf({ "apple_health_export/workout-routes/r.gpx": route }));
    put("all.zip", zipOf({ "old/export.zip": zipOf({ "r.gpx": route, "Export.xml": health }) }));
    const result = await load(folder);
    expect(result).toMatchObject({ kind: "file", status: "partial", activities: 1, added: 1 });
    expect(result.warnings).toEqual([
      {
        code: "unreadable",
        count: 2,
        example: "all.zip/old/export.zip: an Apple Health export, to be imported by itself",
      },
    ]);
    expect(all().map(({ indoor }) => indoor)).toEqual([true]);
  });

  it("a zip, and a zip in it", async () => {
    const { put, load, all } = bench();
    const inner = zipOf({ "deep/run.fit": fitFile(outdoorRun()) });
    const path = put(
      "archive.zip",
      zipOf({
        "readme.txt": Buffer.from("x"),
        "part.zip": inner,
        "t.tcx": Buffer.from(tcxFile(treadmillRun({ startTime: "2026-11-17T05:42:10.000Z" }))),
      }),
    );
    expect(await load(path)).toMatchObject({ kind: "file", activities: 2, added: 2, status: "ok" });
    expect(all()).toHaveLength(2);
  });

  it("an Apple Health export is not for this reader", async () => {
    const { folder, put } = bench();
    const look = (path: string, isDirectory: boolean, head = Buffer.alloc(0)): Promise<boolean> =>
      fileProvider.file.recognizes({ path, isDirectory, size: 0, head, untouchable: new Set() });
    put("apple/workout-routes/route.gpx", gpxFile(outdoorRun()));
    put("apple/export.xml", '<?xml version="1.0"?><HealthData locale="en_GB">');
    expect(await look(join(folder, "apple"), true)).toBe(false);
    const bytes = zipOf({ "apple_health_export/workout-routes/r.gpx": Buffer.from(gpxFile(outdoorRun())) });
    expect(await look(put("export.zip", bytes), false, Buffer.from(bytes.subarray(0, 100)))).toBe(false);
    const empty = join(folder, "empty");
    mkdirSync(empty);
    expect(await look(empty, true)).toBe(false);
    expect(await look(put("x.zip", "PK\u0003\u0004cut"), false, Buffer.from("PK\u0003\u0004cut"))).toBe(
      false,
    );
    expect(await look(put("list.txt", "text"), false, Buffer.from("text"))).toBe(false);
    put("mine/run.fit", fitFile(outdoorRun()));
    expect(await look(join(folder, "mine"), true)).toBe(true);
    copyFileSync(join(folder, "mine/run.fit"), join(folder, "mine/copy"));
    execFileSync("rm", [join(folder, "mine/run.fit")]);
    expect(await look(join(folder, "mine"), true)).toBe(true);
  });
});

it("maps a stored file again to the same session", async () => {
  const { store, put, load, all } = bench();
  await load(put("run.fit", fitFile(outdoorRun())));
  const [stored] = all();
  if (stored === undefined) throw new Error("nothing stored");
  const again = await fileProvider.reprocess?.(store.rawPayloads(stored, stored.externalId), {
    externalId: stored.externalId,
    account: stored.account,
    activity: stored,
  });
  expect(again).toMatchObject({ externalId: stored.externalId, totalDistance: 150, pauses: stored.pauses });
  expect(again?.samples).toEqual(stored.samples);
});

/** A zip of deflated entries. */
function zipOf(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const packed = deflateRawSync(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004", "latin1"), common, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    centrals.push(
      Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000", "latin1"), common, tail, Buffer.from(name)]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", 0, "latin1");
  end.writeUInt16LE(centrals.length, 8);
  end.writeUInt16LE(centrals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
