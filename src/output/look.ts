import type { Io } from "./io.ts";

/** What the place that text goes to can show. Commands make one from their `Io`; nothing else is asked. */
export interface Look {
  /** Columns. */
  readonly width: number;
  /** Whether block, braille and box-drawing characters arrive as such. */
  readonly unicode: boolean;
  readonly color: boolean;
}

/** What a piece of text is, not how it looks: the one palette is below. */
export type Tone =
  | "plain"
  | "title"
  | "dim"
  | "good"
  | "warn"
  | "bad"
  | "heart"
  | "height"
  | "pace"
  | "power";

/** SGR parameters (ECMA-48 §8.3.117) from the terminal's own sixteen colours, so that its theme decides. */
const SGR: Record<Tone, string> = {
  plain: "",
  title: "1",
  dim: "2",
  good: "32",
  warn: "33",
  bad: "31",
  heart: "31",
  height: "32",
  pace: "36",
  power: "35",
};

/** The text in its tone, or as it is where the look has no colour. */
export function paint(look: Pick<Look, "color">, tone: Tone, text: string): string {
  const sgr = SGR[tone];
  return look.color && sgr !== "" && text !== "" ? `\u001b[${sgr}m${text}\u001b[0m` : text;
}

/** How stdout looks to a person; null when it is no terminal, where nothing is drawn, aligned or coloured. */
export function lookOf(io: Pick<Io, "stdout" | "unicode" | "color">): Look | null {
  return io.stdout.isTTY ? { width: io.stdout.columns, unicode: io.unicode, color: io.color } : null;
}
