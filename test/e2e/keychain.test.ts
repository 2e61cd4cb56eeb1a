import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CliResult, runCli } from "../cli.ts";
import { connectAs, filesBelow, freePort } from "../commands/login-session.ts";
import { FakeAccessLink } from "../fakes/accesslink.ts";
import { tempDir } from "../temp.ts";

/**
 * `scripts/with-keyring.sh` runs this against a real Secret Service. A keyring has one place for the login of a provider, so
 * whatever needs it through the real binary stands in this file, where one test waits for the other.
 */
describe.runIf(process.env["FITGLUE_TEST_KEYCHAIN"] === "1")("with a real keychain", () => {
  let home: string;
  let polar: FakeAccessLink;
  /** What was run, for whatever may have leaked. */
  let results: CliResult[];

  /** From a session, which has a D-Bus, or from cron, which has none. */
  const run = async (place: "session" | "cron", ...args: string[]): Promise<CliResult> => {
    const result = await runCli(args, { home, env: environment(place) });
    results.push(result);
    return result;
  };
  const environment = (place: "session" | "cron"): Record<string, string> => ({
    ...polar.environment,
    FITGLUE_CREDENTIALS: "auto",
    DBUS_SESSION_BUS_ADDRESS:
      place === "session" ? (process.env["DBUS_SESSION_BUS_ADDRESS"] ?? "") : "unix:path=/none",
  });

  beforeEach(async () => {
    home = tempDir();
    const port = await freePort();
    polar = await FakeAccessLink.start({ redirectUris: [`http://localhost:${port}/callback`] });
    const connected = await connectAs(
      ["polar", "--port", String(port), "--no-browser"],
      { home, env: environment("session") },
      async (person) => {
        expect((await person.visit(await person.consent())).status).toBe(200);
      },
    );
    results = [connected];
    expect(connected.code).toBe(0);
  });

  afterEach(async () => {
    const ended = await run("session", "disconnect", "polar");
    expect(ended.code).toBe(0);
    expect((await run("session", "sync")).code).toBe(4);
    const texts = [
      ...filesBelow(home).values(),
      ...results.flatMap(({ stdout, stderr }) => [stdout, stderr]),
    ];
    expect(polar.oauth.secrets.filter((secret) => texts.some((text) => text.includes(secret)))).toEqual([]);
    await polar.close();
  });

  test("connect uses it and warns of cron, which is told what is wrong", async () => {
    const told = results[0]?.stderr;
    expect(told).toContain("polar: the credentials are in the system keychain\n");
    expect(told).toContain(
      "polar: a cron job cannot reach the keychain; to sync from cron: FITGLUE_CREDENTIALS=file fitglue connect polar\n",
    );
    expect(JSON.parse(readFileSync(join(home, ".config", "fitglue", "credentials.json"), "utf8"))).toEqual({
      version: 1,
      credentials: {},
      in_keychain: ["polar"],
    });
    expect((await run("session", "sync")).code).toBe(0);
    const { code, stderr } = await run("cron", "sync");
    expect(code).toBe(8);
    expect(stderr).toContain("the credentials are in the system keychain, which cannot be reached from here");
    expect(stderr).toContain("try: FITGLUE_CREDENTIALS=file fitglue connect polar, for use under cron");
  });

  test("doctor tells what a session has and cron has not", async () => {
    const here = await run("session", "doctor", "--offline");
    expect([here.code, here.stdout]).toEqual([
      3,
      expect.stringContaining("attention\tkeychain\treachable from this session, but a cron job"),
    ]);
    expect(here.stdout).toContain("ok\tpolar\t");
    const cron = await run("cron", "doctor", "--offline");
    expect([cron.code, cron.stdout]).toEqual([
      3,
      expect.stringContaining("attention\tpolar\tthe credentials are in"),
    ]);
  });
});
