import { readFileSync } from "node:fs";
import { environmentOf } from "./config/process-environment.ts";
import type { Environment } from "./config/settings.ts";
import { FitglueError } from "./errors.ts";
import { ExitCode } from "./exit-codes.ts";
import { detailOf, type ErrorDetail, errorLine, errorText } from "./output/errors.ts";
import { ClosedPipeError, type Io, processIo } from "./output/io.ts";
import { packageFile } from "./package.ts";

/**
 * Runs one command line and returns its exit code. Everything it needs of the process is injected; it never exits and never
 * throws.
 */
export async function main(
  argv: readonly string[],
  io: Io,
  environment: Environment,
  signal: AbortSignal = new AbortController().signal,
  now: () => number = Date.now,
): Promise<ExitCode> {
  // Not worth loading a command tree for; `--version` among other words goes the long way.
  if (argv.length === 1 && argv[0] === "--version") {
    io.stdout.write(`${version()}\n`);
    return ExitCode.OK;
  }
  const [{ App }, { asUsageError, buildProgram, isHelp, withHelpFlag }] = await Promise.all([
    import("./app.ts"),
    import("./program.ts"),
  ]);
  const own = version();
  const line = withHelpFlag(argv);
  const app = new App({ io, environment, now, signal, version: own });
  try {
    const program = await buildProgram(line, {
      version: own,
      context: app,
      onGlobals: (globals) => app.configure(globals),
    });
    await program.parseAsync(line, { from: "user" });
    return app.exitCode;
  } catch (error) {
    if (isHelp(error)) return ExitCode.OK;
    if (error instanceof ClosedPipeError) return ExitCode.OK;
    const failure = asUsageError(await app.asStoreError(error), line);
    const json = app.globals.json || argv.includes("--json");
    return fail(failure, io, json ? "json" : detailOf(app.globals));
  } finally {
    await app.close();
  }
}

/** Tells an error on stderr, and its exit code to the caller. */
function fail(error: unknown, io: Io, detail: "json" | ErrorDetail): ExitCode {
  try {
    io.stderr.write(detail === "json" ? errorLine(error) : errorText(error, detail));
  } catch (unwritable) {
    if (!(unwritable instanceof ClosedPipeError)) throw unwritable;
  }
  return error instanceof FitglueError ? error.exitCode : ExitCode.FAILED;
}

/** Runs the process's own command line; called by `bin/fitglue.js`. Sets `process.exitCode`. */
export async function runProcess(): Promise<void> {
  const environment = environmentOf(process);
  const io = processIo(environment);
  const controller = new AbortController();
  // Should the event loop ever run dry before the work is done, that must not look like success.
  process.exitCode = ExitCode.FAILED;
  // The first signal asks for an orderly end after the current batch; a second one kills. The listeners stay in between: a
  // spinner's library listens as well, and ends the process when it finds itself alone with that.
  const stop = (signal: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      controller.abort();
      return;
    }
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    process.kill(process.pid, signal);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const argv = process.argv.slice(2);
  const code = await main(argv, io, environment, controller.signal);
  process.off("SIGINT", stop);
  process.off("SIGTERM", stop);
  try {
    await io.flush();
    process.exitCode = code;
  } catch (error) {
    // A command that failed has ended with an error of its own, if not this one. What is incomplete may be told by the output alone.
    const isTold = code !== ExitCode.OK && code !== ExitCode.PARTIAL;
    process.exitCode = isTold ? code : fail(error, io, argv.includes("--json") ? "json" : "none");
  }
}

/** The package's own version. */
function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(packageFile("package.json"), "utf8"));
  return (manifest as { version: string }).version;
}
