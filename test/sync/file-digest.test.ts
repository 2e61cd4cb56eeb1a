import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { BIN } from "../cli.ts";
import { tempDir } from "../temp.ts";

const MODULE = pathToFileURL(join(BIN, "../../dist/sync/file-digest.js")).href;

/** The digest as a process sees it that has nothing else to wait for. */
function digestAlone(path: string): string {
  const script = `const { fileDigest } = await import(${JSON.stringify(MODULE)});
    const digest = await fileDigest(${JSON.stringify(path)}, new AbortController().signal);
    console.log(digest === null ? "null" : digest.toString("hex"));`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  }).stdout.trim();
}

test("a file's SHA-256, also when nothing else keeps the process alive", () => {
  const path = join(tempDir(), "abc");
  writeFileSync(path, "abc");
  // FIPS 180-2, appendix B.1.
  expect(digestAlone(path)).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("a file that cannot be read has none", () => {
  expect(digestAlone(join(tempDir(), "absent"))).toBe("null");
});
