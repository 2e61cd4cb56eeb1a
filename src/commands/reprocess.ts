import { Command } from "commander";
import { UsageError } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";
import { jsonText } from "../output/json.ts";
import { plainText } from "../output/text.ts";
import { databaseExists } from "../store/index.ts";
import { reprocessSource, type ReprocessingProvider, type ReprocessResult } from "../sync/reprocess.ts";
import type { CommandContext } from "./context.ts";

export interface ReprocessCommandOptions {
  readonly context: CommandContext;

  /** Provider ids; empty for all. */
  readonly sources: readonly string[];
  readonly what: "everything" | "skipped";
  readonly dryRun: boolean;
}

/** `fitglue reprocess [source…]`. */
export function newReprocessCommand(context: CommandContext): Command {
  return new Command("reprocess")
    .argument("[source...]", "polar, fitbit, apple-health, file; default: all")
    .option("--dry-run", "map everything, write nothing")
    .action(async (sources: string[], flags: { dryRun?: boolean }) => {
      context.exit(
        await runReprocess({ context, sources, what: "everything", dryRun: flags.dryRun === true }),
      );
    });
}

/** Maps what is stored again, source by source, under the run lock. */
export async function runReprocess(options: ReprocessCommandOptions): Promise<ExitCode> {
  const { context } = options;
  const providers = await choose(context, options.sources);
  const all = async (): Promise<ReprocessResult[]> => {
    const results: ReprocessResult[] = [];
    for (const provider of providers) {
      results.push(
        await reprocessSource(provider, context.store("write"), {
          what: options.what,
          dryRun: options.dryRun,
          signal: context.signal,
          now: () => context.now(),
        }),
      );
    }
    return results;
  };
  // Where nothing is stored, nothing is made to say so.
  const results = databaseExists(context.settings().databasePath) ? await context.locked(all) : [];
  const { stdout, stderr } = context.io;
  if (context.globals.json) {
    stdout.write(`${jsonText({ dry_run: options.dryRun, sources: results })}\n`);
  } else {
    const touched = results.filter((result) => total(result) > 0);
    const news = touched.filter(({ added, updated, failed }) => added + updated + failed > 0);
    for (const result of stderr.isTTY ? touched : news) context.say(`${summaryLine(result)}\n`);
    if (stderr.isTTY && touched.length === 0) {
      context.say(options.what === "skipped" ? "nothing was skipped\n" : "nothing is stored yet\n");
    }
  }
  return results.some(({ failed }) => failed > 0) ? ExitCode.PARTIAL : ExitCode.OK;
}

async function choose(context: CommandContext, names: readonly string[]): Promise<ReprocessingProvider[]> {
  const able = (await context.providers()).filter(
    (provider): provider is ReprocessingProvider => provider.reprocess !== undefined,
  );
  if (names.length === 0) return able;
  return [...new Set(names)].map((name) => {
    const provider = able.find(({ id }) => id === name);
    if (provider !== undefined) return provider;
    throw new UsageError("UNKNOWN_PROVIDER", `unknown source "${name}"`, {
      hint: `one of: ${able.map(({ id }) => id).join(", ")}`,
    });
  });
}

function total(result: ReprocessResult): number {
  return result.added + result.updated + result.unchanged + result.failed + result.without_raw;
}

function summaryLine(result: ReprocessResult): string {
  const parts = [`${result.added} added`, `${result.updated} updated`, `${result.unchanged} unchanged`];
  if (result.without_raw > 0) parts.push(`${result.without_raw} without raw bytes`);
  if (result.failed > 0) parts.push(`${result.failed} not understood (${plainText(result.example ?? "")})`);
  return `${result.source}: ${parts.join(", ")}`;
}
