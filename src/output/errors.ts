import { FitglueError } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";
import { jsonText } from "./json.ts";
import { plainText } from "./text.ts";

/** An error as scripts get it, on one line. */
export interface ErrorDocument {
  readonly type: "error";
  readonly code: string;
  readonly exit_code: ExitCode;
  readonly provider: string | null;
  readonly message: string;
  readonly hint: string | null;
}

/** The `--json` form of any error. An unforeseen one is `UNEXPECTED`, exit 1. */
export function errorDocument(error: unknown): ErrorDocument {
  if (error instanceof FitglueError) {
    return {
      type: "error",
      code: error.code,
      exit_code: error.exitCode,
      provider: error.provider ?? null,
      message: error.message,
      hint: error.hint ?? null,
    };
  }
  return {
    type: "error",
    code: "UNEXPECTED",
    exit_code: ExitCode.FAILED,
    provider: null,
    message: `unexpected: ${error instanceof Error ? error.message : String(error)}`,
    hint: "run again with --debug and report it",
  };
}

/** {@link errorDocument} as the line on stderr. */
export function errorLine(error: unknown): string {
  return `${jsonText(errorDocument(error))}\n`;
}

/** How much of an error's inside is told. */
export type ErrorDetail = "none" | "causes" | "stack";

/** How much of it the person asked for. */
export function detailOf(globals: { readonly debug: boolean; readonly verbose: boolean }): ErrorDetail {
  if (globals.debug) return "stack";
  return globals.verbose ? "causes" : "none";
}

/** What failed, then why; the remedy on its own line. With `--verbose` the causes follow, with `--debug` the stack. */
export function errorText(error: unknown, detail: ErrorDetail = "none"): string {
  const document = errorDocument(error);
  const provider = document.provider !== null && !document.message.startsWith(`${document.provider}:`);
  let text = `fitglue: ${provider ? `${document.provider}: ` : ""}${plainText(document.message)}\n`;
  if (document.hint !== null) text += `  try: ${plainText(document.hint)}\n`;
  if (detail === "none") return text;
  if (detail === "stack" && error instanceof Error && error.stack !== undefined)
    text += plainLines(error.stack);
  for (
    let cause = error instanceof Error ? error.cause : undefined;
    cause instanceof Error;
    cause = cause.cause
  ) {
    text += plainLines(
      `  caused by: ${(detail === "stack" ? cause.stack : undefined) ?? `${cause.name}: ${cause.message}`}`,
    );
  }
  return text;
}

/** Each line harmless: what a server or a file calls itself may be in it. */
function plainLines(text: string): string {
  return text
    .split("\n")
    .map((line) => `${/^ */.exec(line)?.[0] ?? ""}${plainText(line.trimStart())}\n`)
    .join("");
}
