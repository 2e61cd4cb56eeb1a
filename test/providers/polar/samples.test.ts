import { describe, expect, it } from "vitest";
import { joinSamples, placeSeries, routePoints } from "../../../src/providers/polar/samples.ts";
import { durationSeconds, parseSample, type WireSample } from "../../../src/providers/polar/wire.ts";

const START = Date.UTC(2026, 10, 18, 5, 42, 10);
const series = (type: string, data: string, rate: unknown = 1): WireSample =>
  parseSample({ "recording-rate": rate, "sample-type": type, data });
const values = (type: string, data: string, onFoot = false) => {
  const { rows } = placeSeries([series(type, data)], START, onFoot);
  return rows.map(({ timestamp, ...fields }) => [(timestamp - START) / 1000, ...Object.entries(fields)[0]!]);
};

describe("a series", () => {
  it("is placed by its recording rate", () => {
    const { rows } = placeSeries([series("3", "40,41,42", 5)], START, false);
    expect(rows).toEqual([
      { timestamp: START, altitude: 40 },
      { timestamp: START + 5000, altitude: 41 },
      { timestamp: START + 10_000, altitude: 42 },
    ]);
  });

  it.each([
    ["0", "0,101,null", [[1, "heartRate", 101]]],
    [
      "1",
      "0,36,NULL",
      [
        [0, "speed", 0],
        [1, "speed", 10],
      ],
    ],
    [
      "2",
      "0,90,",
      [
        [0, "cadence", 0],
        [1, "cadence", 90],
      ],
    ],
    [
      "3",
      "0,-12.5,NaN",
      [
        [0, "altitude", 0],
        [1, "altitude", -12.5],
      ],
    ],
    [
      "4",
      "0,250, ",
      [
        [0, "power", 0],
        [1, "power", 250],
      ],
    ],
    [
      "9",
      "0,-3.5,x",
      [
        [0, "temperature", 0],
        [1, "temperature", -3.5],
      ],
    ],
    [
      "10",
      "0,3.25,Infinity",
      [
        [0, "distance", 0],
        [1, "distance", 3.25],
      ],
    ],
  ])("of type %s: %s", (type, data, expected) => {
    expect(values(type, data)).toEqual(expected);
  });

  it("of type 8 counts one leg when its median on foot is below 120", () => {
    expect(values("8", "82,84,0", true).map((value) => value[2])).toEqual([164, 168, 0]);
    expect(values("8", "118,121,122", true).map((value) => value[2])).toEqual([118, 121, 122]);
    expect(values("8", "119,121", true).map((value) => value[2])).toEqual([119, 121]);
    expect(values("8", "119,120", true).map((value) => value[2])).toEqual([238, 240]);
    // Standing still says nothing.
    expect(values("8", "0,0,0,170,172", true).map((value) => value[2])).toEqual([0, 0, 0, 170, 172]);
    expect(values("8", "82,84", false).map((value) => value[2])).toEqual([82, 84]);
  });

  it("of running cadence goes before the general one on foot, and is not mixed with it", () => {
    const both = [series("2", "60,61"), series("8", "160,null")];
    expect(placeSeries(both, START, true).rows).toEqual([{ timestamp: START, cadence: 160 }]);
    expect(placeSeries(both, START, false).rows.map(({ cadence }) => cadence)).toEqual([60, 61]);
  });

  it("of RR intervals keeps its gaps", () => {
    expect(placeSeries([series("11", "536,522,null,508", null)], START, false)).toMatchObject({
      rows: [],
      rrIntervals: [536, 522, null, 508],
      unplaced: [],
    });
  });

  it("without a place is told, not guessed", () => {
    const odd = [series("0", "100,101", null), series("1", "1", 0), series("42", "1,2"), series("7", "1013")];
    expect(placeSeries(odd, START, false)).toMatchObject({ rows: [], unplaced: ["0", "1", "42"] });
  });
});

describe("a route", () => {
  it("joins the nearest sample within half a second, each once, and keeps what is far", () => {
    const placed = placeSeries([series("0", "100,101,102")], START, false);
    const route = routePoints(
      [
        { latitude: 1, longitude: 2, altitude: null, time: "PT0.4S" },
        { latitude: 1.1, longitude: 2, altitude: null, time: "PT0.6S" },
        { latitude: 1.2, longitude: 2, altitude: null, time: "PT1.2S" },
        { latitude: 1.3, longitude: 2, altitude: null, time: "PT210.026S" },
        { latitude: 91, longitude: 2, altitude: null, time: "PT2S" },
        { latitude: 1, longitude: 2, altitude: null, time: "later" },
      ],
      START,
    );
    const samples = joinSamples(placed, route, []);
    expect([...samples.timestamp].map((time) => time - START)).toEqual([0, 1000, 1200, 2000, 210_026]);
    expect([...(samples.positionLat ?? [])]).toEqual([1, 1.1, 1.2, Number.NaN, 1.3]);
    expect([...(samples.heartRate ?? [])]).toEqual([100, 101, Number.NaN, 102, Number.NaN]);
  });

  it("takes from the file only what Polar gave no series of", () => {
    const placed = placeSeries([series("0", "100,101")], START, false);
    const samples = joinSamples(placed, [], [{ timestamp: START + 1000, heartRate: 99, power: 200 }]);
    expect([...(samples.heartRate ?? [])]).toEqual([100, 101]);
    expect([...(samples.power ?? [])]).toEqual([Number.NaN, 200]);
  });
});

describe("a duration", () => {
  it.each([
    ["PT2H44M45S", 9885],
    ["PT2H44M", 9840],
    ["PT4H51M38.512S", 17_498.512],
    ["PT210.026S", 210.026],
    ["P1DT2H", 93_600],
    ["PT0S", 0],
    ["PT1,5S", 1.5],
    ["PT", null],
    ["P", null],
    ["", null],
    ["210", null],
    ["PT-5S", null],
    [null, null],
  ])("%s", (text, seconds) => {
    expect(durationSeconds(text)).toBe(seconds);
  });
});
