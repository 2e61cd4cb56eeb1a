import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startCli } from "../cli.ts";
import { longExport } from "../providers/apple-health/long-export.ts";
import { tempDir } from "../temp.ts";
import { readDatabase } from "./polar-home.ts";

/** How many activities a database holds; 0 before it has its tables. */
function countOf(path: string): number {
  let count = 0;
  if (!existsSync(path)) return count;
  try {
    readDatabase<{ n: number }>(path, (query) => {
      count = query("SELECT count(*) AS n FROM activities")[0]?.n ?? 0;
    });
  } catch {
    // Not made yet, or just being made.
  }
  return count;
}

test("Ctrl-C in an import: the document tells what is stored, and the next run adds the rest", async () => {
  const home = tempDir();
  const all = 3000;
  writeFileSync(join(home, "export.xml"), longExport(10, all));
  const database = join(home, ".local/share/fitglue/fitglue.db");
  const { child, result } = startCli(["import", "--json", "export.xml"], { home });
  while (child.exitCode === null && countOf(database) === 0) await sleep(5);
  child.kill("SIGINT");
  const { code, stdout, stderr } = await result;
  expect(code).toBe(130);
  const stored = countOf(database);
  expect(stored).toBeGreaterThan(0);
  expect(stored).toBeLessThan(all);
  expect(JSON.parse(stdout)).toMatchObject({
    files: [
      {
        path: "export.xml",
        kind: "apple-health",
        status: "partial",
        activities: stored,
        added: stored,
        updated: 0,
        error: { code: "INTERRUPTED" },
      },
    ],
  });
  expect(JSON.parse(stderr)).toMatchObject({ type: "error", code: "INTERRUPTED", exit_code: 130 });
  const again = await startCli(["import", "--json", "export.xml"], { home }).result;
  expect(JSON.parse(again.stdout)).toMatchObject({
    files: [{ status: "ok", activities: all, added: all - stored, updated: 0, unchanged: stored }],
  });
});
