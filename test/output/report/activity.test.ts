import { describe, expect, it } from "vitest";
import { EMPTY_ACTIVITY, type SampleRow, samplesFromRows } from "../../../src/model/index.ts";
import { reportActivity } from "../../../src/output/report/activity.ts";
import { HOSTILE_ACTIVITY, STRENGTH, stored, SWIM, TRAIL_RUN, ULTRA } from "../activities.ts";

const START = Date.UTC(2026, 10, 18, 5, 0, 0);

function rowsActivity(rows: readonly SampleRow[], more: object = {}): ReturnType<typeof stored> {
  return stored(
    {
      ...EMPTY_ACTIVITY,
      externalId: "rows",
      sport: "running",
      startTime: new Date(START).toISOString(),
      samples: samplesFromRows(rows),
      ...more,
    },
    1,
  );
}

describe("reportActivity", () => {
  it("gives every recorded second where there is room", () => {
    const rows = [0, 1, 2, 3].map((t) => ({
      timestamp: START + t * 1000,
      heartRate: 100 + t,
      speed: t === 3 ? 0 : 2.5,
      power: 200.4,
    }));
    const report = reportActivity(rowsActivity(rows, { totalElapsedTime: 5 }), 100);
    expect(report.charts).toMatchObject({ step: 1, count: 5 });
    expect(report.charts?.charts.map((chart) => [chart.key, chart.values])).toEqual([
      ["heart", [100, 101, 102, 103, null]],
      // 2.5 m/s are 400 s/km; standing still is no pace.
      ["effort", [400, 400, 400, null, null]],
      ["power", [200, 200, 200, 200, null]],
    ]);
    expect(report.charts?.charts[1]).toMatchObject({ title: "Pace", unit: "min/km", scale: "clock" });
    expect(report.map).toBeNull();
  });

  it("means over whole seconds where there is not, all charts and the map on one time axis", () => {
    const report = reportActivity(stored(ULTRA, 3), 3000);
    // 43,200 s over at most 3000 points: 15 s each, and a sample every 5 s: three to a mean.
    expect(report.charts).toMatchObject({ step: 15, count: 2880 });
    const lengths = report.charts?.charts.map((chart) => chart.values.length);
    expect([...(lengths ?? []), report.map?.x.length, report.map?.y.length]).toEqual([
      2880, 2880, 2880, 2880, 2880,
    ]);
    const heart = [...(ULTRA.samples.heartRate ?? [])].slice(0, 3);
    const mean = Math.round(heart.reduce((sum, value) => sum + value, 0) / 3);
    expect(report.charts?.charts[0]?.values[0]).toBe(mean);
  });

  it("leaves a rest empty in charts and on the map's dot", () => {
    const report = reportActivity(stored(TRAIL_RUN, 7), 3900);
    expect(report.charts?.step).toBe(1);
    for (const values of [...(report.charts?.charts.map((chart) => chart.values) ?? []), report.map?.x]) {
      expect(values?.slice(2000, 2300).every((value) => value === null)).toBe(true);
      expect(values?.[1999]).not.toBeNull();
      expect(values?.[2300]).not.toBeNull();
    }
  });

  it("draws the route in a box whose longer side is 1000 units, north up", () => {
    // 0.02° of latitude by 0.01° of longitude at the equator: from south-west to north-east.
    const rows = [0, 1, 2].map((t) => ({
      timestamp: START + t * 1000,
      positionLat: -0.01 + t * 0.01,
      positionLong: 9 + t * 0.005,
    }));
    const { map } = reportActivity(rowsActivity(rows), 100);
    expect(map).toMatchObject({
      width: 500,
      height: 1000,
      start: [0, 1000],
      finish: [500, 0],
      path: "M0 1000L250 500L500 0",
    });
    expect(map?.metresPerUnit).toBeCloseTo(2.2239, 4);
  });

  it("keeps a long route light", () => {
    const report = reportActivity(stored(ULTRA, 3), 3000);
    expect(ULTRA.samples.timestamp).toHaveLength(8640);
    expect(report.map?.path.match(/[ML]/g)?.length).toBeLessThan(5000);
  });

  it("has neither charts nor map where nothing was measured", () => {
    for (const activity of [SWIM, STRENGTH]) {
      const report = reportActivity(stored(activity, 1), 100);
      expect([report.charts, report.map]).toEqual([null, null]);
    }
    expect(reportActivity(stored(HOSTILE_ACTIVITY, 1), 100).charts?.charts).toHaveLength(1);
  });
});
