import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli, startCli, type CliResult } from "../cli.ts";
import { FakeAccessLink } from "../fakes/accesslink.ts";
import { ride } from "../fakes/polar-sessions.ts";

let fake: FakeAccessLink;
let home: string;
let port: number;

beforeEach(async () => {
  port = await freePort();
  fake = await FakeAccessLink.start({ redirectUris: [`http://localhost:${port}/callback`] });
  home = mkdtempSync(join(tmpdir(), "fitglue-connect-"));
});
afterEach(async () => {
  rmSync(home, { recursive: true, force: true });
  await fake.close();
});

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

const env = () => ({
  ...fake.environment,
  FITGLUE_CONFIG_DIR: join(home, "config"),
  FITGLUE_DATA_DIR: join(home, "data"),
});
const run = (...args: string[]) => runCli(args, { home, env: env() });

/** Connects; the person follows the printed URL to the end. `page` is what the browser shows last. */
async function connect(): Promise<
  CliResult & { readonly page: { status: number; text: string } | undefined }
> {
  const { child, result } = startCli(["connect", "polar", "--no-browser", "--port", String(port)], {
    home,
    env: env(),
  });
  let seen = "";
  let visit: Promise<{ status: number; text: string }> | undefined;
  child.stderr?.on("data", (data: Buffer) => {
    seen += data.toString();
    const url = /^open this URL: (\S+)$/m.exec(seen)?.[1];
    if (url !== undefined) visit ??= browse(url);
  });
  const ended = await result;
  return { ...ended, page: await visit };
}

async function browse(url: string): Promise<{ status: number; text: string }> {
  const page = await fetch(url);
  return { status: page.status, text: await page.text() };
}

function everyFile(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "credentials.json")
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

describe("connecting to Polar", () => {
  it("registers, syncs what comes after, and leaves on demand", async () => {
    const tooEarly = fake.upload(ride(1));
    const connected = await connect();
    expect(connected).toMatchObject({ code: 0, stdout: "", page: { status: 200 } });
    expect(connected.stderr).toContain("polar: connected as 10579");
    expect(connected.stderr).toMatch(/from now on, and keeps it available for 30 days/);
    expect(fake.registered).toBe(true);
    expect(fake.memberId).toMatch(/^fitglue-/);
    const credentials = join(home, "config", "credentials.json");
    expect(statSync(credentials).mode & 0o777).toBe(0o600);

    fake.upload(ride(2));
    const synced = await run("sync", "polar", "--verbose");
    expect(synced.code).toBe(0);
    const listed = await run("list", "--format", "json");
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { source: "polar", account: "10579", total_distance: 10_002 },
    ]);
    expect(tooEarly.committed).toBe(false);

    // A second login of the same person is the same registration.
    const again = await connect();
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("polar: connected as 10579");

    const left = await run("disconnect", "polar", "--deregister", "--yes");
    expect(left.code).toBe(0);
    expect(fake.registered).toBe(false);
    expect(fake.oauth.liveTokens).toBe(0);
    expect(await run("sync", "polar")).toMatchObject({ code: 4, stdout: "" });
    expect(JSON.parse((await run("list", "--format", "json")).stdout)).toHaveLength(1);

    const told = [connected, synced, again, left].map(({ stdout, stderr }) => stdout + stderr).join("\n");
    const kept = everyFile(home);
    for (const secret of fake.oauth.secrets) {
      expect(told).not.toContain(secret);
      expect(kept).not.toContain(secret);
    }
  });

  it("names the consents page when Polar refuses to register", async () => {
    fake.consents = false;
    const { code, stderr } = await connect();
    expect(code).toBe(4);
    expect(stderr).toContain("fitglue: polar: a consent is missing (403 from /v3/users)\n");
    expect(stderr).toContain("https://account.polar.com");
    expect(await run("sync", "polar")).toMatchObject({ code: 4 });
  });

  it("never uses a code twice: an ambiguous failure means starting over, and says so", async () => {
    fake.server.fail("POST /v2/oauth2/token", { kind: "lost" });
    const { code, stderr } = await connect();
    expect(code).toBe(5);
    expect(stderr).toMatch(/fitglue connect polar/);
    expect(fake.server.seen("POST /v2/oauth2/token")).toHaveLength(1);
    // The token that was lost on the way still lives: nothing was destroyed.
    expect(fake.oauth.liveTokens).toBe(1);
    expect((await connect()).code).toBe(0);
  });

  it("says that the person said no", async () => {
    fake.oauth.consent = "deny";
    const { code, stderr } = await connect();
    expect(code).toBe(4);
    expect(stderr).toContain("fitglue: polar: consent was not given (access_denied)\n");
  });
});
