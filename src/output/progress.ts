import { formatBytes } from "./format.ts";
import type { Io, OutputStream } from "./io.ts";
import { truncate } from "./text.ts";

/** One line that changes while something runs. */
export interface Progress {
  update(text: string): void;
  /** Takes the line away; what comes next begins on a clean line. */
  stop(): void;
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

/** What is worth a line: a person is there and wants it. */
export interface ProgressWish {
  readonly quiet: boolean;
  readonly json: boolean;
}

/**
 * A spinner on stderr, where that is a terminal and neither `--quiet` nor `--json` was given; else something that does
 * nothing. Nothing is loaded for nothing.
 */
export async function startProgress(io: Io, wish: ProgressWish, text: string): Promise<Progress> {
  if (!io.stderr.isTTY || wish.quiet || wish.json) return SILENT;
  const { default: ora } = await import("ora");
  const fit = (line: string): string => truncate(line, io.stderr.columns - 3, io.unicode);
  const spinner = ora({
    text: fit(text),
    spinner: io.unicode ? "dots" : "line",
    color: io.color ? "cyan" : false,
    stream: terminalStream(io.stderr),
    isEnabled: true,
    // Typed-ahead keys belong to whoever reads stdin next, and Ctrl-C to our own handler.
    discardStdin: false,
  }).start();
  return {
    update: (line) => {
      spinner.text = fit(line);
    },
    stop: () => {
      spinner.stop();
    },
  };
}

/** The few things that ora asks of a terminal, on an injected stream (ECMA-48 §8.3). */
function terminalStream(stream: OutputStream): NodeJS.WritableStream {
  const write = (text: string): boolean => {
    stream.write(text);
    return true;
  };
  const terminal = {
    isTTY: true,
    get columns() {
      return stream.columns;
    },
    write,
    cursorTo: (column: number) => write(`\u001b[${column + 1}G`),
    clearLine: () => write("\u001b[2K"),
    moveCursor: (_: number, rows: number) => (rows < 0 ? write(`\u001b[${-rows}A`) : true),
  };
  return terminal as unknown as NodeJS.WritableStream;
}

/** How far an import is. Cumulative since the start of the file; one that is read once more begins again. */
export interface ImportStep {
  /** Plain bytes read. */
  readonly bytes: number;
  /** Plain bytes in all, where the container tells. */
  readonly totalBytes?: number | undefined;
  readonly activities: number;
  readonly records: number;
  readonly phase: string;
}

/** `reading  41%  412 of 1004 MB  58 MB/s  1234 workouts  12.3 M records`. `elapsedMs` is the time since the start. */
export function importProgressText(step: ImportStep, elapsedMs: number): string {
  const { bytes, totalBytes } = step;
  const parts = [step.phase];
  if (totalBytes !== undefined && totalBytes > 0) {
    parts.push(`${Math.min(100, Math.floor((bytes / totalBytes) * 100))}%`);
    parts.push(`${formatBytes(bytes)} of ${formatBytes(totalBytes)}`);
  } else if (bytes > 0) {
    parts.push(formatBytes(bytes));
  }
  // The first moments tell no rate worth reading.
  if (elapsedMs >= 1000 && bytes > 0) parts.push(`${formatBytes(bytes / (elapsedMs / 1000))}/s`);
  if (step.activities > 0) parts.push(plural(step.activities, "activity", "activities"));
  if (step.records > 0) parts.push(`${formatCount(step.records)} records`);
  return parts.join("  ");
}

/** {@link importProgressText} for the steps of one file as they come. The rate is that of the reading in progress. */
export function importProgressTexts(now: () => number): (step: ImportStep) => string {
  let start = now();
  let before = 0;
  return (step) => {
    if (step.bytes < before) start = now();
    before = step.bytes;
    return importProgressText(step, now() - start);
  };
}

/** `1234`, `12.3 k`, `4.6 M`: for numbers that only have to be big. */
export function formatCount(count: number): string {
  if (count < 10_000) return String(count);
  return count < 999_950 ? `${(count / 1000).toFixed(1)} k` : `${(count / 1e6).toFixed(1)} M`;
}

/** `1 route`, `3 routes`. */
export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
