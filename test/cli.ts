import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The built program's entry point. */
export const BIN = fileURLToPath(new URL("../bin/fitglue.js", import.meta.url));

/** The address of a module of `src/` as JavaScript, for a process of a test's own; `dist/` has the program, but not its modules. */
export function builtModule(path: string): string {
  return new URL(`../bench/.cache/build/src/${path}.js`, import.meta.url).href;
}

/** How a run of the real binary ended. */
export interface CliResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a run is given. */
export interface CliOptions {
  /** Its home: config, data and credentials live below it and nowhere else. */
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; closed at once when absent. */
  readonly input?: string;
  /** Leaves standard input open after `input`, for the test to write to `child.stdin`. */
  readonly keepInputOpen?: boolean;
}

/** A running binary. */
export interface CliProcess {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
}

/** Starts the real binary with an environment that knows nothing of the host's but PATH. */
export function startCli(args: readonly string[], options: CliOptions): CliProcess {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.home,
    env: {
      PATH: process.env["PATH"],
      HOME: options.home,
      TZ: "Pacific/Chatham",
      LANG: "C.UTF-8",
      FITGLUE_CREDENTIALS: "file",
      ...options.env,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const collect = (stream: NodeJS.ReadableStream): { text: () => string } => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    return { text: () => Buffer.concat(chunks).toString("utf8") };
  };
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  if (options.input !== undefined) child.stdin.write(options.input);
  child.stdin.on("error", () => undefined);
  if (options.keepInputOpen !== true) child.stdin.end();
  const result = new Promise<CliResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve({ code, signal, stdout: stdout.text(), stderr: stderr.text() }),
    );
  });
  return { child, result };
}

/** Runs the real binary to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(args, options).result;
}
