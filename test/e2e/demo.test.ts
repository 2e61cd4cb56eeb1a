import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runCli } from "../cli.ts";
import { tempDir } from "../temp.ts";

const GENERATOR = fileURLToPath(new URL("../../scripts/demo-export.mjs", import.meta.url));

test("the invented export of the demo imports whole, and twice without a change", async () => {
  const home = tempDir();
  const path = join(home, "export.zip");
  execFileSync(process.execPath, [GENERATOR, path]);
  const again = join(home, "again.zip");
  execFileSync(process.execPath, [GENERATOR, again]);

  const first = await runCli(["import", path, "--json"], { home });
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(first.stdout)).toMatchObject({
    files: [{ status: "ok", activities: 7, added: 7, skipped: 0, routes: 3, warnings: [], error: null }],
  });

  const second = await runCli(["import", again, "--json"], { home });
  expect(JSON.parse(second.stdout)).toMatchObject({
    files: [{ status: "ok", activities: 7, added: 0, updated: 0, unchanged: 7, samples: 0 }],
  });

  const reprocessed = await runCli(["reprocess", "--json"], { home });
  expect(reprocessed.code).toBe(0);
  const { sources } = JSON.parse(reprocessed.stdout) as { sources: { source: string }[] };
  expect(sources.find(({ source }) => source === "apple-health")).toMatchObject({
    updated: 0,
    unchanged: 7,
    failed: 0,
  });

  const list = await runCli(["list", "--format", "json"], { home });
  const activities = JSON.parse(list.stdout) as Record<string, unknown>[];
  expect(
    activities.map((activity) => [activity["local_start_time"], activity["sport"], activity["sub_sport"]]),
  ).toEqual([
    ["2026-11-14T08:12:05.000", "running", null],
    [null, "running", null],
    ["2026-11-12T18:40:00.000", "swimming", "lap_swimming"],
    ["2026-11-10T19:05:30.000", "training", "strength_training"],
    ["2026-11-08T10:02:10.000", "cycling", "indoor_cycling"],
    ["2026-10-21T07:33:20.000", "hiking", null],
    ["2026-09-27T18:31:40.000", "running", null],
  ]);
  const [run, copy, swim] = activities;
  expect(copy?.["extra"]).toMatchObject({ possible_duplicate_of: run?.["external_id"] });
  expect(swim?.["laps"]).toHaveLength(40);
});
