import { describe, expect, test } from "vitest";
import type { WireWorkout } from "../../../src/providers/apple-health/wire.ts";
import { parseWorkout } from "../../../src/providers/apple-health/wire.ts";

const parse = (xml: string): WireWorkout => parseWorkout(Buffer.from(xml));
const Q = "HKQuantityTypeIdentifier";
const TIME = 'startDate="2025-02-01 08:10:00 +0100" endDate="2025-02-01 08:40:00 +0100"';
const LEG = 'startDate="2025-02-01 08:10:00 +0100" endDate="2025-02-01 08:20:00 +0100"';
const OTHER = 'startDate="2025-02-03 18:00:00 +0100" endDate="2025-02-03 18:30:00 +0100"';

const statistic = (kind: string, sum: number, time = TIME): string =>
  `<WorkoutStatistics type="${Q}${kind}" ${time} sum="${sum}" unit="km"/>`;

/** Each part on a line of its own, by a name for the tests. */
const PARTS = {
  zone: '<MetadataEntry key="HKTimeZone" value="Europe/Paris"/>',
  ascent: '<MetadataEntry key="HKElevationAscended" value="6575 cm"/>',
  pause: '<WorkoutEvent type="HKWorkoutEventTypePause" date="2025-02-01 08:20:00 +0100"/>',
  lap: '<WorkoutEvent type="HKWorkoutEventTypeLap" date="2025-02-01 08:15:00 +0100" duration="60" durationUnit="s">',
  swolf: '<MetadataEntry key="HKSWOLFScore" value="41"/>',
  lapEnd: "</WorkoutEvent>",
  resume: '<WorkoutEvent type="HKWorkoutEventTypeResume" date="2025-02-01 08:22:00 +0100"/>',
  leg: `<WorkoutActivity uuid="A" ${LEG} duration="10" durationUnit="min">`,
  legDistance: statistic("DistanceWalkingRunning", 1.5, LEG),
  legEnd: "</WorkoutActivity>",
  distance: statistic("DistanceWalkingRunning", 4.5),
  energy: statistic("ActiveEnergyBurned", 300),
  route: `<WorkoutRoute ${TIME}>`,
  file: '<FileReference path="/workout-routes/a.gpx"/>',
  routeEnd: "</WorkoutRoute>",
  ascentAgain: '<MetadataEntry key="HKElevationAscended" value="6575 cm"/>',
} as const;
type Part = keyof typeof PARTS;

/** The workout with some of its parts written otherwise. */
const workout = (changes: Partial<Record<Part, string>> = {}): string =>
  [
    `<Workout workoutActivityType="Run" sourceName="Watch" ${TIME}>`,
    ...Object.values({ ...PARTS, ...changes }),
    "</Workout>",
  ].join("\n");

/** What of a workout was read, in words. */
function read(wire: WireWorkout): string[] {
  const statistics = (list: WireWorkout["statistics"]): string[] =>
    list.map(({ type, sum }) => `${type.slice(Q.length)} ${sum}`);
  const events = (list: WireWorkout["events"]): string[] =>
    list.map(({ type, metadata }) =>
      [type.replace("HKWorkoutEventType", ""), ...[...metadata].flat()].join(" "),
    );
  return [
    ...[...wire.metadata].map(([key, value]) => `${key} ${value}`),
    ...events(wire.events),
    ...statistics(wire.statistics),
    ...wire.activities.flatMap((leg) =>
      ["leg", ...events(leg.events), ...statistics(leg.statistics)].map((text) => `leg: ${text}`),
    ),
    ...wire.routes.flatMap(({ paths }) => ["route", ...paths]),
  ];
}

const WHOLE = [
  "HKTimeZone Europe/Paris",
  "HKElevationAscended 6575 cm",
  "Pause",
  "Lap HKSWOLFScore 41",
  "Resume",
  "DistanceWalkingRunning 4.5",
  "ActiveEnergyBurned 300",
  "leg: leg",
  "leg: DistanceWalkingRunning 1.5",
  "route",
  "/workout-routes/a.gpx",
];

/** All but what begins with one of these. */
const without = (...gone: string[]): string[] =>
  WHOLE.filter((text) => !gone.some((start) => text.startsWith(start)));

test("a whole one is read whole, with nothing to tell", () => {
  expect(read(parse(workout()))).toEqual(WHOLE);
  expect(parse(workout()).unreadable).toEqual(new Set());
  // Nor has what sax has to read, being written otherwise.
  const single = workout()
    .replaceAll('"', "'")
    .replace(
      "<WorkoutRoute",
      "<!-- now <the> route -->\n<Future a='1'><Novelty/> text </Future><Note>a='b'</Note><WorkoutRoute",
    );
  expect(read(parse(single))).toEqual(WHOLE);
  expect(parse(single).unreadable).toEqual(new Set());
});

test("what is well-formed is read as it is nested, whatever a newer export may put into what", () => {
  const odd = workout({
    distance: PARTS.distance.replace(
      "/>",
      "><MetadataEntry key='of' value='the statistic'/></WorkoutStatistics>",
    ),
    zone: PARTS.zone.replace(
      "/>",
      "><Future><WorkoutStatistics type='inner' sum='1'/></Future></MetadataEntry>",
    ),
  });
  expect(read(parse(odd))).toEqual(WHOLE);
  expect(parse(odd).unreadable).toEqual(new Set());
});

describe("one fault costs what it is in, and is told", () => {
  test.each<[string, Partial<Record<Part, string>>, string[], string]>([
    [
      "a lost quote",
      { zone: PARTS.zone.replace('HKTimeZone"', "HKTimeZone") },
      without("HKTimeZone"),
      "MetadataEntry",
    ],
    [
      "a lost opening quote",
      { distance: PARTS.distance.replace('sum="', "sum=") },
      without("DistanceWalkingRunning 4.5"),
      "WorkoutStatistics",
    ],
    [
      "a quote too many",
      { pause: PARTS.pause.replace('date="', 'date=""') },
      without("Pause"),
      "WorkoutEvent",
    ],
    ["an entry that has lost its slash", { zone: PARTS.zone.replace("/>", ">") }, WHOLE, "MetadataEntry"],
    [
      "a statistic that has lost its slash",
      { distance: PARTS.distance.replace("/>", ">") },
      WHOLE,
      "WorkoutStatistics",
    ],
    ["an event that has lost its slash", { resume: PARTS.resume.replace("/>", ">") }, WHOLE, "WorkoutEvent"],
    ["a reference that has lost its slash", { file: PARTS.file.replace("/>", ">") }, WHOLE, "FileReference"],
    ["a lost end of a leg", { legEnd: "" }, WHOLE, "WorkoutActivity"],
    ["a lost end of a route", { routeEnd: "" }, WHOLE, "WorkoutRoute"],
    // Whose the score is cannot be told any more.
    ["a lost end of an event", { lapEnd: "" }, [...without("Lap")].toSpliced(3, 0, "Lap"), "WorkoutEvent"],
    ["a lost beginning of an event", { lap: "" }, without("Lap"), "WorkoutEvent"],
    ["a lost beginning of a leg", { leg: "" }, without("leg"), "WorkoutActivity"],
    ["an entry cut short", { zone: PARTS.zone.slice(0, 30) }, without("HKTimeZone"), "MetadataEntry"],
    [
      "a statistic cut short",
      { distance: PARTS.distance.slice(0, 60) },
      without("DistanceWalkingRunning 4.5"),
      "WorkoutStatistics",
    ],
    ["an event cut short", { lap: PARTS.lap.slice(0, 40) }, without("Lap"), "WorkoutEvent"],
    ["a tag without its <", { energy: PARTS.energy.slice(1) }, without("ActiveEnergyBurned"), "no element"],
    [
      "a beginning of a leg whose name has lost a letter",
      { leg: PARTS.leg.replace("Activity", "Actvity") },
      without("leg"),
      "WorkoutActivity",
    ],
    [
      "the end of a leg with the beginning of the route",
      { legEnd: "", distance: "", energy: "", route: "" },
      without("leg", "route", "/workout", "DistanceW", "Active").concat(
        "leg: leg",
        "leg: DistanceWalkingRunning 1.5",
      ),
      "Workout",
    ],
    ["a comment without an end", { pause: `<!-- ${PARTS.pause}` }, WHOLE, "no element"],
    ["a CDATA section without an end", { pause: `<![CDATA[ ${PARTS.pause}` }, WHOLE, "no element"],
    ["an instruction without an end", { pause: `<? ${PARTS.pause}` }, WHOLE, "no element"],
    ["zero bytes over an event", { pause: "\0".repeat(PARTS.pause.length) }, without("Pause"), "no element"],
  ])("%s", (_, changes, expected, told) => {
    const wire = parse(workout(changes));
    expect(read(wire)).toEqual(expected);
    expect(wire.unreadable.size).toBeGreaterThan(0);
    for (const what of wire.unreadable) expect(what).toContain(told);
  });

  test("a workout's own tag is read as far as it is whole", () => {
    const cut = workout().replace(
      ` ${TIME}>`,
      ' creationDate="2025-02-01 08:41:00 +0100" startDate="2025-02-',
    );
    const wire = parse(cut);
    expect(wire).toMatchObject({ activityType: "Run", sourceName: "Watch", start: null, end: null });
    expect(wire.creation).toBe(Date.UTC(2025, 1, 1, 7, 41) / 1000);
    expect(read(wire)).toEqual(WHOLE);
    expect(wire.unreadable).toEqual(new Set(["a damaged Workout"]));
  });

  test("and keeps its place in time behind damage in it", () => {
    const wire = parse(
      workout().replace('sourceName="Watch"', 'sourceName="Watch" sourceVersion="11.2 device="x"'),
    );
    expect(wire).toMatchObject({ sourceName: "Watch", start: 1738393800, end: 1738395600 });
    expect(read(wire)).toEqual(WHOLE);
    expect(wire.unreadable).toEqual(new Set(["a damaged Workout"]));
    // But not behind lost bytes, where the dates may be those of another one.
    const hole = parse(
      workout().replace('sourceName="Watch"', `source\0Name="Watch" device="${"\0".repeat(40)}"`),
    );
    expect(hole).toMatchObject({ start: null, end: null });
  });

  test("a leg without an end has what comes twice once", () => {
    const leg = PARTS.leg.replace(LEG, TIME);
    const own = [statistic("DistanceWalkingRunning", 1.5), statistic("StepCount", 90, LEG)].join("");
    const wire = parse(workout({ leg, legDistance: own, legEnd: "" }));
    expect(read(wire)).toEqual(WHOLE.toSpliced(9, 0, "leg: StepCount 90"));
  });

  test.each([
    ["\0", "6\x005 cm"],
    ["another control character", "6\u000b5 cm"],
  ])("a number that has lost a digit to %s is none; its second copy counts", (_, value) => {
    const wire = parse(workout({ ascent: PARTS.ascent.replace("6575 cm", value) }));
    expect(wire.metadata.get("HKElevationAscended")).toBe("6575 cm");
    expect(wire.unreadable).toEqual(new Set(["a damaged MetadataEntry"]));
  });

  test("a unit that has lost a letter is not another one", () => {
    const wire = parse(workout({ distance: PARTS.distance.replace('unit="km"', 'unit="\0m"') }));
    expect(wire.statistics[0]).toMatchObject({ sum: 4.5, unit: "\ufffdm" });
    expect(wire.unreadable).toEqual(new Set(["unit of WorkoutStatistics"]));
  });
});

describe("a hole that may hide the end of one workout and the beginning of another", () => {
  const hole = "\0".repeat(4096);
  const swim = [statistic("DistanceSwimming", 1.7, OTHER), '<MetadataEntry key="HKLapLength" value="25 m"/>'];

  test.each([
    ["between two elements", `${hole}${swim.join("")}`],
    ["with the rest of the other one's tag", `${hole} ${OTHER}>${swim.join("")}`],
    ["with what has no date first", `${hole}${swim.toReversed().join("")}`],
    ["with nothing that has a date", `${hole}${swim[1] ?? ""}`],
    ["and another one in it", `${hole}${swim[1] ?? ""}${hole}${swim[0] ?? ""}`],
  ])("%s: what is not surely its own is not taken", (_, rest) => {
    const own = [PARTS.zone, PARTS.pause, PARTS.distance].join("\n");
    const wire = parse(`<Workout workoutActivityType="Run" ${TIME}>${own}${rest}</Workout>`);
    expect(read(wire)).toEqual(["HKTimeZone Europe/Paris", "Pause", "DistanceWalkingRunning 4.5"]);
    expect([...wire.unreadable].join()).toMatch(/no element|may belong to another workout/);
  });

  test("nor is what may be another leg's", () => {
    const legs = `${PARTS.leg}${PARTS.legDistance}${hole}${statistic("StepCount", 90, LEG)}</WorkoutActivity>`;
    const wire = parse(workout({ leg: legs, legDistance: "", legEnd: "" }));
    expect(read(wire)).toEqual(WHOLE);
  });

  test("what is its own behind one is", () => {
    const wire = parse(workout({ pause: hole }));
    expect(read(wire)).toEqual(without("Pause"));
  });

  test("bytes that are gone leave no hole, but a damaged tag: what is dated otherwise is not taken", () => {
    const spliced = `<Workout workoutActivityType="Run" ${TIME}>${PARTS.zone}${PARTS.distance.slice(0, 40)}${OTHER}>${swim.join("")}</Workout>`;
    expect(read(parse(spliced))).toEqual(["HKTimeZone Europe/Paris"]);
  });
});

test("whatever is damaged, nothing is read that is not written, nor into another element", () => {
  const original = workout();
  const said = new Set(WHOLE);
  let state = 20261127;
  const next = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  const start = original.indexOf("\n") + 1;
  for (let round = 0; round < 4000; round++) {
    const from = start + next(original.length - start - 12);
    const to = Math.min(original.length - 10, from + 1 + next(next(3) === 0 ? 400 : 30));
    const filled = (next(2) === 0 ? "\0" : "\ufffd").repeat(to - from);
    const wire = parse(original.slice(0, from) + filled + original.slice(to));
    const kept = read(wire);
    for (const text of kept) {
      // An event may have lost what it has in it, a statistic its number, and a text show that it is damaged.
      const isLess = text === "Lap" || text.endsWith(" null") || text.includes("\ufffd");
      expect(said.has(text) || isLess, `${text}: ${from} to ${to}`).toBe(true);
    }
    if (WHOLE.some((text) => !kept.includes(text)) && !kept.some((text) => text.includes("\ufffd")))
      expect(wire.unreadable.size, `${from} to ${to}`).toBeGreaterThan(0);
  }
});

test("hostile text takes no longer than it is long", () => {
  const many = 60_000;
  const hostile = [
    "<a b='",
    '<WorkoutActivity a="',
    "<WorkoutActivity>",
    "<WorkoutEvent><MetadataEntry>",
    "<X>",
    "<X><WorkoutActivity>",
    "</WorkoutEvent>",
    "<!--",
    "<![CDATA[",
    "<MetadataEntry key=<",
    `<WorkoutStatistics type="x">`,
    "\0",
  ];
  for (const piece of hostile) {
    const wire = parse(
      `<Workout workoutActivityType="Run" ${TIME}>${piece.repeat(many)}${PARTS.route}${PARTS.file}${PARTS.routeEnd}</Workout>`,
    );
    expect(wire.activityType).toBe("Run");
  }
});
