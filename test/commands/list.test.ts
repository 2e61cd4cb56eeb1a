import { describe, expect, it } from "vitest";
import { EMPTY_ACTIVITY, type Activity } from "../../src/model/index.ts";
import { displayWidth } from "../../src/output/text.ts";
import { RIDE, SWIM, TRAIL_RUN } from "../output/activities.ts";
import { demoHome, emptyHome, run } from "./terminal.ts";

const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

describe("fitglue list on a terminal", () => {
  it.each([
    [80, true],
    [140, true],
    [140, false],
    [40, true],
  ])("is a table in %i columns (unicode: %s)", async (columns, unicode) => {
    const { code, stdout, stderr } = await run(await demoHome(), ["list"], { columns, unicode });
    expect([code, stderr]).toEqual([0, ""]);
    for (const line of stdout.split("\n")) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    expect(stdout.replaceAll("\n", "")).not.toMatch(CONTROLS);
    await expect(stdout).toMatchFileSnapshot(`../golden/list-${columns}${unicode ? "" : "-ascii"}.txt`);
  });

  it("colours only where colour is wanted", async () => {
    const home = await demoHome([RIDE]);
    const colored = await run(home, ["list"], { columns: 80, color: true });
    expect(colored.stdout).toContain("\u001b[36m");
    const plain = await run(home, ["list", "--no-color"], { columns: 80, color: true });
    expect(plain.stdout).not.toContain("\u001b");
  });

  it("shows the newest twenty and says how many more there are", async () => {
    const many: Activity[] = Array.from({ length: 23 }, (_, at) => ({
      ...EMPTY_ACTIVITY,
      externalId: `n${at}`,
      startTime: `2026-01-${String(at + 1).padStart(2, "0")}T12:00:00.000Z`,
      utcOffsetS: 0,
    }));
    const home = await demoHome(many);
    const all = await run(home, ["list"], { columns: 80 });
    expect(all.stdout.trimEnd().split("\n")).toHaveLength(21);
    expect(all.stdout).toContain("2026-01-23 12:00");
    expect(all.stdout).not.toContain("2026-01-03");
    expect(all.stderr).toBe("3 more: add --limit all\n");
    const quiet = await run(home, ["list", "--quiet"], { columns: 80 });
    expect(quiet.stderr).toBe("");
    const two = await run(home, ["list", "--limit", "2"], { columns: 80 });
    expect(two.stdout.trimEnd().split("\n")).toHaveLength(3);
    expect(two.stderr).toBe("");
    for (const terminal of [{ columns: 80 }, {}]) {
      const every = await run(home, ["list", "--limit", "all"], terminal);
      expect(every.stdout.trimEnd().split("\n")).toHaveLength(24);
      expect(every.stderr).toBe("");
    }
  });

  it("pipes the rows that it shows, and tells what is left out; the formats for programs have all", async () => {
    const many: Activity[] = Array.from({ length: 23 }, (_, at) => ({
      ...EMPTY_ACTIVITY,
      externalId: `n${at}`,
      sport: at < 21 ? "running" : "cycling",
      startTime: `2026-01-${String(at + 1).padStart(2, "0")}T12:00:00.000Z`,
    }));
    const home = await demoHome(many);
    const piped = await run(home, ["list"]);
    expect(piped.stdout.trimEnd().split("\n")).toHaveLength(21);
    expect(piped.stdout).toContain("2026-01-23T12:00:00Z");
    expect(piped.stdout).not.toContain("2026-01-03");
    expect(piped.stderr).toBe("3 more: add --limit all\n");
    const runs = await run(home, ["list", "--sport", "running"]);
    expect(runs.stderr).toBe("1 more: add --limit all\n");
    expect((await run(home, ["list", "--quiet"])).stderr).toBe("3 more: add --limit all\n");
    for (const argv of [
      ["--limit", "20"],
      ["--sport", "cycling"],
    ]) {
      expect((await run(home, ["list", ...argv])).stderr).toBe("");
    }
    expect(JSON.parse((await run(home, ["list", "--format", "json"])).stdout)).toHaveLength(23);
    for (const [format, lines] of [
      ["ndjson", 23],
      ["csv", 24],
    ] as const) {
      const all = await run(home, ["list", "--format", format]);
      expect(all.stdout.trimEnd().split("\n")).toHaveLength(lines);
      expect(all.stderr).toBe("");
    }
  });

  it("marks what its source has not any more", async () => {
    const home = await demoHome([SWIM]);
    const { openStore } = await import("../../src/store/index.ts");
    const { databaseOf } = await import("./terminal.ts");
    const store = openStore(databaseOf(home), { ifMissing: "empty", journalMode: "wal" });
    const gone = await store.prepare({
      items: [],
      complete: { from: "2026-11-01", to: "2026-12-01", externalIds: [] },
    });
    store.write({ source: "apple-health", account: "10579" }, gone, {
      parserVersion: 1,
      now: Date.UTC(2026, 10, 20),
    });
    store.close();
    const { stdout } = await run(home, ["list"], { columns: 80 });
    expect(stdout).toContain("2026-11-12 23:01 †");
    expect(stdout).toContain("† gone at its source, kept here\n");
    const shown = await run(home, ["show"], { columns: 80 });
    expect(shown.stdout).toContain("gone at its source since 2026-11-20, kept here\n");
  });

  it("says what to do when there is nothing", async () => {
    const nothing = await run(emptyHome(), ["list"], { columns: 80 });
    expect(nothing).toEqual({
      code: 0,
      stdout: "",
      stderr: "no activities yet; try: fitglue import export.zip, or: fitglue connect polar\n",
    });
    const filtered = await run(await demoHome(), ["list", "--sport", "rowing"], { columns: 80 });
    expect(filtered).toEqual({ code: 0, stdout: "", stderr: "no activity matches\n" });
  });
});

describe("fitglue list in a pipe", () => {
  it("is tab-separated: SI units, nothing truncated, times in RFC 3339", async () => {
    const { code, stdout, stderr } = await run(await demoHome(), ["list"]);
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.slice(0, -1).split("\n");
    expect(lines).toHaveLength(8);
    expect(new Set(lines.map((line) => line.split("\t").length))).toEqual(new Set([17]));
    expect(lines[1]?.split("\t").slice(0, 6)).toEqual([
      "7",
      "2026-11-18T06:42:10+01:00",
      "running",
      "trail",
      "10260",
      "3600",
    ]);
    expect(lines[2]).toContain("6\t2026-11-15T13:05:00Z\tcycling\troad\t59310");
    expect(lines[5]).toContain("星空の下で走る 🌌 Nachtlauf über die Insel, zwölf Stunden lang");
    expect(stdout.replaceAll(/[\n\t]/g, "")).not.toMatch(CONTROLS);
  });

  it("has every value in its column, and an unknown one empty", async () => {
    const home = await demoHome([
      {
        ...EMPTY_ACTIVITY,
        externalId: "a",
        sport: "running",
        subSport: "trail",
        title: "Übers\tJoch",
        startTime: "2026-11-18T23:30:00.250Z",
        utcOffsetS: 5400,
        totalDistance: 10_260.5,
        totalTimerTime: 3600,
        totalElapsedTime: 3900,
        avgSpeed: 2.85,
        avgHeartRate: 141,
        maxHeartRate: 164,
        totalAscent: 0,
        totalCalories: 712,
        device: "Watch\u001b[2J",
        extra: { possible_duplicate_of: "other", "training-load": 143.2 },
      },
      {
        ...EMPTY_ACTIVITY,
        externalId: "b",
        sport: "swimming",
        startTime: "2026-11-12T17:31:00.000Z",
        utcOffsetS: -12_600,
        extra: { possible_duplicate_of: "" },
      },
    ]);
    expect((await run(home, ["list"])).stdout.split("\n").slice(1)).toEqual([
      "2\t2026-11-19T01:00:00.250+01:30\trunning\ttrail\t10260.5\t3600\t3900\t2.85\t141\t164\t0\t712\tpolar\tÜbers Joch\tWatch\ufffd[2J\tother\t",
      "1\t2026-11-12T14:01:00-03:30\tswimming\t\t\t\t\t\t\t\t\t\tpolar\t\t\t\t",
      "",
    ]);
  });

  it("has its head line even when nothing matches", async () => {
    const { stdout } = await run(emptyHome(), ["list"]);
    expect(stdout.split("\n")).toHaveLength(2);
    expect(stdout).toMatch(/^id\tstart_time\tsport\t/);
  });
});

describe("fitglue list --format", () => {
  it("json is one array of activities without samples, on one terminal or none", async () => {
    const home = await demoHome();
    const document = JSON.parse((await run(home, ["list", "--format", "json"])).stdout) as Record<
      string,
      unknown
    >[];
    expect(document.map((activity) => activity["id"])).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(document[0]).toMatchObject({
      schema: "fitglue.activity/1",
      start_time: "2026-11-18T05:42:10.000Z",
      local_start_time: "2026-11-18T06:42:10.000",
      total_distance: 10_260,
      notes: null,
    });
    expect(document[0]).not.toHaveProperty("samples");
    expect((await run(home, ["--json", "list"], { columns: 80 })).stdout).toBe(
      (await run(home, ["list", "--format", "json"])).stdout,
    );
    expect((await run(emptyHome(), ["list", "--json"])).stdout).toBe("[]\n");
  });

  it("ndjson is one activity per line", async () => {
    const { stdout } = await run(await demoHome(), ["list", "--format", "ndjson", "--limit", "2"]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { id: number }).id)).toEqual([7, 6]);
  });

  it("csv is RFC 4180 with every field that is one value", async () => {
    const swim = { ...SWIM, title: 'a "b", c', extra: { possible_duplicate_of: "trail-1" } };
    const { stdout } = await run(await demoHome([TRAIL_RUN, swim]), ["list", "--format", "csv"]);
    const [head, first, second] = stdout.split("\r\n");
    expect(head).toMatch(/^id,source,account,external_id,sport,sub_sport,source_sport,title,/);
    expect(head).not.toMatch(/,(laps|samples|extra)/);
    expect(first).toMatch(/^2,polar,10579,trail-1,running,trail,TRAIL_RUNNING,/);
    expect(second).toContain(',"a ""b"", c",');
    // A sum of the rows must not count a session twice.
    expect([head, first, second].map((line) => line?.split(",").at(-1))).toEqual([
      "possible_duplicate_of",
      "",
      "trail-1",
    ]);
    expect((await run(emptyHome(), ["list", "--format", "csv"])).stdout).toBe(`${head ?? ""}\r\n`);
  });
});

describe("fitglue list of more than is written at once", () => {
  it("is whole in every format", async () => {
    const many: Activity[] = Array.from({ length: 120 }, (_, at) => ({
      ...EMPTY_ACTIVITY,
      externalId: `n${at}`,
      title: `${at} ${"long ".repeat(60)}end`,
      startTime: new Date(Date.UTC(2026, 0, 200 - at)).toISOString(),
      utcOffsetS: 0,
    }));
    const home = await demoHome(many);
    const read = async (...argv: string[]): Promise<string> => (await run(home, ["list", ...argv])).stdout;
    const titles = many.map(({ title }) => title);
    const tsv = (await read("--limit", "all")).trimEnd().split("\n");
    expect(tsv.slice(1).map((line) => line.split("\t")[13])).toEqual(titles);
    const csv = (await read("--format", "csv")).trimEnd().split("\r\n");
    expect(csv.slice(1).map((line) => line.split(",")[7])).toEqual(titles);
    const titleOf = (activity: unknown): unknown => (activity as Activity).title;
    expect((JSON.parse(await read("--json")) as unknown[]).map(titleOf)).toEqual(titles);
    const ndjson = (await read("--format", "ndjson")).trimEnd().split("\n");
    expect(ndjson.map((line) => titleOf(JSON.parse(line)))).toEqual(titles);
  });
});

describe("fitglue list filters", () => {
  const idsOf = async (argv: readonly string[]): Promise<unknown[]> => {
    const { stdout } = await run(await demoHome(), ["list", "--json", ...argv]);
    return (JSON.parse(stdout) as { id: number }[]).map(({ id }) => id);
  };

  it.each([
    // The swim began at 23:01 on the 12th where it was, though that was 17:31 UTC.
    [["--from", "2026-11-12", "--to", "2026-11-12"], [5]],
    // 18:00 UTC on 1 August was the morning of the 2nd there.
    [["--from", "2026-08-02", "--to", "2026-08-02"], [3]],
    [
      ["--from", "2026-11"],
      [7, 6, 5, 4],
    ],
    [
      ["--to", "2026-07"],
      [2, 1],
    ],
    [
      ["--from", "2026", "--to", "2026", "--sport", "running"],
      [7, 3],
    ],
    [["--sport", "trail"], [7]],
    [["--sport", "lap-swimming"], [5]],
    [["--sport", "Strength Training"], [4]],
    [
      ["--source", "apple-health"],
      [5, 4],
    ],
    [["--source", "fitbit", "--from", "2026-12"], []],
    [
      ["--limit", "3"],
      [7, 6, 5],
    ],
  ])("%j", async (argv, ids) => {
    expect(await idsOf(argv)).toEqual(ids);
  });

  it.each([
    [
      ["--from", "yesterday"],
      '--from: "yesterday" is not a date',
      "--from YYYY-MM-DD, --from YYYY-MM or --from YYYY",
    ],
    [
      ["--to", "2026-02-30"],
      '--to: "2026-02-30" is not a date',
      "--to YYYY-MM-DD, --to YYYY-MM or --to YYYY",
    ],
    [
      ["--from", "2026-13"],
      '--from: "2026-13" is not a date',
      "--from YYYY-MM-DD, --from YYYY-MM or --from YYYY",
    ],
    [
      ["--from", "2026-05-02", "--to", "2026-05-01"],
      "--from 2026-05-02 is after --to 2026-05-01",
      "exchange the two dates",
    ],
    [
      ["--sport", "swim"],
      'unknown sport "swim"',
      "--sport swimming, or --sport lap_swimming, or --sport swim_to_bike_transition, or --sport swim_run",
    ],
    [["--sport", "quidditch"], 'unknown sport "quidditch"', "fitglue list --totals --by sport"],
    [["--source", "garmin"], 'unknown source "garmin"', "one of: polar, fitbit, apple-health, file"],
    [["--limit", "0"], '--limit: "0" is not a number of activities', "--limit 20, or --limit all"],
    [["--limit", "-3"], '--limit: "-3" is not a number of activities', "--limit 20, or --limit all"],
    [["--by", "week"], "--by groups totals", "fitglue list --totals --by week"],
  ])("%j is a usage error", async (argv, message, hint) => {
    const { code, stdout, stderr } = await run(emptyHome(), ["list", ...argv]);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: `fitglue: ${message}\n  try: ${hint}\n`,
    });
  });

  it("refuses two formats at once", async () => {
    const { code, stderr } = await run(emptyHome(), ["list", "--json", "--format", "csv"]);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({
      message: "--json and --format csv contradict each other",
      hint: "fitglue list --format csv",
    });
  });
});

describe("fitglue list --totals", () => {
  const double: Activity = {
    ...RIDE,
    externalId: "ride-2",
    startTime: "2026-11-15T13:05:30.000Z",
    extra: { possible_duplicate_of: "ride-1" },
  };

  it("adds up by sport, and leaves out what is counted already", async () => {
    const home = await demoHome([TRAIL_RUN, RIDE, SWIM]);
    const { openStore } = await import("../../src/store/index.ts");
    const { databaseOf } = await import("./terminal.ts");
    const store = openStore(databaseOf(home), { ifMissing: "empty", journalMode: "wal" });
    const batch = await store.prepare({ items: [{ activity: double, raw: [] }] });
    store.write({ source: "fitbit", account: "10579" }, batch, { parserVersion: 1, now: 0 });
    store.close();
    const { stdout } = await run(home, ["list", "--totals"], { columns: 80 });
    expect(stdout.split("\n")).toEqual([
      "Sport     Count     Time  Distance  Climb  kcal  active kcal",
      "cycling       1  2:00:00  59.31 km  410 m  1480            -",
      "running       1  1:00:00  10.26 km  186 m   712          640",
      "swimming      1  0:20:00    1000 m      -     -          240",
      "all           3  3:20:00  70.57 km  596 m  2192          880",
      "1 possible duplicate is not counted",
      "",
    ]);
    // A file is a copy of what another source has.
    const files = openStore(databaseOf(home), { ifMissing: "empty", journalMode: "wal" });
    const file = { ...RIDE, externalId: "file-1", extra: { possible_duplicate_of: "ride-1" } };
    files.write(
      { source: "file", account: "default" },
      await files.prepare({ items: [{ activity: file, raw: [] }] }),
      {
        parserVersion: 1,
        now: 0,
      },
    );
    files.close();
    const again = await run(home, ["list", "--totals", "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ total: { count: 3 }, possible_duplicates_left_out: 2 });
    // Alone, the double is all there is of that ride.
    const alone = await run(home, ["list", "--totals", "--json", "--limit", "2"]);
    expect(JSON.parse(alone.stdout)).toMatchObject({ total: { count: 2 }, possible_duplicates_left_out: 0 });
  });

  it("names a sport as it is stored, and in words only for a reader", async () => {
    const home = await demoHome([
      { ...SWIM, externalId: "other", sport: "generic", subSport: null },
      { ...SWIM, externalId: "gym", sport: "fitness_equipment", subSport: null },
    ]);
    const { stdout } = await run(home, ["list", "--totals", "--json"]);
    const { groups } = JSON.parse(stdout) as { groups: { sport: string }[] };
    expect(groups.map(({ sport }) => sport)).toEqual(["fitness_equipment", "generic"]);
    const table = await run(home, ["list", "--totals"], { columns: 80 });
    expect(table.stdout.split("\n").map((line) => line.split("  ")[0])).toEqual([
      "Sport",
      "fitness equipment",
      "activity",
      "all",
      "",
    ]);
  });

  it("adds up by week, month and year of the local date", async () => {
    const home = await demoHome();
    const by = async (group: string): Promise<unknown> => {
      const { stdout } = await run(home, ["list", "--totals", "--by", group, "--json"]);
      return (JSON.parse(stdout) as { groups: Record<string, unknown>[] }).groups.map((each) => [
        each[group],
        each["count"],
      ]);
    };
    // The ride tells no zone: 13:05 UTC on Sunday was Monday in the reader's (Chatham, UTC+13:45).
    expect(await by("week")).toEqual([
      ["2026-W47", 2],
      ["2026-W46", 2],
      ["2026-W31", 1],
      ["2026-W27", 1],
      ["2026-W23", 1],
    ]);
    expect(await by("month")).toEqual([
      ["2026-11", 4],
      ["2026-08", 1],
      ["2026-07", 1],
      ["2026-06", 1],
    ]);
    expect(await by("year")).toEqual([["2026", 7]]);
  });

  it("tells unknown sums as unknown, in every format", async () => {
    const home = await demoHome([SWIM]);
    const { stdout } = await run(home, ["list", "--totals", "--json"]);
    const sums = {
      count: 1,
      time: 1200,
      total_distance: 1000,
      total_ascent: null,
      total_calories: null,
      active_calories: 240,
    };
    expect(JSON.parse(stdout)).toEqual({
      by: "sport",
      groups: [{ sport: "swimming", ...sums }],
      total: sums,
      possible_duplicates_left_out: 0,
    });
    const head = ["sport", ...Object.keys(sums)];
    const csv = await run(home, ["list", "--totals", "--format", "csv"]);
    expect(csv.stdout).toBe(`${head.join(",")}\r\nswimming,1,1200,1000,,,240\r\n`);
    const tsv = await run(home, ["list", "--totals"]);
    expect(tsv.stdout).toBe(`${head.join("\t")}\nswimming\t1\t1200\t1000\t\t\t240\n`);
    const ndjson = await run(home, ["list", "--totals", "--format", "ndjson"]);
    expect(JSON.parse(ndjson.stdout)).toEqual({ sport: "swimming", ...sums });
  });
});
