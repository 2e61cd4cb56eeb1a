import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Decoder, Stream } from "@garmin/fitsdk";
import { describe, expect, it } from "vitest";
import { EMPTY_ACTIVITY, type Activity, type RawPayload } from "../../src/model/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { type CliResult, runCli, startCli } from "../cli.ts";
import { outdoorRun, strengthTraining, treadmillRun } from "../model/stored-activity.ts";
import { GPX_SCHEMA, schemaFaults, TCX_SCHEMA } from "../export/xml-schema.ts";
import { tempDir } from "../temp.ts";

const NOW = Date.UTC(2026, 10, 20, 12);

function plain(stored: Activity): Activity {
  const fields = Object.fromEntries(
    Object.keys({ ...EMPTY_ACTIVITY, externalId: "", startTime: "" }).map((name) => [
      name,
      stored[name as keyof Activity],
    ]),
  );
  return fields as unknown as Activity;
}

/** A home whose database holds a run outdoors (1, Polar, with its FIT), one on a treadmill (2) and a strength training (3). */
async function home(): Promise<{
  folder: string;
  run: (...argv: string[]) => Promise<CliResult>;
  change: Change;
}> {
  const folder = tempDir();
  const database = join(folder, "db", "fitglue.db");
  const write = async (
    store: Store,
    source: string,
    activity: Activity,
    raw: RawPayload[] = [],
  ): Promise<void> => {
    const batch = { items: [{ activity: plain(activity), raw }] };
    store.write({ source, account: "10579" }, await store.prepare(batch), { parserVersion: 1, now: NOW });
  };
  const change: Change = async (work) => {
    const store = openStore(database, { ifMissing: "create", journalMode: "wal" } as never);
    try {
      await work((source, activity, raw) => write(store, source, activity, raw), store);
    } finally {
      store.close();
    }
  };
  await change(async (add) => {
    await add("polar", outdoorRun(), [
      { kind: "exercise", mediaType: "application/json", bytes: Buffer.from('{"id":"abc"}') },
      { kind: "gpx", mediaType: "application/gpx+xml", bytes: Buffer.from('<gpx creator="Polar"/>') },
    ]);
    await add("polar", treadmillRun({ startTime: "2026-11-17T05:42:10.000Z", utcOffsetS: 3600 }));
    await add("fitbit", strengthTraining({ startTime: "2026-11-16T23:42:10.000Z", utcOffsetS: 3600 }));
  });
  return {
    folder,
    change,
    run: (...argv) => runCli(["export", ...argv], { home: folder, env: { FITGLUE_DB: database } }),
  };
}

type Change = (
  work: (
    add: (source: string, activity: Activity, raw?: RawPayload[]) => Promise<void>,
    store: Store,
  ) => Promise<void>,
) => Promise<void>;

describe("export to stdout", () => {
  it("is JSON by default: an array, newest first, samples only when asked for", async () => {
    const { run } = await home();
    const { code, stdout, stderr } = await run();
    expect([code, stderr]).toEqual([0, ""]);
    const list = JSON.parse(stdout) as Record<string, unknown>[];
    expect(list.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(list[0]).not.toHaveProperty("samples");
    const ndjson = await run("--format", "ndjson", "--samples", "--sport", "treadmill");
    expect(ndjson.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(
      (JSON.parse(ndjson.stdout) as { samples: { timestamp: number[] } }).samples.timestamp,
    ).toHaveLength(181);
    expect((await run("--sport", "golf")).stdout).toBe("[]\n");
  });

  it("is CSV with one row per activity, or per sample", async () => {
    const { run } = await home();
    const rows = (await run("--format", "csv")).stdout.split("\r\n");
    expect(rows).toHaveLength(5);
    expect(rows[0]?.startsWith("id,source,account,external_id,sport,sub_sport,source_sport,title,")).toBe(
      true,
    );
    expect(
      rows[1]?.startsWith(
        '1,polar,10579,abc,running,trail,TRAIL_RUNNING,"Morning <run> & ""more""","wet, windy\nand long",',
      ),
    ).toBe(true);
    const samples = (await run("2", "--format", "csv", "--samples")).stdout.split("\r\n");
    expect(samples[0]).toBe(
      "activity_id,timestamp,heart_rate,position_lat,position_long,altitude,distance,speed,cadence,power,temperature",
    );
    expect(samples[2]).toBe("2,2026-11-18T05:42:20.000Z,130,,,,25,2.5,,,");
    expect(samples).toHaveLength(183);
  });

  it("is one GPX, TCX or original", async () => {
    const { run } = await home();
    expect(schemaFaults((await run("1", "--format", "gpx")).stdout, GPX_SCHEMA)).toEqual([]);
    expect(schemaFaults((await run("--format", "tcx", "--limit", "1")).stdout, TCX_SCHEMA)).toEqual([]);
    expect((await run("1", "--format", "original")).stdout).toBe('<gpx creator="Polar"/>');
  });

  it("ends quietly with 0 when the reader goes away", async () => {
    const { folder, change } = await home();
    await change(async (add) => {
      for (let index = 0; index < 40; index++) await add("polar", outdoorRun({ externalId: `x${index}` }));
    });
    const { child, result } = startCli(["export", "--format", "ndjson", "--samples"], {
      home: folder,
      env: { FITGLUE_DB: join(folder, "db", "fitglue.db") },
    });
    child.stdout?.once("data", () => child.stdout?.destroy());
    const { code, stderr } = await result;
    expect([code, stderr]).toEqual([0, ""]);
  });

  it.each<[string[], RegExp]>([
    [["--format", "gpx"], /3 activities match; gpx holds one/],
    [["--format", "fit", "--sport", "golf"], /no activity matches/],
    [["99"], /there is no activity 99/],
    [["x"], /not an activity's number/],
    [["1", "--sport", "running"], /exclude each other/],
    [["--format", "fit", "--samples"], /--samples is for/],
    [["--format", "xlsx"], /xlsx/],
    [["--new", "--format", "fit"], /--new needs a folder/],
    [["1", "--format", "fit", "--out", "no/such/folder/x.fit"], /no such folder/],
  ])("%j is a usage error", async (argv, message) => {
    const { run } = await home();
    const { code, stdout, stderr } = await run(...argv);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });

  it.each([
    ["--format", "json"],
    ["1", "--format", "gpx"],
  ])("replaces no database: %s %s", async (...argv) => {
    const { run, folder } = await home();
    const own = join(folder, "db", "fitglue.db");
    symlinkSync(own, join(folder, "link"));
    linkSync(own, join(folder, "second"));
    copyFileSync(own, join(folder, "backup.db"));
    for (const target of [own, `${own}-wal`, `${own}.lock`, "link", "second", "backup.db"]) {
      const { code, stderr } = await run(...argv, "--out", target);
      expect([code, stderr]).toEqual([
        2,
        `fitglue: the target is a database: ${target}\n  try: choose another file\n`,
      ]);
    }
    expect(existsSync(`${own}-wal`)).toBe(false);
    expect((await run("--format", "ndjson")).stdout.trimEnd().split("\n")).toHaveLength(3);
  });

  it("says why an activity that was asked for cannot be a GPX: exit 3", async () => {
    const { run } = await home();
    const { code, stdout, stderr } = await run("2", "--format", "gpx");
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(/needs positions/);
  });
});

describe("export to a file", () => {
  it("writes it whole", async () => {
    const { run, folder } = await home();
    expect(await run("--format", "csv", "--out", "all.csv")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect(readFileSync(join(folder, "all.csv"), "utf8").split("\r\n")).toHaveLength(5);
    expect((await run("1", "--format", "fit", "--out", "one.fit")).code).toBe(0);
    expect(new Decoder(Stream.fromBuffer(readFileSync(join(folder, "one.fit")))).checkIntegrity()).toBe(true);
    expect((await run("--format", "fit", "--out", "one.fit")).code).toBe(2);
    expect(readdirSync(folder).toSorted()).toEqual(["all.csv", "db", "one.fit"]);
  });
});

it("puts nothing in the place of what was exported when the database is mistyped", async () => {
  const folder = tempDir();
  writeFileSync(join(folder, "all.json"), "the last good one");
  for (const out of ["all.json", "folder/"]) {
    const { code, stderr } = await runCli(["export", "--db", "typo.db", "--out", out], { home: folder });
    expect([code, stderr]).toEqual([7, expect.stringContaining("there is no database to export from: ")]);
  }
  expect(readdirSync(folder)).toEqual(["all.json"]);
  expect(readFileSync(join(folder, "all.json"), "utf8")).toBe("the last good one");
  // What is asked for on stdout is an empty list, as of an empty store.
  expect(await runCli(["export", "--db", "typo.db"], { home: folder })).toMatchObject({
    code: 0,
    stdout: "[]\n",
  });
});

describe("export to a folder", () => {
  it("writes one file per activity, under names that sort by local time", async () => {
    const { run, folder } = await home();
    const result = await run("--format", "fit", "--out", "fit/");
    expect(result).toMatchObject({ code: 0, stdout: "", stderr: "3 activities exported to fit/\n" });
    expect(readdirSync(join(folder, "fit"))).toEqual([
      "2026-11-17T0042_training_fitbit_3.fit",
      "2026-11-17T0642_running_polar_2.fit",
      "2026-11-18T0742_running_polar_1.fit",
    ]);
  });

  it("leaves out what a format cannot hold, in one line; asked for by number it is exit 3", async () => {
    const { run, folder } = await home();
    const all = await run("--format", "gpx", "--out", "gpx");
    expect(all).toMatchObject({
      code: 0,
      stderr:
        "1 activity exported to gpx; left out 2: a GPX file needs positions, and it has none (for example 2)\n",
    });
    expect(readdirSync(join(folder, "gpx"))).toHaveLength(1);
    expect((await run("1", "3", "--format", "gpx", "--out", "gpx")).code).toBe(3);
    const document = await run("--format", "original", "--out", "raw", "--json");
    expect(JSON.parse(document.stdout)).toMatchObject({
      format: "original",
      exported: 1,
      skipped: 2,
      files: [
        { id: 1, path: expect.stringMatching(/\/raw\/2026-11-18T0742_running_polar_1\.gpx$/) as string },
      ],
      warnings: [{ reason: "no original is kept of it", count: 2, example: 2 }],
    });
  });

  it("with --new writes only what is new or has changed, also after the reader took the files away", async () => {
    const { run, folder, change } = await home();
    const watch = join(folder, "watch");
    const args = ["--new", "--format", "fit", "--out", "watch"];
    expect((await run(...args)).stderr).toBe("3 activities exported to watch\n");
    expect(readdirSync(watch)).toHaveLength(3);
    rmSync(watch, { recursive: true });
    expect(await run(...args)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(readdirSync(watch)).toEqual([]);

    await change(async (add) => {
      await add("polar", outdoorRun({ sport: "hiking", subSport: null }));
      await add("polar", outdoorRun({ externalId: "new", startTime: "2026-11-19T05:42:10.000Z" }));
      await add("polar", treadmillRun({ startTime: "2026-11-17T05:42:10.000Z", utcOffsetS: 3600 }));
    });
    expect((await run(...args)).stderr).toBe("2 activities exported to watch\n");
    // The changed one keeps the name that the other program knows.
    expect(readdirSync(watch)).toEqual([
      "2026-11-18T0742_running_polar_1.fit",
      "2026-11-19T0742_running_polar_4.fit",
    ]);
    // Another format and another folder are another matter.
    expect((await run("--new", "--format", "tcx", "--out", "watch")).stderr).toBe(
      "4 activities exported to watch\n",
    );
    expect((await run("--new", "--format", "fit", "--out", "other")).stderr).toBe(
      "4 activities exported to other\n",
    );
  });

  it("gives another kind of original another name, and leaves no file of the old kind", async () => {
    const { run, folder, change } = await home();
    const raw = join(folder, "raw");
    const original = (kind: string, mediaType: string, bytes: string): RawPayload => ({
      kind,
      mediaType,
      bytes: Buffer.from(bytes),
    });
    const exercise = original("exercise", "application/json", '{"id":"new"}');
    const activity = outdoorRun({ externalId: "new", startTime: "2026-11-19T05:42:10.000Z" });
    await change((add) => add("polar", activity, [exercise]));
    await run("4", "--format", "original", "--out", "raw");
    expect(readdirSync(raw)).toEqual(["2026-11-19T0742_running_polar_4.json"]);
    await change((add) =>
      add("polar", { ...activity, avgHeartRate: 131 }, [
        exercise,
        original("gpx", "application/gpx+xml", "<gpx/>"),
      ]),
    );
    await run("4", "--format", "original", "--out", "raw");
    expect(readdirSync(raw)).toEqual(["2026-11-19T0742_running_polar_4.gpx"]);
    expect(readFileSync(join(raw, "2026-11-19T0742_running_polar_4.gpx"), "utf8")).toBe("<gpx/>");
  });

  it("counts a limit in new files, oldest first, and a plain export as exported", async () => {
    const { run, folder } = await home();
    await run("3", "--format", "tcx", "--out", "w/");
    await run("--new", "--format", "tcx", "--out", "w", "--limit", "1");
    expect(readdirSync(join(folder, "w"))).toEqual([
      "2026-11-17T0042_training_fitbit_3.tcx",
      "2026-11-17T0642_running_polar_2.tcx",
    ]);
  });

  it("does not call new what is gone at its source", async () => {
    const { run, change } = await home();
    await change(async (_add, store) => {
      const complete = { from: "2026-11-18", to: "2026-11-19", externalIds: [] };
      store.write({ source: "polar", account: "10579" }, await store.prepare({ items: [], complete }), {
        parserVersion: 1,
        now: NOW,
      });
    });
    expect((await run("--new", "--format", "fit", "--out", "w")).stderr).toBe("2 activities exported to w\n");
  });

  it("stops at Ctrl-C with whole files, remembered: the next run goes on from there", async () => {
    const { folder, change, run } = await home();
    await change(async (add) => {
      for (let index = 0; index < 200; index++) {
        const startTime = new Date(Date.UTC(2025, 0, 1) + index * 86_400_000).toISOString();
        await add("polar", treadmillRun({ externalId: `x${index}`, startTime }));
      }
    });
    const watch = join(folder, "w");
    mkdirSync(watch);
    const { child, result } = startCli(["export", "--new", "--format", "fit", "--out", "w"], {
      home: folder,
      env: { FITGLUE_DB: join(folder, "db", "fitglue.db") },
    });
    while (readdirSync(watch).length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGINT");
    const { code } = await result;
    const first = readdirSync(watch);
    expect(code).toBe(130);
    expect(first.length).toBeLessThan(203);
    expect(first.filter((name) => name.startsWith("."))).toEqual([]);
    expect((await run("--new", "--format", "fit", "--out", "w")).stderr).toBe(
      `${203 - first.length} activities exported to w\n`,
    );
  });

  it("leaves the database as it is when the folder cannot be written", async () => {
    const { run, folder } = await home();
    writeFileSync(join(folder, "file"), "");
    expect((await run("--format", "fit", "--out", "file/x/")).code).toBe(2);
    mkdirSync(join(folder, "w"));
    mkdirSync(join(folder, "w", "2026-11-18T0742_running_polar_1.fit"));
    const { code, stderr } = await run("--new", "--format", "fit", "--out", "w");
    expect([code, stderr]).toEqual([2, expect.stringMatching(/it is a folder|in the way/)]);
    expect(readdirSync(join(folder, "w")).filter((name) => name.startsWith("."))).toEqual([]);
    expect(existsSync(join(folder, "w", "2026-11-17T0642_running_polar_2.fit"))).toBe(true);
  });
});
