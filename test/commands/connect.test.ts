import { createServer } from "node:http";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli, startCli, type CliResult } from "../cli.ts";
import { FakeAccessLink } from "../fakes/accesslink.ts";
import { FakeGoogle, GOOGLE_CLIENT, GOOGLE_SCOPES } from "../fakes/google.ts";
import { tempDir } from "../temp.ts";
import { connectAs, filesBelow, freePort, type Person } from "./login-session.ts";

let home: string;
let port: number;

beforeEach(async () => {
  home = tempDir();
  port = await freePort();
});

/** What goes well when the person simply consents in the browser. */
async function agree(person: Person): Promise<void> {
  const { status, page } = await person.visit(await person.consent());
  expect(status).toBe(200);
  expect(page).toContain("<h1>Connected</h1>");
}

/** Nothing that was ever secret is in what the run emitted, or in any file but `credentials.json`. */
function expectNoSecrets(secrets: readonly string[], ...results: CliResult[]): void {
  const places = [...filesBelow(home)].filter(([path]) => !path.endsWith("/credentials.json"));
  for (const { stdout, stderr } of results) places.push(["stdout", stdout], ["stderr", stderr]);
  const found = places.flatMap(([place, text]) =>
    secrets.filter((secret) => text.includes(secret)).map((secret) => `${secret} in ${place}`),
  );
  expect(found).toEqual([]);
}

const credentialsPath = () => join(home, ".config", "fitglue", "credentials.json");
const stored = () =>
  (
    JSON.parse(readFileSync(credentialsPath(), "utf8")) as {
      credentials: Record<string, Record<string, unknown>>;
    }
  ).credentials;

describe("connect polar", () => {
  let polar: FakeAccessLink;

  beforeEach(async () => {
    polar = await FakeAccessLink.start({ redirectUris: [`http://localhost:${port}/callback`] });
  });

  afterEach(async () => {
    await polar.close();
  });

  /** With `--debug`, which must not tell a secret either, however the login ends. */
  const connect = async (
    act: (person: Person) => Promise<void>,
    args: readonly string[] = [],
    env: Record<string, string> = {},
    input?: string,
  ) => {
    const result = await connectAs(
      ["polar", "--debug", "--port", String(port), "--no-browser", "--timeout", "20", ...args],
      { home, env: { ...polar.environment, ...env }, ...(input === undefined ? {} : { input }) },
      act,
    );
    expectNoSecrets(polar.oauth.secrets, result);
    return result;
  };

  test("registers the person, stores the credentials, and tells what comes next", async () => {
    const result = await connect(agree);
    expect(result.code).toBe(0);
    expect(result.stdout).toBe("");
    const lines = result.stderr.trimEnd().split("\n");
    expect(lines.filter((line) => line.startsWith("open this URL: "))).toHaveLength(1);
    expect(lines[0]).toBe(
      `open this URL: ${polar.server.url}/oauth2/authorization?${new URLSearchParams({
        response_type: "code",
        client_id: polar.oauth.options.clientId,
        redirect_uri: `http://localhost:${port}/callback`,
        scope: "accesslink.read_all",
        state: new URL(lines[0]?.slice("open this URL: ".length) ?? "").searchParams.get("state") ?? "",
      }).toString()}`,
    );
    expect(lines).toContain("polar: connected as 10579");
    expect(result.stderr).toContain("from now on");
    expect(result.stderr).toContain("30 days");
    expect(lines).toContain(`polar: the credentials are in ${credentialsPath()}, readable only by you`);
    expect(lines.at(-1)).toBe("next: fitglue sync polar");
    expect(result.stderr).toMatch(/polar: POST \/v3\/users #1: 200/);
    expect(polar.registered).toBe(true);
    expect(statSync(credentialsPath()).mode & 0o777).toBe(0o600);
    expect(stored()["polar"]).toMatchObject({
      account: "10579",
      client_id: polar.oauth.options.clientId,
      refresh_token: null,
      scopes: ["accesslink.read_all"],
      details: { memberId: polar.memberId },
    });
    expectNoSecrets(polar.oauth.secrets, result);
  });

  test("takes the address that is pasted", async () => {
    const result = await connect(async (person) => {
      person.paste("http://localhost/nothing\n");
      person.paste(`${await person.consent()}\n`);
    });
    expect(result.code).toBe(0);
    expect(result.stderr).toContain("that URL is not the answer");
    expect(result.stderr).toContain("polar: connected as 10579");
    expectNoSecrets(polar.oauth.secrets, result);
  });

  test("refuses a forged state with 400 and waits on", async () => {
    const result = await connect(async (person) => {
      const forged = await person.visit(`http://localhost:${port}/callback?code=abc&state=forged`);
      expect(forged.status).toBe(400);
      expect((await person.visit(`http://localhost:${port}/`)).status).toBe(404);
      await agree(person);
    });
    expect(result.code).toBe(0);
  });

  test("ends with 4 when consent is refused", async () => {
    polar.oauth.consent = "deny";
    const result = await connect(async (person) => {
      const { page } = await person.visit(await person.consent());
      expect(page).toContain("You did not give your consent");
    });
    expect(result.code).toBe(4);
    expect(result.stderr).toContain(
      "fitglue: polar: consent was not given (access_denied)\n  try: fitglue connect polar\n",
    );
    expect(stored).toThrow("ENOENT");
  });

  test("ends with 5 when time is up", async () => {
    const result = await connect(async () => {}, ["--timeout", "1"]);
    expect(result.code).toBe(5);
    expect(result.stderr).toContain("fitglue: polar: nobody answered within 1 s\n");
  });

  test("ends with 130 when interrupted", async () => {
    const result = await connect(async (person) => person.interrupt());
    expect(result.code).toBe(130);
  });

  test("ends with 130 when interrupted while it reads the secret", async () => {
    const { child, result } = startCli(["connect", "polar", "--client-id", "x", "--client-secret-stdin"], {
      home,
      env: { ...polar.environment, FITGLUE_POLAR_CLIENT_SECRET: "" },
      keepInputOpen: true,
    });
    // Once its lock file is there, it is past the start and about to read.
    while (!existsSync(join(home, ".config", "fitglue")))
      await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill("SIGINT");
    expect((await result).code).toBe(130);
  });

  test("ends with 8 when the secret is wrong, and nothing is stored", async () => {
    const result = await connect(
      async (person) => {
        const { page } = await person.visit(await person.consent());
        expect(page).toContain("The terminal says what");
      },
      [],
      { FITGLUE_POLAR_CLIENT_SECRET: "not-the-secret" },
    );
    expect(result.code).toBe(8);
    expect(result.stderr).toContain("the client id or the client secret is wrong (invalid_client)");
    expectNoSecrets([...polar.oauth.secrets, "not-the-secret"], result);
    expect(stored).toThrow("ENOENT");
  });

  test("never sends a code twice, and says that the login has to start over", async () => {
    polar.server.fail("/v2/oauth2/token", { kind: "lost" });
    const result = await connect(async (person) => {
      await person.visit(await person.consent());
    });
    expect(result.code).toBe(5);
    expect(result.stderr).toContain(
      "whether the login code was used is not known, and a code is never sent twice",
    );
    expect(result.stderr).toContain("try: start over: fitglue connect polar");
    expect(polar.server.seen("POST /v2/oauth2/token")).toHaveLength(1);
  });

  test("takes id and secret from flag and stdin, and the pasted address after them", async () => {
    const { clientId, clientSecret } = polar.oauth.options;
    const result = await connect(
      async (person) => person.paste(`${await person.consent()}\n`),
      ["--client-id", clientId, "--client-secret-stdin"],
      { FITGLUE_POLAR_CLIENT_ID: "", FITGLUE_POLAR_CLIENT_SECRET: "" },
      `${clientSecret}\n`,
    );
    expect(result.code).toBe(0);
    expectNoSecrets(polar.oauth.secrets, result);
  });

  test("uses the client of the earlier connection, and keeps the member id", async () => {
    await connect(agree);
    const before = stored()["polar"];
    const result = await connect(agree, [], { FITGLUE_POLAR_CLIENT_ID: "", FITGLUE_POLAR_CLIENT_SECRET: "" });
    expect(result.code).toBe(0);
    const after = stored()["polar"];
    expect(after?.["details"]).toEqual(before?.["details"]);
    expect(after?.["access_token"]).not.toBe(before?.["access_token"]);
    expectNoSecrets(polar.oauth.secrets, result);
  });

  test("without a client explains where to get one, and ends with 8", async () => {
    const env = { ...polar.environment, FITGLUE_POLAR_CLIENT_ID: "", FITGLUE_POLAR_CLIENT_SECRET: "" };
    const result = await runCli(["connect", "polar", "--port", String(port)], { home, env });
    expect(result.code).toBe(8);
    expect(result.stdout).toBe("");
    expect(result.stderr).toContain("https://admin.polaraccesslink.com");
    expect(result.stderr).toContain(`http://localhost:${port}/callback`);
    expect(result.stderr).toContain(
      "fitglue: polar: no client id\n  try: fitglue connect polar --client-id ID --client-secret-stdin, or set FITGLUE_POLAR_CLIENT_ID\n",
    );
    const json = await runCli(["connect", "polar", "--json"], { home, env });
    expect(JSON.parse(json.stderr)).toMatchObject({ type: "error", code: "CLIENT_MISSING", exit_code: 8 });
  });

  test("on a taken port ends with 8", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
    const result = await connect(async () => {});
    await new Promise<void>((resolve) => other.close(() => resolve()));
    expect(result.code).toBe(8);
    expect(result.stderr).toContain(`fitglue: port ${port} is used by another program\n`);
  });

  test("with a place that cannot keep credentials ends before the consent", async () => {
    writeFileSync(join(home, "file"), "");
    const result = await connect(async () => {}, [], { FITGLUE_CONFIG_DIR: join(home, "file", "fitglue") });
    expect(result.code).toBe(8);
    expect(result.stderr).not.toContain("open this URL");
  });

  test("tells that the keychain could not be used, and which file serves instead", async () => {
    const result = await connect(agree, [], {
      FITGLUE_CREDENTIALS: "auto",
      DBUS_SESSION_BUS_ADDRESS: "unix:path=/none",
    });
    expect(result.code).toBe(0);
    expect(result.stderr).toContain("polar: the system keychain cannot be used: ");
    expect(result.stderr).toContain(`polar: the credentials are in ${credentialsPath()}`);
    expect(stored()["polar"]).toBeDefined();
  });

  test("with only the keychain allowed and none there ends with 8, before the consent", async () => {
    const result = await connect(async () => {}, [], {
      FITGLUE_CREDENTIALS: "keychain",
      DBUS_SESSION_BUS_ADDRESS: "unix:path=/none",
    });
    expect(result.code).toBe(8);
    expect(result.stderr).not.toContain("open this URL");
  });

  test.each([
    [["connect", "nothing"], 2, 'unknown provider "nothing"'],
    [["connect", "polar", "--port", "0"], 2, "--port"],
    [["connect", "polar", "--timeout", "soon"], 2, "--timeout"],
    [["connect", "polar", "--client-file", "x.json", "--client-id", "y"], 2, "--client-file already holds"],
    [["connect", "polar", "--client-file", "/no/such/file.json"], 8, "the client file cannot be read"],
    [["disconnect", "nothing"], 2, 'unknown provider "nothing"'],
    [["disconnect", "fitbit", "--deregister"], 2, "has no registration to end"],
  ] as const)("%j ends with %i", async (args, code, message) => {
    const result = await runCli(args, { home, env: polar.environment });
    expect(result.stderr).toContain(message);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe("");
  });

  describe("and disconnect", () => {
    test("deletes the credentials and nothing else", async () => {
      await connect(agree);
      const result = await runCli(["disconnect", "polar"], { home, env: polar.environment });
      expect(result).toMatchObject({ code: 0, stdout: "" });
      expect(result.stderr).toContain("polar: disconnected; the activities stay\n");
      expect(stored()).toEqual({});
      expect(polar.registered).toBe(true);
      const again = await runCli(["disconnect", "polar"], { home, env: polar.environment });
      expect(again).toMatchObject({ code: 0, stderr: "polar: was not connected\n" });
      expectNoSecrets(polar.oauth.secrets, result, again);
    });

    test("--deregister warns, and without a terminal wants --yes", async () => {
      await connect(agree);
      const refused = await runCli(["disconnect", "polar", "--deregister"], { home, env: polar.environment });
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain("sessions that are not synced yet are lost");
      expect(refused.stderr).toContain("try: fitglue disconnect polar --deregister --yes");
      expect(polar.registered).toBe(true);
      expect(stored()["polar"]).toBeDefined();
      const done = await runCli(["disconnect", "polar", "--deregister", "--yes"], {
        home,
        env: polar.environment,
      });
      expect(done.code).toBe(0);
      expect(polar.registered).toBe(false);
      expect(stored()).toEqual({});
    });

    test("--deregister that fails keeps the credentials", async () => {
      await connect(agree);
      polar.server.fail("DELETE /v3/users/10579", { kind: "status", status: 503 }, 4);
      const result = await runCli(["disconnect", "polar", "--deregister", "--yes"], {
        home,
        env: polar.environment,
      });
      expect(result.code).toBe(5);
      expect(stored()["polar"]).toBeDefined();
    });
  });
});

describe("connect fitbit", () => {
  let google: FakeGoogle;

  beforeEach(async () => {
    google = await FakeGoogle.start();
  });

  afterEach(async () => {
    await google.close();
  });

  const connect = (
    act: (person: Person) => Promise<void>,
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ) =>
    connectAs(
      ["fitbit", "--debug", "--port", String(port), "--no-browser", "--timeout", "20", ...args],
      { home, env: { ...google.env, ...env } },
      act,
    );

  const noClient = { FITGLUE_FITBIT_CLIENT_ID: "", FITGLUE_FITBIT_CLIENT_SECRET: "" };

  test("takes the client from Google's file, asks with PKCE, and stores a refresh token", async () => {
    const file = join(home, "client_secret.json");
    const { id: client_id, secret: client_secret } = GOOGLE_CLIENT;
    writeFileSync(file, JSON.stringify({ installed: { client_id, client_secret, project_id: "fitglue" } }));
    const result = await connect(agree, ["--client-file", file], noClient);
    expect(result).toMatchObject({ code: 0, stdout: "" });
    expect(result.stderr).toContain(`fitbit: connected as ${google.healthUserId}\n`);
    expect(stored()["fitbit"]).toMatchObject({
      account: google.healthUserId,
      client_id,
      scopes: Object.values(GOOGLE_SCOPES),
      refresh_token: expect.stringMatching(/^refresh-/) as string,
    });
    writeFileSync(file, "");
    expectNoSecrets(google.oauth.secrets, result);
  });

  test("goes on without a scope that was unticked, and names it", async () => {
    google.oauth.ticked = [GOOGLE_SCOPES.activity, GOOGLE_SCOPES.metrics];
    const result = await connect(agree);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain("fitbit: not permitted: googlehealth.location.readonly\n");
    expect(result.stderr).toContain("no routes");
    expect(stored()["fitbit"]?.["scopes"]).toEqual([GOOGLE_SCOPES.activity, GOOGLE_SCOPES.metrics]);
  });

  test("ends with 4 without the one scope that activities need", async () => {
    google.oauth.ticked = [GOOGLE_SCOPES.location];
    const result = await connect(async (person) => {
      const { page } = await person.visit(await person.consent());
      expect(page).toContain("The terminal says what");
    });
    expect(result.code).toBe(4);
    expect(result.stderr).toContain("googlehealth.activity_and_fitness.readonly");
    expect(stored).toThrow("ENOENT");
  });

  test.each([
    ["web", { web: { client_id: "x", client_secret: "sesame" } }, "is of a web client"],
    ["service account", { type: "service_account", private_key: "sesame" }, "is of a service account"],
    ["something else", { hello: "sesame" }, "holds no desktop client"],
    ["not JSON", "{sesame", "is not JSON"],
  ])("refuses a client file that is of the kind %s with 8", async (_name, content, why) => {
    const file = join(home, "client.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    const result = await connect(async () => {}, ["--client-file", file], noClient);
    expect(result.code).toBe(8);
    expect(result.stderr).toContain(`the client file ${why}`);
    expect(result.stderr).toContain(file);
    expect(result.stderr).not.toContain("sesame");
  });

  test("and disconnect revokes at Google", async () => {
    await connect(agree);
    expect(google.oauth.liveTokens).toBe(2);
    const result = await runCli(["disconnect", "fitbit"], { home, env: google.env });
    expect(result).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "fitbit: disconnected; the activities stay\n",
    });
    expect(google.oauth.liveTokens).toBe(0);
    expect(stored()).toEqual({});
    expectNoSecrets(google.oauth.secrets, result);
  });

  test("and disconnect deletes the credentials even if Google does not answer well, and says so", async () => {
    await connect(agree);
    google.server.fail("POST /revoke", { kind: "status", status: 500 });
    const result = await runCli(["disconnect", "fitbit"], { home, env: google.env });
    expect(result.code).toBe(0);
    expect(result.stderr).toContain("fitbit: revoking the login failed (status 500)");
    expect(stored()).toEqual({});
    expectNoSecrets(google.oauth.secrets, result);
  });
});
