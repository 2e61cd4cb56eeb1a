import { Command } from "commander";
import { UsageError } from "../errors.ts";
import type { ExitCode } from "../exit-codes.ts";
import { isTimezone } from "../model/index.ts";
import { errorDocument } from "../output/errors.ts";
import { type FileProvider, type FileResult, importPath } from "../sync/import.ts";
import type { CommandContext } from "./context.ts";
import { exitCodeOf, reportErrors } from "./outcome.ts";

export interface ImportCommandOptions {
  readonly context: CommandContext;

  readonly paths: readonly string[];
  readonly timezone: string | undefined;
  readonly dryRun: boolean;
}

/** `fitglue import <path…>`. */
export function newImportCommand(context: CommandContext): Command {
  return new Command("import")
    .argument(
      "<path...>",
      "export.zip, the unzipped folder, or the bare XML; FIT, TCX and GPX files and folders of them",
    )
    .option("--timezone <zone>", "IANA zone of workouts whose file tells none, e.g. Europe/Berlin")
    .option("--dry-run", "read everything, write nothing", false)
    .action(async (paths: string[], flags: { timezone?: string; dryRun: boolean }) => {
      context.exit(await runImport({ context, paths, timezone: flags.timezone, dryRun: flags.dryRun }));
    });
}

/** Imports every path in turn; a bad file does not stop the next. */
export async function runImport(options: ImportCommandOptions): Promise<ExitCode> {
  const { context } = options;
  if (options.timezone !== undefined && !isTimezone(options.timezone)) {
    throw new UsageError("BAD_TIMEZONE", `unknown time zone "${options.timezone}"`, {
      hint: "use an IANA name, for example --timezone Europe/Berlin",
    });
  }
  const providers = (await context.providers()).filter(
    (provider): provider is FileProvider => provider.file !== undefined,
  );
  const results = await context.locked(async () => {
    const all: FileResult[] = [];
    for (const path of options.paths) {
      all.push(
        await importPath(path, providers, context.store("write"), {
          timezone: options.timezone,
          dryRun: options.dryRun,
          signal: context.signal,
          now: () => context.now(),
        }),
      );
    }
    return all;
  });
  if (context.globals.json) {
    context.io.stdout.write(`${JSON.stringify({ files: results.map(fileDocument) })}\n`);
  } else {
    for (const result of results) if (hasNews(result)) context.say(`${summaryLine(result)}\n`);
  }
  reportErrors(context, results);
  return exitCodeOf(results);
}

function fileDocument(result: FileResult): Record<string, unknown> {
  const {
    path,
    kind,
    status,
    activities,
    added,
    updated,
    unchanged,
    skipped,
    routes,
    samples,
    bytes,
    warnings,
  } = result;
  const error = result.error === null ? null : errorDocument(result.error);
  return {
    path,
    kind,
    status,
    activities,
    added,
    updated,
    unchanged,
    skipped,
    routes,
    samples,
    bytes,
    warnings,
    error,
  };
}

function hasNews(result: FileResult): boolean {
  return result.added + result.updated + result.skipped + result.warnings.length > 0;
}

function summaryLine(result: FileResult): string {
  const parts = [`${result.added} added`, `${result.updated} updated`, `${result.unchanged} unchanged`];
  if (result.skipped > 0) parts.push(`${result.skipped} skipped`);
  const warnings = result.warnings.map(({ code, count, example }) => `${code} ×${count} (${example})`);
  return `${result.path}: ${parts.join(", ")}${warnings.length > 0 ? `; ${warnings.join("; ")}` : ""}`;
}
