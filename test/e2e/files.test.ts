import { readdirSync, readFileSync, watch, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Decoder, Stream } from "@garmin/fitsdk";
import { expect, test } from "vitest";
import { fitFile } from "../../src/export/fit.ts";
import { tcxFile } from "../../src/export/tcx.ts";
import { runCli } from "../cli.ts";
import { outdoorRun, START, treadmillRun } from "../model/stored-activity.ts";
import { tempDir } from "../temp.ts";

const DAY = 86_400_000;

test("an archive goes in, a watch folder is fed, and what comes back is known", async () => {
  const home = tempDir();
  mkdirSync(join(home, "old"));
  for (let day = 0; day < 30; day++) {
    const startTime = new Date(START - day * DAY).toISOString();
    writeFileSync(
      join(home, "old", `${day}.fit`),
      fitFile(treadmillRun({ externalId: `day-${day}`, startTime })),
    );
  }
  writeFileSync(join(home, "old", "run.tcx"), tcxFile(outdoorRun({ startTime: "2026-11-19T06:00:00.000Z" })));
  const imported = await runCli(["import", "old", "--json"], { home });
  expect([imported.code, imported.stderr]).toEqual([0, ""]);
  expect(JSON.parse(imported.stdout)).toMatchObject({
    files: [{ kind: "file", status: "ok", activities: 31, added: 31 }],
  });

  // Whatever a watching program can see is whole at the moment it sees it.
  const folder = join(home, "watch");
  mkdirSync(folder);
  const seen = new Map<string, boolean>();
  const watcher = watch(folder, () => {
    for (const file of readdirSync(folder)) {
      if (file.startsWith(".")) continue;
      const whole = new Decoder(Stream.fromBuffer(readFileSync(join(folder, file)))).checkIntegrity();
      seen.set(file, (seen.get(file) ?? true) && whole);
    }
  });
  const cron = ["export", "--new", "--format", "fit", "--out", "watch"];
  const exported = await runCli(cron, { home });
  await new Promise((resolve) => setTimeout(resolve, 50));
  watcher.close();
  expect(exported).toMatchObject({ code: 0, stdout: "", stderr: "31 activities exported to watch\n" });
  const files = readdirSync(folder);
  expect(files).toHaveLength(31);
  expect(files.every((name) => /^2026-1[01]-\d\dT\d{4}Z?_running_file_\d+\.fit$/.test(name))).toBe(true);
  expect([...seen.values()].every(Boolean)).toBe(true);
  expect(await runCli(cron, { home })).toMatchObject({ code: 0, stdout: "", stderr: "" });

  const back = await runCli(["import", "watch", "--json"], { home });
  expect(JSON.parse(back.stdout)).toMatchObject({
    files: [{ activities: 31, added: 0, updated: 0, unchanged: 31 }],
  });
  expect(back.code).toBe(0);
});
