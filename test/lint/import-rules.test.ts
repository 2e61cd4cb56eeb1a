import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { tempDir } from "../temp.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs the project's linter over one planted file and returns its report. */
function lint(path: string, source: string): { status: number | null; report: string } {
  const folder = tempDir();
  for (const name of [".oxlintrc.json", "tsconfig.json", "package.json"])
    cpSync(join(ROOT, name), join(folder, name));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), source);
  const result = spawnSync(join(ROOT, "node_modules/.bin/oxlint"), ["--deny-warnings", path], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status: result.status, report: result.stdout + result.stderr };
}

describe("the import rules report a planted violation", () => {
  test.each([
    ["src/model/planted.ts", "../store/index.ts", "src/model must not import src/store"],
    ["src/config/planted.ts", "../http/types.ts", "src/config must not import src/http"],
    ["src/config/planted.ts", "../model/index.ts", "src/config must not import src/model"],
    ["src/http/planted.ts", "../auth/oauth.ts", "src/http must not import src/auth"],
    ["src/http/planted.ts", "../model/index.ts", "src/http must not import src/model"],
    ["src/auth/planted.ts", "../model/index.ts", "src/auth must not import src/model"],
    ["src/auth/planted.ts", "../providers/types.ts", "src/auth must not import src/providers"],
    ["src/store/planted.ts", "../export/csv.ts", "src/store must not import src/export"],
    ["src/export/planted.ts", "../store/index.ts", "src/export must not import src/store"],
    ["src/output/planted.ts", "../commands/context.ts", "src/output must not import src/commands"],
    ["src/sync/planted.ts", "../providers/polar/index.ts", "sync knows providers by their types only"],
    [
      "src/commands/planted.ts",
      "../providers/polar/index.ts",
      "commands knows providers by their types only",
    ],
    ["src/commands/planted.ts", "../http/types.ts", "commands never speak HTTP"],
    ["src/commands/planted.ts", "better-sqlite3", "better-sqlite3 lives in src/store"],
    ["src/sync/planted.ts", "undici", "undici lives in src/http"],
    ["src/providers/polar/planted.ts", "../fitbit/index.ts", "a provider never imports another provider"],
    ["src/providers/polar/planted.ts", "../../store/index.ts", "a provider may import providers/types"],
    ["src/providers/fitbit/planted.ts", "keytar", "keytar lives in src/auth"],
    ["src/store/planted.ts", "../main.ts", "only bin and src/main.ts build the app"],
    ["src/commands/planted.ts", "../app.ts", "only bin and src/main.ts build the app"],
    ["src/commands/planted.ts", "../main.ts", "only bin and src/main.ts build the app"],
    ["src/commands/planted.ts", "../program.ts", "only bin and src/main.ts build the app"],
  ])("%s importing %s", (path, specifier, message) => {
    const { status, report } = lint(
      path,
      `import { x } from ${JSON.stringify(specifier)};\nexport const y = x;\n`,
    );
    expect(status).not.toBe(0);
    expect(report).toContain(message);
  });

  test.each([
    "model",
    "config",
    "http",
    "auth",
    "store",
    "formats",
    "export",
    "output",
    "sync",
    "commands",
    "providers/polar",
    "providers/fitbit",
    "providers/apple-health",
    "providers/file",
    ".",
  ])("src/%s importing what the rules for the global process would not see", (room) => {
    const { status, report } = lint(
      `src/${room}/planted.ts`,
      'import { env } from "node:process";\nimport { stdout } from "process";\nexport const x = [env, stdout];\n',
    );
    expect(status).not.toBe(0);
    expect(report.split("process is a global, and has its homes")).toHaveLength(3);
  });

  test.each([
    ["src/commands/planted.ts", "process.exit(1);", "no-restricted-properties"],
    ["src/store/planted.ts", 'process.stdout.write("x");', "no-restricted-properties"],
    ["src/sync/planted.ts", "export const x = process.env;", "no-restricted-properties"],
    ["src/auth/planted.ts", 'console.log("x");', "no-console"],
  ])("%s with %s", (path, source, rule) => {
    const { status, report } = lint(path, `${source}\nexport {};\n`);
    expect(status).not.toBe(0);
    expect(report).toContain(rule);
  });

  test("and nothing where there is none", () => {
    expect(
      lint("src/sync/planted.ts", 'import type { Store } from "../store/index.ts";\nexport type X = Store;\n')
        .status,
    ).toBe(0);
  });
});
