import { Command } from "commander";
import { AuthError, FitglueError, UsageError } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";
import { jsonText } from "../output/json.ts";
import { errorDocument } from "../output/errors.ts";
import { startProgress } from "../output/progress.ts";
import { warningTexts } from "../output/summary.ts";
import { plainText } from "../output/text.ts";
import type { Provider, RemoteSource } from "../providers/types.ts";
import { type ProviderResult, syncProvider } from "../sync/sync.ts";
import type { CommandContext } from "./context.ts";
import { DRY_RUN, endsRun, exitCodeOf, reportErrors, tellOutcomes } from "./outcome.ts";

type RemoteProvider = Provider & { readonly remote: RemoteSource };

export interface SyncCommandOptions {
  readonly context: CommandContext;

  readonly providers: readonly string[];
  readonly since: string | undefined;
  readonly full: boolean;
  readonly dryRun: boolean;
  /** A health check to call; undefined for the configured one, if any. */
  readonly ping: string | undefined;
}

/** `fitglue sync [provider…]`. */
export function newSyncCommand(context: CommandContext): Command {
  return new Command("sync")
    .argument("[provider...]", "polar, fitbit; default: every connected one")
    .option("--since <date>", "reach back to this local date, YYYY-MM-DD (where the source can)")
    .option("--full", "read everything again and update what changed", false)
    .option("--dry-run", "ask, but write and acknowledge nothing", false)
    .option("--ping <url>", "a health check to call on start, success and failure (FITGLUE_PING_URL)")
    .action(
      async (
        providers: string[],
        flags: { since?: string; full: boolean; dryRun: boolean; ping?: string },
      ) => {
        context.exit(await runSync({ context, providers, ...flags, since: flags.since, ping: flags.ping }));
      },
    );
}

/** One bounded pass over the providers, told to a health check where there is one. */
export async function runSync(options: SyncCommandOptions): Promise<ExitCode> {
  // A rehearsal is not the job that somebody watches.
  const check = options.dryRun ? undefined : await options.context.healthCheck(options.ping);
  if (check === undefined) return (await syncAll(options)).code;
  const started = check.start();
  try {
    const { code, results } = await syncAll(options);
    await started;
    const report = pingReport(code, results);
    await (code === ExitCode.OK ? check.success(report) : check.failure(report));
    return code;
  } catch (error) {
    await started;
    const { code, exit_code: exitCode } = errorDocument(error);
    await check.failure(`${jsonText({ exit_code: exitCode, error: code })}\n`);
    throw error;
  }
}

/** Counts and codes for the health check; never a message, which might name something personal. */
function pingReport(code: ExitCode, results: readonly ProviderResult[]): string {
  const providers = results.map(({ provider, status, added, updated, unchanged, skipped, error }) => {
    return { provider, status, added, updated, unchanged, skipped, error: error?.code ?? null };
  });
  return `${jsonText({ exit_code: code, providers })}\n`;
}

async function syncAll(
  options: SyncCommandOptions,
): Promise<{ code: ExitCode; results: readonly ProviderResult[] }> {
  const { context } = options;
  if (options.since !== undefined && !isDate(options.since)) {
    throw new UsageError("BAD_DATE", `--since wants a date like 2026-11-20, not "${options.since}"`);
  }
  const results: ProviderResult[] = [];
  try {
    const providers = await choose(context, options.providers);
    await context.locked(async () => {
      for (const provider of providers) {
        const result = await syncOne(provider, options);
        results.push(result);
        if (endsRun(result)) break;
      }
    });
  } catch (error) {
    // A pass that failed has its document too, even if it could not begin; a wrong command line has none.
    if (!(error instanceof UsageError)) tell(options, results);
    throw error;
  }
  tell(options, results);
  const isWhole = results.every(({ error }) => error === null);
  if (isWhole && !results.some(hasNews) && context.io.stderr.isTTY && !context.globals.json)
    context.say("nothing new\n");
  reportErrors(context, results);
  return { code: exitCodeOf(results), results };
}

/** The document, or one line if there is any news. */
function tell({ context, dryRun }: SyncCommandOptions, results: readonly ProviderResult[]): void {
  if (context.globals.json) {
    const document = { ...(dryRun ? { dry_run: true } : {}), providers: results.map(providerDocument) };
    context.io.stdout.write(`${jsonText(document)}\n`);
    return;
  }
  tellOutcomes(context, results, summaryLine, dryRun ? DRY_RUN : "");
}

async function syncOne(provider: RemoteProvider, options: SyncCommandOptions): Promise<ProviderResult> {
  const { context } = options;
  const progress = await startProgress(context.io, context.globals, `${provider.name}: connecting`);
  let added = 0;
  let updated = 0;
  let doing = "";
  const draw = (): void => {
    const news = added + updated === 0 ? "" : `  ${added} added, ${updated} updated`;
    progress.update(`${provider.name}: ${plainText(doing)}${news}`);
  };
  try {
    const connection = await context.connection(provider);
    return await syncProvider(provider, connection, context.store("write"), {
      onEvent: (event) => {
        if (event.type === "progress") doing = event.text;
        else {
          added += event.result.added;
          updated += event.result.updated;
        }
        draw();
      },
      since: options.since,
      full: options.full,
      dryRun: options.dryRun,
      signal: context.signal,
      now: () => context.now(),
    });
  } catch (error) {
    // A provider that cannot even be started must not keep the next one from its turn.
    if (!(error instanceof FitglueError)) throw error;
    const none = { added: 0, updated: 0, unchanged: 0, skipped: 0, deleted: 0, warnings: [] };
    return { provider: provider.id, status: "failed", ...none, error };
  } finally {
    progress.stop();
  }
}

async function choose(context: CommandContext, names: readonly string[]): Promise<RemoteProvider[]> {
  const remote = (await context.providers()).filter(
    (provider): provider is RemoteProvider => provider.remote !== undefined,
  );
  const known = remote.map(({ id }) => id).join(", ");
  if (names.length > 0) {
    return [...new Set(names)].map((name) => {
      const provider = remote.find(({ id }) => id === name);
      if (provider !== undefined) return provider;
      throw new UsageError("UNKNOWN_PROVIDER", `unknown provider "${name}"`, { hint: `one of: ${known}` });
    });
  }
  const connected = new Set<string>(await context.connected());
  const chosen = remote.filter(({ id }) => connected.has(id));
  if (chosen.length === 0) {
    throw new AuthError("AUTH_REQUIRED", "no provider is connected", {
      hint: "fitglue connect polar (or fitbit)",
    });
  }
  return chosen;
}

/** Whether a text is a calendar date `YYYY-MM-DD` that exists. */
function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function providerDocument(result: ProviderResult): Record<string, unknown> {
  const { provider, status, added, updated, unchanged, skipped, deleted, warnings } = result;
  const error = result.error === null ? null : errorDocument(result.error);
  return { provider, status, added, updated, unchanged, skipped, deleted, warnings, error };
}

function hasNews(result: ProviderResult): boolean {
  return result.added + result.updated + result.skipped + result.deleted + result.warnings.length > 0;
}

/** Null when there is nothing to tell. */
function summaryLine(result: ProviderResult): string | null {
  if (!hasNews(result)) return null;
  const parts = [`${result.added} added`, `${result.updated} updated`];
  if (result.deleted > 0) parts.push(`${result.deleted} gone upstream`);
  if (result.skipped > 0) parts.push(`${result.skipped} skipped`);
  return [`${result.provider}: ${parts.join(", ")}`, ...warningTexts(result.warnings)].join("; ");
}
