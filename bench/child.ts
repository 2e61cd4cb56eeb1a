import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a process took. */
export interface ChildCost {
  readonly seconds: number;
  /** Peak resident memory in bytes; `NaN` where the system does not tell. */
  readonly peak: number;
  readonly stdout: string;
}

/** Runs Node on a script and waits for it, with `env` besides PATH when given. Throws when it fails. */
export async function runNode(
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<ChildCost> {
  const begun = process.hrtime.bigint();
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(env === undefined ? {} : { env: { PATH: process.env["PATH"], ...env } }),
  });
  let peak = Number.NaN;
  const poll = setInterval(() => {
    peak = highWater(child.pid) ?? peak;
  }, 20);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearInterval(poll);
  const elapsed = Number(process.hrtime.bigint() - begun) / 1e9;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
  return { seconds: elapsed, peak, stdout };
}

/** The kernel's own high-water mark, so that a poll now and then misses nothing but the last moment. */
function highWater(pid: number | undefined): number | undefined {
  try {
    const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
}
