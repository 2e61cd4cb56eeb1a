import { describe, expect, it } from "vitest";
import { paint } from "../../src/output/look.ts";
import { displayWidth, pad, plainText, truncate, wrap } from "../../src/output/text.ts";
import { HOSTILE } from "./activities.ts";

describe("foreign text", () => {
  it("cannot act on a terminal, nor hide or turn around what follows", () => {
    const safe = plainText(HOSTILE);
    expect(safe).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
    expect(safe).toContain("\ufffd[31m\ufffd]0;pwned\ufffd\ufffd2J\ufffdgnp.exe =cmd");
  });

  it("loses line breaks and tabs to one space, and stays otherwise as it is", () => {
    expect(plainText("Lauf\r\n\tam See 🏃‍♀️ naïve 日本")).toBe("Lauf am See 🏃‍♀️ naïve 日本");
    expect(plainText("plain")).toBe("plain");
  });

  it.each([
    ["abc", 3],
    ["日本", 4],
    ["🏃‍♀️", 2],
    ["é", 1],
    ["e\u0301", 1],
    ["\u001b[31mred\u001b[0m", 3],
  ])("takes %j to be %i columns wide", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it.each([
    ["abcdef", 4, true, "abc…"],
    ["abcdef", 4, false, "abc~"],
    ["abcdef", 6, true, "abcdef"],
    ["ab cdef", 4, true, "ab…"],
    // A wide character is never cut in half.
    ["日本語", 4, true, "日…"],
    ["日本語", 5, true, "日本…"],
    ["a🏃‍♀️b", 3, true, "a…"],
    ["abc", 1, true, "…"],
    ["abc", 0, true, ""],
  ])("cuts %j to %i columns", (text, width, unicode, cut) => {
    expect(truncate(text, width, unicode)).toBe(cut);
    expect(displayWidth(cut)).toBeLessThanOrEqual(width);
  });

  it("is filled up by columns, not by characters", () => {
    expect(pad("日本", 6)).toBe("日本  ");
    expect(pad("7", 3, "right")).toBe("  7");
    expect(pad("long", 2)).toBe("long");
  });
});

describe("wrap", () => {
  it.each([
    ["one two three", 7, ["one two", "three"]],
    ["a wordthatistoolong b", 6, ["a", "wordth", "atisto", "olong", "b"]],
    ["日本語日本語", 5, ["日本", "語日", "本語"]],
    ["", 5, []],
  ])("%j in %i columns", (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });

  it("breaks a word of a megabyte, and no character", () => {
    const lines = wrap("🏃".repeat(2000), 41);
    expect(lines).toHaveLength(100);
    expect(new Set(lines)).toEqual(new Set(["🏃".repeat(20)]));
    expect(wrap("x".repeat(1 << 20), 32)).toHaveLength(32_768);
  });
});

describe("paint", () => {
  it("colours only where there is colour", () => {
    expect(paint({ color: true }, "heart", "x")).toBe("\u001b[31mx\u001b[0m");
    expect(paint({ color: false }, "heart", "x")).toBe("x");
    expect(paint({ color: true }, "plain", "x")).toBe("x");
    expect(paint({ color: true }, "heart", "")).toBe("");
  });
});
