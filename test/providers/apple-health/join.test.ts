import { describe, expect, test } from "vitest";
import { holesOf } from "../../../src/model/index.ts";
import { joinRecords, RecordIndex } from "../../../src/providers/apple-health/join.ts";
import type { JoinedField, Recorder } from "../../../src/providers/apple-health/join.ts";
import type { Window } from "../../../src/providers/apple-health/readings.ts";
import { formatRecords, parseRecords } from "../../../src/providers/apple-health/records.ts";
import { tableOf } from "./exports.ts";
import type { RecordLine } from "./exports.ts";

const WATCH: Recorder = { sourceName: "Watch", device: null };

function join(
  lines: readonly RecordLine[],
  window: Window,
  options: { recorder?: Recorder; field?: JoinedField } = {},
): [number, number][] {
  const table = tableOf(lines);
  const joined = joinRecords(new RecordIndex(table).within(window), table, window, options.recorder ?? WATCH);
  const column = joined.columns.get(options.field ?? "heartRate");
  return [...(column?.time ?? [])].map((time, index) => [time, column?.value[index] ?? Number.NaN]);
}

/** One source's samples every `step` seconds in [from, to]. */
function every(step: number, from: number, to: number, line: Omit<RecordLine, "start">): RecordLine[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => ({
    ...line,
    start: from + index * step,
  }));
}

describe("the window", () => {
  test("holds the samples that start in it, both ends included, and nothing beyond", () => {
    const lines = [99, 100, 150, 200, 201, 260].map((start) => ({ start, value: start }));
    expect(join(lines, { start: 100, end: 200 })).toEqual([
      [100, 100],
      [150, 150],
      [200, 200],
    ]);
  });

  test("goes by the start of an interval, whatever its end", () => {
    const lines = [
      { start: 90, end: 110, value: 1 },
      { start: 190, end: 230, value: 2 },
    ];
    expect(join(lines, { start: 100, end: 200 })).toEqual([[190, 2]]);
  });

  test("finds samples in a file that is not in their order", () => {
    const lines = [150, 120, 300, 110, 199, 50, 180].map((start) => ({ start, value: start }));
    expect(join(lines, { start: 100, end: 200 }).map(([time]) => time)).toEqual([110, 120, 150, 180, 199]);
  });

  test("and in one whose dates are so far apart that no key holds both date and place", () => {
    const lines = [253_402_300_799, 150, 1, 120].map((start) => ({ start, value: 60 }));
    const many = Array.from({ length: 40_000 }, (_, index) => ({ start: 1_000_000 + index, value: 60 }));
    expect(join([...lines, ...many], { start: 100, end: 200 }).map(([time]) => time)).toEqual([120, 150]);
  });

  test("of overlapping workouts takes in the same samples", () => {
    const lines = every(5, 0, 1000, { value: 120 });
    expect(join(lines, { start: 100, end: 200 })).toHaveLength(21);
    expect(join(lines, { start: 150, end: 400 })).toHaveLength(51);
  });
});

describe("the source", () => {
  const strap = { source: "Strap", value: 150 };
  const watch = { source: "Watch", value: 100 };

  test("is the workout's own by name when it covers half of the time, however few its samples", () => {
    const lines = [...every(1, 0, 600, strap), ...every(30, 0, 300, watch)];
    const joined = join(lines, { start: 0, end: 600 });
    expect(joined.filter(([, value]) => value === 100)).toHaveLength(11);
    // Its last sample is at 300; the strap fills from there on.
    expect(joined.filter(([, value]) => value === 150)).toHaveLength(300);
  });

  test("is the one with the most seconds when its own covers less", () => {
    const lines = [...every(5, 0, 600, strap), ...every(5, 0, 200, watch)];
    expect(join(lines, { start: 0, end: 600 }).every(([, value]) => value === 150)).toBe(true);
  });

  test("is a device of the same hardware where no name fits", () => {
    const device = (pointer: string) => `<<HKDevice: ${pointer}>, name:Apple Watch, hardware:Watch7,2>`;
    const lines = [
      ...every(1, 0, 600, strap),
      ...every(20, 0, 600, { source: "Health", value: 100, device: device("0x1") }),
    ];
    const recorder = { sourceName: "Runner App", device: device("0x2") };
    expect(join(lines, { start: 0, end: 600 }, { recorder })).toHaveLength(31);
  });

  test("may be another app than the workout's", () => {
    const lines = every(5, 0, 600, { source: "Apple Watch", value: 120 });
    expect(
      join(lines, { start: 0, end: 600 }, { recorder: { sourceName: "Strava", device: null } }),
    ).toHaveLength(121);
  });

  test("is one and the same with a curly apostrophe or a no-break space, and with another pointer", () => {
    const lines = [
      {
        start: 0,
        value: 1,
        source: "Riley’s Apple\u00a0Watch",
        device: "<<HKDevice: 0x1>, hardware:Watch7,2>",
      },
      { start: 10, value: 2, source: "Riley's Apple Watch", device: "<<HKDevice: 0x2>, hardware:Watch7,2>" },
      { start: 20, value: 3, source: "Riley's Apple Watch", device: "<<HKDevice: 0x3>, hardware:Watch7,2>" },
    ];
    expect(join(lines, { start: 0, end: 30 }).map(([, value]) => value)).toEqual([1, 2, 3]);
  });

  test("fills only holes of more than 30 s", () => {
    const lines = [
      ...[0, 30, 61, 100].map((start) => ({ ...watch, start })),
      ...[10, 45, 61, 70, 95, 110].map((start) => ({ ...strap, start })),
    ];
    expect(join(lines, { start: 0, end: 120 }, { recorder: { sourceName: "Watch", device: null } })).toEqual([
      [0, 100],
      [30, 100],
      [45, 150],
      [61, 100],
      [70, 150],
      [95, 150],
      [100, 100],
    ]);
  });

  test("a third one fills what the second leaves", () => {
    const lines = [
      ...every(5, 0, 300, watch),
      ...every(5, 305, 450, strap),
      ...every(5, 0, 600, { source: "Ring", value: 60 }).filter(({ start }) => start > 400),
    ];
    const values = join(lines, { start: 0, end: 600 }).map(([, value]) => value);
    expect(values.filter((value) => value === 100)).toHaveLength(61);
    // The ring has more seconds than the strap and comes first; the strap fills the hole before it.
    expect(values.filter((value) => value === 60)).toHaveLength(40);
    expect(values.filter((value) => value === 150)).toHaveLength(20);
  });
});

test("no second has two values, and the order in the file does not choose", () => {
  const lines = [
    { start: 10, end: 20, value: 90 },
    { start: 10, end: 10, value: 140 },
    { start: 10, end: 10, value: 139 },
    { start: 11, value: 141 },
    { start: 11, value: 141 },
  ];
  const expected = [
    [10, 139],
    [11, 141],
  ];
  expect(join(lines, { start: 0, end: 60 })).toEqual(expected);
  expect(join(lines.toReversed(), { start: 0, end: 60 })).toEqual(expected);
});

test("values that are none: a heart rate of 0, a negative one, NaN", () => {
  const lines = [0, -5, Number.NaN, 60].map((value, start) => ({ start, value }));
  expect(join(lines, { start: 0, end: 60 })).toEqual([[3, 60]]);
});

test("units: hertz become bpm, a heart rate without a unit is in bpm, others are not guessed", () => {
  const lines = [
    { start: 1, value: 2, unit: "count/s" },
    { start: 2, value: 121, unit: "" },
    { start: 3, value: 122, unit: "beats" },
  ];
  expect(join(lines, { start: 0, end: 60 })).toEqual([
    [1, 120],
    [2, 121],
  ]);
  const table = tableOf(lines);
  const window = { start: 0, end: 60 };
  const { unknownUnits } = joinRecords(new RecordIndex(table).within(window), table, window, WATCH);
  expect([...unknownUnits]).toEqual(["beats"]);
});

test("speed, power and cadence by the same rules, zeros included", () => {
  const lines: RecordLine[] = [
    { type: "HKQuantityTypeIdentifierRunningSpeed", start: 1, value: 10.8, unit: "km/hr" },
    { type: "HKQuantityTypeIdentifierCyclingSpeed", start: 2, value: 0, unit: "km/hr" },
    { type: "HKQuantityTypeIdentifierRunningPower", start: 1, value: 250, unit: "W" },
    { type: "HKQuantityTypeIdentifierCyclingCadence", start: 1, value: 0, unit: "count/min" },
    { type: "HKQuantityTypeIdentifierRunningSpeed", start: 3, value: 10.8, unit: "" },
  ];
  const window = { start: 0, end: 60 };
  expect(join(lines, window, { field: "speed" })).toEqual([
    [1, 3],
    [2, 0],
  ]);
  expect(join(lines, window, { field: "power" })).toEqual([[1, 250]]);
  expect(join(lines, window, { field: "cadence" })).toEqual([[1, 0]]);
  expect(join(lines, window)).toEqual([]);
});

test("holes reach from one sample to the next and to the window's edges", () => {
  const holes = (taken: number[], offered: number[]) => {
    const isHole = holesOf(Float64Array.from(taken), Float64Array.from(offered), {
      start: 0,
      end: 100,
      gap: 30,
    });
    return offered.filter((_, index) => isHole[index] === 1);
  };
  expect(holes([], [5, 6])).toEqual([5, 6]);
  expect(holes([31, 61, 92], [0, 31, 45, 61, 75, 92, 95])).toEqual([0, 75]);
  expect(holes([30, 60, 69], [0, 40, 65, 70, 100])).toEqual([70, 100]);
});

describe("the records as they are kept", () => {
  const lines: RecordLine[] = [
    { start: 1_700_000_005, value: 120.5, source: "Watch", device: "<<HKDevice: 0xabc>, hardware:Watch7,2>" },
    {
      start: 1_700_000_000,
      end: 1_700_000_004,
      value: 119,
      source: "Watch",
      device: "<<HKDevice: 0xdef>, hardware:Watch7,2>",
    },
    { start: 1_700_000_000, value: 122, source: "Tab\tApp", unit: "count/s" },
    { type: "HKQuantityTypeIdentifierRunningPower", start: 1_700_000_001, value: 250, unit: "W" },
  ];
  const window = { start: 1_700_000_000, end: 1_700_000_010 };
  const text = (given: readonly RecordLine[]): string => {
    const table = tableOf(given);
    return Buffer.from(formatRecords(new RecordIndex(table).within(window), table)).toString();
  };

  test("are a text of tab-separated lines", () => {
    expect(text(lines)).toBe(
      [
        "fitglue.apple-health.records/1",
        String.raw`source	0	"Tab\tApp"	""`,
        'source	1	"Watch"	""',
        'source	2	"Watch"	"<<HKDevice: 0x0>, hardware:Watch7,2>"',
        'type	HKQuantityTypeIdentifierHeartRate	"count/min"',
        "1700000000	4	119	2",
        "1700000005		120.5	2",
        'type	HKQuantityTypeIdentifierHeartRate	"count/s"',
        "1700000000		122	0",
        'type	HKQuantityTypeIdentifierRunningPower	"W"',
        "1700000001		250	1",
        "",
      ].join("\n"),
    );
  });

  test("are the same in any order and with any pointer, and without repeats", () => {
    expect(text([...lines.toReversed(), ...lines])).toBe(text(lines));
  });

  test("join again to the same", () => {
    const table = parseRecords(Buffer.from(text(lines)));
    const again = joinRecords(new RecordIndex(table).within(window), table, window, WATCH);
    const original = tableOf(lines);
    const first = joinRecords(new RecordIndex(original).within(window), original, window, WATCH);
    expect(again).toEqual(first);
    expect(Buffer.from(formatRecords(new RecordIndex(table).within(window), table)).toString()).toBe(
      text(lines),
    );
  });

  test("have their numbers as JavaScript writes them", () => {
    const values = [0, -0, 7, 10, 99, 100, -3, 0.1, 1234567890123, 2 ** 53 - 1, 1e21, 1e-7];
    const given = values.map((value, second) => ({ start: 1_700_000_000 + second, value, source: "Ä" }));
    const table = tableOf(given);
    const all = { start: 1_700_000_000, end: 1_700_000_099 };
    expect(Buffer.from(formatRecords(new RecordIndex(table).within(all), table)).toString()).toBe(
      [
        "fitglue.apple-health.records/1",
        'source	0	"Ä"	""',
        'type	HKQuantityTypeIdentifierHeartRate	"count/min"',
        "1700000000		0	0",
        "1700000001		0	0",
        "1700000002		7	0",
        "1700000003		10	0",
        "1700000004		99	0",
        "1700000005		100	0",
        "1700000006		-3	0",
        "1700000007		0.1	0",
        "1700000008		1234567890123	0",
        "1700000009		9007199254740991	0",
        "1700000010		1e+21	0",
        "1700000011		1e-7	0",
        "",
      ].join("\n"),
    );
  });

  test("of another form are refused", () => {
    expect(() => parseRecords(Buffer.from("fitglue.apple-health.records/9\n"))).toThrow(/unknown form/);
  });
});
