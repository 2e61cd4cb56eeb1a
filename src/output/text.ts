import { createRequire } from "node:module";
import type library from "string-width";

// Everything that moves a cursor, colours, hides or reorders text: C0, DEL, C1, line separators, and the characters
// that turn the direction of what follows (which could make one title look like another, or swallow a column).
const LAYOUT = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
// One column per UTF-16 unit: ASCII, Latin, Greek and Cyrillic letters, punctuation, and all that charts are drawn with.
const NARROW =
  /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u2046\u2500-\u259f\u2800-\u28ff]*$/;
// Our own colours; foreign text has none any more (`plainText`).
const COLORS = /\u001b\[\d*m/g;
const PRINTABLE = /^[\u0020-\u007e]*$/;

/**
 * Foreign text (a title, a device, a lap's name) made safe for a terminal or one cell of a tab-separated line: runs of
 * line breaks and tabs become one space, other control characters U+FFFD, so that nothing is hidden and nothing acts.
 */
export function plainText(text: string): string {
  if (PRINTABLE.test(text)) return text;
  return text.replace(LAYOUT, " ").replace(CONTROLS, "\ufffd").trim();
}

/** Columns that a text takes on a terminal: two for CJK and emoji, none for combining marks and colour. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  const bare = text.replace(COLORS, "");
  return NARROW.test(bare) ? bare.length : measure(bare);
}

let stringWidth: typeof library | undefined;

/** The whole truth about CJK, emoji and combining marks takes 20 ms to load: only who needs it pays for it. */
function measure(text: string): number {
  stringWidth ??= (createRequire(import.meta.url)("string-width") as { default: typeof library }).default;
  return stringWidth(text);
}

let segmenter: Intl.Segmenter | undefined;

/** The beginning of a text, at most `width` columns of it; no character is cut in half. Uncoloured text only. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (NARROW.test(text)) return text.slice(0, width);
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  let kept = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += displayWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return kept;
}

/** As {@link cut}; what is cut off is announced by `…` (`~` without Unicode). */
export function truncate(text: string, width: number, unicode: boolean): string {
  if (displayWidth(text) <= width) return text;
  return width < 1 ? "" : cut(text, width - 1).trimEnd() + (unicode ? "…" : "~");
}

/** Without the half of a character at its end. */
function wellFormed(text: string): string {
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}

/** Filled with spaces up to `width` columns. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + space : space + text;
}

/** The lines of a text that is broken at spaces; a word that is too long is broken where it must. Uncoloured text only. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    let rest = word;
    if (line !== "" && displayWidth(line) + 1 + displayWidth(rest) <= width) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== "") lines.push(line);
    // Of a word of megabytes no more is measured at once than a line can hold, however many marks its characters carry.
    const most = 16 * width;
    while (rest.length > most || displayWidth(rest) > width) {
      const part = cut(wellFormed(rest.slice(0, most)), width);
      if (part === "") break;
      lines.push(part);
      rest = rest.slice(part.length);
    }
    line = rest;
  }
  if (line !== "") lines.push(line);
  return lines;
}
