import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { walkXml, xmlTime } from "../../src/formats/xml-walk.ts";

function walk(text: string | Uint8Array): { elements: string[]; damage: string | null } {
  const elements: string[] = [];
  const damage = walkXml(typeof text === "string" ? Buffer.from(text) : text, {
    open() {},
    close: (path, own) => void elements.push(`${path.join("/")}=${own}`),
  });
  return { elements, damage };
}

describe("walkXml", () => {
  it("tells local names and trimmed text", () => {
    expect(
      walk('<?xml version="1.0"?><x:a xmlns:x="urn:x"> <x:b> 1 &amp; 2 </x:b><![CDATA[c]]></x:a>'),
    ).toEqual({
      elements: ["a/b=1 & 2", "a=c"],
      damage: null,
    });
  });

  it("keeps an unescaped ampersand as it is", () => {
    const { elements, damage } = walk("<a><b>Tom & Jerry</b><c>2</c></a>");
    expect(elements).toEqual(["a/b=Tom & Jerry", "a/c=2", "a="]);
    expect(damage).toBeNull();
  });

  it("keeps what stands before a cut", () => {
    const { elements, damage } = walk("<a><b>1</b><b>2");
    expect(elements).toEqual(["a/b=1"]);
    expect(damage).not.toBeNull();
  });

  it("does not expand declared entities", () => {
    const lol =
      '<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;"><!ENTITY f SYSTEM "file:///etc/passwd">]>';
    const { elements, damage } = walk(`${lol}<a><b>&y;</b><c>&f;&constructor;</c></a>`);
    expect(elements).toEqual(["a/b=&y;", "a/c=&f;&constructor;", "a="]);
    expect(damage).toBeNull();
  });

  it("refuses absurd nesting", () => {
    expect(() => walk("<a>".repeat(100_000))).toThrow(/nested too deeply/);
  });

  it("takes an empty document, a leading blank line, trailing rubbish and gzip", () => {
    expect(walk("")).toEqual({ elements: [], damage: null });
    expect(walk('\r\n<?xml version="1.0"?><a/>\0\0rubbish')).toEqual({ elements: ["a="], damage: null });
    expect(walk(gzipSync("<a/>"))).toEqual({ elements: ["a="], damage: null });
    expect(() => walk(gzipSync("<a/>").subarray(0, 12))).toThrow(/gzip/);
  });

  it("obeys the encoding that a document declares or marks", () => {
    expect(
      walk(Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>\u00e4</a>', "latin1")).elements,
    ).toEqual(["a=\u00e4"]);
    expect(
      walk(Buffer.from('\ufeff<?xml version="1.0" encoding="UTF-16"?><a>\u00e4</a>', "utf16le")).elements,
    ).toEqual(["a=\u00e4"]);
    expect(walk("\ufeff<a>\u00e4</a>")).toEqual({ elements: ["a=\u00e4"], damage: null });
  });

  it("keeps characters whole across chunk borders", () => {
    const text = "\u00e4".repeat(50_000);
    expect(walk(`<a>x${text}</a>`).elements).toEqual([`a=x${text}`]);
  });
});

describe("xmlTime", () => {
  it.each([
    ["2026-03-29T00:59:59Z", Date.UTC(2026, 2, 29, 0, 59, 59), 0],
    ["2026-11-18T06:42:10.250+01:00", Date.UTC(2026, 10, 18, 5, 42, 10, 250), 3600],
    ["2026-11-18T06:42:10-0330", Date.UTC(2026, 10, 18, 10, 12, 10), -12_600],
    ["2026-11-18 06:42", Date.UTC(2026, 10, 18, 6, 42), null],
    ["2026-11-18T06:42:10.5", Date.UTC(2026, 10, 18, 6, 42, 10, 500), null],
  ])("reads %s", (text, ms, offsetS) => {
    expect(xmlTime(text)).toEqual({ ms, offsetS });
  });

  it.each([undefined, "", "yesterday", "2026-13-40T99:00:00Z", "06:42"])("leaves out %s", (text) => {
    expect(xmlTime(text)).toBeUndefined();
  });
});
