import { describe, expect, it } from "vitest";
import { InterruptedError } from "../../../src/errors.ts";
import type { Damage, Scan } from "../../../src/providers/apple-health/elements.ts";
import { scan } from "../../../src/providers/apple-health/reader.ts";
import { type Found, readWithSax, recordLine } from "./sax-reader.ts";

const HR = "HKQuantityTypeIdentifierHeartRate";

async function* chunks(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer, void, void> {
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    // Copied, as the pieces of a real stream share no memory.
    yield Buffer.from(bytes.subarray(from, cut));
    from = cut;
  }
}

function read(xml: string | Buffer, cuts: readonly number[] = []): Promise<Scan> {
  return scan(chunks(Buffer.from(xml), cuts));
}

function lines(found: Scan): string[] {
  const all: string[] = [];
  for (const [type, column] of found.records) {
    for (let index = 0; index < column.length; index++) {
      const source = found.sources[column.source(index)];
      all.push(
        recordLine(
          type,
          column.start(index),
          column.end(index),
          column.value(index),
          source?.name ?? "?",
          source?.device ?? "?",
          found.units[column.unit(index)] ?? "?",
        ),
      );
    }
  }
  return all.toSorted();
}

function foundIn(found: Scan): Found {
  return {
    locale: found.locale,
    exportDate: found.exportDate,
    elements: found.elements,
    workouts: found.workouts.map(({ offset, bytes }) => ({ offset, xml: bytes.toString() })),
    records: lines(found),
  };
}

/** The values of the heart rates, for tests that ask which records survived. */
function rates(found: Scan): number[] {
  const column = found.records.get(HR);
  return Array.from({ length: column?.length ?? 0 }, (_, index) => column?.value(index) ?? Number.NaN);
}

function told(damage: readonly Damage[]): string[] {
  return damage.map(({ code, message, offset, loss }) => `${offset} ${code}${loss ? "!" : ""} ${message}`);
}

/** A heart rate of 2024-03-10, `minute` past six UTC. */
function rate(value: number | string, minute = 0, more = ""): string {
  const date = `2024-03-10 07:${String(minute).padStart(2, "0")}:00 +0100`;
  return `<Record type="${HR}" sourceName="Watch" unit="count/min" creationDate="${date}" startDate="${date}" endDate="${date}" value="${value}"${more}/>`;
}

function workout(name: string, content = ""): string {
  return `<Workout workoutActivityType="HKWorkoutActivityType${name}" startDate="2024-03-10 07:00:00 +0100">${content}</Workout>`;
}

function document(...content: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<HealthData locale="en_GB">\n${content.join("\n")}\n</HealthData>\n`;
}

describe("what a scan finds", () => {
  it("reads dates as instants, values, sources and units", async () => {
    const found = await read(
      document(
        '<ExportDate value="2024-06-01 12:00:00 +0200"/>',
        `<Record type="${HR}" sourceName="Jo&#8217;s Apple\u00a0Watch &amp; more" device="&lt;&lt;HKDevice: 0x2811&gt;, name:Apple Watch&gt;" unit="count/min" creationDate="2024-01-02 08:00:00 +0100" startDate="2024-01-02 07:03:11 +0100" endDate="2024-01-02 07:04:00 -0930" value="61.5"/>`,
      ),
    );
    const column = found.records.get(HR);
    expect(column?.length).toBe(1);
    expect(column?.start(0)).toBe(Date.parse("2024-01-02T06:03:11Z") / 1000);
    expect(column?.end(0)).toBe(Date.parse("2024-01-02T16:34:00Z") / 1000);
    expect(column?.value(0)).toBe(61.5);
    expect(found.sources[column?.source(0) ?? -1]).toEqual({
      name: "Jo’s Apple\u00a0Watch & more",
      device: "<<HKDevice: 0x2811>, name:Apple Watch>",
    });
    expect(found.units[column?.unit(0) ?? -1]).toBe("count/min");
    expect(found).toMatchObject({
      locale: "en_GB",
      exportDate: "2024-06-01 12:00:00 +0200",
      elements: 3,
      damage: [],
    });
  });

  it("takes a device for one whatever its address", async () => {
    const device = (pointer: string): string =>
      ` device="&lt;&lt;HKDevice: ${pointer}&gt;, name:Apple Watch, model:Watch&gt;"`;
    const found = await read(
      document(rate(60, 0, device("0x1a")), rate(61, 1, device("0xffff01")), rate(62, 2, device("0x1b"))),
    );
    expect(found.sources).toHaveLength(1);
    expect(rates(found)).toEqual([60, 61, 62]);
  });

  it("takes a source for one whatever control characters are in its name", async () => {
    const names = ["Watch", "Wat\u000bch", "Watch\n", "Wat\u0000ch", "Other"];
    const { sources, records } = await read(
      document(...names.map((name, at) => rate(60 + at, at).replace("Watch", name))),
    );
    expect(sources.map(({ name }) => name)).toEqual(["Watch", "Other"]);
    const column = records.get(HR);
    expect(names.map((_, index) => column?.source(index))).toEqual([0, 0, 0, 0, 1]);
  });

  it("keeps complete workouts as they stand, with their place", async () => {
    const first = workout(
      "Running",
      '<WorkoutEvent type="a"/><!-- </Workout> --><WorkoutRoute></WorkoutRoute>',
    );
    const second = '<Workout workoutActivityType="HKWorkoutActivityTypeYoga" duration="1>0" />';
    const xml = document(first, second);
    const found = await read(xml);
    expect(found.workouts.map(({ bytes }) => bytes.toString())).toEqual([first, second]);
    expect(found.workouts.map(({ offset }) => offset)).toEqual([xml.indexOf(first), xml.indexOf(second)]);
    expect(found.damage).toEqual([]);
  });

  it("skips the records inside correlations, which are repeated outside", async () => {
    const found = await read(
      document(
        rate(60),
        `<Correlation type="x"><MetadataEntry key="a" value="b"/>${rate(61)}</Correlation>`,
        rate(62),
      ),
    );
    expect(rates(found)).toEqual([60, 62]);
  });

  it("keeps columns exact across blocks, whatever the numbers", async () => {
    const values = Array.from({ length: 9000 }, (_, index) =>
      index % 4500 === 17 ? 0.1 + index / 7 : index % 1000 === 3 ? -4 : 40 + (index % 150),
    );
    const found = await read(document(...values.map((value, index) => rate(value, index % 60))));
    expect(rates(found)).toEqual(values);
    const column = found.records.get(HR);
    expect(column?.start(8999)).toBe(Date.parse("2024-03-10T06:59:00Z") / 1000);
    expect(column?.end(8999)).toBe(column?.start(8999));
  });

  it("holds years that 32 bits of seconds cannot", async () => {
    const at = (year: string): string =>
      `<Record type="${HR}" sourceName="a" startDate="${year}-01-01 00:00:00 +0000" endDate="${year}-01-01 00:00:00 +0000" value="1"/>`;
    const found = await read(
      document(...Array.from({ length: 5000 }, (_, index) => at(index % 2 === 0 ? "9999" : "1904"))),
    );
    const column = found.records.get(HR);
    expect(column?.start(0)).toBe(253_370_764_800);
    expect(column?.start(4999)).toBe(-2_082_844_800);
  });

  it("tells how far it is, and stops when asked to", async () => {
    const seen: number[] = [];
    const bytes = Buffer.from(document(rate(60), workout("Running")));
    await scan(chunks(bytes, [100, 200]), { onProgress: (progress) => seen.push(progress.bytes) });
    expect(seen).toEqual([100, 200, bytes.length]);
    await expect(scan(chunks(bytes, [100]), { signal: AbortSignal.abort() })).rejects.toThrow(
      InterruptedError,
    );
  });
});

/** Documents that are legal XML, each unusual in its way. */
const LEGAL: Readonly<Record<string, string>> = {
  usual: document(
    rate(60),
    rate(61, 1),
    workout("Running", '<MetadataEntry key="a" value="b"/>'),
    rate(62, 2),
  ),
  "on one line": `<HealthData locale="de_DE">${rate(60)}${workout("Running")}${rate(61)}</HealthData>`,
  "with a byte order mark": `\ufeff${document(rate(60))}`,
  "single quotes": document(rate(60).replaceAll('"', "'"), workout("Yoga").replaceAll('"', "'")),
  "white space everywhere": document(
    rate(60)
      .replaceAll(" ", "\n\t ")
      .replaceAll("\n\t +0100", " +0100")
      .replaceAll("\n\t 07", " 07")
      .replace("/>", "\r\n/>"),
    workout("Yoga").replace("</Workout>", "</Workout\n >"),
  ),
  "spaces around =": document(rate(60).replaceAll('="', ' = "'), rate(61)),
  "attributes in another order": document(
    `<Record value="60" startDate="2024-03-10 07:00:00 +0100" endDate="2024-03-10 07:00:05 +0100" unit="count/min" sourceName="W" type="${HR}"/>`,
    '<Record value="1" startDate="x" type="HKQuantityTypeIdentifierBodyMass"/>',
  ),
  "> in attributes": document(
    rate(60, 0, ' device="a>b/>c"'),
    workout("Yoga").replace("startDate", 'x="/>" startDate'),
  ),
  "entities in attributes": document(
    rate(60).replace("Watch", "A&amp;B &#x1F3C3; &quot;x&quot; &apos;y&apos; &lt;&gt;"),
    rate(61).replace("HeartRate", "Heart&#82;ate"),
    rate("6&#50;"),
    rate(63).replace("count/min", "count&#47;min"),
  ),
  "comments and CDATA": document(
    `<!-- ${rate(1)} ${workout("Running")} -->`,
    rate(60),
    "<Unknown><![CDATA[ <Workout> <Record ]]></Unknown>",
    workout("Yoga", "<!-- <Workout> --><MetadataEntry key='a' value='b'/>"),
    `<!---->${rate(61)}<!-- - -->`,
  ),
  "processing instructions": document("<?odd <Record?>", rate(60), "<?xml-stylesheet href='a'?>"),
  "elements that nobody knows": document(
    '<Novelty kind="x">words &amp; <b>more</b> words</Novelty>',
    rate(60),
    "<Workouts/><Recorder/><RecordX a='b'/><Correlations/>",
    workout("Running", "<Novelty>text</Novelty>"),
  ),
  "children of records": document(
    rate(60).replace(
      "/>",
      '><MetadataEntry key="k" value="v"/><HeartRateVariabilityMetadataList><InstantaneousBeatsPerMinute bpm="60" time="1:20:37,80"/></HeartRateVariabilityMetadataList></Record>',
    ),
    rate(61),
  ),
  correlations: document(
    `<Correlation type="a" startDate="b">${rate(60)}</Correlation>`,
    '<Correlation type="a"/>',
    rate(61),
    workout("Yoga"),
  ),
  "a document type": `<?xml version="1.0"?>\n<!DOCTYPE HealthData [\n<!-- it's <HealthData> "not ]> -->\n<!ELEMENT HealthData (Record*)>\n<!ATTLIST Record type CDATA #REQUIRED\n>\n<!ENTITY lol "]><Record">\n]>\n<HealthData locale="fr_FR">${rate(60)}</HealthData>`,
  "a document type without a subset": `<!DOCTYPE HealthData SYSTEM "a>b.dtd">\n<HealthData>${rate(60)}</HealthData>`,
  "numbers of all kinds": document(
    ...[
      "0",
      "-1.5",
      "+2",
      "1e2",
      "6.02E+23",
      "1e-7",
      ".5",
      "5.",
      "48.74499999999999",
      "12345678901234567890",
      "0.1",
      "61,5",
      "007",
      " 8 ",
    ].map((value) => rate(value)),
  ),
  "dates of other shapes": document(
    ...[
      "20150616071916-0700",
      "2015-06-16T07:19:16Z",
      "2015-06-16T07:19:16.250+02:00",
      " 2024-03-10 07:00:00 +0100 ",
    ].map((date) => rate(60).replace(/startDate="[^"]*"/, `startDate="${date}"`)),
  ),
  "no source, no unit": document(
    rate(60).replace(' sourceName="Watch"', "").replace(' unit="count/min"', ""),
  ),
  "text of other scripts": document(
    rate(60).replace("Watch", "Часы 手表 ⌚️"),
    workout("Yoga", '<MetadataEntry key="é" value="ж"/>'),
  ),
  empty: '<HealthData locale="it_IT"></HealthData>',
  "the root alone": "<HealthData/>",
};

describe("legal documents are read as sax reads them", () => {
  it.each(Object.entries(LEGAL))("%s", async (_, xml) => {
    const bytes = Buffer.from(xml);
    const expected = readWithSax(xml);
    const whole = await read(bytes);
    expect(foundIn(whole)).toEqual(expected);
    expect(told(whole.damage)).toEqual([]);
    // Cut in two at every place, and into single bytes.
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(foundIn(await read(bytes, [cut])), `cut at ${cut}`).toEqual(expected);
    }
    const single = await read(
      bytes,
      Array.from({ length: bytes.length - 1 }, (_, index) => index + 1),
    );
    expect(foundIn(single)).toEqual(expected);
    expect(single.damage).toEqual([]);
  });

  it("whatever generated variations are put together, cut anywhere", async () => {
    const next = random(20261120);
    const bodies = Object.values(LEGAL)
      .filter((xml) => !xml.includes("<!DOCTYPE"))
      .map((xml) => xml.replace(/^[^]*?<HealthData[^>]*>/, "").replace(/<\/HealthData>\s*$/, ""));
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    for (let round = 0; round < 300; round++) {
      const parts = Array.from(
        { length: 1 + Math.floor(next() * 6) },
        () => pick(bodies) + pick(["", " ", "\n", "\r\n  "]),
      );
      const xml = `${pick(["", "<?xml version='1.0'?>\n"])}<HealthData locale="nl_NL">${parts.join("")}</HealthData>`;
      const bytes = Buffer.from(xml);
      const cuts = Array.from({ length: Math.floor(next() * 9) }, () => Math.floor(next() * bytes.length));
      const found = await read(
        bytes,
        cuts.toSorted((a, b) => a - b),
      );
      expect(foundIn(found), `round ${round}`).toEqual(readWithSax(xml));
      expect(told(found.damage)).toEqual([]);
    }
  });
});

describe("a record that is nearly the one before is read as sax reads it", () => {
  const DEVICE = ' device="&lt;&lt;HKDevice: 0x1a2b&gt;, name:Apple Watch&gt;"';
  const ATTRIBUTES = {
    type: ` type="${HR}"`,
    sourceName: ' sourceName="Watch"',
    sourceVersion: ' sourceVersion="10.1"',
    device: DEVICE,
    unit: ' unit="count/min"',
    creationDate: ' creationDate="2024-03-10 07:00:09 +0100"',
    startDate: ' startDate="2024-03-10 07:00:01 +0100"',
    endDate: ' endDate="2024-03-10 07:00:02 +0100"',
    value: ' value="60"',
  };
  const record = (changed: Partial<typeof ATTRIBUTES> = {}, more = ""): string =>
    `<Record${Object.values({ ...ATTRIBUTES, ...changed }).join("")}${more}/>`;
  const names = Object.keys(ATTRIBUTES) as (keyof typeof ATTRIBUTES)[];
  const records = [
    record(),
    record({ value: ' value="61"' }),
    ...names.flatMap((name) => [
      record({ [name]: "" }),
      record({ [name]: "" }, ATTRIBUTES[name]),
      record({ [name]: `\n ${ATTRIBUTES[name]}` }),
      record({ [name]: `${ATTRIBUTES[name]} more="a"` }),
    ]),
    ...["0x", "0x1a2b3c", "0xFF", "0xzz", "1a2b", "0x1a2b3"].map((address) =>
      record({ device: DEVICE.replace("0x1a2b", address) }),
    ),
    record({ device: ' device="Scale"' }),
    record({ device: DEVICE.replace("Watch&gt;", "Watch&gt;2") }),
    record({ sourceName: ' sourceName="Watcj"' }),
    record({ sourceName: ' sourceName="Watch 2"' }),
    record({ sourceVersion: ' sourceVersion="10.10"' }),
    record({ unit: ' unit="count/mib"' }),
    record({ unit: "", value: ' unit="count/s" value="1"' }),
    record({ sourceVersion: ` sourceVersion="${"1".repeat(3000)}"` }),
    record({ device: DEVICE.replace("Apple", "A".repeat(3000)) }),
    ...["HeartRateVariabilitySDNN", "HeartRat", "RunningPower", "StepCount"].map((type) =>
      record({ type: ` type="HKQuantityTypeIdentifier${type}"` }),
    ),
    // Its beginning is that of the others, and then it is over.
    record({ creationDate: "", startDate: "", endDate: "", value: "" }),
  ];

  it("in every pair, one after the other and back", async () => {
    for (const first of records) {
      for (const second of records) {
        const xml = document(record(), first, second, first, second);
        expect(foundIn(await read(xml)), `${first}\n${second}`).toEqual(readWithSax(xml));
      }
    }
  });

  it("but for a quote that hides its type", async () => {
    const hidden = (more: string): string =>
      `<Record '${ATTRIBUTES.type.trim()} version="1" type="A" ${more}${ATTRIBUTES.startDate}${ATTRIBUTES.endDate}${ATTRIBUTES.value}/>`;
    const found = await read(document(hidden('b="c"'), hidden('qqqqqqqqqqqq="z"')));
    expect(rates(found)).toEqual(rates(await read(document(hidden('qqqqqqqqqqqq="z"')))));
    expect(rates(found)).toEqual([60]);
  });

  it("an attribute that comes twice counts once, whatever stood before", async () => {
    for (const name of names) {
      const twice = record({}, ATTRIBUTES[name].replace(/"[^"]*"/, '"2"'));
      expect(lines(await read(document(record(), twice, record()))), name).toEqual(
        lines(await read(document(record(), record(), record()))),
      );
    }
  });
});

/** mulberry32: the same tests everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Broken {
  readonly name: string;
  readonly xml: string | Buffer;
  readonly rates: readonly number[];
  /** `offset code message`, `!` after the code for a loss. `at` is what stands at the offset. */
  readonly damage: readonly (readonly [at: string, what: string])[];
}

const MINUTE_ONE = rate(61, 1);
const GARBAGE = Buffer.from("\u0000\u0001\u001f\u00ff\u00fe\u00c3(\u0080", "latin1");

/** A document around `middle`, with a heart rate and a workout before and behind it. */
function around(middle: string | Buffer): Buffer {
  const [before, behind] = document(rate(60), workout("Running"), "@", workout("Yoga"), rate(69, 9)).split(
    "@",
  );
  return Buffer.concat([Buffer.from(before ?? ""), Buffer.from(middle), Buffer.from(behind ?? "")]);
}

const BROKEN: readonly Broken[] = [
  {
    name: "control bytes, NUL and invalid UTF-8 in attributes are no damage",
    xml: around(
      Buffer.concat([
        Buffer.from('<Record type="x" sourceName="'),
        GARBAGE,
        Buffer.from(`"/>${rate(61).replace("Watch", "W\u000btch")}`),
      ]),
    ),
    rates: [60, 61, 69],
    damage: [],
  },
  {
    name: "a record that has lost its beginning, behind one that nobody wants and behind one that is",
    xml: around(`<Record type="x" value="1"/>${rate(61).slice(20)}${rate(62)}${rate(63).slice(30)}`),
    rates: [60, 62, 69],
    damage: [
      [rate(61).slice(20), "unexpected-text! something that is no element"],
      [rate(63).slice(30), "unexpected-text! something that is no element"],
    ],
  },
  {
    name: "a wanted record whose type has lost a letter; nobody minds those of another",
    xml: around(
      [61, 62]
        .map((value) => rate(value).replace("HeartRate", value === 61 ? "He\u0000rtRate" : "He\u0000dRate"))
        .join(""),
    ),
    rates: [60, 69],
    damage: [
      [
        '<Record type="HKQuantityTypeIdentifierHe\u0000rt',
        "unreadable-record! a record whose type is damaged",
      ],
    ],
  },
  {
    name: "garbage between elements",
    xml: around(GARBAGE),
    rates: [60, 69],
    damage: [["\u0000", "unexpected-text! something that is no element"]],
  },
  {
    name: "garbage with markup in it",
    xml: around("\u0001<\u0002>< <3 <<Record"),
    rates: [60, 69],
    damage: [
      ["\u0001", "unexpected-text! something that is no element"],
      ["<\u0002", "unexpected-text! a stray <"],
      ["< <3", "unexpected-text! a stray <"],
      ["<3", "unexpected-text! a stray <"],
      ["<<Rec", "unexpected-text! a stray <"],
      ["<Record\n", "broken-element! the rest of <Record> is missing"],
    ],
  },
  {
    name: "a record overwritten in the middle",
    xml: around(MINUTE_ONE.replace(/endDate="[^]*/, "\u0000\u0000\u0000\n")),
    rates: [60, 69],
    damage: [[MINUTE_ONE.slice(0, 60), "broken-element! the rest of <Record> is missing"]],
  },
  {
    name: "a lost closing quote",
    xml: around(MINUTE_ONE.replace('"/>', "/>")),
    rates: [60, 69],
    damage: [[MINUTE_ONE.slice(0, 60), "unreadable-record! a HeartRate record without value"]],
  },
  {
    name: "a lost start date",
    xml: around(MINUTE_ONE.replace(/ startDate="[^"]*"/, "")),
    rates: [60, 69],
    damage: [["<Record type", "unreadable-record! a HeartRate record without startDate"]],
  },
  {
    name: "a lost end date: the start is known",
    xml: around(MINUTE_ONE.replace(/ endDate="[^"]*"/, "")),
    rates: [60, 61, 69],
    damage: [],
  },
  {
    name: "a lost >",
    xml: around(`${MINUTE_ONE.slice(0, -1)}\n${rate(62, 2)}`),
    rates: [60, 62, 69],
    damage: [[MINUTE_ONE.slice(0, 60), "broken-element! the rest of <Record> is missing"]],
  },
  {
    name: "values that are no numbers",
    xml: around(["NaN", "", "Infinity", "sixty", "0x3c", "6 1"].map((value) => rate(value)).join("")),
    rates: [60, 69],
    damage: Array.from(
      { length: 6 },
      () => ["", "unreadable-record! a HeartRate record whose value is no number"] as const,
    ),
  },
  {
    name: "a date that no calendar has",
    xml: around(MINUTE_ONE.replaceAll("2024-03-10", "2024-02-30")),
    rates: [60, 69],
    damage: [["<Record type", "unreadable-record! a HeartRate record with an unreadable date"]],
  },
  {
    name: "an unescaped &",
    xml: around(MINUTE_ONE.replace("Watch", "R&D")),
    rates: [60, 61, 69],
    damage: [],
  },
  {
    name: "an unescaped <",
    xml: around(MINUTE_ONE.replace("Watch", "A<B")),
    rates: [60, 61, 69],
    damage: [["<Record type", "unescaped-markup a raw < in <Record>"]],
  },
  {
    name: "attributes with spaces in their names (iOS 8)",
    xml: around(rate(61, 1, ' Health Mate App Version="2.16" My value="5"')),
    rates: [60, 61, 69],
    damage: [],
  },
  {
    name: "a duplicate attribute: the first counts",
    xml: around(rate(61, 1, ' value="5" startDate="2030-01-01 00:00:00 +0000"')),
    rates: [60, 61, 69],
    damage: [],
  },
  {
    name: "a workout that never ends",
    xml: around(workout("Hiking", "<WorkoutEvent/>").replace("</Workout>", "")),
    rates: [60, 69],
    damage: [
      [
        '<Workout workoutActivityType="HKWorkoutActivityTypeHiking',
        "broken-workout! a workout that has no end",
      ],
    ],
  },
  {
    name: "a declaration without an end",
    xml: around("<!x "),
    rates: [60, 69],
    damage: [["<!x", "unexpected-text! a declaration without an end"]],
  },
  {
    name: "a workout whose name is damaged",
    xml: around(workout("Hiking", "<WorkoutEvent/>").replace("<Workout ", "<W\u0000rkout ")),
    rates: [60, 69],
    damage: [
      ["<W\u0000rkout", "broken-element! an element whose name is damaged"],
      ["</Workout>", "broken-workout! a workout that has no beginning"],
    ],
  },
  {
    name: "a raw < in the name of a record",
    xml: around(rate(61, 1).replace("<Record", "<Re<ord")),
    rates: [60, 69],
    damage: [
      ["<Re<ord", "unescaped-markup a raw < in an element"],
      ["<Re<ord", "broken-element! an element whose name is damaged"],
    ],
  },
  {
    name: "a correlation that never ends: its records count",
    xml: around(`<Correlation type="a">${MINUTE_ONE}`),
    rates: [60, 61, 69],
    damage: [["<Correlation", "broken-correlation a correlation that has no end"]],
  },
  {
    name: "a comment that never ends",
    xml: around("<!-- oh"),
    rates: [60, 69],
    damage: [["<!-- oh", "unexpected-text! a <!-- without an end"]],
  },
  {
    name: "CDATA that never ends",
    xml: around("<![CDATA[ oh"),
    rates: [60, 69],
    damage: [["<![CDATA[ oh", "unexpected-text! a <![C without an end"]],
  },
  {
    name: "end tags of nothing",
    xml: around("</Record></Workout></Correlation></x>"),
    rates: [60, 69],
    damage: [["</Workout></Corr", "broken-workout! a workout that has no beginning"]],
  },
  {
    name: "an end of the root in the middle",
    xml: around("</HealthData>"),
    rates: [60, 69],
    damage: [],
  },
  {
    name: "cut off inside a record",
    xml: document(rate(60), workout("Running"), workout("Yoga"), MINUTE_ONE).split('value="61')[0] ?? "",
    rates: [60],
    damage: [[MINUTE_ONE.slice(0, 60), "truncated! the file ends in the middle of an element"]],
  },
  {
    name: "cut off inside a workout",
    xml:
      document(workout("Running"), workout("Yoga"), rate(60), workout("Hiking", "<WorkoutEvent/>")).split(
        "<WorkoutEvent/>",
      )[0] ?? "",
    rates: [60],
    damage: [
      [
        '<Workout workoutActivityType="HKWorkoutActivityTypeHiking',
        "truncated! the file ends inside a workout",
      ],
    ],
  },
  {
    name: "cut off between elements",
    xml: document(workout("Running"), workout("Yoga"), rate(60)).replace("\n</HealthData>\n", ""),
    rates: [60],
    damage: [["", "truncated! the file ends before </HealthData>"]],
  },
  {
    name: "the invalid document type of iOS 16",
    xml: around("")
      .toString()
      .replace(
        "<HealthData",
        `<!DOCTYPE HealthData [\n<!-- HealthKit Export Version: 12 -->\n<!ATTLIST VisionPrescription\n  type CDATA #REQUIRED\n<!ELEMENT RightEye EMPTY>\n<!ATTLIST RightEye\n  sphere CDATA #IMPLIED\n>\n  device CDATA #IMPLIED\n<!ELEMENT MetadataEntry EMPTY>\n<!ATTLIST MetadataEntry\n  key CDATA #IMPLIED\n>\n>\n]>\n<HealthData`,
      ),
    rates: [60, 69],
    damage: [],
  },
  {
    name: "a document type with a quote that never ends",
    xml: around("")
      .toString()
      .replace("<HealthData", '<!DOCTYPE HealthData [\n<!ENTITY a "oh>\n]>\n<HealthData'),
    rates: [60, 69],
    damage: [["<!DOCTYPE", "document-type a document type that does not end as it should"]],
  },
  {
    name: "an entity bomb is never expanded",
    xml: around(MINUTE_ONE.replace("Watch", "&lol9;"))
      .toString()
      .replace(
        "<HealthData",
        `<!DOCTYPE HealthData [<!ENTITY lol "lol">${Array.from({ length: 9 }, (_, n) => `<!ENTITY lol${n + 1} "${`&lol${n || ""};`.repeat(10)}">`).join("")}]><HealthData`,
      ),
    rates: [60, 61, 69],
    damage: [],
  },
];

it("comments that never end are searched for their end once, not once for each of them", async () => {
  const whole = await read(around(`${"<!-- ".repeat(150_000)}${"<?x ".repeat(150_000)}`));
  expect(rates(whole)).toEqual([60, 69]);
  expect(whole.workouts).toHaveLength(2);
});

describe("damage costs only what it hit, and is told with its place", () => {
  it.each(BROKEN)("$name", async ({ xml, rates: expected, damage }) => {
    const bytes = Buffer.from(xml);
    const whole = await read(bytes);
    expect(rates(whole)).toEqual(expected);
    expect(whole.workouts).toHaveLength(2);
    expect(whole.damage.map(({ code, message, loss }) => `${code}${loss ? "!" : ""} ${message}`)).toEqual(
      damage.map(([, what]) => what),
    );
    // What stands at the offset is what is damaged.
    const places = whole.damage.map(({ offset }, index) =>
      bytes.subarray(offset).toString("utf8").slice(0, damage[index]?.[0].length),
    );
    expect(places).toEqual(damage.map(([at]) => at));
    // The same wherever it is cut.
    for (let cut = 1; cut < bytes.length; cut += 7) {
      const again = await read(bytes, [cut]);
      expect(foundIn(again), `cut at ${cut}`).toEqual(foundIn(whole));
      expect(told(again.damage), `cut at ${cut}`).toEqual(told(whole.damage));
    }
  });

  it("resolves no entity but XML's own", async () => {
    const found = await read(
      document(
        rate(61).replace("Watch", "&constructor;&eacute;&lol;&amp;'").replace('value="61"', "value='61'"),
      ),
    );
    expect(found.sources).toEqual([{ name: "&constructor;&eacute;&lol;&'", device: "" }]);
  });

  it("keeps every complete element of a file cut anywhere", async () => {
    const parts = [
      rate(60),
      workout("Running", "<WorkoutEvent/>"),
      rate(61, 1),
      workout("Yoga"),
      rate(62, 2),
    ];
    const bytes = Buffer.from(document(...parts));
    const text = bytes.toString();
    for (let length = 0; length < bytes.length - 1; length++) {
      const found = await read(bytes.subarray(0, length));
      const complete = parts.filter((part) => text.indexOf(part) + part.length <= length);
      expect(rates(found), `${length}`).toEqual(
        complete
          .filter((part) => part.startsWith("<Record"))
          .map((part) => Number(/value="(\d+)"/.exec(part)?.[1])),
      );
      expect(found.workouts).toHaveLength(complete.filter((part) => part.startsWith("<Workout")).length);
      const closed = text.slice(0, length).includes("</HealthData>");
      expect(found.damage.map(({ code }) => code)).toEqual(closed ? [] : ["truncated"]);
    }
  });

  it("reads a file that has lost its beginning, and says so", async () => {
    const whole = document(rate(60), workout("Running"), rate(69, 9));
    const found = await read(whole.slice(whole.indexOf("<Record")));
    expect(rates(found)).toEqual([60, 69]);
    expect(found.workouts).toHaveLength(1);
    expect(told(found.damage)).toEqual(["0 truncated! the file has lost its beginning"]);
  });

  it("finds what lies around garbage written anywhere", async () => {
    const next = random(4711);
    const parts = Array.from({ length: 30 }, (_, index) =>
      index % 5 === 4
        ? workout("Running", `<MetadataEntry key="n" value="${index}"/>`)
        : rate(100 + index, index),
    );
    const text = document(...parts);
    const values = new Set(rates(await read(text)));
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(text);
      const from = 70 + Math.floor(next() * (bytes.length - 90));
      const to = Math.min(bytes.length - 16, from + 1 + Math.floor(next() * 300));
      const kind = Math.floor(next() * 4);
      for (let at = from; at < to; at++) {
        bytes[at] =
          kind === 0
            ? 0
            : kind === 1
              ? Math.floor(next() * 256)
              : kind === 2
                ? 65
                : (Buffer.from("<>\"'&/!-")[Math.floor(next() * 8)] ?? 0);
      }
      const cuts = [from, to, Math.floor(next() * bytes.length)].toSorted((a, b) => a - b);
      const found = await read(bytes, cuts);
      const untouched = parts.filter((part) => {
        const at = text.indexOf(part);
        return at + part.length <= from || at >= to;
      });
      const isWorkout = (part: string): boolean => part.startsWith("<Workout");
      expect(
        found.workouts.map(({ offset, bytes: element }) => `${offset} ${element.toString()}`),
        `${from}-${to} kind ${kind}`,
      ).toEqual(
        expect.arrayContaining(untouched.filter(isWorkout).map((part) => `${text.indexOf(part)} ${part}`)),
      );
      expect(rates(found), `${from}-${to} kind ${kind}`).toEqual(
        expect.arrayContaining(
          untouched.filter((part) => !isWorkout(part)).map((part) => Number(/value="(\d+)"/.exec(part)?.[1])),
        ),
      );
      // Nothing that was not there: what garbage without digits leaves behind are values of the file.
      const invented = kind === 0 || kind === 2 ? rates(found).filter((value) => !values.has(value)) : [];
      expect(invented).toEqual([]);
      expect(found.bytes).toBe(bytes.length);
    }
  });

  it("does not hold a tag without an end", async () => {
    const piece = Buffer.alloc(1 << 20, 65);
    async function* endless(): AsyncGenerator<Buffer, void, void> {
      yield Buffer.from(`<HealthData>${rate(60)}<Record type="${HR}" sourceName="`);
      for (let count = 0; count < 64; count++) yield piece;
      yield Buffer.from(`"/>${rate(61)}${workout("Yoga")}</HealthData>`);
    }
    const before = process.memoryUsage().arrayBuffers;
    const found = await scan(endless());
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(24 << 20);
    expect(rates(found)).toEqual([60, 61]);
    expect(found.workouts).toHaveLength(1);
    expect(found.damage.map(({ code }) => code)).toEqual(["element-too-long"]);
  });

  it("does not hold a workout without an end", async () => {
    const filler = Buffer.from('<MetadataEntry key="a" value="b"/>'.repeat(10_000));
    async function* endless(): AsyncGenerator<Buffer, void, void> {
      yield Buffer.from(`<HealthData>${workout("Yoga")}<Workout workoutActivityType="x">`);
      for (let count = 0; count < 120; count++) yield filler;
      yield Buffer.from(`</Workout>${rate(61)}${workout("Yoga")}</HealthData>`);
    }
    const found = await scan(endless());
    expect(rates(found)).toEqual([61]);
    expect(found.workouts).toHaveLength(2);
    expect(found.damage.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "broken-workout a workout that is too long",
    ]);
  });

  it("skips a document type of any size", async () => {
    async function* large(): AsyncGenerator<Buffer, void, void> {
      yield Buffer.from("<!DOCTYPE HealthData [\n");
      for (let count = 0; count < 40; count++) yield Buffer.from('<!ENTITY a "b">\n'.repeat(4096));
      yield Buffer.from(`]>\n<HealthData locale="en_GB">${rate(61)}</HealthData>`);
    }
    const found = await scan(large());
    expect(rates(found)).toEqual([61]);
    expect(found.locale).toBe("en_GB");
    expect(found.damage.map(({ code, loss }) => `${code} ${loss}`)).toEqual(["document-type false"]);
  });

  it("names a thousand places and counts the rest", async () => {
    const found = await read(document(...Array.from({ length: 1500 }, () => rate("x")), rate(61)));
    expect(found.damage).toHaveLength(1001);
    expect(found.damage.at(-1)).toMatchObject({
      code: "more-damage",
      message: "500 more places like these",
      loss: true,
    });
    expect(rates(found)).toEqual([61]);
  });
});
