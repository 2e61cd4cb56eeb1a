import { describe, expect, it } from "vitest";
import { epochMs } from "../../src/model/index.ts";
import type { Chart } from "../../src/output/chart.ts";
import { createDots, gutterOf, renderChart } from "../../src/output/chart.ts";
import { effortValue } from "../../src/output/format.ts";
import { columnSeries, speedSeries } from "../../src/output/series.ts";
import { displayWidth } from "../../src/output/text.ts";
import { TRAIL_RUN } from "./activities.ts";

const START = epochMs(TRAIL_RUN.startTime);

function runCharts(): Chart[] {
  const span = 3900;
  const heart = columnSeries(TRAIL_RUN.samples, "heartRate", START);
  const height = columnSeries(TRAIL_RUN.samples, "altitude", START);
  const speed = speedSeries(TRAIL_RUN.samples, START);
  if (heart === null || height === null || speed === null) throw new Error("the run has all three");
  return [
    { title: "Heart rate", unit: "bpm", series: heart, span, tone: "heart" },
    { title: "Elevation", unit: "m", series: height, span, style: "area", tone: "height" },
    {
      title: "Pace",
      unit: "min/km",
      series: speed,
      span,
      convert: (value) => effortValue(value, "pace"),
      scale: "clock",
      clip: 2,
    },
  ];
}

describe("renderChart", () => {
  it.each([
    [80, true],
    [140, true],
    [80, false],
  ])("draws a run in %i columns (unicode: %s)", async (width, unicode) => {
    const look = { width, unicode, color: false };
    const lines = runCharts().flatMap((chart) => [...renderChart(chart, look), ""]);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    expect(/^[\u0020-\u007e]*$/.test(lines.join(""))).toBe(!unicode);
    await expect(lines.join("\n")).toMatchFileSnapshot(
      `../golden/charts-${width}${unicode ? "" : "-ascii"}.txt`,
    );
  });

  it("leaves the rest in the middle of the run empty", () => {
    const look = { width: 80, unicode: true, color: false };
    const [heart] = runCharts();
    if (heart === undefined) throw new Error("no chart");
    // The plot is 75 columns wide: the rest from 2000 s to 2300 s of 3900 s covers the columns 39 to 43 wholly.
    const rows = renderChart(heart, look).slice(1, -2);
    expect(rows.map((row) => row.padEnd(80).slice(5 + 39, 5 + 44))).toEqual(rows.map(() => "     "));
    expect(
      rows.some(
        (row) =>
          row
            .padEnd(80)
            .slice(5 + 37, 5 + 38)
            .trim() !== "",
      ),
    ).toBe(true);
  });

  it("puts the faster pace higher, and what is far slower at the edge", () => {
    const chart: Chart = {
      title: "Pace",
      unit: "min/km",
      span: 100,
      series: { time: Float64Array.of(5, 50, 95), value: Float64Array.of(4, 2.5, 0) },
      convert: (value) => effortValue(value, "pace"),
      scale: "clock",
      clip: 2,
    };
    const look = { width: 60, unicode: false, color: false };
    const gutter = gutterOf(chart, look);
    const rows = renderChart(chart, look).slice(1, -2);
    const labels = rows.map((row) => row.slice(0, gutter - 2).trim()).filter((label) => label !== "");
    // 4 m/s is 250 s/km, 2.5 m/s is 400 s/km; the median of what is drawn is near 400 s, the edge at twice that.
    expect(labels).toEqual(["4:00", "8:00", "12:00", "16:00"]);
    const rowAt = (column: number): number => rows.findIndex((row) => /\S/.test(row[gutter + column] ?? ""));
    expect(rowAt(3)).toBe(0);
    expect(rowAt(26)).toBe(1);
    expect(rowAt(50)).toBe(rows.length - 1);
  });

  it("draws one flat value, and nothing where nothing can be drawn", () => {
    const flat: Chart = {
      title: "T",
      unit: "bpm",
      span: 10,
      series: { time: Float64Array.of(0, 9), value: Float64Array.of(0, 0) },
    };
    const look = { width: 40, unicode: true, color: false };
    expect(renderChart(flat, look).length).toBeGreaterThan(5);
    expect(renderChart({ ...flat, span: 0 }, look)).toEqual([]);
    expect(renderChart(flat, { ...look, width: 8 })).toEqual([]);
    const empty = { time: new Float64Array(0), value: new Float64Array(0) };
    expect(renderChart({ ...flat, series: empty }, look)).toEqual([]);
    expect(gutterOf({ ...flat, series: empty }, look)).toBe(0);
    // A pace that never moves has no finite value to make an axis from.
    expect(renderChart({ ...flat, convert: () => Number.POSITIVE_INFINITY }, look)).toEqual([]);
  });

  it("lines up with its neighbours when told their gutter", () => {
    const look = { width: 80, unicode: true, color: false };
    const charts = runCharts();
    const gutter = Math.max(...charts.map((chart) => gutterOf(chart, look)));
    const corners = charts.map((chart) =>
      renderChart({ ...chart, gutter }, look)
        .at(-2)
        ?.indexOf("└"),
    );
    expect(new Set(corners)).toEqual(new Set([gutter - 1]));
  });

  it("colours the plot and dims the axes", () => {
    const [heart] = runCharts();
    if (heart === undefined) throw new Error("no chart");
    const lines = renderChart(heart, { width: 80, unicode: true, color: true });
    expect(lines[0]).toBe("\u001b[1mHeart rate\u001b[0m \u001b[2mbpm\u001b[0m");
    expect(lines[2]).toMatch(/^\u001b\[2m160 ┤\u001b\[0m\u001b\[31m/);
  });
});

describe("createDots", () => {
  it("maps dots to braille cells of 2 × 4 and ASCII cells of 1 × 2, and ignores what is outside", () => {
    const braille = createDots(2, 1, true);
    braille.set(0, 0);
    braille.set(1, 3);
    braille.set(3, 1);
    braille.set(4, 0);
    braille.set(0, -1);
    expect(braille.lines()).toEqual(["⢁⠐"]);
    const ascii = createDots(3, 1, false);
    ascii.set(0, 0);
    ascii.set(1, 1);
    ascii.set(2, 0);
    ascii.set(2, 1);
    expect(ascii.lines()).toEqual(["'.:"]);
  });
});
