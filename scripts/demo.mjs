// npm run demo: an invented Apple Health export, imported and shown, in a temporary folder.

import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { demoExport } from "./demo-export.mjs";

const folder = mkdtempSync(join(tmpdir(), "fitglue-demo-"));
writeFileSync(join(folder, "export.zip"), demoExport());
const bin = fileURLToPath(new URL("../bin/fitglue.js", import.meta.url));

function fitglue(...args) {
  console.log(`\n$ fitglue ${args.join(" ")}`);
  const { status } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    env: {
      ...process.env,
      FITGLUE_CONFIG_DIR: folder,
      FITGLUE_DATA_DIR: folder,
      FITGLUE_DB: join(folder, "fitglue.db"),
    },
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = status ?? 1;
}

fitglue("import", "export.zip");
fitglue("list");
fitglue("show");
console.log(`\nAll of it is in ${folder}; look further with`);
console.log(`  node ${bin} --db ${join(folder, "fitglue.db")} show 2`);
