import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CredentialFile } from "../../src/auth/credential-file.ts";
import type { Credentials } from "../../src/auth/credentials.ts";
import { beginAuthorization, exchangeCode, type OAuthService } from "../../src/auth/oauth.ts";
import { createTokenSource, type TokenSourceOptions } from "../../src/auth/tokens.ts";
import { AuthError, ConfigError, FitglueError, StoreError, TemporaryError } from "../../src/errors.ts";
import { createTransport, type Transport } from "../../src/http/transport.ts";
import { acquireFileLock } from "../../src/store/lock.ts";
import { builtModule } from "../cli.ts";
import { FakeClock } from "../fakes/clock.ts";
import { FakeServer } from "../fakes/http-server.ts";
import { FakeOAuth, type FakeOAuthOptions } from "../fakes/oauth-server.ts";

const CLIENT = { clientId: "c0ffee-11", clientSecret: "s3cr-et~client" };
const REDIRECT = "http://127.0.0.1:8484/callback";
const GOOGLE: FakeOAuthOptions = {
  ...CLIENT,
  redirectUris: "loopback",
  clientAuth: "body",
  scopes: ["activity", "location"],
  pkce: true,
  refresh: "keep",
  offlineOnly: true,
};

const acquireLock = (path: string, options: { waitMs: number }) =>
  acquireFileLock(path, { waitMs: options.waitMs, held: () => new StoreError("STORE_LOCKED", "held") });

let folder: string;
let server: FakeServer;
let oauth: FakeOAuth;
let transport: Transport;
let clock: FakeClock;
let store: CredentialFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fitglue-tokens-"));
  transport = createTransport();
  clock = new FakeClock(Date.UTC(2026, 10, 20, 12));
  store = new CredentialFile({ configDir: folder, acquireLock, warn: () => {} });
  await serve(GOOGLE);
});

afterEach(async () => {
  await transport.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function serve(options: FakeOAuthOptions): Promise<void> {
  await server?.close();
  oauth = new FakeOAuth(options);
  server = await FakeServer.start((request) => oauth.handle(request));
}

function service(changes: Partial<OAuthService> = {}): OAuthService {
  return {
    provider: "fitbit",
    authorizeUrl: server.url + oauth.authorizePath,
    tokenUrl: server.url + oauth.tokenPath,
    scopes: oauth.options.scopes,
    pkce: oauth.options.pkce ?? false,
    clientAuth: oauth.options.clientAuth,
    authorizeParams: { access_type: "offline", prompt: "consent" },
    ...changes,
  };
}

/** The person's browser: opens the page, consents, and is sent back. */
async function consent(url: string): Promise<URLSearchParams> {
  const response = await fetch(url, { redirect: "manual" });
  return new URL(response.headers.get("location") ?? "none:").searchParams;
}

async function failure(promise: Promise<unknown>): Promise<FitglueError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FitglueError);
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const told = `${at.message} ${at.stack} ${JSON.stringify(at)}`;
    for (const secret of oauth.secrets) expect(told).not.toContain(secret);
  }
  return error as FitglueError;
}

async function login(changes: Partial<Credentials> = {}): Promise<Credentials> {
  const authorization = await beginAuthorization(service(), CLIENT.clientId, REDIRECT);
  const tokens = await exchangeCode(
    service(),
    CLIENT,
    authorization,
    await consent(authorization.url),
    transport,
  );
  const credentials: Credentials = {
    provider: "fitbit",
    account: "111122223333",
    ...CLIENT,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    expiresAt: tokens.expiresIn === null ? null : clock.now() + tokens.expiresIn * 1000,
    refreshTokenExpiresAt: null,
    scopes: tokens.scopes ?? oauth.options.scopes,
    obtainedAt: clock.now(),
    details: {},
    ...changes,
  };
  await store.set(credentials);
  return credentials;
}

const source = (changes: Partial<TokenSourceOptions> = {}) =>
  createTokenSource({
    service: service(),
    store,
    transport,
    acquireLock,
    lockPath: join(folder, "fitbit.refresh.lock"),
    clock,
    random: () => 1,
    ...changes,
  });

describe("the exchange of a code", () => {
  test("asks with state and PKCE, and answers with the verifier", async () => {
    const authorization = await beginAuthorization(service(), CLIENT.clientId, REDIRECT);
    const asked = new URL(authorization.url).searchParams;
    expect(Object.fromEntries(asked)).toEqual({
      response_type: "code",
      client_id: "c0ffee-11",
      redirect_uri: REDIRECT,
      scope: "activity location",
      state: authorization.state,
      access_type: "offline",
      prompt: "consent",
      code_challenge: asked.get("code_challenge"),
      code_challenge_method: "S256",
    });
    expect(authorization.state.length).toBeGreaterThanOrEqual(32);
    const tokens = await exchangeCode(
      service(),
      CLIENT,
      authorization,
      await consent(authorization.url),
      transport,
    );
    expect(tokens).toMatchObject({
      expiresIn: 3600,
      scopes: ["activity", "location"],
      refreshTokenExpiresIn: null,
    });
    expect(oauth.secrets).toContain(tokens.accessToken);
    expect(oauth.secrets).toContain(tokens.refreshToken);
  });

  test("authenticates as Polar wants it, and keeps what Polar adds", async () => {
    await serve({
      ...CLIENT,
      redirectUris: [REDIRECT],
      clientAuth: "basic",
      scopes: ["accesslink.read_all"],
      expiresIn: 31535999,
      tellScopes: false,
      tokenFields: { x_user_id: 10579 },
    });
    const polar = service({ provider: "polar", authorizeParams: {} });
    const authorization = await beginAuthorization(polar, CLIENT.clientId, REDIRECT);
    expect(new URL(authorization.url).searchParams.has("code_challenge")).toBe(false);
    const tokens = await exchangeCode(
      polar,
      CLIENT,
      authorization,
      await consent(authorization.url),
      transport,
    );
    expect(tokens).toMatchObject({ refreshToken: null, expiresIn: 31535999, scopes: undefined });
    expect(tokens.response["x_user_id"]).toBe(10579);
    // Basic as base64 of the plain id and secret, not form-encoded first.
    const sent = server.seen(`POST ${oauth.tokenPath}`)[0]?.headers["authorization"] ?? "";
    expect(Buffer.from(sent.replace("Basic ", ""), "base64").toString()).toBe("c0ffee-11:s3cr-et~client");
  });

  test("refuses a wrong secret with exit 8", async () => {
    const authorization = await beginAuthorization(service(), CLIENT.clientId, REDIRECT);
    const answer = await consent(authorization.url);
    const wrong = { ...CLIENT, clientSecret: "wrong-one" };
    const error = await failure(exchangeCode(service(), wrong, authorization, answer, transport));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.exitCode).toBe(8);
    expect(error.message).toBe("the client id or the client secret is wrong (invalid_client)");
  });

  test("tells a refused code, with the redirect URL to check", async () => {
    const authorization = await beginAuthorization(service(), CLIENT.clientId, REDIRECT);
    const answer = new URLSearchParams({ code: "code-forged" });
    const error = await failure(exchangeCode(service(), CLIENT, authorization, answer, transport));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toBe(
      `the login code was refused (invalid_grant): it is too old, was used before, or the redirect URL ${REDIRECT} is not registered exactly so`,
    );
  });

  test.each([
    [{ kind: "lost" }, "CONNECTION_LOST"],
    [{ kind: "cut" }, "CONNECTION_LOST"],
    [{ kind: "status", status: 503 }, "UNAVAILABLE"],
    [{ kind: "html" }, "BAD_RESPONSE"],
    [{ kind: "garbage" }, "BAD_RESPONSE"],
    [{ kind: "status", status: 302, headers: { location: "/elsewhere" } }, "BAD_RESPONSE"],
  ] as const)("happens once, whatever becomes of it: %o", async (fault, code) => {
    const authorization = await beginAuthorization(service(), CLIENT.clientId, REDIRECT);
    const answer = await consent(authorization.url);
    server.fail(oauth.tokenPath, fault);
    const error = await failure(exchangeCode(service(), CLIENT, authorization, answer, transport));
    expect(error).toBeInstanceOf(TemporaryError);
    expect(error.code).toBe(code);
    expect(error.exitCode).toBe(5);
    expect(error.message).toContain(
      "whether the login code was used is not known, and a code is never sent twice",
    );
    expect(error.hint).toBe("start over: fitglue connect fitbit");
    expect(server.seen(`POST ${oauth.tokenPath}`)).toHaveLength(1);
  });
});

describe("an access token", () => {
  test("is used as it is while it lasts", async () => {
    const { accessToken } = await login();
    expect(await source().authorization()).toBe(`Bearer ${accessToken}`);
    expect(oauth.refreshes).toBe(0);
  });

  test("is refreshed two minutes early, stored, and the refresh token kept", async () => {
    const before = await login();
    clock.time += 3_600_000 - 120_000;
    const tokens = source();
    const header = await tokens.authorization();
    expect(header).not.toBe(`Bearer ${before.accessToken}`);
    expect(await tokens.authorization()).toBe(header);
    expect(oauth.refreshes).toBe(1);
    const after = await store.get("fitbit");
    expect(after).toEqual({
      ...before,
      accessToken: header.slice("Bearer ".length),
      expiresAt: clock.now() + 3_600_000,
    });
  });

  test("is refreshed once for many askers", async () => {
    await login();
    clock.time += 3_600_000;
    const tokens = source();
    const headers = await Promise.all(Array.from({ length: 10 }, () => tokens.authorization()));
    expect(new Set(headers).size).toBe(1);
    expect(oauth.refreshes).toBe(1);
  });

  test("takes what another process has refreshed already", async () => {
    const before = await login();
    const mine = source();
    await mine.authorization();
    clock.time += 3_600_000;
    const theirs = await source().authorization();
    expect(await mine.authorization()).toBe(theirs);
    await mine.renew(`Bearer ${before.accessToken}`);
    expect(oauth.refreshes).toBe(1);
  });

  test("that the API refuses is renewed, though its time is not up", async () => {
    const before = await login();
    const tokens = source();
    await tokens.renew(`Bearer ${before.accessToken}`);
    expect(await tokens.authorization()).not.toBe(`Bearer ${before.accessToken}`);
    expect(oauth.refreshes).toBe(1);
  });

  test("without a refresh token stays what it is", async () => {
    const before = await login({ refreshToken: null, expiresAt: clock.now() - 1 });
    const tokens = source();
    await tokens.renew(`Bearer ${before.accessToken}`);
    expect(await tokens.authorization()).toBe(`Bearer ${before.accessToken}`);
  });

  test("never gains a scope by a refresh", async () => {
    await login({ scopes: ["activity"] });
    clock.time += 3_600_000;
    await source().authorization();
    expect((await store.get("fitbit"))?.scopes).toEqual(["activity"]);
  });
});

describe("a refresh", () => {
  test("survives a failure or two", async () => {
    await login();
    clock.time += 3_600_000;
    server.fail(oauth.tokenPath, { kind: "status", status: 500 });
    server.fail(oauth.tokenPath, { kind: "lost" });
    await source().authorization();
    expect(clock.sleeps).toEqual([400, 1200]);
  });

  test("that cannot be done is temporary and touches nothing stored", async () => {
    const before = await login();
    clock.time += 3_600_000;
    server.fail(oauth.tokenPath, { kind: "status", status: 503 }, 3);
    const error = await failure(source().authorization());
    expect(error).toBeInstanceOf(TemporaryError);
    expect(error.exitCode).toBe(5);
    expect(await store.get("fitbit")).toEqual(before);
  });

  test("that cannot be done early does not stop a token that still works", async () => {
    const before = await login();
    clock.time += 3_600_000 - 60_000;
    server.fail(oauth.tokenPath, { kind: "status", status: 503 }, 3);
    expect(await source().authorization()).toBe(`Bearer ${before.accessToken}`);
  });

  test("of an ended login names the reasons in order and the command that mends it", async () => {
    const before = await login();
    clock.time += 3_600_000;
    oauth.revokeAll();
    const loginEnds = ["the app is in testing, where a login lasts seven days", "access was removed"];
    const error = await failure(source({ loginEnds }).authorization());
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toBe(
      "the login has ended (invalid_grant), most likely because the app is in testing, where a login lasts seven days; or access was removed",
    );
    expect(error.hint).toBe("fitglue connect fitbit");
    expect(error.exitCode).toBe(4);
    expect(await store.get("fitbit")).toEqual(before);
  });

  test("of a login whose end was announced says when that was", async () => {
    await login({ refreshTokenExpiresAt: Date.UTC(2026, 10, 20, 12, 30) });
    clock.time += 3_600_000;
    oauth.revokeAll();
    const error = await failure(source({ loginEnds: ["something"] }).authorization());
    expect(error.message).toBe(
      "the login has ended (invalid_grant): it was good until 2026-11-20T12:30:00.000Z",
    );
  });

  test("with a secret that is wrong by now is a matter of configuration", async () => {
    await login({ clientSecret: "wrong-one" });
    clock.time += 3_600_000;
    expect((await failure(source().authorization())).exitCode).toBe(8);
  });

  test("without any login says how to get one", async () => {
    const error = await failure(source().authorization());
    expect(error).toMatchObject({ message: "not connected", exitCode: 4, hint: "fitglue connect fitbit" });
  });
});

test("two processes at once refresh once, even where refresh tokens are good for one use", async () => {
  await serve({ ...GOOGLE, refresh: "rotate", expiresIn: 3600 });
  await login({ expiresAt: Date.now() - 1000 });
  server.latencyMs = 150;
  const program = `
    import { CredentialFile } from ${JSON.stringify(builtModule("auth/credential-file"))};
    import { createTokenSource } from ${JSON.stringify(builtModule("auth/tokens"))};
    import { createTransport } from ${JSON.stringify(builtModule("http/transport"))};
    import { acquireFileLock } from ${JSON.stringify(builtModule("store/lock"))};
    const { configDir, service } = JSON.parse(process.argv[1]);
    const acquireLock = (path, { waitMs }) => acquireFileLock(path, { waitMs, held: (cause) => cause });
    const transport = createTransport();
    const tokens = createTokenSource({
      service, transport, acquireLock,
      store: new CredentialFile({ configDir, acquireLock, warn() {} }),
      lockPath: configDir + "/fitbit.refresh.lock",
    });
    process.stdout.write(await tokens.authorization());
    await transport.close();
  `;
  const run = () =>
    new Promise<{ code: number | null; output: string }>((resolve) => {
      const child = spawn(
        process.execPath,
        ["--input-type=module", "-e", program, JSON.stringify({ configDir: folder, service: service() })],
        { cwd: fileURLToPath(new URL("../..", import.meta.url)) },
      );
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.on("close", (code) => resolve({ code, output }));
    });
  const results = await Promise.all([run(), run(), run()]);
  expect(results.map((result) => result.code)).toEqual([0, 0, 0]);
  const stored = await store.get("fitbit");
  expect(new Set(results.map((result) => result.output))).toEqual(new Set([`Bearer ${stored?.accessToken}`]));
  expect(oauth.refreshes).toBe(1);
});

test("a process that was killed while it refreshed leaves no lock behind", async () => {
  await login();
  clock.time += 3_600_000;
  const lockPath = join(folder, "fitbit.refresh.lock");
  const module = builtModule("store/lock");
  const program = `
    import { acquireFileLock } from ${JSON.stringify(module)};
    await acquireFileLock(process.argv[1], { held: (cause) => cause });
    process.stdout.write("held");
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, lockPath]);
  await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  await expect(
    acquireFileLock(lockPath, { waitMs: 0, held: () => new StoreError("STORE_LOCKED", "held") }),
  ).rejects.toMatchObject({ code: "STORE_LOCKED" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.kill("SIGKILL");
  await ended;
  await source().authorization();
  expect(oauth.refreshes).toBe(1);
});
