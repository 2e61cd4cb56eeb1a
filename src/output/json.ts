// JSON itself escapes C0 only. DEL, C1 (which some terminals obey like escape sequences) and what turns the direction of
// text are as good escaped: the value is the same, and nothing in it acts on a terminal.
const ACTIVE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A value as JSON on one line, harmless to a terminal whatever its strings hold. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    ACTIVE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
