import { describe, expect, it } from "vitest";
import { displayWidth } from "../../src/output/text.ts";
import { HOSTILE, RIDE, STRENGTH, TRAIL_RUN, UNKNOWN } from "../output/activities.ts";
import { demoHome, emptyHome, run } from "./terminal.ts";

const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202a-\u202e]/;

describe("fitglue show on a terminal", () => {
  it.each([
    ["the run", 7, 80, true],
    ["the run, wide", 7, 140, true],
    ["the run in ASCII", 7, 80, false],
    ["the ride", 6, 80, true],
    ["the swim", 5, 80, true],
    ["the ultra, wide", 3, 140, true],
    ["what nothing is known of", 2, 80, true],
    ["hostile text", 1, 80, true],
  ])("draws %s", async (_, id, columns, unicode) => {
    const { code, stdout, stderr } = await run(await demoHome(), ["show", String(id)], { columns, unicode });
    expect([code, stderr]).toEqual([0, ""]);
    for (const line of stdout.split("\n")) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    expect(stdout).not.toMatch(CONTROLS);
    await expect(stdout).toMatchFileSnapshot(`../golden/show-${id}-${columns}${unicode ? "" : "-ascii"}.txt`);
  });

  it("fits forty columns and even ten", async () => {
    const home = await demoHome();
    for (const columns of [40, 10]) {
      const { code, stdout } = await run(home, ["show", "7"], { columns });
      expect(code).toBe(0);
      expect(stdout).toContain("1:00:00");
    }
    const { stdout } = await run(home, ["show", "7"], { columns: 40 });
    for (const line of stdout.split("\n")) expect(displayWidth(line)).toBeLessThanOrEqual(48);
  });

  it("shows the newest without a number", async () => {
    const { stdout } = await run(await demoHome(), ["show"], { columns: 80 });
    expect(stdout).toMatch(/^#7 {2}Morning round by the lake\n/);
  });

  it("names the activity that this one possibly doubles", async () => {
    const double = { ...RIDE, externalId: "ride-0", extra: { possible_duplicate_of: "trail-1" } };
    const { stdout } = await run(await demoHome([double, TRAIL_RUN]), ["show", "2"], { columns: 80 });
    expect(stdout).toContain("possible duplicate of #1\n");
  });

  it("cuts off a value of the provider's own that would fill pages, and says so", async () => {
    const intervals = Array.from({ length: 50_000 }, () => 812);
    const home = await demoHome([{ ...TRAIL_RUN, extra: { "rr-intervals": intervals } }]);
    const lines = (await run(home, ["show"], { columns: 80 })).stdout.split("\n");
    const at = lines.indexOf("More");
    // "rr-intervals" takes 12 columns and two spaces, which leaves 66: the bracket, sixteen times "812,", and an "8".
    expect(lines.slice(at + 1, at + 6)).toEqual([
      `rr-intervals  [${"812,".repeat(16)}8`,
      `              12,${"812,".repeat(15)}812`,
      `              ,${"812,".repeat(16)}8`,
      "              … 200001 characters in all (--json)",
      "",
    ]);
    const { stdout } = await run(home, ["show", "--json"], { columns: 80 });
    expect((JSON.parse(stdout) as { extra: object }).extra).toEqual({ "rr-intervals": intervals });
    expect((await run(home, ["show"])).stdout).toContain("extra.rr-intervals.49999\t812\n");
  });

  it("tells Apple's long names apart", async () => {
    const name = "HKQuantityTypeIdentifierDistanceWalkingRunning";
    const home = await demoHome([{ ...TRAIL_RUN, extra: { [name]: 1, [`${name}Twice`]: 2 } }]);
    const { stdout } = await run(home, ["show"], { columns: 100 });
    expect(stdout).toContain(`${name}       1\n${name}Twice  2\n`);
  });

  it("colours only where colour is wanted", async () => {
    const home = await demoHome([TRAIL_RUN]);
    expect((await run(home, ["show"], { columns: 80, color: true })).stdout).toContain("\u001b[31m");
    expect((await run(home, ["show", "--no-color"], { columns: 80, color: true })).stdout).not.toContain(
      "\u001b",
    );
  });
});

describe("fitglue show in a pipe", () => {
  it("is one value per line and nothing drawn", async () => {
    const { code, stdout } = await run(await demoHome(), ["show", "7"], { color: true });
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(new Set(lines.map((line) => line.split("\t").length))).toEqual(new Set([2]));
    expect(lines).toContain("start_time\t2026-11-18T05:42:10.000Z");
    expect(lines).toContain("total_distance\t10260");
    expect(lines).toContain("avg_power\t");
    expect(lines).toContain("laps.1.total_distance\t3500");
    expect(lines).toContain("hr_zones.0.max_bpm\t114");
    expect(lines).toContain("extra.training-load\t143.2");
    expect(stdout).toMatch(/^[\n\t\u0020-\u007e]*$/);
  });

  it("keeps hostile text in its cell", async () => {
    const { stdout } = await run(await demoHome(), ["show", "1"]);
    const lines = stdout.trimEnd().split("\n");
    expect(new Set(lines.map((line) => line.split("\t").length))).toEqual(new Set([2]));
    expect(stdout.replaceAll("\t", "")).not.toMatch(CONTROLS);
  });

  it("gives the samples as a table", async () => {
    const { stdout } = await run(await demoHome([TRAIL_RUN]), ["show", "--samples"]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(3601);
    expect(lines[0]).toBe(
      "timestamp\theart_rate\tposition_lat\tposition_long\taltitude\tdistance\tspeed\tcadence",
    );
    expect(lines[1]).toMatch(/^2026-11-18T05:42:10\.000Z\t126\t47\.421\t9\.392\t240\t3\.35\t3\.35\t174$/);
    // Nothing was recorded during the rest.
    expect(lines[2001]).toMatch(/^2026-11-18T06:20:30\.000Z\t/);
  });

  it("gives local times without a zone as such", async () => {
    const home = await demoHome([{ ...TRAIL_RUN, startTime: "2026-11-18T05:42:10.000", utcOffsetS: null }]);
    const { stdout } = await run(home, ["show", "--samples"]);
    expect(stdout.split("\n")[1]).toMatch(/^2026-11-18T05:42:10\.000\t126\t/);
    const csv = await run(home, ["export", "1", "--format", "csv", "--samples"]);
    expect(csv.stdout.split("\r\n")[1]).toMatch(/^1,2026-11-18T05:42:10\.000,126,/);
  });
});

describe("fitglue show --json", () => {
  it("is one document, with samples when they are asked for", async () => {
    const home = await demoHome();
    const plain = JSON.parse((await run(home, ["show", "7", "--json"], { columns: 80 })).stdout) as object;
    expect(plain).toMatchObject({ id: 7, total_distance: 10_260, laps: [{ total_distance: 3500 }, {}, {}] });
    expect(plain).not.toHaveProperty("samples");
    const full = JSON.parse((await run(home, ["show", "7", "--json", "--samples"])).stdout) as {
      samples: Record<string, unknown[]>;
    };
    expect(full.samples["timestamp"]).toHaveLength(3600);
    expect(full.samples["timestamp"]?.[0]).toBe(1_794_980_530_000);
    expect(full.samples["heart_rate"]?.[0]).toBe(126);
    expect(full.samples).not.toHaveProperty("power");
  });
});

describe("hostile text in JSON", () => {
  it("arrives whole, and escaped where a terminal might obey it", async () => {
    const home = await demoHome();
    for (const argv of [
      ["show", "1", "--json"],
      ["list", "--format", "ndjson", "--sport", "generic", "--to", "2026-06"],
      ["export", "1", "--format", "ndjson"],
    ]) {
      const { stdout } = await run(home, argv, { columns: 80 });
      expect((JSON.parse(stdout) as { title: string }).title).toBe(HOSTILE);
      expect(stdout).not.toMatch(CONTROLS);
    }
  });
});

describe("fitglue show of what is not there", () => {
  it.each([
    [["show", "99"], "there is no activity 99", "fitglue list"],
    [["show", "run"], '"run" is not an activity\'s number', "fitglue list"],
    [["show", "1.5"], '"1.5" is not an activity\'s number', "fitglue list"],
  ])("%j", async (argv, message, hint) => {
    const { code, stdout, stderr } = await run(await demoHome([STRENGTH]), argv, { columns: 80 });
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: `fitglue: ${message}\n  try: ${hint}\n`,
    });
  });

  it("an empty database has no newest", async () => {
    const { code, stderr } = await run(emptyHome(), ["show", "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: "UNKNOWN_ACTIVITY", exit_code: 2 });
  });

  it("nothing but a start is enough to be shown", async () => {
    const { stdout } = await run(await demoHome([UNKNOWN]), ["show"], { columns: 80 });
    expect(stdout).toMatch(/^#1 {2}activity\nWed 2026-07-01 00:30 · polar\n/);
  });
});
