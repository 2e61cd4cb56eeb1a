import { describe, expect, test } from "vitest";
import { SPORTS, SUB_SPORTS } from "../../../src/model/index.ts";
import { EXERCISE_TYPES, sportOf } from "../../../src/providers/fitbit/sports.ts";
import { addDays, subtract, unite, windowsOf } from "../../../src/providers/fitbit/spans.ts";
import { elementsOf, parseHeartRates, parsePage } from "../../../src/providers/fitbit/wire.ts";

describe("a page", () => {
  test("gives each point's own bytes, spaces, escapes and giant numbers included", () => {
    const first = '{ "n": 123456789012345678901234567890, "t": "a \\"]} \\\\" , "deep": [[{}],[1.50]] }';
    const body = Buffer.from(
      `\n{ "before" : {"dataPoints":[9]}, "n":-1.5e3, "dataPoints" : [ ${first} ,{"é":"日本"},\n{}\t] , "nextPageToken": "" }`,
    );
    expect(elementsOf(body, "dataPoints").map(String)).toEqual([first, '{"é":"日本"}', "{}"]);
    expect(parsePage(body, "here").nextPageToken).toBeUndefined();
  });

  test("may have no points, with a token or without", () => {
    const none = parsePage(Buffer.from("{}"), "here");
    expect([none.count, none.points(), none.nextPageToken]).toEqual([0, [], undefined]);
    const empty = parsePage(Buffer.from('{"dataPoints":[],"nextPageToken":"t"}'), "here");
    expect([empty.count, empty.points(), empty.nextPageToken]).toEqual([0, [], "t"]);
  });

  test.each([["[]"], ["null"], ['{"dataPoints":{}}'], ['{"dataPoints":[1']])("%s is no page", (text) => {
    expect(() => parsePage(Buffer.from(text), "here")).toThrow(/Google answered .*\(here\)/);
  });

  test("a sample of a strange shape does not spoil the others", () => {
    const good = {
      heartRate: { beatsPerMinute: "88", sampleTime: { physicalTime: "2026-05-02T06:00:00Z" } },
    };
    const page = JSON.stringify({
      dataPoints: [null, 5, { heartRate: {} }, { heartRate: { sampleTime: 3 } }, good],
    });
    expect(parseHeartRates(Buffer.from(page))).toEqual([
      { timestamp: Date.parse("2026-05-02T06:00:00Z"), heartRate: 88, own: false },
    ]);
  });
});

describe("exercise types", () => {
  test("all 181 of them, and the unspecified one, mean a word of FIT", () => {
    expect(Object.keys(EXERCISE_TYPES)).toHaveLength(182);
    for (const [sport, subSport] of Object.values(EXERCISE_TYPES)) {
      expect(Object.hasOwn(SPORTS, sport)).toBe(true);
      expect(subSport === undefined || Object.hasOwn(SUB_SPORTS, subSport)).toBe(true);
    }
  });

  test.each([
    ["RUNNING", ["running"]],
    ["TREADMILL", ["running", "treadmill"]],
    ["PICKELBALL", ["racket", "pickleball"]],
    ["TREADMILL_WALK", ["walking", "indoor_walking"]],
    ["SWIMMING_OPEN_WATER", ["swimming", "open_water"]],
    ["SOMETHING_NEW", ["generic"]],
    ["constructor", ["generic"]],
    [undefined, ["generic"]],
  ])("%s", (type, expected) => {
    expect(sportOf(type)).toEqual(expected);
  });
});

describe("days", () => {
  const span = (from: string, to: string) => ({ from, to });

  test("are counted over leap years", () => {
    expect(addDays("2028-02-28", 2)).toBe("2028-03-01");
    expect(addDays("2026-01-01", -1)).toBe("2025-12-31");
  });

  test("unite and subtract", () => {
    const united = unite([
      span("2026-03-01", "2026-04-01"),
      span("2026-01-01", "2026-02-01"),
      span("2026-02-01", "2026-02-10"),
      span("2026-03-10", "2026-03-20"),
      span("2026-05-01", "2026-05-01"),
    ]);
    expect(united).toEqual([span("2026-01-01", "2026-02-10"), span("2026-03-01", "2026-04-01")]);
    expect(subtract(span("2025-12-31", "2026-05-01"), united)).toEqual([
      span("2025-12-31", "2026-01-01"),
      span("2026-02-10", "2026-03-01"),
      span("2026-04-01", "2026-05-01"),
    ]);
    expect(subtract(span("2026-01-05", "2026-01-06"), united)).toEqual([]);
    expect(subtract(span("2025-01-05", "2025-01-06"), united)).toEqual([span("2025-01-05", "2025-01-06")]);
  });

  test("are cut into windows, the last one shorter", () => {
    expect([...windowsOf(span("2026-01-01", "2026-01-08"), 3)]).toEqual([
      span("2026-01-01", "2026-01-04"),
      span("2026-01-04", "2026-01-07"),
      span("2026-01-07", "2026-01-08"),
    ]);
  });
});
