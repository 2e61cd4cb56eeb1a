import { Command } from "commander";
import { ExitCode } from "../exit-codes.ts";
import { jsonText } from "../output/json.ts";
import { lookOf, paint } from "../output/look.ts";
import { tabSeparated } from "../output/table.ts";
import { plainText } from "../output/text.ts";
import type { CommandContext } from "./context.ts";
import { checkClock, checkConnections, checkKeychain, readLogins } from "./doctor-connections.ts";
import { checkDisk, checkModes, checkNode } from "./doctor-machine.ts";
import { checkStore } from "./doctor-store.ts";
import type { Finding } from "./finding.ts";

export interface DoctorCommandOptions {
  readonly context: CommandContext;

  /** Ask no service for the time. */
  readonly offline: boolean;
}

/** `fitglue doctor`. */
export function newDoctorCommand(context: CommandContext): Command {
  return new Command("doctor")
    .option("--offline", "ask no service for the time")
    .action(async (flags: { offline?: boolean }) => {
      context.exit(await runDoctor({ context, offline: flags.offline === true }));
    });
}

/** Checks everything, in an order in which no check changes what a later one looks at. */
export async function runDoctor(options: DoctorCommandOptions): Promise<ExitCode> {
  const { context } = options;
  const settings = context.settings();
  const findings: Finding[] = [checkNode(process.versions.node)];
  // Modes first: opening the database or the credentials repairs them.
  findings.push(...checkModes(settings));
  findings.push(checkDisk(settings.databasePath));
  const { findings: stored, store } = await checkStore(context);
  findings.push(...stored);
  const diagnosis = await context.diagnosis();
  const { healths, findings: unreadable } = await readLogins(diagnosis);
  findings.push(...unreadable, ...(await checkKeychain(settings, healths, diagnosis)));
  findings.push(...checkConnections(store, healths, await context.providers(), context.now()));
  if (!options.offline) findings.push(...(await checkClock(diagnosis)));
  const healthy = findings.every(({ status }) => status === "ok");
  write(context, findings, healthy);
  return healthy ? ExitCode.OK : ExitCode.PARTIAL;
}

function write(context: CommandContext, findings: readonly Finding[], healthy: boolean): void {
  const { stdout } = context.io;
  if (context.globals.json) {
    stdout.write(`${jsonText({ version: context.version, healthy, findings })}\n`);
    return;
  }
  const look = lookOf(context.io);
  for (const { check, status, detail, remedy } of findings) {
    if (look === null) {
      stdout.write(`${tabSeparated([status, check, detail, remedy])}\n`);
      continue;
    }
    const good = status === "ok";
    const mark = good ? (look.unicode ? "✓" : "ok") : look.unicode ? "✗" : "!!";
    stdout.write(`${paint(look, good ? "good" : "bad", mark)} ${check}: ${plainText(detail)}\n`);
    if (remedy !== null) stdout.write(`  try: ${plainText(remedy)}\n`);
  }
}
