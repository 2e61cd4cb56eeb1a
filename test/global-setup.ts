import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The end-to-end tests run the real binary, and some run modules in processes of their own: both are built once before any test. */
export default function setup(): void {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const run = (...args: string[]): void =>
    void execFileSync(process.execPath, args, { cwd, stdio: "inherit" });
  run("scripts/build.mjs");
  run("node_modules/typescript/bin/tsc", "-p", "tsconfig.bench.json");
}
