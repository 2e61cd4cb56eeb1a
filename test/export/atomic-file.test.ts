import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { AtomicFile, openFolder, writeAtomically } from "../../src/export/atomic-file.ts";
import { tempDir } from "../temp.ts";

describe("AtomicFile", () => {
  it("shows a watcher nothing but whole files", () => {
    const folder = tempDir();
    const path = join(folder, "a.fit");
    const visible = (): string[] => readdirSync(folder).filter((name) => !name.startsWith("."));
    const file = new AtomicFile(path);
    file.write("half");
    expect(visible()).toEqual([]);
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.fitglue-[0-9a-f]{16}\.tmp$/)]);
    file.write(Buffer.from(" whole"));
    file.commit();
    expect(readdirSync(folder)).toEqual(["a.fit"]);
    expect(readFileSync(path, "utf8")).toBe("half whole");
    file.discard();
    expect(readFileSync(path, "utf8")).toBe("half whole");
  });

  it("replaces a file at once, and leaves the old one when it is given up", () => {
    const folder = tempDir();
    const path = join(folder, "a.fit");
    writeFileSync(path, "old");
    const file = new AtomicFile(path);
    file.write("new");
    expect(readFileSync(path, "utf8")).toBe("old");
    file.discard();
    expect(readdirSync(folder)).toEqual(["a.fit"]);
    expect(readFileSync(path, "utf8")).toBe("old");
    writeAtomically(path, "new");
    expect(readFileSync(path, "utf8")).toBe("new");
  });

  it("replaces the file behind a symbolic link, and not the link", () => {
    const folder = tempDir();
    mkdirSync(join(folder, "www"));
    writeFileSync(join(folder, "www", "a.json"), "old");
    symlinkSync(join(folder, "www", "a.json"), join(folder, "a.json"));
    writeAtomically(join(folder, "a.json"), "new");
    expect(readdirSync(join(folder, "www"))).toEqual(["a.json"]);
    expect(readFileSync(join(folder, "www", "a.json"), "utf8")).toBe("new");
    expect(lstatSync(join(folder, "a.json")).isSymbolicLink()).toBe(true);
  });

  it("writes to a named pipe as it is, and leaves it one", async () => {
    const path = join(tempDir(), "pipe");
    execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", path]);
    const reader = readFile(path, "utf8");
    writeAtomically(path, "through");
    expect(await reader).toBe("through");
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  it("says in words why it cannot", () => {
    const folder = tempDir();
    expect(() => new AtomicFile(join(folder, "none", "a.fit"))).toThrow(/no such folder/);
    writeFileSync(join(folder, "file"), "");
    expect(() => openFolder(join(folder, "file", "deeper"), 0)).toThrow(UsageError);
    mkdirSync(join(folder, "taken"));
    expect(() => writeAtomically(join(folder, "taken"), "x")).toThrow(/folder/);
    expect(readdirSync(folder).toSorted()).toEqual(["file", "taken"]);
    chmodSync(folder, 0o700);
  });
});

describe("openFolder", () => {
  it("makes the folder and gives its real path", () => {
    const folder = tempDir();
    const made = openFolder(join(folder, "a", "b"), Date.now());
    symlinkSync(made, join(folder, "link"));
    expect(openFolder(join(folder, "link"), Date.now())).toBe(made);
  });

  it("sweeps out what a killed run left, and nothing else", () => {
    const folder = tempDir();
    const now = Date.now();
    const old = new Date(now - 7_200_000);
    for (const name of [".fitglue-0123456789abcdef.tmp", ".fitglue-other.tmp", "a.fit"]) {
      writeFileSync(join(folder, name), "");
      utimesSync(join(folder, name), old, old);
    }
    writeFileSync(join(folder, ".fitglue-fedcba9876543210.tmp"), "");
    openFolder(folder, now);
    expect(readdirSync(folder).toSorted()).toEqual([
      ".fitglue-fedcba9876543210.tmp",
      ".fitglue-other.tmp",
      "a.fit",
    ]);
  });
});
