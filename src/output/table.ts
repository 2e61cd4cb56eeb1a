import type { Look, Tone } from "./look.ts";
import { paint } from "./look.ts";
import { displayWidth, pad, plainText, truncate } from "./text.ts";

/** One column of a table for people. */
export interface Column {
  readonly header: string;
  readonly align?: "left" | "right";
  readonly tone?: Tone;
  /** May be cut with `…` down to this many columns when the table is too wide. */
  readonly shrinkTo?: number;
  /** May be left out when shrinking is not enough; the highest goes first. */
  readonly dispensable?: number;
}

const GAP = 2;
/** What stands for "unknown" where a person reads; in a pipe an unknown cell is empty. */
const UNKNOWN = "-";

/**
 * Lines of an aligned table that fits `look.width`: cells are neutralised, flexible columns shrink, dispensable columns
 * go, and a column without any value is not shown. A null is `-`.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly (string | null)[])[],
  look: Look,
): string[] {
  const clean = rows.map((row) => columns.map((_, at) => cell(row[at])));
  const natural = columns.map((column, at) =>
    Math.max(displayWidth(column.header), ...clean.map((row) => displayWidth(row[at] ?? UNKNOWN))),
  );
  let shown = columns.map((_, at) => at).filter((at) => clean.some((row) => row[at] !== null));
  if (clean.length === 0) shown = columns.map((_, at) => at);

  const least = (at: number): number => Math.min(natural[at] ?? 0, columns[at]?.shrinkTo ?? Infinity);
  const total = (width: (at: number) => number): number =>
    shown.reduce((sum, at) => sum + width(at), GAP * Math.max(0, shown.length - 1));
  while (total(least) > look.width) {
    const out = shown
      .filter((at) => columns[at]?.dispensable !== undefined)
      .toSorted((a, b) => (columns[b]?.dispensable ?? 0) - (columns[a]?.dispensable ?? 0))[0];
    if (out === undefined) break;
    shown = shown.filter((at) => at !== out);
  }

  const widths = [...natural];
  let excess = total((at) => natural[at] ?? 0) - look.width;
  // The widest column gives way first, so that one long text does not cost the others theirs.
  while (excess > 0) {
    const [widest] = shown
      .filter((at) => (widths[at] ?? 0) > least(at))
      .toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }

  const line = (texts: readonly (string | null)[], tone: (at: number) => Tone): string =>
    shown
      .map((at, place) => {
        const width = widths[at] ?? 0;
        const align = columns[at]?.align ?? "left";
        const text = truncate(texts[at] ?? UNKNOWN, width, look.unicode);
        // The last column carries no trailing spaces: lines can be copied, and nothing wraps.
        const filled = place === shown.length - 1 && align === "left" ? text : pad(text, width, align);
        return paint(look, texts[at] === null ? "dim" : tone(at), filled);
      })
      .join(" ".repeat(GAP))
      .trimEnd();
  return [
    line(
      columns.map((column) => column.header),
      () => "dim",
    ),
    ...clean.map((row) => line(row, (at) => columns[at]?.tone ?? "plain")),
  ];
}

/** One line of a tab-separated stream: nothing truncated, nothing coloured, an unknown cell is empty. */
export function tabSeparated(cells: readonly (string | number | boolean | null)[]): string {
  // A list of thousands is over before V8 has compiled a closure for each cell to anything quick; a plain loop is quick at once.
  const plain = cells.slice();
  for (let at = 0; at < plain.length; at++) {
    const value = plain[at];
    if (typeof value === "string") plain[at] = plainText(value);
  }
  // `join` writes null as nothing.
  return plain.join("\t");
}

function cell(text: string | null | undefined): string | null {
  return text === null || text === undefined || text === "" ? null : plainText(text);
}
