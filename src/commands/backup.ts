import { Command } from "commander";
import { ExitCode } from "../exit-codes.ts";
import { backupStore } from "../store/index.ts";
import { jsonText } from "../output/json.ts";
import { formatBytes } from "../output/format.ts";
import type { CommandContext } from "./context.ts";
import { plural } from "../output/progress.ts";

export interface BackupCommandOptions {
  readonly context: CommandContext;

  readonly file: string;
  readonly force: boolean;
}

/** `fitglue backup FILE`. */
export function newBackupCommand(context: CommandContext): Command {
  return new Command("backup")
    .argument("<file>", "where to; a new file, unless --force")
    .option("--force", "replace an existing file")
    .action(async (file: string, flags: { force?: boolean }) => {
      context.exit(await runBackup({ context, file, force: flags.force === true }));
    });
}

/** Copies the database while anything else runs; see `backupStore`. */
export async function runBackup(options: BackupCommandOptions): Promise<ExitCode> {
  const { context } = options;
  const result = await backupStore(context.store("read"), options.file, {
    force: options.force,
    now: context.now(),
    signal: context.signal,
  });
  const { path, bytes, schemaVersion, counts } = result;
  if (context.globals.json) {
    context.io.stdout.write(
      `${jsonText({ path, bytes, schema_version: schemaVersion, verified: true, counts })}\n`,
    );
  } else {
    context.say(
      `${path}: ${formatBytes(bytes)}, ${plural(counts["activities"] ?? 0, "activity", "activities")}, verified\n`,
    );
  }
  return ExitCode.OK;
}
