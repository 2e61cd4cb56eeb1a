import { formatBytes, formatDuration } from "./format.ts";
import type { Look } from "./look.ts";
import { paint } from "./look.ts";
import { plural } from "./progress.ts";
import { plainText, wrap } from "./text.ts";

/** What an import of one path ended with, as far as a person wants to know. */
export interface ImportOutcome {
  readonly path: string;
  /** Who read it; null when nobody could. */
  readonly kind: string | null;
  /** `ok` when nothing was lost. */
  readonly status: "ok" | "partial" | "failed";
  readonly activities: number;
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly samples: number;
  readonly routes: number;
  readonly bytes: number;
  readonly sports: Readonly<Record<string, number>>;
  readonly warnings: readonly WarningCount[];
}

/** The warnings of one kind. */
export interface WarningCount {
  readonly code: string;
  readonly count: number;
  readonly example: string;
}

/** The end of an import on a terminal: what came, by sport, and what was odd, grouped with one example each. */
export function importSummary(result: ImportOutcome, elapsedMs: number, look: Look): string[] {
  const tone = result.added + result.updated > 0 ? "good" : "plain";
  const lines = [
    `${paint(look, "title", plainText(result.path))}${result.kind === null ? "" : paint(look, "dim", `  ${result.kind}`)}`,
    `  ${plural(result.activities, "activity", "activities")}: ${paint(look, tone, countText(result))}`,
  ];
  const sports = Object.entries(result.sports).toSorted(([, a], [, b]) => b - a);
  if (sports.length > 0) {
    const words = sports.map(([sport, count]) => `${count} ${sport.replaceAll("_", " ")}`).join(", ");
    lines.push(...wrap(words, look.width - 2).map((line) => `  ${line}`));
  }
  const stored = [
    ...(result.samples > 0 ? [plural(result.samples, "sample", "samples")] : []),
    ...(result.routes > 0 ? [plural(result.routes, "route", "routes")] : []),
    `${formatBytes(result.bytes)} read in ${formatDuration(Math.max(1000, elapsedMs) / 1000) ?? ""}`,
  ];
  lines.push(`  ${stored.join(", ")}`);
  for (const { code, count, example } of result.warnings) {
    const head = `${code} (${count})`;
    const [first = "", ...rest] = wrap(`${head}  ${plainText(example)}`, look.width - 4);
    const isWhole = first.startsWith(head);
    lines.push(`  ${isWhole ? paint(look, "warn", head) + first.slice(head.length) : first}`);
    lines.push(...rest.map((line) => `    ${line}`));
  }
  return lines;
}

/**
 * The same on one line, for a log; null when the import changed nothing, unless something was lost: a nightly import of an export
 * with an oddity in it is no news, and an exit code of 3 has to say why.
 */
export function importLine(result: ImportOutcome): string | null {
  const isChange = result.added + result.updated > 0;
  const isLoss = result.status !== "ok" && result.skipped + result.warnings.length > 0;
  if (!isChange && !isLoss) return null;
  return [`${plainText(result.path)}: ${countText(result)}`, ...warningTexts(result.warnings)].join("; ");
}

/** `3 added, 1 updated, 12 unchanged`, and what was skipped if anything was. */
function countText(result: Pick<ImportOutcome, "added" | "updated" | "unchanged" | "skipped">): string {
  const parts = [`${result.added} added`, `${result.updated} updated`, `${result.unchanged} unchanged`];
  if (result.skipped > 0) parts.push(`${result.skipped} skipped`);
  return parts.join(", ");
}

/** `route-missing (3): route_2026-01-02.gpx is not there`. */
export function warningTexts(warnings: readonly WarningCount[]): string[] {
  return warnings.map(({ code, count, example }) => `${code} (${count}): ${plainText(example)}`);
}
