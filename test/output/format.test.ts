import { describe, expect, it } from "vitest";
import {
  averageSpeed,
  effortKind,
  effortValue,
  formatClock,
  formatDistance,
  formatDuration,
  formatEffort,
  formatNumber,
  localStart,
  rfc3339,
  sportName,
  weekday,
  workTime,
} from "../../src/output/format.ts";

describe("formatting", () => {
  it.each([
    [0, "0:00:00"],
    [59.4, "0:00:59"],
    [59.5, "0:01:00"],
    [3599.6, "1:00:00"],
    [43_210, "12:00:10"],
    [-61, "-0:01:01"],
    [null, null],
    [Number.NaN, null],
  ])("tells %s seconds as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it("tells a clock in minutes, and in hours from one on", () => {
    expect([formatClock(332), formatClock(3599.4), formatClock(3600)]).toEqual(["5:32", "59:59", "1:00:00"]);
  });

  it.each([
    [10_234.4, "running", "10.23 km"],
    [99_994, "cycling", "99.99 km"],
    [99_996, "cycling", "100.0 km"],
    [1500.4, "swimming", "1500 m"],
    [0, "running", "0.00 km"],
    [null, "running", null],
  ] as const)("tells %s m of %s as %s", (metres, sport, text) => {
    expect(formatDistance(metres, sport)).toBe(text);
  });

  // 1000 m in 360 s are 6:00 /km; 100 m in 100 s; 500 m in 125 s; 10 m/s are 36 km/h.
  it.each([
    [1000 / 360, "running", "6:00 /km"],
    [1000 / 720, "hiking", "12:00 /km"],
    [1, "swimming", "1:40 /100m"],
    [4, "rowing", "2:05 /500m"],
    [10, "cycling", "36.0 km/h"],
    [10, "alpine_skiing", "36.0 km/h"],
    [0, "running", null],
    [null, "cycling", null],
    [Number.POSITIVE_INFINITY, "cycling", null],
  ] as const)("tells %s m/s of %s as %s", (speed, sport, text) => {
    expect(formatEffort(speed, effortKind(sport))).toBe(text);
  });

  it("gives a pace at rest no number", () => {
    expect(effortValue(0, "pace")).toBe(Number.POSITIVE_INFINITY);
    expect(effortValue(2.5, "pace")).toBe(400);
  });

  it("takes the source's average speed, else the distance by the time at work", () => {
    const known = { totalDistance: 1000, totalTimerTime: 400, totalElapsedTime: 500 };
    expect(averageSpeed({ ...known, avgSpeed: 3 })).toBe(3);
    expect(averageSpeed({ ...known, avgSpeed: null })).toBe(2.5);
    expect(averageSpeed({ ...known, avgSpeed: null, totalTimerTime: null })).toBe(2);
    expect(averageSpeed({ ...known, avgSpeed: null, totalDistance: null })).toBeNull();
    expect(averageSpeed({ ...known, totalTimerTime: 0 })).toBeNull();
    expect(workTime({ totalTimerTime: null, totalElapsedTime: null })).toBeNull();
  });

  it("never shows a negative nothing", () => {
    expect(formatNumber(-0.3)).toBe("0");
    expect(formatNumber(-0.04, "°C", 1)).toBe("0.0 °C");
    expect(formatNumber(-12.34, "m", 1)).toBe("-12.3 m");
    expect(formatNumber(null, "bpm")).toBeNull();
  });

  it.each([
    ["running", null, null, "running"],
    ["running", "trail", "X", "trail running"],
    ["running", "ultra", null, "ultra running"],
    ["running", "treadmill", null, "treadmill running"],
    ["cycling", "indoor_cycling", null, "indoor cycling"],
    ["cycling", "road", null, "road cycling"],
    ["swimming", "lap_swimming", null, "lap swimming"],
    ["swimming", "open_water", null, "open water swimming"],
    ["training", "strength_training", null, "strength training"],
    ["training", "yoga", null, "yoga"],
    ["fitness_equipment", "elliptical", null, "elliptical"],
    ["cross_country_skiing", "skate_skiing", null, "skate skiing"],
    ["hiit", "hiit", null, "hiit"],
    ["generic", null, "UNDERWATER_CHESS", "UNDERWATER_CHESS"],
    ["generic", "generic", null, "activity"],
    ["generic", null, "HKWorkoutActivityTypeBowling", "Bowling"],
  ] as const)("names %s/%s (%s) %s", (sport, subSport, sourceSport, name) => {
    expect(sportName(sport, subSport, sourceSport)).toBe(name);
  });
});

describe("times", () => {
  const start = (startTime: string, utcOffsetS: number | null): Parameters<typeof localStart>[0] => ({
    startTime,
    utcOffsetS,
  });

  it("tells the wall clock of the place, over midnight too", () => {
    expect(localStart(start("2026-11-18T22:45:00.000Z", 19_800))).toEqual({
      date: "2026-11-19",
      time: "04:15",
      readersZone: false,
    });
  });

  it("takes a local text without a zone as it stands", () => {
    expect(localStart(start("2026-11-18T06:42:10", null))).toEqual({
      date: "2026-11-18",
      time: "06:42",
      readersZone: false,
    });
  });

  it("falls back to the reader's zone, and says so", () => {
    expect(localStart(start("2026-11-18T20:00:00.000Z", null), () => -18_000)).toEqual({
      date: "2026-11-18",
      time: "15:00",
      readersZone: true,
    });
    // The tests run in Chatham: UTC+13:45 in November.
    expect(localStart(start("2026-11-18T20:00:00.000Z", null))).toEqual({
      date: "2026-11-19",
      time: "09:45",
      readersZone: true,
    });
  });

  it.each([
    ["2026-11-18T05:42:10.000Z", 3600, "2026-11-18T06:42:10+01:00"],
    ["2026-11-18T05:42:10.250Z", -12_600, "2026-11-18T02:12:10.250-03:30"],
    ["2026-11-18T22:59:59.000Z", 3600, "2026-11-18T23:59:59+01:00"],
    ["2026-11-18T23:00:00.000Z", 3600, "2026-11-19T00:00:00+01:00"],
    ["2026-11-18T23:00:00.001Z", 3600, "2026-11-19T00:00:00.001+01:00"],
    ["2026-11-18T03:29:00.000Z", -12_600, "2026-11-17T23:59:00-03:30"],
    ["2026-11-18T03:30:00.000Z", -12_600, "2026-11-18T00:00:00-03:30"],
    ["2026-11-18T05:42:10.000Z", 0, "2026-11-18T05:42:10+00:00"],
    ["2026-11-18T05:42:10.000Z", null, "2026-11-18T05:42:10Z"],
    ["2026-11-18T05:42:10.000Z", 1172, "2026-11-18T05:42:10Z"],
    ["2026-11-18T05:42:10", null, "2026-11-18T05:42:10"],
  ])("writes %s at offset %s as %s", (startTime, utcOffsetS, text) => {
    expect(rfc3339({ startTime, utcOffsetS })).toBe(text);
  });

  it("knows the days of the week", () => {
    expect(weekday("2026-11-18")).toBe("Wed");
  });
});
