import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { BIN, runCli } from "../cli.ts";
import { tempDir } from "../temp.ts";

describe("the command line itself", () => {
  test("--version prints the package's version and opens nothing", async () => {
    const home = tempDir();
    expect(await runCli(["--version"], { home })).toEqual({
      code: 0,
      signal: null,
      stdout: `${manifest.version}\n`,
      stderr: "",
    });
    expect(readdirSync(home)).toEqual([]);
  });

  test("--help is data: stdout, exit 0, every command on it", async () => {
    const { code, stdout, stderr } = await runCli(["--help"], { home: tempDir() });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Usage: fitglue /);
    for (const name of ["sync", "import"]) expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  });

  test.each([
    { argv: ["help"], same: ["--help"] },
    { argv: ["help", "list"], same: ["list", "--help"] },
    { argv: ["help", "help"], same: ["--help"] },
    { argv: ["--quiet", "help", "sync"], same: ["sync", "--help"] },
  ])("$argv is $same", async ({ argv, same }) => {
    const home = tempDir();
    const expected = await runCli(same, { home });
    expect(await runCli(argv, { home })).toEqual(expected);
    expect([expected.code, expected.stderr]).toEqual([0, ""]);
    expect(expected.stdout).toMatch(/^Usage: fitglue /);
  });

  test.each<[string[], string]>([
    [[], "fitglue: no command given\n  try: fitglue --help\n"],
    [["bogus"], "fitglue: unknown command 'bogus'\n  try: fitglue --help\n"],
    [["sync", "--bogus"], "fitglue: unknown option '--bogus'\n  try: fitglue sync --help\n"],
    [["import"], "fitglue: missing required argument 'path'\n  try: fitglue import --help\n"],
    [["lst"], "fitglue: unknown command 'lst' (did you mean list?)\n  try: fitglue --help\n"],
    [["help", "lst"], "fitglue: unknown command 'lst' (did you mean list?)\n  try: fitglue --help\n"],
    [["lst", "--help"], "fitglue: unknown command 'lst' (did you mean list?)\n  try: fitglue --help\n"],
    [["list", "--form", "x"], "fitglue: unknown option '--form' (did you mean --from?)\n"],
    [["sync", "garmin"], 'fitglue: unknown provider "garmin"\n  try: one of: '],
    [["sync", "--since", "2026-02-30"], 'fitglue: --since wants a date like 2026-11-20, not "2026-02-30"\n'],
    [
      ["import", "x.zip", "--timezone", "Mars/Olympus"],
      'fitglue: unknown time zone "Mars/Olympus"\n  try: use an IANA name, for example --timezone Europe/Berlin\n',
    ],
  ])("%j is a usage error: exit 2, nothing on stdout, nothing made", async (argv, message) => {
    const home = tempDir();
    const { code, stdout, stderr } = await runCli(argv, { home });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.startsWith(message)).toBe(true);
    expect(readdirSync(home)).toEqual([]);
  });

  test("with --json an error is one JSON line on stderr, and a sync that could not begin has its document", async () => {
    const { code, stdout, stderr } = await runCli(["sync", "--json"], { home: tempDir() });
    expect([code, stdout]).toEqual([4, '{"providers":[]}\n']);
    expect(JSON.parse(stderr)).toEqual({
      type: "error",
      code: "AUTH_REQUIRED",
      exit_code: 4,
      provider: null,
      message: "no provider is connected",
      hint: "fitglue connect polar (or fitbit)",
    });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});

test("a provider whose login cannot be read does not keep the next one from its turn", async () => {
  const home = tempDir();
  mkdirSync(join(home, ".config/fitglue"), { recursive: true, mode: 0o700 });
  writeFileSync(
    join(home, ".config/fitglue/credentials.json"),
    JSON.stringify({ version: 1, credentials: { polar: {}, fitbit: {} } }),
    { mode: 0o600 },
  );
  const { code, stdout, stderr } = await runCli(["sync", "--json"], { home });
  expect(code).toBe(8);
  const { providers } = JSON.parse(stdout) as { providers: object[] };
  expect(providers).toMatchObject([
    { provider: "polar", status: "failed", error: { code: "CREDENTIALS_DAMAGED" } },
    { provider: "fitbit", status: "failed", error: { code: "CREDENTIALS_DAMAGED" } },
  ]);
  expect(JSON.parse(stderr)).toMatchObject({ code: "CREDENTIALS_DAMAGED", provider: "polar" });
});

describe("settings", () => {
  test.each([
    ['{"databse": "x"}', 'unknown key "databse"'],
    ["{", "is not JSON"],
    ['{"journal_mode": "memory"}', '"journal_mode" must be "wal" or "delete"'],
    ['{"polar": {"client_secret": "s"}}', 'unknown key "polar.client_secret"'],
  ])("a config file with %s is exit 8", async (text, message) => {
    const home = tempDir();
    writeFileSync(join(home, "config.json"), text);
    const { code, stderr } = await runCli(["import", "x.zip"], { home, env: { FITGLUE_CONFIG_DIR: home } });
    expect([code, stderr.includes(message)]).toEqual([8, true]);
  });

  test("flag beats environment beats config file beats default", async () => {
    const home = tempDir();
    writeFileSync(join(home, "config.json"), JSON.stringify({ db: join(home, "config.db") }));
    const env = { FITGLUE_CONFIG_DIR: home, FITGLUE_DB: join(home, "env.db") };
    const made = () => readdirSync(home).filter((name) => name.endsWith(".db"));
    await runCli(["--db", join(home, "flag.db"), "import", "nothing"], { home, env });
    expect(made()).toEqual(["flag.db"]);
    await runCli(["import", "nothing"], { home, env });
    expect(made()).toEqual(["env.db", "flag.db"]);
    await runCli(["import", "nothing"], { home, env: { FITGLUE_CONFIG_DIR: home } });
    expect(made()).toEqual(["config.db", "env.db", "flag.db"]);
    await runCli(["import", "nothing"], { home });
    expect(existsSync(join(home, ".local/share/fitglue/fitglue.db"))).toBe(true);
    await runCli(["import", "nothing"], { home, env: { XDG_DATA_HOME: join(home, "xdg") } });
    expect(existsSync(join(home, "xdg/fitglue/fitglue.db"))).toBe(true);
  });
});

test("a rehearsal says that it is one, and makes nothing", async () => {
  const home = tempDir();
  const path = join(home, "export.xml");
  writeFileSync(
    path,
    `<HealthData><Workout workoutActivityType="HKWorkoutActivityTypeYoga" sourceName="Watch"
      startDate="2025-02-01 08:10:00 +0100" endDate="2025-02-01 09:10:00 +0100"/></HealthData>`,
  );
  const { code, stdout, stderr } = await runCli(["import", "--dry-run", "export.xml"], { home });
  expect([code, stdout, stderr]).toEqual([
    0,
    "",
    "dry run, nothing is written: export.xml: 1 added, 0 updated, 0 unchanged\n",
  ]);
  const document = await runCli(["import", "--dry-run", "--json", "export.xml"], { home });
  expect(JSON.parse(document.stdout)).toMatchObject({ dry_run: true, files: [{ added: 1 }] });
  expect(readdirSync(home)).toEqual(["export.xml"]);
  // With a database it rehearses on that, which stays as it is.
  const real = await runCli(["import", "--json", "export.xml"], { home });
  expect(JSON.parse(real.stdout)).not.toHaveProperty("dry_run");
  const again = await runCli(["import", "--dry-run", "--json", "export.xml"], { home });
  expect(JSON.parse(again.stdout)).toMatchObject({ files: [{ added: 0, unchanged: 1 }] });
});

test("an import that changes nothing and meets only oddities is silent in a log; one with a loss is not", async () => {
  const home = tempDir();
  const yoga = (more: string): string =>
    `<HealthData><Workout workoutActivityType="HKWorkoutActivityTypeNaps" sourceName="Watch"
      startDate="2025-02-01 08:10:00 +0100" endDate="2025-02-01 09:10:00 +0100"/>${more}</HealthData>`;
  writeFileSync(join(home, "odd.xml"), yoga(""));
  const odd = await runCli(["import", "odd.xml"], { home });
  expect([odd.code, odd.stderr]).toEqual([
    0,
    expect.stringMatching(/^odd\.xml: 1 added, 0 updated, 0 unchanged; unknown-sport \(1\): .*\n$/),
  ]);
  expect(await runCli(["import", "odd.xml"], { home })).toMatchObject({ code: 0, stdout: "", stderr: "" });
  writeFileSync(join(home, "lost.xml"), yoga("<Workout "));
  const lost = await runCli(["import", "lost.xml"], { home });
  expect([lost.code, lost.stderr]).toEqual([
    3,
    expect.stringMatching(/^lost\.xml: 0 added, 0 updated, 1 unchanged; .*\n$/),
  ]);
});

test("a closed pipe ends the program quietly with 0", async () => {
  const child = spawn(process.execPath, [BIN, "--help"], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: tempDir(),
  });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number];
  expect([code, stderr]).toEqual([0, ""]);
});

// A device that takes everything and has no room: only Linux has one.
describe.runIf(existsSync("/dev/full"))("where the output goes to a full disk", () => {
  const toFullDisk = async (args: string, home: string): Promise<unknown[]> => {
    const child = spawn("sh", ["-c", `exec "${process.execPath}" "${BIN}" ${args} > /dev/full`], {
      cwd: home,
      env: { PATH: process.env["PATH"], HOME: home, FITGLUE_CREDENTIALS: "file" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, "close")) as [number];
    return [code, stderr];
  };

  test("that is an error with a sentence, exit 7", async () => {
    const sentence =
      "fitglue: cannot write the output: the disk is full\n  try: free some space, or write to another place\n";
    expect(await toFullDisk("list", tempDir())).toEqual([7, sentence]);
    expect(await toFullDisk("--help", tempDir())).toEqual([7, sentence]);
  });

  test("with --json one line, and a failure that came first keeps its code", async () => {
    const [code, stderr] = await toFullDisk("status --json", tempDir());
    expect(code).toBe(7);
    expect(JSON.parse(String(stderr))).toMatchObject({ code: "DISK_FULL", exit_code: 7 });
    const [failed, told] = await toFullDisk("sync --json", tempDir());
    expect(failed).toBe(4);
    expect(JSON.parse(String(told))).toMatchObject({ code: "AUTH_REQUIRED" });
  });

  test("what ended with 3 and said why in the document alone has lost that word, and says so", async () => {
    const home = tempDir();
    writeFileSync(join(home, "cut.xml"), '<HealthData><Record type="a"/><Record ');
    expect((await runCli(["import", "--json", "cut.xml"], { home })).code).toBe(3);
    const [code, stderr] = await toFullDisk("import --json cut.xml", home);
    expect(code).toBe(7);
    expect(JSON.parse(String(stderr))).toMatchObject({ code: "DISK_FULL", exit_code: 7 });
  });
});

test("a path with escape sequences in an error does not act on the terminal", async () => {
  const { code, stderr } = await runCli(["import", "a\u001b[31m\nred.zip"], { home: tempDir() });
  expect([code, stderr]).toEqual([6, "fitglue: no such file or folder: a\ufffd[31m red.zip\n"]);
});
