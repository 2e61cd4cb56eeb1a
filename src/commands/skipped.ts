import { Command } from "commander";
import { ExitCode } from "../exit-codes.ts";
import { jsonText } from "../output/json.ts";
import { lookOf } from "../output/look.ts";
import { renderTable, tabSeparated } from "../output/table.ts";
import { formatBytes } from "../output/format.ts";
import type { CommandContext } from "./context.ts";
import { runReprocess } from "./reprocess.ts";

export interface SkippedCommandOptions {
  readonly context: CommandContext;

  readonly retry: boolean;
}

/** `fitglue skipped`. */
export function newSkippedCommand(context: CommandContext): Command {
  return new Command("skipped")
    .option("--retry", "map them again with this version's parsers")
    .action(async (flags: { retry?: boolean }) => {
      context.exit(await runSkipped({ context, retry: flags.retry === true }));
    });
}

/** Lists what could not be mapped, or maps it again. */
export async function runSkipped(options: SkippedCommandOptions): Promise<ExitCode> {
  const { context } = options;
  if (options.retry) return runReprocess({ context, sources: [], what: "skipped", dryRun: false });
  const items = context.store("read").skippedItems();
  const { stdout } = context.io;
  const look = lookOf(context.io);
  if (context.globals.json) {
    const skipped = items.map((item) => ({
      source: item.source,
      account: item.account,
      external_id: item.externalId,
      code: item.code,
      reason: item.reason,
      parser_version: item.parserVersion,
      first_seen_at: item.firstSeenAt,
      last_seen_at: item.lastSeenAt,
      payloads: item.payloads,
      bytes: item.bytes,
    }));
    stdout.write(`${jsonText({ skipped })}\n`);
  } else if (look !== null) {
    if (items.length === 0) context.say("nothing was skipped\n");
    else {
      const lines = renderTable(
        [
          { header: "source" },
          { header: "id", shrinkTo: 8, dispensable: 2 },
          { header: "first seen", dispensable: 1 },
          { header: "raw", align: "right", dispensable: 3 },
          { header: "why", shrinkTo: 40 },
        ],
        items.map((item) => [
          item.source,
          item.externalId,
          item.firstSeenAt.slice(0, 10),
          formatBytes(item.bytes),
          `${item.code}: ${item.reason}`,
        ]),
        look,
      );
      stdout.write(`${lines.join("\n")}\n`);
    }
  } else {
    for (const item of items) {
      const { source, externalId, firstSeenAt, lastSeenAt, bytes, code, reason } = item;
      stdout.write(`${tabSeparated([source, externalId, firstSeenAt, lastSeenAt, bytes, code, reason])}\n`);
    }
  }
  return ExitCode.OK;
}
