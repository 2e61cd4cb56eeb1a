import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { beforeAll, describe, expect, test } from "vitest";
import { type Example, HELP, PROGRAM_HELP } from "../src/commands/help.ts";
import { ExitCode } from "../src/exit-codes.ts";
import { buildProgram, COMMANDS } from "../src/program.ts";
import { openStore } from "../src/store/index.ts";
import { BIN, runCli, startCli } from "./cli.ts";
import { fakeContext } from "./commands/fake-context.ts";
import { activity } from "./store/activity.ts";
import { tempDir } from "./temp.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const DOCS = readdirSync(join(ROOT, "docs"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

/** Every file below a folder of the project. */
const sources = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));

/** The whole commander tree, as `completion` sees it. */
async function wholeProgram(): Promise<Command> {
  return buildProgram(["completion"], { version: "0", context: fakeContext(), onGlobals: () => undefined });
}

describe("docs/commands.md", () => {
  const text = read("docs/commands.md");
  /** From a heading to the next one of its kind. */
  const section = (name: string): string =>
    text.split(/^### /m).find((part) => new RegExp(`^\`fitglue ${name}[ \`]`).test(part)) ?? "";

  test.each(COMMANDS.map(({ name }) => name))("has %s with all its flags and arguments", async (name) => {
    const command = (await wholeProgram()).commands.find((candidate) => candidate.name() === name);
    const missing = [
      ...(command?.options ?? []).map(({ flags }) => `\`${flags}\``),
      ...(command?.registeredArguments ?? []).map((argument) => `\`${argument.name()}\``),
      `fitglue ${name}`,
    ].filter((what) => !section(name).includes(what));
    expect(missing).toEqual([]);
  });

  test("has no command and no flag that is gone", async () => {
    const program = await wholeProgram();
    const headings = [...text.matchAll(/^### `fitglue (\S+?)[ `]/gm)].map(([, name]) => name);
    expect(new Set(headings)).toEqual(new Set([...COMMANDS.map(({ name }) => name), "help"]));
    for (const command of program.commands) {
      const documented = [...section(command.name()).matchAll(/^\| `([^`]+)` \|/gm)].map(
        ([, flags]) => flags,
      );
      expect(new Set(documented)).toEqual(new Set(command.options.map(({ flags }) => flags)));
    }
  });

  test("has every global flag", async () => {
    const globals = text.slice(text.indexOf("## Global flags"), text.indexOf("## Commands"));
    for (const { flags } of (await wholeProgram()).options) expect(globals).toContain(`\`${flags}\``);
  });

  test("has every variable", () => {
    const settings = sources("src/config").join("\n");
    const named = [...settings.matchAll(/"(FITGLUE_[A-Z_]+[A-Z]|XDG_[A-Z_]+)"/g)].map(
      ([, name]) => name ?? "",
    );
    const keys = /SERVICE_KEYS = \[([^\]]+)\]/.exec(settings)?.[1] ?? "";
    const parts = [...keys.matchAll(/"(\w+)"/g)].map(([, key]) => (key ?? "").toUpperCase());
    expect([named.length > 3, parts.length]).toEqual([true, 5]);
    const services = ["POLAR", "FITBIT"].flatMap((service) =>
      [...parts, "CLIENT_SECRET"].map((part) => `FITGLUE_${service}_${part}`),
    );
    // Polar has no revocation endpoint, so nothing reads that one.
    const all = new Set([...named, ...services].filter((name) => name !== "FITGLUE_POLAR_REVOKE_URL"));
    expect([...all].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  test("has every key of config.json", () => {
    const keys = /CONFIG_KEYS = \[([^\]]+)\]/.exec(read("src/config/settings.ts"))?.[1] ?? "";
    const names = [...keys.matchAll(/"(\w+)"/g)].map(([, key]) => key ?? "");
    const table = text.slice(text.indexOf("## config.json"));
    expect(names.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
    expect(names.length).toBeGreaterThan(3);
  });
});

describe("docs/exit-codes.md", () => {
  const text = read("docs/exit-codes.md");

  test("has the same codes and names as the program", () => {
    const rows = [...text.matchAll(/^\| (\d+) \| ([A-Z]+) \|/gm)].map(([, code, name]) => [
      name,
      Number(code),
    ]);
    expect(rows).toEqual(Object.entries(ExitCode));
  });

  test("lists every error code that the source can raise, and none that it cannot", () => {
    const source = sources("src").join("\n");
    const raised = new Set(
      [
        ...source.matchAll(/\bnew \w*Error\(\s*"([A-Z][A-Z_]+)"/g),
        ...source.matchAll(/\bsuper\(\s*"([A-Z][A-Z_]+)"/g),
        ...source.matchAll(/"(STORE_[A-Z]+)"/g),
      ].map(([, code]) => code ?? ""),
    );
    const listed = new Set(
      [...text.slice(text.indexOf("## The error line")).matchAll(/`([A-Z][A-Z_]+)`/g)].map(
        ([, code]) => code ?? "",
      ),
    );
    expect([...raised].filter((code) => !listed.has(code))).toEqual([]);
    expect([...listed].filter((code) => !source.includes(`"${code}"`))).toEqual([]);
  });

  describe("every code is reachable with the real binary", () => {
    const reached = new Set<number | null>();
    const login = (home: string): void => {
      mkdirSync(join(home, ".config", "fitglue"), { recursive: true, mode: 0o700 });
      const tokens = {
        access_token: "t",
        refresh_token: null,
        expires_at: null,
        refresh_token_expires_at: null,
      };
      const client = {
        account: "7",
        client_id: "c",
        client_secret: "s",
        scopes: ["accesslink.read_all"],
        details: {},
      };
      const polar = { ...client, ...tokens, obtained_at: "2026-11-20T00:00:00.000Z" };
      const document = { version: 1, credentials: { polar } };
      writeFileSync(join(home, ".config/fitglue/credentials.json"), JSON.stringify(document), {
        mode: 0o600,
      });
    };

    test.each<[keyof typeof ExitCode, string[], (home: string) => Record<string, string>]>([
      ["OK", ["status"], () => ({})],
      ["USAGE", ["bogus"], () => ({})],
      [
        "PARTIAL",
        ["doctor", "--offline"],
        (home) => {
          login(home);
          chmodSync(join(home, ".config/fitglue/credentials.json"), 0o644);
          return {};
        },
      ],
      ["AUTH", ["sync"], () => ({})],
      [
        "TEMPORARY",
        ["sync"],
        (home) => {
          login(home);
          return { FITGLUE_POLAR_API_URL: "http://127.0.0.1:1" };
        },
      ],
      ["INPUT", ["import", "missing.zip"], () => ({})],
      [
        "STORE",
        ["status"],
        (home) => {
          writeFileSync(join(home, "text.db"), "this is no database, however long one looks at it");
          return { FITGLUE_DB: join(home, "text.db") };
        },
      ],
      ["CONFIG", ["status"], () => ({ FITGLUE_CREDENTIALS: "paper" })],
    ])("%s", async (name, argv, prepare) => {
      const home = tempDir();
      const { code } = await runCli(argv, { home, env: prepare(home) });
      reached.add(code);
      expect(code).toBe(ExitCode[name]);
    });

    test("FAILED: an installation that is broken", () => {
      const folder = tempDir();
      mkdirSync(join(folder, "bin"));
      writeFileSync(join(folder, "package.json"), '{"type":"module"}');
      copyFileSync(BIN, join(folder, "bin", "fitglue.js"));
      const { status } = spawnSync(process.execPath, [join(folder, "bin", "fitglue.js")]);
      reached.add(status);
      expect(status).toBe(ExitCode.FAILED);
    });

    test("INTERRUPTED: a signal while it waits", async () => {
      const client = { FITGLUE_POLAR_CLIENT_ID: "c", FITGLUE_POLAR_CLIENT_SECRET: "s" };
      const argv = ["connect", "polar", "--no-browser", "--port", String(await freePort())];
      const run = startCli(argv, { home: tempDir(), env: client });
      run.child.stderr?.on("data", (chunk: Buffer) => {
        if (chunk.includes("open this URL")) run.child.kill("SIGTERM");
      });
      const { code } = await run.result;
      reached.add(code);
      expect(code).toBe(ExitCode.INTERRUPTED);
    });

    test("none was left out", () => {
      expect([...reached].toSorted((a, b) => Number(a) - Number(b))).toEqual(Object.values(ExitCode));
    });
  });
});

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** The `fitglue …` command lines in a piece of shell, each as its words; a redirection or an operator ends one. */
function linesIn(shell: string): string[][] {
  return [...shell.replaceAll("\\\n", " ").matchAll(/(?<![\w./~-])fitglue ([^|&;<>#()`\n]*)/g)].map(
    ([, rest]) => (rest ?? "").replace(/\s\d$/, "").trim().split(/\s+/),
  );
}

/** What is wrong with a command line; undefined when its command and all its flags exist. */
function wrongWith(words: readonly string[], program: Command): string | undefined {
  const [name, ...rest] = words.filter((word, at) => words[at - 1] !== "--db" && word !== "--db");
  if (name === undefined || name === "" || name.startsWith("--")) return undefined;
  if (name === "help") return undefined;
  const command = program.commands.find((candidate) => candidate.name() === name);
  if (command === undefined) return `unknown command ${name}`;
  const known = [...command.options, ...program.options].flatMap(({ long, short }) => [long, short]);
  const flag = rest.find((word) => /^--?[a-z]/.test(word) && word !== "--help" && !known.includes(word));
  return flag === undefined ? undefined : `${name} has no ${flag}`;
}

describe("examples", () => {
  let program: Command;
  beforeAll(async () => {
    const context = {} as ReturnType<typeof fakeContext>;
    const io = { stdout: { write: () => undefined }, stderr: { columns: 80 } };
    program = await buildProgram(["completion"], {
      version: "0",
      context: Object.assign(context, { io }),
      onGlobals: () => undefined,
    });
  });

  test.each(COMMANDS.map(({ name }) => name))("%s has help with examples that parse", async (name) => {
    const examples: readonly Example[] = HELP[name]?.examples ?? [];
    expect(examples.length).toBeGreaterThan(0);
    for (const [, line] of examples) {
      const [words, ...others] = linesIn(line);
      expect([line, words?.[0], others]).toEqual([line, name, []]);
      expect(wrongWith(words ?? [], program)).toBeUndefined();
    }
    const { code, stdout } = await runCli([name, "--help"], { home: tempDir() });
    expect([code, stdout.split("Examples:").length]).toEqual([0, 2]);
    for (const [, line] of examples) expect(stdout).toContain(line);
  });

  test("the program's own", () => {
    for (const [, line] of PROGRAM_HELP.examples)
      expect(linesIn(line).map((words) => wrongWith(words, program))).toEqual(
        linesIn(line).map(() => undefined),
      );
  });

  test.each([...DOCS, "README.md"])("the commands in %s exist", (path) => {
    const blocks = [...read(path).matchAll(/```(?:sh|cron)[^\n]*\n([\s\S]*?)```/g)].map(
      ([, block]) => block ?? "",
    );
    const wrong = blocks.flatMap(linesIn).map((words) => wrongWith(words, program));
    expect(wrong.filter((problem) => problem !== undefined)).toEqual([]);
  });

  test.each([...DOCS, "README.md"])("the links in %s lead somewhere", (path) => {
    const folder = path.startsWith("docs/") ? "docs" : ".";
    const links = [...read(path).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target]) => target ?? "");
    const broken = links.filter((target) => {
      const [parent, name] = [join(ROOT, folder, target, ".."), basename(target)];
      try {
        return !readdirSync(parent).includes(name);
      } catch {
        return true;
      }
    });
    expect(broken).toEqual([]);
  });
});

describe("docs/home-server.md", () => {
  const runnable = [...read("docs/home-server.md").matchAll(/```sh runnable\n([\s\S]*?)```/g)].map(
    ([, block]) => block ?? "",
  );

  test("its runnable blocks run as they stand, one after the other", async () => {
    expect(runnable.length).toBeGreaterThan(5);
    const home = tempDir();
    const store = openStore(join(home, ".local/share/fitglue/fitglue.db"), { ifMissing: "create" });
    const raw = [{ kind: "gpx", mediaType: "application/gpx+xml", bytes: Buffer.from("<gpx/>") }];
    store.write(
      { source: "unknown", account: "default" },
      await store.prepare({ items: [{ activity: activity(), raw }] }),
      {
        parserVersion: 1,
        now: Date.UTC(2026, 10, 20),
      },
    );
    store.close();
    mkdirSync(join(home, "bin"));
    writeFileSync(join(home, "bin", "fitglue"), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`, {
      mode: 0o755,
    });
    const env = {
      HOME: home,
      PATH: `${join(home, "bin")}:${process.env["PATH"] ?? ""}`,
      FITGLUE_CREDENTIALS: "file",
    };
    const output = execFileSync("sh", ["-eux", "-c", runnable.join("\n")], {
      cwd: home,
      env,
      encoding: "utf8",
      stdio: "pipe",
    });
    expect(output).toContain('"healthy":true');
    expect(readdirSync(join(home, "backup"))).toHaveLength(1);
  });

  test("its units are what systemd accepts", () => {
    const units = readdirSync(join(ROOT, "examples/systemd")).map((name) =>
      join(ROOT, "examples/systemd", name),
    );
    expect(units.map((path) => basename(path)).toSorted()).toEqual([
      "fitglue-failed.service",
      "fitglue.service",
      "fitglue.timer",
    ]);
    const env = { ...process.env, XDG_RUNTIME_DIR: tempDir() };
    const { status, stderr, error } = spawnSync("systemd-analyze", ["--user", "verify", ...units], {
      env,
      encoding: "utf8",
    });
    const absent = error !== undefined && "code" in error && error.code === "ENOENT";
    expect(absent ? [0, ""] : [status, stderr]).toEqual([0, ""]);
  });
});
