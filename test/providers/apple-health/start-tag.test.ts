import { describe, expect, it } from "vitest";
import { readStartTag } from "../../../src/providers/apple-health/start-tag.ts";

function read(tag: string): { name: string; clean: boolean; attributes: Record<string, string> } {
  const { name, clean, attributes } = readStartTag(Buffer.from(tag));
  return { name, clean, attributes: Object.fromEntries(attributes) };
}

describe("a start tag", () => {
  it("that is XML is read by sax", () => {
    expect(read(`<Record a="1 &lt; &#50;" b='"'/>`)).toEqual({
      name: "Record",
      clean: true,
      attributes: { a: "1 < 2", b: '"' },
    });
  });

  it.each([
    [`<Record a="1" b="2 & 3">`, { a: "1", b: "2 & 3" }],
    [`<Record a b="1" two words = '2'>`, { "a b": "1", "two words": "2" }],
    [`<Record a="1" a="2" & >`, { a: "1" }],
    [`<Record a="1" b="lost c="3">`, { a: "1", b: "lost c=" }],
    [`<Record a==b="1" ="2" & c="4">`, { b: "1", "& c": "4" }],
    [`<Record a=1 b="2>`, {}],
  ])("that is none gives the attributes that are whole: %s", (tag, attributes) => {
    expect(read(tag)).toEqual({ name: "Record", clean: false, attributes });
  });

  it.each(["a", " ", "a=", "a= ", '"a=', "a='", "&amp", "<", 'a="&x" '])(
    "of half a megabyte is read once, not once for each byte: %j",
    (piece) => {
      const { clean, attributes } = read(`<Record q=1 first="1" ${piece.repeat(500_000 / piece.length)}>`);
      expect(clean).toBe(false);
      expect(attributes["1 first"]).toBe("1");
    },
  );
});
