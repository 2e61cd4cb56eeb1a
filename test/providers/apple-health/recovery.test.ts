import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { findBlock, measure } from "../../../src/providers/apple-health/recovery/blocks.ts";
import { CompressedBytes } from "../../../src/providers/apple-health/recovery/compressed-bytes.ts";
import { Inflater, type Step, WINDOW } from "../../../src/providers/apple-health/recovery/inflater.ts";
import { isMarkupLine, MarkupWatch } from "../../../src/providers/apple-health/recovery/markup.ts";
import { readAround } from "../../../src/providers/apple-health/recovery/read-around.ts";
import { Restorer } from "../../../src/providers/apple-health/recovery/restorer.ts";
import { LineForms } from "../../../src/providers/apple-health/recovery/templates.ts";
import { openArchive } from "../../../src/providers/apple-health/zip-export.ts";
import { nothingRead } from "../../../src/providers/apple-health/zip.ts";
import { tempDir } from "../../temp.ts";
import { longExport, random } from "./long-export.ts";
import { buildZip } from "./zip-builder.ts";

function compressed(bytes: Buffer): CompressedBytes {
  const path = join(tempDir(), "deflated");
  writeFileSync(path, bytes);
  const descriptor = openSync(path, "r");
  onTestFinished(() => closeSync(descriptor));
  return new CompressedBytes(descriptor, 0, bytes.length);
}

/** The export, 1.9 MB in five blocks, and its elements: in these an address may have other digits. */
const XML = Buffer.from(longExport(1200, 120));
const DEFLATED = deflateRawSync(XML);
const withoutAddresses = (text: string): string => text.replaceAll(/HKDevice: 0x[0-9a-f]+/g, "HKDevice");
const RECORD = /^ <Record [^\n\0]*\n/gm;
const WORKOUT = / <Workout [^\0]*?<\/Workout>\n/g;
const elementsIn = (text: string, element: RegExp): string[] =>
  [...withoutAddresses(text).matchAll(element)].map(([found]) => found);
const RECORDS = new Set(elementsIn(XML.toString("latin1"), RECORD));
const WORKOUTS = new Set(elementsIn(XML.toString("latin1"), WORKOUT));

function noise(count: number, seed: number): number[] {
  return Array.from({ length: count }, random(seed)).map((n) => Math.floor(n * 256));
}

function inflated(input: CompressedBytes): { readonly plain: Buffer; readonly step: Step | "none" } {
  const inflater = new Inflater(input, 0);
  const pieces: Buffer[] = [];
  if (!inflater.open()) return { plain: Buffer.alloc(0), step: "none" };
  for (;;) {
    const step = inflater.run();
    pieces.push(Buffer.from(inflater.symbols.subarray(WINDOW, inflater.length)));
    inflater.slide();
    if (step === "more" || (step === "block" && inflater.open())) continue;
    return { plain: Buffer.concat(pieces), step };
  }
}

describe("inflating without zlib", () => {
  it.each([
    ["nothing", Buffer.alloc(0), {}],
    ["a byte", Buffer.from("x"), {}],
    ["the quickest way", XML, { level: 1 }],
    ["the usual way", XML, { level: 6 }],
    ["the best way", XML, { level: 9 }],
    ["without compressing", XML, { level: 0 }],
    ["with fixed codes", XML, { strategy: constants.Z_FIXED }],
    ["without references", XML.subarray(0, 300_000), { strategy: constants.Z_HUFFMAN_ONLY }],
    ["the longest references", Buffer.alloc(700_000, 32), {}],
    ["what does not get shorter", Buffer.from(noise(200_000, 5)), {}],
  ])("gives what zlib was given: %s", (_, plain, options) => {
    const result = inflated(compressed(deflateRawSync(plain, options)));
    expect(result.step).toBe("end");
    expect(result.plain.equals(plain)).toBe(true);
  });

  it("stops where the input does", () => {
    const { plain, step } = inflated(compressed(DEFLATED.subarray(0, 20_000)));
    expect(step).toBe("cut");
    expect(plain.equals(XML.subarray(0, plain.length))).toBe(true);
    expect(plain.length).toBeGreaterThan(300_000);
  });

  it("takes no reference back before the beginning", () => {
    // RFC 1951 §3.2.6: last block, fixed codes; length 3 (code 0000001), distance 1 (code 00000).
    expect(inflated(compressed(Buffer.from([0b0000_0011, 0b0000_0010, 0]))).step).toBe("bad");
  });

  it("finds the blocks, and what is left behind each", () => {
    const input = compressed(DEFLATED);
    const inflater = new Inflater(input, 0);
    let plain = 0;
    let blocks = 0;
    inflater.open();
    for (let step = inflater.run(); ; step = inflater.run()) {
      plain += inflater.length - WINDOW;
      inflater.slide();
      if (step === "end") break;
      if (step !== "block") continue;
      blocks++;
      const { bit } = inflater;
      expect(findBlock(input, bit - 3000)).toBe(bit);
      expect(measure(input, bit)).toBe(XML.length - plain);
      inflater.open();
    }
    expect(blocks).toBe(4);
  });
});

interface Recovered {
  readonly text: string;
  readonly records: readonly string[];
  readonly workouts: readonly string[];
  readonly gaps: readonly { readonly offset: number; readonly lost: number | null }[];
  readonly isCut: boolean;
}

function recovered(bytes: Buffer, isSized = true): Recovered {
  const result = nothingRead();
  const text = Buffer.concat([
    ...readAround(compressed(bytes), isSized ? XML.length : undefined, result),
  ]).toString("latin1");
  return {
    text,
    records: elementsIn(text, RECORD),
    workouts: elementsIn(text, WORKOUT),
    gaps: result.gaps,
    isCut: result.isCut,
  };
}

/** The deflated export, other bytes from a place on. */
function overwritten(at: number, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(DEFLATED);
  copy.set(bytes, at);
  return copy;
}

describe("reading around damage in compressed data", () => {
  it("changes nothing where there is none", () => {
    const { text, gaps, isCut } = recovered(DEFLATED);
    expect(text).toBe(XML.toString("latin1"));
    expect([gaps, isCut]).toEqual([[], false]);
  });

  it("of data that are cut gives all that is there", () => {
    const { text, gaps, isCut } = recovered(DEFLATED.subarray(0, 50_000), false);
    expect(XML.toString("latin1").startsWith(text)).toBe(true);
    expect(text.length).toBeGreaterThan(800_000);
    expect([gaps, isCut]).toEqual([[], true]);
  });

  it.each([
    ["one byte", overwritten(60_000, [0x55])],
    ["4 bytes of noise", overwritten(60_000, noise(4, 1))],
    ["64 bytes of noise", overwritten(60_000, noise(64, 2))],
    ["64 zero bytes", overwritten(60_000, noise(64, 3).fill(0))],
    ["600 bytes of noise", overwritten(60_000, noise(600, 4))],
    ["100 bytes missing", Buffer.concat([DEFLATED.subarray(0, 60_000), DEFLATED.subarray(60_100)])],
    [
      "100 bytes too many",
      Buffer.concat([DEFLATED.subarray(0, 60_000), Buffer.from(noise(100, 5)), DEFLATED.subarray(60_000)]),
    ],
  ])("%s: finds the way back into the block, and knows how much is missing", (_, bytes) => {
    const { text, records, workouts, gaps } = recovered(bytes);
    expect(gaps).toHaveLength(1);
    const { offset, lost } = gaps[0] ?? { offset: 0, lost: 0 };
    // What lies before the damage is there as it was, up to two lines and what looks like them.
    expect(text.slice(0, offset)).toBe(XML.subarray(0, offset).toString("latin1"));
    // What lies behind is in its place.
    expect(text).toHaveLength(XML.length);
    expect(text.endsWith("\n</HealthData>\n")).toBe(true);
    expect(lost).toBeLessThan(24_000);
    for (const record of records) expect(RECORDS).toContain(record);
    for (const workout of workouts) expect(WORKOUTS).toContain(workout);
    expect(workouts.length).toBeGreaterThanOrEqual(80);
    expect(records.length).toBeGreaterThan(2200);
  });

  // Everything that a reader takes for complete has to be as it was: whatever the damage and wherever it is.
  it.each(Array.from({ length: 24 }, (_, seed) => seed))("invents nothing (%i)", (seed) => {
    const next = random(seed * 7919 + 11);
    next();
    const at = Math.floor(next() * (DEFLATED.length - 10));
    const kinds = [
      () => overwritten(at, [(DEFLATED[at] ?? 0) ^ (1 << Math.floor(next() * 8))]),
      () => overwritten(at, noise(Math.min(32, DEFLATED.length - at), seed)),
      () => overwritten(at, noise(Math.min(900, DEFLATED.length - at), seed).fill(0)),
      () => overwritten(at, noise(Math.min(4096, DEFLATED.length - at), seed)),
      () => overwritten(at, noise(Math.min(20_000, DEFLATED.length - at), seed).fill(seed)),
      () => Buffer.concat([DEFLATED.subarray(0, at), DEFLATED.subarray(at + 777)]),
    ];
    const { records, workouts, text, gaps } = recovered(kinds[seed % kinds.length]?.() ?? DEFLATED);
    // A bit that only changes what is written, and not how much, cannot be told from what should be there.
    if (gaps.length === 0) return;
    expect(records.filter((record) => !RECORDS.has(record))).toEqual([]);
    expect(workouts.filter((workout) => !WORKOUTS.has(workout))).toEqual([]);
    expect(new Set(workouts).size).toBe(workouts.length);
    expect(text.length).toBeLessThanOrEqual(XML.length);
  });

  it("of a short export keeps what is before and behind, too", () => {
    const plain = Buffer.from(longExport(2, 20));
    const deflated = deflateRawSync(plain);
    const all = elementsIn(plain.toString("latin1"), WORKOUT);
    const whole = new Set(all);
    for (let at = 1500; at < deflated.length - 100; at += 97) {
      const result = nothingRead();
      const bytes = Buffer.from(deflated);
      bytes.set(noise(3, at), at);
      const text = Buffer.concat([...readAround(compressed(bytes), plain.length, result)]).toString("latin1");
      const [gap] = result.gaps;
      if (gap === undefined) continue;
      const kept = elementsIn(text, WORKOUT);
      expect(kept.filter((workout) => !whole.has(workout))).toEqual([]);
      // Everything before the damage but what was in progress: two lines.
      const before = elementsIn(plain.subarray(0, gap.offset).toString("latin1"), WORKOUT);
      expect(kept.slice(0, before.length)).toEqual(before);
      expect(gap.offset).toBeGreaterThan((plain.length * (at - 1200)) / deflated.length / 2);
    }
  });

  it("goes on behind several damages", () => {
    const twice = overwritten(20_000, noise(40, 6));
    twice.set(noise(40, 7), 60_000);
    const { records, workouts, gaps } = recovered(twice);
    expect(gaps).toHaveLength(2);
    for (const record of records) expect(RECORDS).toContain(record);
    for (const workout of workouts) expect(WORKOUTS).toContain(workout);
    expect(records.length).toBeGreaterThan(600);
  });

  it("says where it had to give up", () => {
    const { text, gaps, isCut } = recovered(overwritten(100_000, noise(DEFLATED.length - 100_000, 8)));
    const { offset, lost } = gaps[0] ?? { offset: 0, lost: 0 };
    expect(gaps).toHaveLength(1);
    expect(offset + (lost ?? 0)).toBe(XML.length);
    expect(text).toBe(`${XML.subarray(0, offset).toString("latin1")}\0`);
    expect(isCut).toBe(false);
  });
});

it("lets what else is to be done have its turn: progress, and Ctrl-C", async () => {
  const path = join(tempDir(), "export.zip");
  const content = longExport(2000, 20);
  const bytes = buildZip([{ name: "apple_health_export/export.xml", content }]);
  noise(64, 9).forEach((byte, at) => bytes.writeUInt8(byte, 60_000 + at));
  writeFileSync(path, bytes);
  const files = await openArchive(path);
  onTestFinished(() => files.close());
  for await (const piece of files.main) expect(piece.length).toBeGreaterThan(0);
  let turns = 0;
  const turn = (): void => {
    turns++;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  const around = files.around?.();
  for await (const piece of around?.content ?? []) expect(piece.length).toBeGreaterThan(0);
  clearImmediate(next);
  expect(around?.wentOn).toBe(true);
  // Each block of the deflate stream is an occasion.
  expect(turns).toBeGreaterThan(5);
});

describe("what can be markup", () => {
  it.each([
    [' <Record type="HKQuantityTypeIdentifierHeartRate" value="61"/>\n', true],
    ['  <MetadataEntry key="a>b" value="x = y / z"/>\n', true],
    ["</HealthData>\n", true],
    ["   <ele>12.5</ele><time>2025-03-01T09:00:00Z</time>\n", true],
    ["\n", true],
    [' <Record type="Heart" "HeartRate" value="61"/>\n', false],
    [' <Record 61="value"/>\n', false],
    [' <Record value="61/>\n', false],
    [' Record value="61"/>\n', false],
    [' <Record value="61"/ >\n', false],
  ])("%j: %s", (line, expected) => {
    expect(isMarkupLine(Buffer.from(line))).toBe(expected);
  });

  const line = ' <Record type="Steps" startDate="2024-05-01 10:00:00 +0200" value="61"/>\n';
  const text = (body: string): Buffer =>
    Buffer.from(
      `<?xml version="1.0"?>\n<!DOCTYPE HealthData [\n<!ELEMENT a (b)>\n]>\n<HealthData locale="en">\n${body}`,
    );

  it("notices where many lines are wrong, and tells the first", () => {
    const bytes = text(`${line.repeat(50)}${line.replace("<Record", 'Record"').repeat(20)}`);
    const wrong = bytes.indexOf(' Record"');
    expect(new MarkupWatch(0).read(bytes)).toBe(wrong);
    // In pieces, with another beginning, too.
    const watch = new MarkupWatch(1000);
    const places = Array.from(bytes, (_, at) => watch.read(bytes.subarray(at, at + 1)));
    expect(places.find((place) => place >= 0)).toBe(1000 + wrong);
  });

  it("notices dates that are none", () => {
    const bytes = text(`${line.repeat(50)}${line.replace("10:00:00", "10 re:00").repeat(20)}`);
    expect(new MarkupWatch(0).read(bytes)).toBe(bytes.indexOf(line.replace("10:00:00", "10 re:00")));
  });

  it("notices a line without an end", () => {
    const bytes = text(`${line.repeat(50)} <Record value="${"2".repeat(40_000)}`);
    expect(new MarkupWatch(0).read(bytes)).toBe(bytes.lastIndexOf(" <Record"));
  });

  it("minds neither holes nor a few oddities, nor a writer who does everything differently", () => {
    const odd = line.replace('"61"', "'61'");
    expect(new MarkupWatch(0).read(text(`${line}${odd}`.repeat(2).padEnd(5000, line)))).toBe(-1);
    expect(new MarkupWatch(0).read(text(line.replace("Steps", "\0\0\0\0\0").repeat(50)))).toBe(-1);
    expect(new MarkupWatch(0).read(text(odd.repeat(500)))).toBe(-1);
  });
});

describe("filling holes", () => {
  const lines = (values: readonly number[], name = "Robin's Watch"): string =>
    values
      .map(
        (value) =>
          ` <Record type="HKQuantityTypeIdentifierHeartRate" sourceName="${name}" unit="count/min" startDate="2024-05-1${value % 10} 10:0${value % 7}:00 +0200" value="${value}"/>\n`,
      )
      .join("");
  const FORMS = { yearDigits: 2, ofAnyType: false } as const;

  /** The text, bytes at these places unknown, each a place of the window of its own. */
  function holed(text: string, holes: readonly (readonly [from: number, to: number])[]): Uint16Array {
    const symbols = Uint16Array.from(Buffer.from(text));
    let place = 256;
    for (const [from, to] of holes) for (let at = from; at < to; at++) symbols[at] = place++;
    return symbols;
  }

  function filled(symbols: Uint16Array, before: string): string {
    const restorer = new Restorer(new LineForms(Buffer.from(before), FORMS));
    return Buffer.concat([restorer.write(symbols), restorer.end()]).toString();
  }

  const before = lines([61, 72, 83, 94, 75]);
  // A line feed that is known, so that there is a line to begin with.
  const text = `\n${lines([66, 77, 88])}`;

  it("fills what all lines have in common", () => {
    const from = text.indexOf("<Record") + 3;
    expect(filled(holed(text, [[from, from + 60]]), before)).toBe(text);
  });

  it("fills it everywhere once one line has told it", () => {
    const symbols = holed(text, [[4, 20]]);
    const length = lines([66]).length;
    // The second line refers to the same places.
    symbols.copyWithin(4 + length, 4, 20);
    expect(filled(symbols, before)).toBe(text);
  });

  it("leaves the digits of values and dates", () => {
    const value = text.indexOf('"66"') + 1;
    const day = text.indexOf("2024-05-16") + 9;
    expect(
      filled(
        holed(text, [
          [value, value + 2],
          [day, day + 1],
        ]),
        before,
      ),
    ).toBe(text.replace('"66"', '"\0\0"').replace("2024-05-16", "2024-05-1\0"));
  });

  it("does not choose between two names", () => {
    const name = text.indexOf("Robin");
    const two = `${before}${lines([61, 72], "Riley's Watch")}`;
    // They agree in the first letter and from the sixth on.
    expect(filled(holed(text, [[name, name + 5]]), two)).toBe(text.replace("Robin", "R\0\0\0\0"));
    expect(filled(holed(text, [[name, name + 5]]), before)).toBe(text);
  });

  it("does not fill what contradicts itself", () => {
    const name = text.indexOf("Robin");
    const symbols = holed(text, [[name, name + 5]]);
    // The same place cannot be both R and o.
    symbols[name + 1] = symbols[name] ?? 0;
    expect(filled(symbols, before)).toBe(text.replace("Robin", "\0\0\0\0\0"));
  });

  it("says zero for the address in a device, which means nothing", () => {
    const device = ' <Record device="&lt;&lt;HKDevice: 0xc0ffee123&gt;, name:Watch&gt;" value="61"/>\n';
    const at = device.indexOf("c0ffee");
    expect(filled(holed(`\n${device}`, [[at + 1, at + 3]]), device.repeat(3))).toBe(
      `\n${device.replace("0xc0", "0x00")}`,
    );
  });
});
