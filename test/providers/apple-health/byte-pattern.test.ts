import { expect, it } from "vitest";
import { BytePattern } from "../../../src/providers/apple-health/byte-pattern.ts";

function viewOf(text: string): DataView {
  const bytes = new TextEncoder().encode(text);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

it("is found where all its bytes stand, and nowhere else, whatever its length", () => {
  const text = "abcdefghijklmnopqrstuvwxyz".repeat(20);
  const pattern = new BytePattern();
  for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 255, 256, 257, 258, 500]) {
    expect(pattern.set(viewOf(`..${text}`), 2, 2 + length)).toBe(true);
    expect(pattern.length).toBe(length);
    const there = `-${text}`;
    expect(pattern.standsAt(viewOf(there), 1, there.length)).toBe(true);
    expect(pattern.standsAt(viewOf(there), 1, 1 + length)).toBe(true);
    // It may not reach beyond the limit, even where its bytes go on.
    expect(pattern.standsAt(viewOf(there), 1, length)).toBe(false);
    for (let wrong = 0; wrong < length; wrong++) {
      const other = `-${text.slice(0, wrong)}#${text.slice(wrong + 1)}`;
      expect(pattern.standsAt(viewOf(other), 1, other.length), `${length} ${wrong}`).toBe(false);
    }
  }
});

it("forgets what it was before", () => {
  const pattern = new BytePattern();
  pattern.set(viewOf("a long one with many bytes"), 0, 26);
  pattern.set(viewOf("short"), 0, 5);
  expect(pattern.standsAt(viewOf("shorter"), 0, 7)).toBe(true);
  expect(pattern.standsAt(viewOf("a long one with many bytes"), 0, 26)).toBe(false);
});

it("is none when there are too many bytes to remember", () => {
  const pattern = new BytePattern();
  pattern.set(viewOf("short"), 0, 5);
  const long = viewOf("x".repeat(2049));
  expect(pattern.set(long, 0, 2048)).toBe(true);
  expect(pattern.standsAt(long, 1, 2049)).toBe(true);
  expect(pattern.set(long, 0, 2049)).toBe(false);
  expect(pattern.length).toBe(0);
});
