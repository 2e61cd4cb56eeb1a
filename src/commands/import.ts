import { Command } from "commander";
import { UsageError } from "../errors.ts";
import type { ExitCode } from "../exit-codes.ts";
import { timezoneName } from "../model/index.ts";
import { jsonText } from "../output/json.ts";
import { errorDocument } from "../output/errors.ts";
import { importProgressTexts, startProgress } from "../output/progress.ts";
import { importLine, importSummary } from "../output/summary.ts";
import { plainText } from "../output/text.ts";
import { databaseExists } from "../store/index.ts";
import { type FileProvider, type FileResult, importPath } from "../sync/import.ts";
import type { CommandContext } from "./context.ts";
import { DRY_RUN, endsRun, exitCodeOf, reportErrors, tellOutcomes } from "./outcome.ts";

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
      "export.zip, the unzipped folder, or the bare XML; FIT, TCX and GPX files, folders and zips of them",
    )
    .option("--timezone <zone>", "IANA zone of workouts whose file tells none, e.g. Europe/Berlin")
    .option("--dry-run", "read everything, write nothing", false)
    .action(async (paths: string[], flags: { timezone?: string; dryRun: boolean }) => {
      const timezone = flags.timezone === undefined ? undefined : parseTimezone(flags.timezone);
      context.exit(await runImport({ context, paths, timezone, dryRun: flags.dryRun }));
    });
}

function parseTimezone(text: string): string {
  const name = timezoneName(text);
  if (name !== null) return name;
  throw new UsageError("BAD_TIMEZONE", `unknown time zone "${text}"`, {
    hint: "use an IANA name, for example --timezone Europe/Berlin",
  });
}

/** Imports every path in turn; a bad file does not stop the next. What was stored is told, however the run ends. */
export async function runImport(options: ImportCommandOptions): Promise<ExitCode> {
  const { context } = options;
  const providers = (await context.providers()).filter(
    (provider): provider is FileProvider => provider.file !== undefined,
  );
  const results: FileResult[] = [];
  try {
    const all = async (): Promise<void> => {
      for (const path of options.paths) {
        const result = await importOne(path, providers, options);
        results.push(result);
        if (endsRun(result)) break;
      }
    };
    // A rehearsal without a database has nothing to make and nobody to wait for.
    const isAlone = options.dryRun && !databaseExists(context.settings().databasePath);
    await (isAlone ? all() : context.locked(all));
  } catch (error) {
    // An import that failed has its document too, even if it could not begin; a wrong command line has none.
    if (!(error instanceof UsageError)) tell(options, results);
    throw error;
  }
  tell(options, results);
  reportErrors(context, results);
  return exitCodeOf(results);
}

/** The document, or the line of a log. A terminal has had a summary of each file. */
function tell({ context, dryRun }: ImportCommandOptions, results: readonly FileResult[]): void {
  if (context.globals.json) {
    const document = { ...(dryRun ? { dry_run: true } : {}), files: results.map(fileDocument) };
    context.io.stdout.write(`${jsonText(document)}\n`);
  } else if (context.globals.quiet || !context.io.stderr.isTTY) {
    tellOutcomes(context, results, importLine, dryRun ? DRY_RUN : "");
  }
}

/** One path, with a progress line meanwhile and its summary afterwards. */
async function importOne(
  path: string,
  providers: readonly FileProvider[],
  { context, timezone, dryRun }: ImportCommandOptions,
): Promise<FileResult> {
  const { io, globals } = context;
  const start = context.now();
  const elapsed = (): number => context.now() - start;
  const progress = await startProgress(io, globals, `reading ${plainText(path)}`);
  const textOf = importProgressTexts(() => context.now());
  let result: FileResult;
  try {
    result = await importPath(path, providers, context.store(dryRun ? "read" : "write"), {
      timezone,
      dryRun,
      signal: context.signal,
      now: () => context.now(),
      onProgress: (step) => progress.update(textOf(step)),
    });
  } finally {
    progress.stop();
  }
  if (io.stderr.isTTY && !globals.json && result.status !== "failed") {
    const look = { width: io.stderr.columns, unicode: io.unicode, color: io.color };
    context.say(`${importSummary(result, elapsed(), look).join("\n")}\n`);
    if (dryRun) context.say("  dry run: nothing was written\n");
  }
  return result;
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
