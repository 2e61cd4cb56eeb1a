import sax from "sax";
import { describe, expect, it } from "vitest";
import type { RoutePoints } from "../../../src/providers/apple-health/elements.ts";
import { parseNumber } from "../../../src/providers/apple-health/literals.ts";
import { readLocations, readRoute } from "../../../src/providers/apple-health/routes.ts";

type Row = readonly [time: number, lat: number, lon: number, ele: number, speed: number];

function rows(points: RoutePoints): Row[] {
  return Array.from({ length: points.length }, (_, index) => [
    points.time[index] ?? Number.NaN,
    points.latitude[index] ?? Number.NaN,
    points.longitude[index] ?? Number.NaN,
    points.altitude[index] ?? Number.NaN,
    points.speed[index] ?? Number.NaN,
  ]);
}

/** Reads a well-formed GPX file with sax and nothing else. */
function readWithSax(xml: string): Row[] {
  const parser = sax.parser(true);
  const found: Row[] = [];
  let point: Record<string, string> | undefined;
  let text = "";
  const onFault = (error: Error): void => {
    throw error;
  };
  parser.onopentag = ({ name, attributes }) => {
    const { lat = "", lon = "" } = attributes as Record<string, string>;
    if (name === "trkpt") point = { lat, lon };
    text = "";
  };
  const onText = (piece: string): void => {
    text += piece;
  };
  Object.assign(parser, { ontext: onText, oncdata: onText, onerror: onFault });
  parser.onclosetag = (name) => {
    if (point !== undefined && ["ele", "time", "speed"].includes(name)) point[name] ??= text;
    if (name === "trkpt" && point !== undefined) {
      const { time = "", lat = "", lon = "", ele = "", speed = "" } = point;
      found.push([
        Date.parse(time.trim()),
        parseNumber(lat),
        parseNumber(lon),
        parseNumber(ele),
        parseNumber(speed),
      ]);
      point = undefined;
    }
    text = "";
  };
  parser.write(xml).close();
  return found;
}

/** A point as Apple writes it, `second` after 2024-03-10T06:00:00Z. */
function point(second: number, lat = "37.781672", lon = "-122.396397"): string {
  const time = new Date(Date.UTC(2024, 2, 10, 6, 0, second)).toISOString().replace(".000", "");
  return `<trkpt lon="${lon}" lat="${lat}"><ele>4.076904</ele><time>${time}</time><extensions><speed>0.180883</speed><course>206.252884</course><hAcc>8.063116</hAcc><vAcc>6.428697</vAcc></extensions></trkpt>`;
}

function gpx(...points: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="Apple Health Export" xmlns="http://www.topografix.com/GPX/1/1">
  <metadata>
    <time>2024-06-01T03:43:52Z</time>
  </metadata>
  <trk>
    <name>Route 2024-03-10 7:00am</name>
    <trkseg>
      ${points.join("\n      ")}
    </trkseg>
  </trk>
</gpx>`;
}

const AT = Date.UTC(2024, 2, 10, 6, 0, 0);

describe("routes", () => {
  it("reads position, height, time and speed", () => {
    const points = readRoute(Buffer.from(gpx(point(0), point(1, "37.781670", "-122.396394"))));
    expect(rows(points)).toEqual([
      [AT, 37.781672, -122.396397, 4.076904, 0.180883],
      [AT + 1000, 37.78167, -122.396394, 4.076904, 0.180883],
    ]);
    expect(points.damage).toEqual([]);
  });

  const legal: Readonly<Record<string, string>> = {
    usual: gpx(point(0), point(1), point(2)),
    "on one line": gpx(point(0), point(1)).replaceAll(/\n\s*/g, ""),
    "indented inside": gpx(point(0).replaceAll("><", ">\r\n\t<"), point(1)),
    "single quotes and other spacing": gpx(
      point(0).replaceAll('"', "'"),
      point(1).replace("lon=", "\n lon = "),
      point(2).replace("</trkpt>", "</trkpt >"),
      point(3).replace("<ele>", "<ele >"),
    ),
    "latitude first": gpx('<trkpt lat="1.5" lon="2.5"><time>2024-03-10T06:00:00Z</time></trkpt>'),
    "position alone": gpx(
      '<trkpt lat="1.5" lon="2.5"/>',
      '<trkpt lat="-1" lon="-2" />',
      '<trkpt lat="0" lon="0"></trkpt>',
    ),
    "further attributes and elements": gpx(
      point(0).replace("<trkpt", '<trkpt id="7"'),
      point(1).replace("<ele>", '<fix>3d</fix><ele unit="m">'),
      point(2).replace("<extensions>", "<extensions><x:odd xmlns:x='y'><x:deep/></x:odd>"),
    ),
    "fractions of a second": gpx(point(0).replace("00Z", "00.250Z"), point(1).replace("01Z", "01.999Z")),
    "comments and CDATA": gpx(
      `<!-- ${point(9)} -->`,
      point(0).replace("<ele>", "<!-- <ele>1</ele> --><ele>"),
      point(1).replace("4.076904", "<![CDATA[5.5]]>"),
      point(2),
    ),
    entities: gpx(point(0).replace("4.076904", "4&#46;5"), point(1).replace("-122.396397", "&#45;1")),
    "white space in values": gpx(
      point(0).replace("4.076904", " 4.5 "),
      point(1).replace("0.180883", "\n1.5\n"),
    ),
    "other tracks' points": gpx(point(0)).replace(
      "<trk>",
      '<wpt lat="1" lon="2"><ele>1</ele></wpt><rte><rtept lat="1" lon="2"/></rte><trk>',
    ),
    "two segments": gpx(point(0), "</trkseg><trkseg>", point(1)),
    "exponents and signs": gpx('<trkpt lat="1e1" lon="+2.5"><ele>-3.5E-2</ele></trkpt>'),
    "no points": gpx(),
  };
  it.each(Object.entries(legal))("reads as sax does: %s", (_, xml) => {
    const points = readRoute(Buffer.from(xml));
    expect(rows(points)).toEqual(readWithSax(xml));
    expect(points.damage).toEqual([]);
  });

  it("reads points that are nearly written like the one before as sax does, in every pair", () => {
    const all = [
      point(0),
      point(1, "-8", "9.25"),
      point(2).replace(/<course>.*<\/course>/, ""),
      point(3).replace("<hAcc>", "<more>1</more><hAcc>"),
      point(4).replace("<extensions>", "").replace("</extensions>", ""),
      point(5).replace(/<ele>.*<\/ele>/, ""),
      point(6).replace(/<time>.*<\/time>/, ""),
      point(7).replace(/ lon="[^"]*" lat="[^"]*"/, ' lat="1" lon="2"'),
      point(8).replace("Z<", ".5Z<"),
      point(9).replace("4.076904", "1e1"),
      point(10).replace("4.076904", "<!-- 3 -->4"),
      point(11).replace("206.252884", "&#49;"),
      point(12).replace("><", "> <"),
      point(13).replace("<ele>", "<ELE>").replace("</ele>", "</ELE>"),
      point(14).replace("<ele>", `${" ".repeat(5000)}<ele>`),
      point(15).replace("<ele>", `${"<a>1</a>".repeat(100)}<ele>`),
      '<trkpt lon="1" lat="2"/>',
      '<trkpt lon="1" lat="2"></trkpt>',
      '<trkpt lon="1" lat="2"><ele>3</ele></trkpt>',
    ];
    for (const first of all) {
      for (const second of all) {
        const xml = gpx(point(20), first, second, first, second);
        const points = readRoute(Buffer.from(xml));
        expect(rows(points), `${first}\n${second}`).toEqual(readWithSax(xml));
        expect(points.damage).toEqual([]);
      }
    }
  });

  it("does not take the rest of a point for one", () => {
    const xml = gpx(point(0), point(1), '<trkpt lon="1" lat="2"><ele>3', point(2), point(3, "91"), point(4));
    expect(rows(readRoute(Buffer.from(xml))).map(([time]) => (time - AT) / 1000)).toEqual([0, 1, 2, 4]);
  });

  it("reads long routes, one after the other", () => {
    const long = readRoute(Buffer.from(gpx(...Array.from({ length: 10_000 }, (_, second) => point(second)))));
    expect(long.length).toBe(10_000);
    expect(long.time[9999]).toBe(AT + 9_999_000);
    const short = readRoute(Buffer.from(gpx(point(5))));
    expect(rows(short)).toEqual([[AT + 5000, 37.781672, -122.396397, 4.076904, 0.180883]]);
    // What was given before does not change.
    expect(long.time[0]).toBe(AT);
  });

  const broken: readonly (readonly [
    name: string,
    xml: string | Buffer,
    seconds: readonly number[],
    damage: readonly string[],
  ])[] = [
    ["an empty file", "", [], ["route-empty! the file is empty"]],
    ["no GPX at all", "hello", [], ["route-damaged! the file is no GPX"]],
    [
      "cut in a point",
      gpx(point(0), point(1), point(2)).split("<time>2024-03-10T06:00:02Z")[0] ?? "",
      [0, 1],
      ["route-truncated! a point that has no end", "route-truncated! the file ends before </gpx>"],
    ],
    [
      "cut between points",
      gpx(point(0), point(1)).split("\n    </trkseg>")[0] ?? "",
      [0, 1],
      ["route-truncated! the file ends before </gpx>"],
    ],
    [
      "a point without a latitude",
      gpx(point(0), point(1).replace(/ lat="[^"]*"/, ""), point(2)),
      [0, 2],
      ["route-damaged! a point without a position"],
    ],
    [
      "a latitude of 91",
      gpx(point(0), point(1, "91"), point(2)),
      [0, 2],
      ["route-damaged! a point without a position"],
    ],
    [
      "a position that is no number",
      gpx(point(0), point(1, "NaN", "x"), point(2)),
      [0, 2],
      ["route-damaged! a point without a position"],
    ],
    [
      "a point that is not closed",
      gpx(point(0), point(1).replace("</trkpt>", ""), point(2)),
      [0, 2],
      ["route-damaged! a point that has no end"],
    ],
    [
      "a lost quote",
      gpx(point(0), point(1).replace('" lat', " lat"), point(2)),
      [0, 2],
      ["route-damaged! a point that is no XML"],
    ],
    [
      "garbage in a point",
      gpx(point(0), point(1).replace("<ele>", "\u0002<\u0001>"), point(2)),
      [0, 2],
      ["route-damaged! a point that is no XML"],
    ],
    [
      "lost bytes in a value that nobody wants",
      gpx(point(0), point(1).replace("<course>2", "<course>\u0000"), point(2)),
      [0, 2],
      ["route-damaged! a point that has lost some of its bytes"],
    ],
    [
      "lost bytes between the position of one point and the time of another",
      gpx(point(0), `${point(1).slice(0, 45)}\u0000\u0000${point(2).slice(45)}`, point(3)),
      [0, 3],
      ["route-damaged! a point that has lost some of its bytes"],
    ],
    ["garbage between points", gpx(point(0), "\u0000\u0001 <<>> &", point(2)), [0, 2], []],
    [
      "garbage over the beginning of a point",
      gpx(point(0), `\u0000\u0000${point(1).slice(40)}`, point(2)),
      [0, 2],
      ["route-damaged! the end of a point without its beginning"],
    ],
    [
      "a height that is no number",
      gpx(point(0).replace("4.076904", "high"), point(1)),
      [0, 1],
      ["route-damaged! a point with an unreadable value"],
    ],
    [
      "a comment that never ends",
      gpx(point(0), "<!-- oh", point(1)),
      [0, 1],
      ["route-damaged! a comment without an end"],
    ],
    [
      "invalid UTF-8",
      Buffer.from(gpx(point(0), "<name>\u00ff\u00fe</name>", point(1)), "latin1"),
      [0, 1],
      [],
    ],
  ];
  it.each(broken)("keeps what can be read: %s", (_, xml, seconds, damage) => {
    const points = readRoute(Buffer.from(xml));
    expect([...points.time].map((time) => (time - AT) / 1000)).toEqual(seconds);
    expect(points.damage.map(({ code, message, loss }) => `${code}${loss ? "!" : ""} ${message}`)).toEqual(
      damage,
    );
  });

  it("a file cut at any byte keeps every complete point", () => {
    const parts = [point(0), point(1), point(2)];
    const bytes = Buffer.from(gpx(...parts));
    const text = bytes.toString();
    for (let length = 1; length < bytes.length; length++) {
      const points = readRoute(bytes.subarray(0, length));
      expect(points.length, `${length}`).toBe(
        parts.filter((part) => text.indexOf(part) + part.length <= length).length,
      );
      expect(points.damage.length > 0, `${length}`).toBe(true);
    }
  });

  it("a file full of beginnings without an end is read once, not once for each of them", () => {
    const beginnings = ['<trkpt lon="2" lat="48">', '<trkpt lon="2" lat="48"><a></a ', "<!-- "]
      .map((beginning) => beginning.repeat(100_000))
      .join("");
    for (const hole of ["", "\0"]) {
      const points = readRoute(Buffer.from(gpx(hole, beginnings, point(3))));
      expect([...points.time].map((time) => (time - AT) / 1000)).toEqual([3]);
    }
  });

  it.each(["</el>", "</ele x>", "</ele\n>", "</eles>"])("a damaged end tag costs nothing: %s", (end) => {
    const damaged = point(1).replace("</ele>", end);
    const points = readRoute(Buffer.from(gpx(point(0), damaged, point(2))));
    expect([...points.time]).toEqual([AT, AT + 1000, AT + 2000]);
    expect(points.damage).toEqual([]);
  });

  it("a workout full of locations without an end is read once, not once for each of them", () => {
    const good = '<Location date="2014-03-10 06:00:00 +0000" latitude="1" longitude="2"/>';
    const element = `<Workout>${'<Location date="'.repeat(50_000)}${good}</Workout>`;
    const points = readLocations(Buffer.from(element));
    expect(rows(points).map(([, latitude, longitude]) => [latitude, longitude])).toEqual([[1, 2]]);
  });

  it("an end tag that is cut takes nothing of the next point", () => {
    const cut = point(1).replace("</trkpt>", "</trkpt ");
    const points = readRoute(Buffer.from(gpx(point(0), cut, point(2))));
    expect([...points.time]).toEqual([AT, AT + 1000, AT + 2000]);
    const within = point(1)
      .replace("</ele>", "</ele ")
      .replace(/<time>.*/, "");
    const others = readRoute(Buffer.from(gpx(point(0), within, point(2))));
    expect([...others.time]).toEqual([AT, AT + 2000]);
    expect(others.damage.map(({ message }) => message)).toEqual(["a point that has no end"]);
  });

  it("garbage anywhere costs the points that it touches and no other", () => {
    const parts = Array.from({ length: 20 }, (_, second) => point(second));
    const text = gpx(...parts);
    let seed = 99;
    const next = (): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    for (let round = 0; round < 500; round++) {
      const bytes = Buffer.from(text);
      const from = 250 + Math.floor(next() * (bytes.length - 300));
      const to = Math.min(bytes.length - 30, from + 1 + Math.floor(next() * 120));
      for (let at = from; at < to; at++)
        bytes[at] = Buffer.from("<>/\"'=\u0000!-x9")[Math.floor(next() * 11)] ?? 0;
      const seconds = [...readRoute(bytes).time].map((time) => (time - AT) / 1000);
      const untouched = parts.flatMap((part, second) => {
        const at = text.indexOf(part);
        return at + part.length <= from || at >= to ? [second] : [];
      });
      expect(seconds, `${from}-${to}`).toEqual(expect.arrayContaining(untouched));
    }
  });
});

describe("locations in old workouts", () => {
  const location = (date: string, more = ""): string =>
    `<Location date="${date}" latitude="51.5" longitude="-0.12" altitude="20.25" horizontalAccuracy="5" verticalAccuracy="3" course="-1" speed="2.5"${more}/>`;

  it("are read from the element's bytes", () => {
    const workout = `<Workout workoutActivityType="x"><MetadataEntry key="Location" value="<Locations"/><WorkoutRoute sourceName="a">${location("2018-05-01 10:00:00 +0200")}\n${location("2018-05-01 10:00:01 +0200")}</WorkoutRoute><WorkoutRoute>${location("2018-05-01 10:05:00 +0200")}</WorkoutRoute></Workout>`;
    const points = readLocations(Buffer.from(workout));
    const at = Date.UTC(2018, 4, 1, 8, 0, 0);
    expect(rows(points)).toEqual([
      [at, 51.5, -0.12, 20.25, 2.5],
      [at + 1000, 51.5, -0.12, 20.25, 2.5],
      [at + 300_000, 51.5, -0.12, 20.25, 2.5],
    ]);
    expect(points.damage).toEqual([]);
  });

  it("of another shape go through sax; those without a position are damage", () => {
    const points = readLocations(
      Buffer.from(
        `<Workout>${location("2018-05-01 10:00:00 +0200").replaceAll('"', "'")}<Location date="2018-05-01T08:00:02Z" latitude="1" longitude="2"/><Location date="2018-05-01 10:00:00 +0200" latitude="95" longitude="2"/><Location latitude="3" longitude="4"/><Location date="soon" latitude="3" longitude="4"/><Location date="2018-05-01 10:00:03 AM +0200" latitude="5" longitude="6" altitude="1\u00002" speed="3"/><Location date="x`,
      ),
    );
    const at = Date.UTC(2018, 4, 1, 8, 0, 0);
    expect(rows(points)).toEqual([
      [at, 51.5, -0.12, 20.25, 2.5],
      [at + 2000, 1, 2, Number.NaN, Number.NaN],
      [at + 3000, 5, 6, Number.NaN, 3],
    ]);
    expect(points.damage.map(({ message }) => message)).toEqual([
      "a location without a position",
      "a location without a time",
      "a location without a time",
      "a location with an unreadable value",
      "a location that has no end",
    ]);
  });
});
