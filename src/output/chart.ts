import { formatClock } from "./format.ts";
import type { Look, Tone } from "./look.ts";
import { paint } from "./look.ts";
import { resample } from "./series.ts";
import type { Series } from "./series.ts";
import { pad } from "./text.ts";

/** What a chart of one measured thing over time shows, and how. */
export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly series: Series;
  /** Seconds that the time axis covers: charts of one activity share it, so that they can be read together. */
  readonly span: number;
  /** What is drawn, from the mean of what was measured (a pace from a speed). Infinite values go to the edge. */
  readonly convert?: (value: number) => number;
  /** `clock`: labels are m:ss, and lesser (faster) is higher. */
  readonly scale?: "number" | "clock";
  /** Values beyond this factor from the median are drawn at the edge: a rest must not flatten a whole run. */
  readonly clip?: number;
  /** The axis covers at least this much: flat ground is no mountain. */
  readonly leastRange?: number;
  readonly style?: "line" | "area";
  readonly tone?: Tone;
  /** About how many rows the plot takes, axis and title not counted: ticks are an even number of rows apart. */
  readonly rows?: number;
  /** Columns left of the plot at least, so that charts below one another line up: see {@link gutterOf}. */
  readonly gutter?: number;
}

/**
 * A chart as lines of text no wider than `look.width`: braille and block characters, or ASCII. A time without measurement
 * stays empty. No lines at all where the place is too narrow or nothing can be drawn.
 */
export function renderChart(chart: Chart, look: Look): string[] {
  const { scale = "number", style = "line", tone = "plain" } = chart;
  const axis = valueAxis(chart, look);
  if (axis === null) return [];
  const gutter = Math.max(chart.gutter ?? 0, axisWidth(axis));
  const columns = look.width - gutter;
  if (columns < 10) return [];
  const intervals = axis.ticks.length - 1;
  const rows = intervals * Math.max(1, Math.round(((chart.rows ?? ROWS) - 1) / intervals)) + 1;

  // A faster pace is a smaller number and belongs higher up.
  const height = (value: number): number => {
    const share = (clamp(value, axis.low, axis.high) - axis.low) / (axis.high - axis.low);
    return scale === "clock" ? 1 - share : share;
  };
  const heights = (count: number): Float64Array =>
    valuesOf(chart, count).map((value) => (Number.isNaN(value) ? value : height(value)));
  const plot =
    style === "area"
      ? drawArea(heights(columns), rows, look.unicode)
      : drawLine(heights, columns, rows, look.unicode);

  const labels = new Map<number, string>();
  for (const tick of axis.ticks) labels.set(Math.round((1 - height(tick)) * (rows - 1)), axis.label(tick));
  const [tickMark, bar] = look.unicode ? ["┤", "│"] : ["+", "|"];
  return [
    `${paint(look, "title", chart.title)} ${paint(look, "dim", chart.unit)}`.trimEnd(),
    ...plot.map((line, row) => {
      const label = labels.get(row);
      const left = pad(label ?? "", gutter - 2, "right") + " " + (label === undefined ? bar : tickMark);
      return (paint(look, "dim", left) + paint(look, tone, line.trimEnd())).trimEnd();
    }),
    ...timeAxis(chart.span, columns, gutter, look).map((line) => paint(look, "dim", line)),
  ];
}

/** Columns that a chart's own labels and axis take: give the greatest of several to all of them. */
export function gutterOf(chart: Chart, look: Look): number {
  const axis = valueAxis(chart, look);
  return axis === null ? 0 : axisWidth(axis);
}

function axisWidth(axis: ValueAxis): number {
  return Math.max(...axis.ticks.map((tick) => axis.label(tick).length)) + 2;
}

/** What the chart draws at `count` equal distances. */
function valuesOf(chart: Chart, count: number): Float64Array {
  const means = resample(chart.series, chart.span, count);
  const { convert } = chart;
  return convert === undefined ? means : means.map((value) => (Number.isNaN(value) ? value : convert(value)));
}

/** A grid of small dots inside character cells, addressed from the top left. */
export interface Dots {
  /** Dots per row. */
  readonly width: number;
  /** Dots per column. */
  readonly height: number;
  set(x: number, y: number): void;
  /** One string per row of characters, all of them `columns` wide. */
  lines(): string[];
}

// Unicode 16, braille patterns: dots 1, 2, 3, 7 in the left column of the cell, 4, 5, 6, 8 in the right one.
const BRAILLE = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const ASCII = [" ", "'", ".", ":"] as const;

/** Braille cells hold 2 × 4 dots, ASCII cells 1 × 2 (`'` above, `.` below, `:` both). */
export function createDots(columns: number, rows: number, unicode: boolean): Dots {
  const across = unicode ? 2 : 1;
  const down = unicode ? 4 : 2;
  const cells = new Uint8Array(columns * rows);
  const [width, height] = [columns * across, rows * down];
  return {
    width,
    height,
    set(x, y) {
      if (x < 0 || y < 0 || x >= width || y >= height) return;
      const at = Math.floor(y / down) * columns + Math.floor(x / across);
      const bit = unicode ? (BRAILLE[x % 2]?.[y % 4] ?? 0) : 1 << (y % 2);
      cells[at] = (cells[at] ?? 0) | bit;
    },
    lines: () =>
      Array.from({ length: rows }, (_, row) =>
        Array.from(cells.subarray(row * columns, (row + 1) * columns), (bits) =>
          unicode && bits !== 0 ? String.fromCodePoint(0x2800 + bits) : (ASCII[bits] ?? " "),
        ).join(""),
      ),
  };
}

function drawLine(
  heights: (count: number) => Float64Array,
  columns: number,
  rows: number,
  unicode: boolean,
): string[] {
  const dots = createDots(columns, rows, unicode);
  let previous = Number.NaN;
  heights(dots.width).forEach((share, x) => {
    const y = Math.round((1 - share) * (dots.height - 1));
    if (!Number.isNaN(y)) {
      // A steep step is drawn in the column where it ends, so that the line hangs together.
      const from = Number.isNaN(previous) ? y : previous + Math.sign(y - previous);
      for (let dot = Math.min(y, from); dot <= Math.max(y, from); dot++) dots.set(x, dot);
    }
    previous = y;
  });
  return dots.lines();
}

const EIGHTHS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

function drawArea(heights: Float64Array, rows: number, unicode: boolean): string[] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from(heights, (share) => {
      if (Number.isNaN(share)) return " ";
      // Even the lowest value has a foot, or it would look like a gap.
      const eighths = Math.max(1, Math.round(share * rows * 8)) - (rows - 1 - row) * 8;
      if (unicode) return EIGHTHS[clamp(eighths, 0, 8)] ?? " ";
      return eighths >= 5 ? "#" : eighths >= 1 ? "." : " ";
    }).join(""),
  );
}

const ROWS = 6;

interface ValueAxis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  label(value: number): string;
}

const NUMBER_STEPS = [1, 2, 5];
const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 300, 600, 1200, 1800, 3600];
const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
];

function rangeOf(chart: Chart, look: Look): [number, number] | null {
  if (!(chart.span > 0)) return null;
  const finite = valuesOf(chart, look.width)
    .filter((value) => Number.isFinite(value))
    .toSorted();
  let [low, high] = [finite[0], finite.at(-1)];
  const median = finite[Math.floor(finite.length / 2)];
  if (low === undefined || high === undefined || median === undefined) return null;
  if (chart.clip !== undefined) {
    high = Math.min(high, median * chart.clip);
    low = Math.max(low, median / chart.clip);
  }
  const missing = Math.max((chart.leastRange ?? 0) - (high - low), high === low ? 2 : 0) / 2;
  // What cannot be below zero is not given an axis below it.
  const floor = low >= 0 ? 0 : -Infinity;
  return [Math.max(floor, low - missing), high + missing];
}

function valueAxis(chart: Chart, look: Look): ValueAxis | null {
  const range = rangeOf(chart, look);
  if (range === null) return null;
  const [low, high] = range;
  const { scale } = chart;
  const wanted = (high - low) / Math.max(1, Math.floor((chart.rows ?? ROWS) / 2));
  const step =
    scale === "clock" ? (CLOCK_STEPS.find((step) => step >= wanted) ?? wanted) : numberStep(wanted);
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return {
    low: first * step,
    high: last * step,
    ticks: Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step),
    label: scale === "clock" ? formatClock : (value) => value.toFixed(digits),
  };
}

function numberStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  return (NUMBER_STEPS.find((step) => step * power >= wanted * (1 - 1e-9)) ?? 10) * power;
}

/** Labels of elapsed time: `20 min`, `1:30 h`, `3 h`, and seconds for the very short. */
function timeLabel(seconds: number, step: number, span: number): string {
  if (seconds === 0) return "0";
  if (step < 60) return span < 60 ? `${seconds} s` : formatClock(seconds);
  if (span < 3600) return `${seconds / 60} min`;
  if (step % 3600 === 0) return `${seconds / 3600} h`;
  return `${Math.floor(seconds / 3600)}:${String((seconds / 60) % 60).padStart(2, "0")} h`;
}

function timeAxis(span: number, columns: number, gutter: number, look: Look): string[] {
  const [corner, dash, mark] = look.unicode ? ["└", "─", "┴"] : ["+", "-", "+"];
  const step = TIME_STEPS.find((step) => (step / span) * columns >= 12) ?? span;
  const line = Array.from({ length: columns }, () => dash);
  let labels = "";
  for (let time = 0; time <= span; time += step) {
    const column = Math.min(columns - 1, Math.floor((time / span) * columns));
    const label = timeLabel(time, step, span);
    if (time > 0) line[column] = mark;
    // Under its mark, but never beyond the edge and never into the label before.
    const left = Math.min(
      gutter + column - (time === 0 ? 0 : Math.floor(label.length / 2)),
      look.width - label.length,
    );
    if (left > labels.length || time === 0) labels = labels.padEnd(left) + label;
  }
  return [" ".repeat(gutter - 1) + corner + line.join(""), labels];
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
