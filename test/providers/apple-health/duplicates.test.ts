import { describe, expect, test } from "vitest";
import {
  possibleDuplicates,
  sessionOf,
  withoutRewrites,
} from "../../../src/providers/apple-health/duplicates.ts";
import type { Session } from "../../../src/providers/apple-health/duplicates.ts";
import { parseWorkout } from "../../../src/providers/apple-health/wire.ts";

interface Given {
  readonly type?: string;
  readonly source?: string;
  /** Minutes after 2025-02-01T08:00:00Z. */
  readonly from: number;
  readonly to: number;
  readonly attributes?: string;
  readonly children?: string;
}

const at = (minutes: number): string =>
  new Date(Date.parse("2025-02-01T08:00:00Z") + minutes * 60_000)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z/, " +0000");

function sessionsOf(given: readonly Given[]): Session[] {
  return given.map(
    ({ type = "Running", source = "Watch", from, to, attributes = "", children = "" }, index) => {
      const xml = `<Workout workoutActivityType="HKWorkoutActivityType${type}" sourceName="${source}" ${attributes}
      startDate="${at(from)}" endDate="${at(to)}">${children}</Workout>`;
      const wire = parseWorkout(Buffer.from(xml));
      return sessionOf(wire, wire.start ?? Number.NaN, index);
    },
  );
}

/** Which of the given ones is marked as a copy of which. */
function marked(given: readonly Given[]): [number, number][] {
  const find = (sessions: Session[]): [number, number][] => {
    const ids = sessionsOf(given).map(({ externalId }) => externalId);
    return [...possibleDuplicates(withoutRewrites(sessions))]
      .map(([poor, rich]): [number, number] => [ids.indexOf(poor), ids.indexOf(rich)])
      .sort(([a], [b]) => a - b);
  };
  const found = find(sessionsOf(given));
  expect(find(sessionsOf(given).toReversed())).toEqual(found);
  return found;
}

const HEART_RATE =
  '<WorkoutStatistics type="HKQuantityTypeIdentifierHeartRate" average="140" unit="count/min"/>';
const ENERGY = '<WorkoutStatistics type="HKQuantityTypeIdentifierActiveEnergyBurned" sum="400" unit="kcal"/>';
const ROUTE = '<WorkoutRoute><FileReference path="/workout-routes/a.gpx"/></WorkoutRoute>';
const WATCH_DEVICE = 'device="&lt;&lt;HKDevice: 0x1&gt;, name:Apple Watch&gt;"';

describe("which of two is the copy", () => {
  const full = { from: 0, to: 60, children: HEART_RATE + ENERGY + ROUTE };
  test.each<[string, Given, Given]>([
    [
      "statistics only, of one with route and heart rate",
      full,
      { from: 0, to: 60, source: "Strava", children: ENERGY },
    ],
    [
      "attributes only, of one with statistics",
      { from: 0, to: 60, children: ENERGY },
      { from: 0, to: 60, source: "App", attributes: 'totalDistance="10" totalDistanceUnit="km"' },
    ],
    [
      "nothing at all, of one with attributes",
      { from: 0, to: 60, attributes: 'totalEnergyBurned="10" totalEnergyBurnedUnit="kcal"' },
      { from: 0, to: 60, source: "App" },
    ],
    [
      "by an app without a device, of one that a watch recorded",
      { ...full, attributes: WATCH_DEVICE },
      {
        ...full,
        source: "Strava",
        children: HEART_RATE + ENERGY + ENERGY.replace("Active", "Basal") + ROUTE,
      },
    ],
    [
      "a watch's without a route, of an app's with one",
      { from: 0, to: 60, source: "App", children: ENERGY + ROUTE },
      { from: 0, to: 60, attributes: WATCH_DEVICE, children: ENERGY + HEART_RATE },
    ],
    [
      "a fragment, of the whole, however much it tells",
      { from: 0, to: 30, source: "Strava" },
      { ...full, from: 0, to: 1, attributes: WATCH_DEVICE },
    ],
    ["the shorter of equals", { from: 0, to: 60 }, { from: 1, to: 58, source: "App" }],
  ])("%s", (_, rich, poor) => {
    expect(marked([rich, poor])).toEqual([[1, 0]]);
    expect(marked([poor, rich])).toEqual([[0, 1]]);
  });

  test("of equals in everything one is, whatever the order", () => {
    expect(
      marked([
        { from: 0, to: 60 },
        { from: 0, to: 60, source: "App" },
      ]),
    ).toHaveLength(1);
  });

  test("of three, each twice as long or richer than another, one counts", () => {
    expect(
      marked([
        { from: 0, to: 10, attributes: WATCH_DEVICE, children: HEART_RATE + ROUTE },
        { from: 0, to: 18, source: "App", children: ENERGY },
        { from: 0, to: 30, source: "Strava" },
      ]),
    ).toEqual([
      [0, 1],
      [2, 1],
    ]);
  });

  test("thousands of copies of one session are copies of one, and do not fill the memory", () => {
    const sessions = sessionsOf(
      Array.from({ length: 2000 }, (_, index) => ({ from: 0, to: 60, source: `App ${index}` })),
    );
    const richer = possibleDuplicates(withoutRewrites(sessions));
    expect(richer.size).toBe(1999);
    expect(new Set(richer.values()).size).toBe(1);
  });

  test("of three the two poorer ones are copies of the richest", () => {
    const given = [
      { from: 0, to: 60, source: "B", children: ENERGY },
      { from: 0, to: 60, source: "A" },
      { from: 0, to: 60, source: "C", children: HEART_RATE + ROUTE },
    ];
    expect(marked(given)).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });
});

describe("what is one session", () => {
  test.each<[string, Given, Given, boolean]>([
    ["same times", { from: 0, to: 60 }, { from: 0, to: 60, source: "App" }, true],
    ["starts two minutes apart", { from: 0, to: 60 }, { from: 2, to: 62, source: "App" }, true],
    ["starts three minutes apart", { from: 0, to: 60 }, { from: 3, to: 63, source: "App" }, false],
    ["less than 80 % in common", { from: 0, to: 9 }, { from: 2, to: 11, source: "App" }, false],
    ["one inside the other, near its start", { from: 0, to: 60 }, { from: 20, to: 45, source: "App" }, true],
    [
      "one inside the other, further in than it is long",
      { from: 0, to: 60 },
      { from: 30, to: 55, source: "App" },
      false,
    ],
    ["one after the other", { from: 0, to: 60 }, { from: 60, to: 120, source: "App" }, false],
    ["a run and a walk", { from: 0, to: 60 }, { from: 0, to: 60, type: "Walking" }, true],
    ["a run and a ride", { from: 0, to: 60 }, { from: 0, to: 60, type: "Cycling" }, false],
    [
      "strength under two names",
      { from: 0, to: 60, type: "TraditionalStrengthTraining" },
      { from: 0, to: 60, type: "FunctionalStrengthTraining" },
      true,
    ],
    [
      "two types without a FIT word",
      { from: 0, to: 60, type: "Bowling" },
      { from: 0, to: 60, type: "Fencing" },
      false,
    ],
  ])("%s", (_, a, b, same) => {
    expect(marked([a, b])).toHaveLength(same ? 1 : 0);
  });
});

describe("rewrites of one workout are one", () => {
  const version = (number: string): string =>
    `<MetadataEntry key="HKMetadataKeySyncIdentifier" value="S-1"/><MetadataEntry key="HKMetadataKeySyncVersion" value="${number}"/>`;
  const kept = (given: readonly Given[]): number[] => {
    const indexes = withoutRewrites(sessionsOf(given)).map(({ index }) => index);
    const backwards = withoutRewrites(sessionsOf(given).toReversed()).map(({ index }) => index);
    expect(backwards).toEqual(indexes);
    return indexes;
  };

  test("the highest version counts, as a number", () => {
    const given = ["9", "10", "2"].map((number) => ({ from: 0, to: 60, children: version(number) }));
    expect(kept(given)).toEqual([1]);
  });

  test("also when the end was corrected", () => {
    expect(
      kept([
        { from: 0, to: 60, children: version("1") },
        { from: 0, to: 55, children: version("2") },
      ]),
    ).toEqual([1]);
  });

  test("one identifier on workouts of different times is the mistake of an app, and no rewrite", () => {
    const given = [0, 360, 720].map((from) => ({ from, to: from + 60, children: version("1") }));
    expect(kept(given)).toEqual([0, 1, 2]);
    // Nor are those that follow each other at once.
    const legs = [0, 30, 90].map((from, index) => ({
      from,
      to: [30, 90, 130][index] ?? 0,
      children: version("1"),
    }));
    expect(kept(legs)).toEqual([0, 1, 2]);
    // A rewrite of one of them is one all the same.
    expect(kept([...given, { from: 360, to: 410, children: version("2") }])).toEqual([0, 3, 2]);
  });

  test("without versions the later written, then the richer", () => {
    const created = (time: string): string => `creationDate="2025-02-01 ${time} +0000"`;
    expect(
      kept([
        { from: 0, to: 60, attributes: created("10:00:00") },
        { from: 0, to: 60, attributes: created("11:00:00") },
      ]),
    ).toEqual([1]);
    expect(
      kept([
        { from: 0, to: 60 },
        { from: 0, to: 60, children: ENERGY },
      ]),
    ).toEqual([1]);
  });

  test("the same sync identifier of another app is another workout", () => {
    expect(
      kept([
        { from: 0, to: 60, children: version("1") },
        { from: 0, to: 60, source: "App", children: version("2") },
      ]),
    ).toHaveLength(2);
  });
});
