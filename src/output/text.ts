import stringWidth from "string-width";

// Everything that moves a cursor, colours, hides or reorders text: C0, DEL, C1, line separators, and the characters
// that turn the direction of what follows (which could make one title look like another, or swallow a column).
const LAYOUT = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const PLAIN = /^[\u0020-\u007e]*$/;

/**
 * Foreign text (a title, a device, a lap's name) made safe for a terminal or one cell of a tab-separated line: runs of
 * line breaks and tabs become one space, other control characters U+FFFD, so that nothing is hidden and nothing acts.
 */
export function plainText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(LAYOUT, " ").replace(CONTROLS, "\ufffd").trim();
}

/** Columns that a text takes on a terminal: two for CJK and emoji, none for combining marks and colour. */
export function displayWidth(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

let segmenter: Intl.Segmenter | undefined;

/** The beginning of a text, at most `width` columns of it; no character is cut in half. Uncoloured text only. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (PLAIN.test(text)) return text.slice(0, width);
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

/** Filled with spaces up to `width` columns. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + space : space + text;
}
