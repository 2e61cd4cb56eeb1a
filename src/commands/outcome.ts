import { dispositionOf, type FitglueError } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";
import { detailOf, errorLine, errorText } from "../output/errors.ts";
import type { CommandContext } from "./context.ts";

/** What a line that tells of a rehearsal begins with. */
export const DRY_RUN = "dry run, nothing is written: ";

/** The part of a file's or provider's result that decides the exit code. */
export interface Outcome {
  readonly status: "ok" | "partial" | "failed";
  readonly error: FitglueError | null;
}

/** Whether the run is over with this outcome: interrupted, or the store takes no more. */
export function endsRun({ error }: Outcome): boolean {
  return error !== null && dispositionOf(error) === "stop-all";
}

/** What is told on stderr of outcomes: with `--quiet` only where something was left out, since an exit code of 3 must say why. */
export function tellOutcomes<T extends Outcome>(
  context: CommandContext,
  outcomes: readonly T[],
  lineOf: (outcome: T) => string | null,
  prefix: string,
): void {
  const isTold = ({ status, error }: T): boolean =>
    !context.globals.quiet || (status === "partial" && error === null);
  const lines = outcomes
    .filter(isTold)
    .map(lineOf)
    .filter((line) => line !== null);
  if (lines.length > 0) context.io.stderr.write(`${prefix}${lines.join("; ")}\n`);
}

/**
 * One exit code for several outcomes. What ended the run early decides alone. Else, one alone speaks for itself: its error's code, even if something was stored before
 * it, else 3 when something was left out. Of several, all failing alike give that code; anything mixed is 3.
 */
export function exitCodeOf(outcomes: readonly Outcome[]): ExitCode {
  const end = outcomes.find(endsRun)?.error;
  if (end) return end.exitCode;
  const codes = new Set(
    outcomes.map(
      ({ status, error }) => error?.exitCode ?? (status === "ok" ? ExitCode.OK : ExitCode.PARTIAL),
    ),
  );
  const [first = ExitCode.OK] = codes;
  return codes.size <= 1 ? first : ExitCode.PARTIAL;
}

/**
 * Tells the errors on stderr: for people one after the other; with `--json` exactly one line, that of what ended the run
 * early, else the first one's.
 */
export function reportErrors(context: CommandContext, outcomes: readonly Outcome[]): void {
  const errors = outcomes.map(({ error }) => error).filter((error) => error !== null);
  if (context.globals.json) {
    const told = outcomes.find(endsRun)?.error ?? errors[0];
    if (told !== undefined) context.io.stderr.write(errorLine(told));
    return;
  }
  for (const error of errors) context.io.stderr.write(errorText(error, detailOf(context.globals)));
}
