import { describe, expect, it } from "vitest";
import { samplesFromRows } from "../../src/model/index.ts";
import {
  columnSeries,
  distanceBetween,
  gapThreshold,
  projectTrack,
  resample,
  speedSeries,
  trackOf,
} from "../../src/output/series.ts";

const START = Date.UTC(2026, 10, 18, 5, 0, 0);
const at = (seconds: number): number => START + seconds * 1000;

describe("columnSeries", () => {
  it("leaves missing values out and counts from the start", () => {
    const samples = samplesFromRows([
      { timestamp: at(5), heartRate: 100 },
      { timestamp: at(6), speed: 2 },
      { timestamp: at(9), heartRate: 104 },
    ]);
    const series = columnSeries(samples, "heartRate", START);
    expect([...(series?.time ?? [])]).toEqual([5, 9]);
    expect([...(series?.value ?? [])]).toEqual([100, 104]);
    expect(columnSeries(samples, "power", START)).toBeNull();
  });
});

describe("gapThreshold", () => {
  it("follows the recording's own rhythm, and is a minute at least", () => {
    expect(gapThreshold(Float64Array.of(0, 1, 2, 3))).toBe(60);
    expect(gapThreshold(Float64Array.of(0, 300, 600, 900))).toBe(1200);
    expect(gapThreshold(Float64Array.of(0))).toBe(60);
  });
});

describe("resample", () => {
  it("means what was measured, draws a line between neighbours, and leaves a gap a gap", () => {
    const series = {
      time: Float64Array.of(0, 5, 40, 110, 112, 115),
      value: Float64Array.of(10, 20, 50, 80, 85, 90),
    };
    // Twelve buckets of 10 s. The median step is 5 s, so the 70 s from 40 to 110 are a gap. Between 5 s (20) and 40 s (50) one value per bucket middle.
    const means = [...resample(series, 120, 12)];
    expect(means[0]).toBe(15);
    expect(means[1]).toBeCloseTo(20 + (30 * 10) / 35, 9);
    expect(means[3]).toBeCloseTo(20 + (30 * 30) / 35, 9);
    expect(means[4]).toBe(50);
    expect(means.slice(5, 11)).toEqual([
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    expect(means[11]).toBe(85);
  });

  it("ignores what lies outside the span, and puts its very end into the last value", () => {
    const series = { time: Float64Array.of(-1, 10, 11), value: Float64Array.of(1, 2, 3) };
    expect([...resample(series, 10, 2)]).toEqual([Number.NaN, 2]);
  });
});

describe("speedSeries", () => {
  it("prefers what was recorded", () => {
    const samples = samplesFromRows([
      { timestamp: at(0), speed: 3, distance: 0 },
      { timestamp: at(1), speed: 4, distance: 100 },
    ]);
    expect([...(speedSeries(samples, START)?.value ?? [])]).toEqual([3, 4]);
  });

  it("else derives it from the distance, never across a gap", () => {
    const rows = [];
    for (let t = 0; t <= 100; t++) rows.push({ timestamp: at(t), distance: 2.5 * t });
    for (let t = 400; t <= 500; t++) rows.push({ timestamp: at(t), distance: 5000 + 4 * (t - 400) });
    const series = speedSeries(samplesFromRows(rows), START);
    expect(new Set([...(series?.value ?? [])].map((value) => value.toFixed(6)))).toEqual(
      new Set(["2.500000", "4.000000"]),
    );
  });

  it("else from the positions: one degree of latitude is 111,195 m", () => {
    const rows = [0, 10, 20, 30].map((t) => ({
      timestamp: at(t),
      positionLat: 40 + t / 10 / 1000,
      positionLong: 7,
    }));
    const series = speedSeries(samplesFromRows(rows), START);
    for (const value of series?.value ?? []) expect(value).toBeCloseTo(11.1195, 4);
    expect(series?.time.length).toBe(4);
  });

  it("is null where nothing tells a speed", () => {
    expect(speedSeries(samplesFromRows([{ timestamp: at(0), heartRate: 100 }]), START)).toBeNull();
    expect(speedSeries(samplesFromRows([{ timestamp: at(0), distance: 0 }]), START)).toBeNull();
  });
});

describe("tracks", () => {
  const point = (seconds: number, lat: number, long: number) => ({ timestamp: at(seconds), lat, long });

  it("leaves out half positions and places that are not on Earth", () => {
    const samples = samplesFromRows([
      { timestamp: at(0), positionLat: 1, positionLong: 2 },
      { timestamp: at(1), positionLat: 1 },
      { timestamp: at(2), positionLat: 91, positionLong: 2 },
      { timestamp: at(3), positionLat: 1, positionLong: -181 },
      { timestamp: at(4), positionLat: -90, positionLong: 180 },
    ]);
    expect(trackOf(samples).map((each) => each.timestamp - START)).toEqual([0, 4000]);
  });

  it("measures along the great circle", () => {
    expect(distanceBetween(point(0, 0, 0), point(1, 1, 0))).toBeCloseTo(111_195.08, 1);
    expect(distanceBetween(point(0, 0, 179.5), point(1, 0, -179.5))).toBeCloseTo(111_195.08, 1);
  });

  it("keeps the shape: at 60° north a degree of longitude is half as long", () => {
    const plane = projectTrack([point(0, 59.5, 10), point(1, 60.5, 11)]);
    expect(plane?.height).toBeCloseTo(111_195.08, 1);
    expect(plane?.width).toBeCloseTo(111_195.08 / 2, 1);
  });

  it("crosses the antimeridian both ways without going around the world", () => {
    const east = projectTrack([point(0, 0, 179.9), point(1, 0, -179.9)]);
    const west = projectTrack([point(0, 0, -179.9), point(1, 0, 179.9)]);
    expect(east?.width).toBeCloseTo(0.2 * 111_195.08, 1);
    expect(west?.width).toBeCloseTo(0.2 * 111_195.08, 1);
    expect(east?.parts[0]?.map((each) => Math.round(each.x))).toEqual([0, 22239]);
    expect(west?.parts[0]?.map((each) => Math.round(each.x))).toEqual([22239, 0]);
  });

  it("tears where the clock ran on and the person turned up elsewhere", () => {
    const plane = projectTrack([
      point(0, 47, 9),
      point(1, 47.0001, 9),
      point(600, 47.01, 9),
      point(1200, 47.01, 9),
    ]);
    expect(plane?.parts.map((part) => part.length)).toEqual([4]);
    const torn = projectTrack([
      ...Array.from({ length: 10 }, (_, second) => point(second, 47, 9)),
      point(600, 47.01, 9),
      point(1200, 47.01, 9),
    ]);
    expect(torn?.parts.map((part) => part.length)).toEqual([10, 2]);
    expect(projectTrack([])).toBeNull();
  });
});
