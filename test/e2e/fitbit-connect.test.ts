import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CliResult } from "../cli.ts";
import { GOOGLE_CLIENT, GOOGLE_SCOPES } from "../fakes/google.ts";
import { addRun, type FitbitHome, startFitbitHome } from "./fitbit-home.ts";

let home: FitbitHome;
let port: number;

beforeEach(async () => {
  home = await startFitbitHome({ connected: false, refreshExpiresIn: 604_799 });
  port = await freePort();
});
afterEach(() => home.close());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => {
    server.close(closed);
  });
  return port;
}

interface Connected extends CliResult {
  /** What the person was sent to. */
  readonly url: URL | undefined;
}

/** Connects; the person follows the printed URL to the end. */
async function connect(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Connected> {
  const { child, result } = home.start(
    ["connect", "fitbit", "--no-browser", "--port", String(port), ...args],
    env,
  );
  let seen = "";
  let url: URL | undefined;
  let visit: Promise<unknown> = Promise.resolve();
  child.stderr?.on("data", (data: Buffer) => {
    seen += data.toString();
    const printed = /^open this URL: (\S+)$/m.exec(seen)?.[1];
    if (printed === undefined || url !== undefined) return;
    url = new URL(printed);
    visit = fetch(url).then((page) => page.text());
  });
  const ended = await result;
  await visit;
  return { ...ended, url };
}

function everyFile(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "credentials.json" && entry.name !== "client.json")
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

describe("connecting to Google", () => {
  test("from the console's file to the first sync and back", async () => {
    const file = join(home.home, "client.json");
    const installed = {
      client_id: GOOGLE_CLIENT.id,
      client_secret: GOOGLE_CLIENT.secret,
      project_id: "mine",
    };
    writeFileSync(file, JSON.stringify({ installed }));
    const connected = await connect(["--client-file", file], {
      FITGLUE_FITBIT_CLIENT_ID: "",
      FITGLUE_FITBIT_CLIENT_SECRET: "",
    });
    expect(connected).toMatchObject({ code: 0, stdout: "" });
    expect(Object.fromEntries(connected.url?.searchParams ?? [])).toMatchObject({
      response_type: "code",
      client_id: GOOGLE_CLIENT.id,
      redirect_uri: `http://127.0.0.1:${port}/callback`,
      scope: Object.values(GOOGLE_SCOPES).join(" "),
      code_challenge_method: "S256",
      access_type: "offline",
      prompt: "consent",
    });
    expect(connected.stderr).toContain(`fitbit: connected as ${home.google.healthUserId}\n`);
    expect(connected.stderr).toContain(
      "fitbit: this login ends in 7 days: the Google app is still in testing",
    );
    expect(statSync(join(home.home, "config", "credentials.json")).mode & 0o777).toBe(0o600);

    addRun(home.google, "1", 1);
    const synced = await home.run("sync", "fitbit");
    expect(synced.code).toBe(0);
    const listed = await home.run("list", "--format", "json");
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { source: "fitbit", account: home.google.healthUserId, external_id: "1", sport: "running" },
    ]);

    const left = await home.run("disconnect", "fitbit", "--yes");
    expect(left.code).toBe(0);
    expect(home.google.oauth.liveTokens).toBe(0);
    expect(await home.run("sync", "fitbit")).toMatchObject({ code: 4 });
    expect(JSON.parse((await home.run("list", "--format", "json")).stdout)).toHaveLength(1);

    const told = [connected, synced, left].map(({ stdout, stderr }) => stdout + stderr).join("\n");
    const kept = everyFile(home.home);
    for (const secret of home.google.oauth.secrets) {
      expect(told).not.toContain(secret);
      expect(kept).not.toContain(secret);
    }
  });

  test("an unticked box is no failure: what will be missing is said, and the sync goes on without", async () => {
    home.google.oauth.ticked = [GOOGLE_SCOPES.activity];
    const { code, stderr } = await connect();
    expect(code).toBe(0);
    expect(stderr).toContain(
      "there will be no heart rate and no zone limits (health metrics) and no routes (location)",
    );
    addRun(home.google, "1", 1);
    expect((await home.run("sync", "fitbit")).code).toBe(0);
    expect(home.rows("SELECT external_id, has_gps FROM activities")).toEqual([
      { external_id: "1", has_gps: 1 },
    ]);
    expect(home.google.refusals).toEqual([]);
    expect(home.rows("SELECT note FROM sync_state")[0]?.["note"]).toMatch(/no routes \(location\)/);
  });

  test("without the activities nothing can be synced: 4, and nothing is kept", async () => {
    home.google.oauth.ticked = [GOOGLE_SCOPES.metrics];
    const { code, stderr } = await connect();
    expect(code).toBe(4);
    expect(stderr).toMatch(/activity/);
    expect((await home.run("sync", "fitbit")).code).toBe(4);
  });

  test("an account without a health profile: 8, with the page to open", async () => {
    home.google.trouble = "not-linked";
    const { code, stderr } = await connect();
    expect(code).toBe(8);
    expect(stderr).toContain(
      "this Google account has no Fitbit or Google Health profile (400 from /v4/users/me/identity)",
    );
    expect(stderr).toContain("https://fitbit.google.com/auth/signup");
  });

  test("a wrong client secret: 8", async () => {
    const { code } = await connect([], { FITGLUE_FITBIT_CLIENT_SECRET: "not-it" });
    expect(code).toBe(8);
  });

  test("no client at all: 8, and where to get one", async () => {
    const { code, stderr } = await connect([], {
      FITGLUE_FITBIT_CLIENT_ID: "",
      FITGLUE_FITBIT_CLIENT_SECRET: "",
    });
    expect(code).toBe(8);
    expect(stderr).toContain("https://console.cloud.google.com/auth/clients");
    expect(stderr).toContain("--client-file");
  });

  test("a client id of the Fitbit Web API: 8, one sentence, and no browser", async () => {
    const { code, stderr, url } = await connect([], { FITGLUE_FITBIT_CLIENT_ID: "23QWXY" });
    expect(code).toBe(8);
    expect(url).toBeUndefined();
    expect(stderr).toContain("ended on 2 November 2026");
  });
});
