import { expect, test } from "vitest";
import { ItemError } from "../../../src/errors.ts";
import { parseUnusualWorkout, parseWorkout } from "../../../src/providers/apple-health/wire.ts";
import { walkUsual } from "../../../src/providers/apple-health/workout-xml.ts";

const parse = (xml: string) => parseWorkout(Buffer.from(xml));
const at = (iso: string): number => Date.parse(iso) / 1000;

test("a workout as iOS 18 writes it", () => {
  const wire = parse(`
    <Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="30.5" durationUnit="min"
      sourceName="Riley’s Apple&#160;Watch" sourceVersion="11.2" device="&lt;&lt;HKDevice: 0xc937f6fa0&gt;, name:Apple Watch&gt;"
      creationDate="2025-02-01 08:40:02 +0100" startDate="2025-02-01 08:10:00 +0100" endDate="2025-02-01 08:40:00 +0100">
      <MetadataEntry key="HKTimeZone" value="Europe/Paris"/>
      <MetadataEntry key="HKAverageMETs" value="9.19 kcal/hr·kg"/>
      <WorkoutEvent type="HKWorkoutEventTypeLap" date="2025-02-01 08:10:00 +0100" duration="30" durationUnit="s">
        <MetadataEntry key="HKSWOLFScore" value="41"/>
      </WorkoutEvent>
      <WorkoutActivity uuid="A-1" startDate="2025-02-01 08:10:00 +0100" endDate="2025-02-01 08:20:00 +0100" duration="10" durationUnit="min">
        <WorkoutEvent type="HKWorkoutEventTypeSegment" date="2025-02-01 08:10:00 +0100"/>
        <WorkoutStatistics type="HKQuantityTypeIdentifierDistanceWalkingRunning" sum="1.5" unit="km"/>
        <MetadataEntry key="WOIntervalStepKeyPath" value="1.3.0"/>
        <MetadataEntry key="HKTimeZone" value="Asia/Tokyo"/>
      </WorkoutActivity>
      <WorkoutStatistics type="HKQuantityTypeIdentifierDistanceWalkingRunning" startDate="x" endDate="y" sum="4,5" unit="km"/>
      <WorkoutStatistics type="HKQuantityTypeIdentifierHeartRate" average="140.25" minimum="NaN" maximum="171" unit="count/min"/>
      <WorkoutRoute sourceName="Watch" startDate="2025-02-01 08:10:05 +0100" endDate="2025-02-01 08:40:00 +0100">
        <MetadataEntry key="HKMetadataKeySyncVersion" value="2"/>
        <FileReference path="/workout-routes/a.gpx"/>
        <FileReference path="/workout-routes/b.gpx"/>
        <FileReference path="/workout-routes/a.gpx"/>
      </WorkoutRoute>
      <MetadataEntry key="HKTimeZone" value="Europe/Paris"/>
      <MetadataEntry key="HKAverageMETs" value="9.19 kcal/hr·kg"/>
    </Workout>`);
  expect(wire).toMatchObject({
    activityType: "HKWorkoutActivityTypeRunning",
    duration: 30.5,
    durationUnit: "min",
    totalDistance: null,
    sourceName: "Riley’s Apple\u00a0Watch",
    sourceVersion: "11.2",
    device: "<<HKDevice: 0xc937f6fa0>, name:Apple Watch>",
    creation: at("2025-02-01T07:40:02Z"),
    start: at("2025-02-01T07:10:00Z"),
    end: at("2025-02-01T07:40:00Z"),
  });
  expect([...wire.metadata]).toEqual([
    ["HKTimeZone", "Europe/Paris"],
    ["HKAverageMETs", "9.19 kcal/hr·kg"],
  ]);
  expect(wire.events).toHaveLength(1);
  expect([...(wire.events[0]?.metadata ?? [])]).toEqual([["HKSWOLFScore", "41"]]);
  expect(wire.statistics).toEqual([
    {
      type: "HKQuantityTypeIdentifierDistanceWalkingRunning",
      average: null,
      minimum: null,
      maximum: null,
      sum: 4.5,
      unit: "km",
    },
    {
      type: "HKQuantityTypeIdentifierHeartRate",
      average: 140.25,
      minimum: null,
      maximum: 171,
      sum: null,
      unit: "count/min",
    },
  ]);
  expect(wire.activities).toHaveLength(1);
  expect(wire.activities[0]).toMatchObject({ uuid: "A-1", duration: 10 });
  expect(wire.activities[0]?.statistics[0]?.sum).toBe(1.5);
  expect(wire.activities[0]?.events).toHaveLength(1);
  expect(wire.activities[0]?.metadata.get("WOIntervalStepKeyPath")).toBe("1.3.0");
  expect(wire.routes).toHaveLength(1);
  expect(wire.routes[0]?.paths).toEqual(new Set(["/workout-routes/a.gpx", "/workout-routes/b.gpx"]));
});

test("entities: the five and the numeric ones, no others", () => {
  const { sourceName, device } = parse(
    `<Workout sourceName="&lt;A&amp;B&gt; &quot;&apos;&#x41;&#66;" device="&bomb;&constructor;&nbsp;&copy;"/>`,
  );
  expect(sourceName).toBe(`<A&B> "'AB`);
  expect(device).toBe("&bomb;&constructor;&nbsp;&copy;");
});

test("an entity declared in the element itself is not expanded", () => {
  const { sourceName } = parse(`<!DOCTYPE x [<!ENTITY a "aaaa">]><Workout sourceName="&a;"/>`);
  expect(sourceName).toBe("&a;");
});

test("control characters and broken UTF-8 do not reach the store", () => {
  const bytes = Buffer.concat([
    Buffer.from('<Workout sourceName="My\u000b \u001fApp\u0000" device="'),
    Buffer.from([0x57, 0xff, 0x61]),
    Buffer.from('" sourceVersion="a\r\nb"><MetadataEntry key="k\u0007" value="\u0001"/></Workout>'),
  ]);
  const wire = parseWorkout(bytes);
  expect(wire.sourceName).toBe("My App");
  expect(wire.device).toBe("W\ufffda");
  expect(wire.sourceVersion).toBe("a  b");
  expect(wire.metadata.size).toBe(0);
});

test.each([
  ["an attribute written twice: the first counts", `<Workout duration="1" duration="2" sourceName="S"/>`],
  ["a raw ampersand", `<Workout duration="1" sourceName="S" device="a & b &c"/>`],
  ["a raw <", `<Workout duration="1" sourceName="S" device="a < b"/>`],
  ["spaces in an attribute's name", `<Workout Health Mate Version="2" duration="1" sourceName="S"/>`],
  ["an attribute without a value", `<Workout broken duration="1" sourceName="S"/>`],
  ["another case", `<workout DURATION="1" SourceName="S"></WORKOUT>`],
  [
    "attributes that are also names of JavaScript",
    `<Workout __proto__="x" hasOwnProperty="y" duration="1" sourceName="S"/>`,
  ],
  ["an end tag missing inside", `<Workout duration="1" sourceName="S"><WorkoutEvent type="T"></Workout>`],
  ["single quotes", `<Workout duration='1' sourceName='S'/>`],
  ["a number with a comma", `<Workout duration="1,0" sourceName="S"/>`],
])("survived: %s", (_, xml) => {
  expect(parse(xml)).toMatchObject({ duration: 1, sourceName: "S" });
});

test("what is not a number, not a date or empty is missing", () => {
  expect(
    parse(`<Workout duration="NaN" totalDistance="" sourceName="" startDate="soon" endDate=""/>`),
  ).toMatchObject({
    duration: null,
    totalDistance: null,
    sourceName: null,
    start: null,
    end: null,
  });
});

test("what is written and cannot be read is told; what says that there is nothing is not", () => {
  const { unreadable } = parse(`
    <Workout duration="1x5" totalDistance="" totalEnergyBurned="NaN" startDate="soon" endDate="2025-02-30 08:00:00 +0100">
      <WorkoutStatistics type="HKQuantityTypeIdentifierHeartRate" average="14\u0000" maximum="Infinity" sum="10x" unit="kcal"/>
      <WorkoutStatistics type="HKQuantityTypeIdentifierStepCount" sum="10 unit="count"/>
      <WorkoutStatistics sum="1"/>
      <WorkoutEvent type="HKWorkoutEventTypeLap" date="2025-02-01 08:10:00" duration="1 234"/>
      <WorkoutRoute startDate="2025-02-01 08:10:00 +0100"><FileReference/></WorkoutRoute></Workout>`);
  expect([...unreadable].sort()).toEqual([
    "a damaged WorkoutStatistics",
    "average of WorkoutStatistics",
    "date of WorkoutEvent",
    "duration of Workout",
    "duration of WorkoutEvent",
    "endDate of Workout",
    "path of FileReference",
    "startDate of Workout",
    "sum of WorkoutStatistics",
    "type of WorkoutStatistics",
  ]);
});

test("unknown elements keep what is theirs", () => {
  const wire = parse(`
    <Workout><Novelty><MetadataEntry key="HKTimeZone" value="Asia/Tokyo"/>
      <WorkoutStatistics type="HKQuantityTypeIdentifierHeartRate" average="1"/></Novelty>
      <Workout sourceName="inner"><MetadataEntry key="inner" value="1"/></Workout></Workout>`);
  expect(wire.metadata.size).toBe(0);
  expect(wire.statistics).toEqual([]);
  expect(wire.sourceName).toBeNull();
});

test("an event written twice is one, two alike at different times are two", () => {
  const event = (date: string) =>
    `<WorkoutEvent type="HKWorkoutEventTypeLap" date="${date}" duration="1" durationUnit="min"/>`;
  const [first, second] = ["2025-02-01 08:10:00 +0100", "2025-02-01 08:11:00 +0100"];
  expect(parse(`<Workout>${event(first)}${event(first)}${event(second)}</Workout>`).events).toHaveLength(2);
});

test.each(["", "no xml", "<Record/>", "<Record><Workout/></Record>"])("%j is no workout", (xml) => {
  expect(() => parse(xml)).toThrow(ItemError);
});

// What is well-formed is read without sax: both ways must see the same.
const VARIATIONS: readonly string[] = [
  '<MetadataEntry key="HKTimeZone" value="Europe/Paris"/>',
  '<MetadataEntry key="HKAverageMETs" value="9.19 kcal/hr·kg"  />',
  '<metadataentry KEY="lower" value="case"/>',
  '<MetadataEntry key="twice" key="again" value="a" VALUE="b"/>',
  '<MetadataEntry\tkey="a&amp;lt;b&lt;&gt;&quot;&apos;"\n value="line\nbreak"></MetadataEntry>',
  '<MetadataEntry key="n" value="&#233;&#x1F3C3;&constructor;&nbsp;"/>',
  '<MetadataEntry key="stray" value="R&B & more &"/>',
  "<MetadataEntry key='single' value='quotes > \"'/>",
  '<MetadataEntry key="raw" value="a > b < c"/>',
  '<MetadataEntry key="un" value=quoted/>',
  '<MetadataEntry key="glued"value="together"/>',
  '<MetadataEntry key="half',
  '<MetadataEntry key="" value=""/>',
  '<MetadataEntry key="control" value="a\u000bb\u001f\ufffe\ud83cc"/>',
  '<WorkoutEvent type="HKWorkoutEventTypeLap" date="2025-02-01 08:10:00 +0100" duration="1,5"><MetadataEntry key="k" value="1"/></WorkoutEvent>',
  '<WorkoutActivity uuid="A"><WorkoutStatistics type="T" sum="1"/><WorkoutEvent type="E"/></WorkoutActivity>',
  '<WorkoutStatistics type="HKQuantityTypeIdentifierStepCount" sum="x1" unit="count"/>',
  '<WorkoutStatistics sum="1"/>',
  '<WorkoutRoute startDate="2025-02-01 08:10:05 +0100"><FileReference path="/a.gpx"/><FileReference/></WorkoutRoute>',
  '<Location date="2025-02-01 08:10:05 +0100" latitude="1" longitude="2"/>',
  '<Future kind="1"><MetadataEntry key="inner" value="1"/></Future>',
  "<!-- a comment -->",
  "<![CDATA[ <MetadataEntry/> ]]>",
  "text &amp; more",
  "</WorkoutEvent>",
  "<WorkoutEvent type='open'>",
  "<Script>var a = '<';</Script>",
  " \n\t",
];

test("an element is read the same with sax and without", () => {
  const next = random(20261125);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(next() * list.length)];
  const plain = VARIATIONS.slice(0, 2);
  for (let round = 0; round < 3000; round++) {
    // Some of one unusual thing among usual ones, some of anything.
    const from = round % 2 === 0 ? plain : VARIATIONS;
    const children = Array.from({ length: Math.floor(next() * 5) }, () => pick(from));
    children.push(pick(VARIATIONS));
    const xml = `<Workout workoutActivityType="Run" sourceName="Jo’s &lt;Watch&gt;" duration="3">${children.join(pick(["", "\n "]))}</Workout>`;
    const bytes = Buffer.from(
      pick([xml, xml, xml, xml.slice(0, Math.floor(next() * xml.length)), `${xml}x`]) ?? "",
    );
    expect(outcomeOf(parseWorkout, bytes), bytes.toString()).toEqual(outcomeOf(parseUnusualWorkout, bytes));
  }
});

function outcomeOf(parseOne: typeof parseWorkout, bytes: Buffer): unknown {
  try {
    return parseOne(bytes);
  } catch (error) {
    return error;
  }
}

/** mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

test("what Apple writes does not need sax", () => {
  const told: string[] = [];
  const visitor = {
    open: (name: string, attributes: Readonly<Record<string, string>>) =>
      void told.push(`${name} ${JSON.stringify(attributes)}`),
    close: () => void told.push("/"),
  };
  const xml =
    '\n <Workout startDate="x" device="&lt;&lt;HKDevice: 0x1&gt;">\n <MetadataEntry key="k" value="v &amp;amp;"/>\n </Workout>\n';
  expect(walkUsual(xml, visitor)).toBe(true);
  expect(told).toEqual([
    'workout {"startdate":"x","device":"<<HKDevice: 0x1>"}',
    'metadataentry {"key":"k","value":"v &amp;"}',
    "/",
    "/",
  ]);
  expect(walkUsual("<Workout><Future/></Workout>", visitor)).toBe(false);
});
