import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { tempDir } from "../temp.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** What `npm run demo:polar` does after the build, which the test run has done already. */
it(
  "the demo shows the whole way without an account, and leaves nothing behind",
  { timeout: 300_000 },
  async () => {
    const temporary = tempDir();
    const options = { cwd: root, env: { PATH: process.env["PATH"], TMPDIR: temporary } };
    const { stdout, stderr } = await run(
      process.execPath,
      ["bench/.cache/build/scripts/demo-polar.js"],
      options,
    );
    for (const command of ["connect polar --no-browser", "sync polar", "list", "show 1"]) {
      expect(stdout).toContain(`$ fitglue ${command}`);
    }
    expect(stdout).toContain("# Polar is told that 6 sessions are safe, and forgets them");
    expect(stderr).toContain("polar: connected as 10579");
    expect(stderr).toContain("polar: 6 added, 0 updated");
    expect(readdirSync(temporary)).toEqual([]);
  },
);
