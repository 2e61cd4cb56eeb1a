import { Command } from "commander";
import { InterruptedError, StoreError } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";
import { jsonText } from "../output/json.ts";
import { plainText } from "../output/text.ts";
import { verifyStore } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

export interface VerifyCommandOptions {
  readonly context: CommandContext;
}

/** `fitglue verify`. */
export function newVerifyCommand(context: CommandContext): Command {
  return new Command("verify").action(async () => {
    context.exit(await runVerify({ context }));
  });
}

/** Reads the whole database and tells what does not hold. */
export async function runVerify(options: VerifyCommandOptions): Promise<ExitCode> {
  const { context } = options;
  const store = context.store("read");
  if (store.db.memory) {
    // Nothing is as sound as nothing: a mistyped --db must not pass for a verified database.
    throw new StoreError("STORE_MISSING", `there is no database to verify: ${store.path}`, {
      hint: "fitglue status",
    });
  }
  const result = await verifyStore(store, { interrupted: () => context.signal.aborted });
  if (context.signal.aborted) throw new InterruptedError();
  const damaged = result.findings.some(({ severity }) => severity === "damage");
  const status = damaged ? "damaged" : result.findings.length > 0 ? "findings" : "ok";
  const { stdout } = context.io;
  if (context.globals.json) {
    const { counts, payloads, activities, findings } = result;
    const verified = { raw_payloads: payloads, activities };
    stdout.write(`${jsonText({ database: store.path, status, counts, verified, findings })}\n`);
  } else {
    for (const { severity, code, count, message } of result.findings)
      stdout.write(`${severity}: ${code} ×${count}: ${plainText(message)}\n`);
    if (damaged) stdout.write("  try: restore a backup, then fitglue verify --db on it\n");
    else if (status === "findings") stdout.write("  try: fitglue reprocess, or restore a backup\n");
    if (status === "ok" && (stdout.isTTY || context.globals.verbose)) {
      const { activities, payloads } = result;
      context.say(`sound: ${activities} activities and ${payloads} raw payloads verified\n`);
    }
  }
  return damaged ? ExitCode.STORE : status === "findings" ? ExitCode.PARTIAL : ExitCode.OK;
}
