import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startCallbackServer } from "../../src/auth/callback-server.ts";
import { login, type LoginOptions } from "../../src/auth/login.ts";
import type { Tokens } from "../../src/auth/oauth.ts";
import { FitglueError, InterruptedError } from "../../src/errors.ts";
import { createTransport, type Transport } from "../../src/http/transport.ts";
import { FakeServer } from "../fakes/http-server.ts";
import { FakeOAuth } from "../fakes/oauth-server.ts";

const CLIENT = { clientId: "c0ffee-11", clientSecret: "s3cr-et~client" };

let oauth: FakeOAuth;
let server: FakeServer;
let transport: Transport;
let port: number;
let told: string[];
let controller: AbortController;

beforeEach(async () => {
  port = await freePort();
  oauth = new FakeOAuth({
    ...CLIENT,
    redirectUris: [`http://localhost:${port}/callback`],
    clientAuth: "basic",
    scopes: ["accesslink.read_all"],
  });
  server = await FakeServer.start((request) => oauth.handle(request));
  transport = createTransport();
  told = [];
  controller = new AbortController();
});

afterEach(async () => {
  await transport.close();
  await server.close();
  if (await reachable(port)) throw new Error("the callback server still listens");
});

/** A port that was free a moment ago, on both loopback addresses. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}

function reachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A request with any Host and method, as another program on this machine could send it. */
function ask(
  path: string,
  { host = `localhost:${port}`, method = "GET", address = "127.0.0.1" } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: address, port, path, method, headers: { host } }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    request.on("error", reject);
    request.end();
  });
}

function options(changes: Partial<LoginOptions> = {}): LoginOptions {
  return {
    service: {
      provider: "polar",
      authorizeUrl: server.url + oauth.authorizePath,
      tokenUrl: server.url + oauth.tokenPath,
      scopes: oauth.options.scopes,
      pkce: false,
      clientAuth: "basic",
    },
    redirectHost: "localhost",
    client: CLIENT,
    port,
    timeoutMs: 20_000,
    pasted: async function* () {},
    tell: (line) => told.push(line),
    transport,
    signal: controller.signal,
    ...changes,
  };
}

/** The person's browser: consents at the provider, is redirected, and calls back unless told not to. */
async function consentAt(url: string): Promise<string> {
  const response = await fetch(url, { redirect: "manual" });
  return response.headers.get("location") ?? "";
}

const secretsIn = (text: string): string[] => oauth.secrets.filter((secret) => text.includes(secret));

async function failure(promise: Promise<unknown>): Promise<FitglueError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FitglueError);
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    expect(secretsIn(`${at.message} ${at.stack} ${JSON.stringify(at)}`)).toEqual([]);
  }
  return error as FitglueError;
}

describe("a login", () => {
  test("ends with tokens, and the browser learns it only when everything is done", async () => {
    let page: Promise<Answer> | undefined;
    const order: string[] = [];
    const openBrowser = async (url: string) => {
      const location = new URL(await consentAt(url));
      page = ask(location.pathname + location.search).finally(() => order.push("page"));
    };
    const tokens = await login(options({ openBrowser }), async (tokens: Tokens) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      order.push("complete");
      return tokens;
    });
    const answer = await page;
    expect(order).toEqual(["complete", "page"]);
    expect(answer?.status).toBe(200);
    expect(answer?.body).toContain("<h1>Connected</h1>");
    expect(oauth.secrets).toContain(tokens.accessToken);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(
      /^open this URL: http:\/\/127\.0\.0\.1:\d+\/oauth2\/authorization\?response_type=code&/,
    );
    expect(secretsIn(told.join() + answer?.body)).toEqual([]);
  });

  test("shows the browser that it failed when what follows fails", async () => {
    let page: Promise<Answer> | undefined;
    const openBrowser = async (url: string) => {
      const location = new URL(await consentAt(url));
      page = ask(location.pathname + location.search);
    };
    await expect(
      login(options({ openBrowser }), async () => {
        throw new Error("registration failed");
      }),
    ).rejects.toThrow("registration failed");
    expect((await page)?.body).toContain("Something went wrong after your consent.");
  });

  test("works with the pasted address, and tells what was pasted wrongly", async () => {
    let url = "";
    const pasted = async function* () {
      yield "";
      yield "yes?";
      yield "https://flow.example/somewhere";
      const other = new URL(await consentAt(url));
      other.searchParams.set("state", "of-another-attempt");
      yield other.href;
      yield `  ${await consentAt(url)}\r`;
    };
    const opened = options({ pasted, openBrowser: async (opens) => void (url = opens) });
    const tokens = await login(opened, async (tokens) => tokens);
    expect(oauth.secrets).toContain(tokens.accessToken);
    expect(told.slice(1)).toEqual([
      "that is not a URL: paste the whole address that the browser was sent to",
      "that URL is not the answer: paste the address that the browser was sent to after your consent",
      "that URL belongs to another attempt (its state does not match): open the URL above and try again",
    ]);
    expect(secretsIn(told.join())).toEqual([]);
  });

  test("that is refused is exit 4, and the page says that nothing was stored", async () => {
    oauth.consent = "deny";
    let page: Promise<Answer> | undefined;
    const openBrowser = async (url: string) => {
      const location = new URL(await consentAt(url));
      page = ask(location.pathname + location.search);
    };
    const error = await failure(login(options({ openBrowser }), async () => undefined));
    expect(error).toMatchObject({
      code: "AUTH_DENIED",
      exitCode: 4,
      message: "consent was not given (access_denied)",
    });
    expect((await page)?.body).toContain("You did not give your consent, so nothing was stored.");
    expect(server.seen(`POST ${oauth.tokenPath}`)).toEqual([]);
  });

  test.each([
    ["temporarily_unavailable", 5],
    ["unauthorized_client", 8],
    ["invalid_scope", 8],
    ["<script>alert(1)</script>", 4],
  ])("answered with the error %s is exit %i", async (reason, exitCode) => {
    const openBrowser = async (url: string) => {
      const state = new URL(url).searchParams.get("state") ?? "";
      void ask(`/callback?${new URLSearchParams({ error: reason, state }).toString()}`).catch(
        () => undefined,
      );
    };
    const error = await failure(login(options({ openBrowser }), async () => undefined));
    expect(error.exitCode).toBe(exitCode);
    expect(error.message).not.toContain("<");
  });

  test("that nobody answers ends with exit 5", async () => {
    const error = await failure(login(options({ timeoutMs: 30 }), async () => undefined));
    expect(error).toMatchObject({
      code: "LOGIN_TIMEOUT",
      exitCode: 5,
      message: "nobody answered within 0 s",
    });
  });

  test("ends at once when interrupted", async () => {
    const openBrowser = async () => controller.abort();
    expect(await failure(login(options({ openBrowser }), async () => undefined))).toBeInstanceOf(
      InterruptedError,
    );
  });

  test.each(["127.0.0.1", "::1"])("on a port that is taken at %s says so", async (address) => {
    const other = createServer();
    const listening = await new Promise<boolean>((resolve) => {
      other.once("error", () => resolve(false));
      other.listen(port, address, () => resolve(true));
    });
    // A machine without IPv6 has nothing to take.
    if (!listening) return;
    const error = await failure(login(options(), async () => undefined));
    await new Promise<void>((resolve) => other.close(() => resolve()));
    expect(error).toMatchObject({ exitCode: 8, message: `port ${port} is used by another program` });
    expect(told).toEqual([]);
  });
});

describe("the callback server", () => {
  const good = (state = "the-state") => `/callback?code=abc&state=${state}`;

  test.each([
    ["another path", "/", {}, 404],
    ["the favicon", "/favicon.ico", {}, 404],
    ["a path that begins alike", "/callback/x?code=abc&state=the-state", {}, 404],
    ["an absolute target", "http://evil.example/callback?code=abc&state=the-state", {}, 404],
    ["POST", good(), { method: "POST" }, 405],
    ["HEAD", good(), { method: "HEAD" }, 405],
    ["another Host", good(), { host: "evil.example" }, 400],
    ["another port in the Host", good(), { host: "localhost:1" }, 400],
    ["the address instead of the name", good(), { host: "127.0.0.1" }, 400],
    ["no state", "/callback?code=abc", {}, 400],
    ["a forged state", good("the-stat3"), {}, 400],
    ["an empty state", good(""), {}, 400],
    ["two states", `${good()}&state=the-state`, {}, 400],
    ["no code", "/callback?state=the-state", {}, 400],
    ["an empty code", "/callback?code=&state=the-state", {}, 400],
    ["two codes", `${good()}&code=def`, {}, 400],
    ["code and error", `${good()}&error=access_denied`, {}, 400],
  ])("refuses %s, and waits on", async (_name, path, how, status) => {
    const callback = await startCallbackServer({ host: "localhost", port });
    const accepted = callback.answer("the-state");
    const refused = await ask(path, how);
    expect(refused.status).toBe(status);
    const page = ask(good());
    const answer = await accepted;
    expect(answer.parameters.get("code")).toBe("abc");
    answer.reply("connected");
    expect((await page).status).toBe(200);
    await callback.close();
  });

  test("accepts one answer", async () => {
    const callback = await startCallbackServer({ host: "localhost", port });
    const accepted = callback.answer("the-state");
    const first = ask(good());
    const answer = await accepted;
    expect((await ask(`/callback?code=second&state=the-state`)).status).toBe(409);
    answer.reply("connected");
    expect((await first).status).toBe(200);
    expect((await ask(good())).status).toBe(409);
    await callback.close();
  });

  test("listens on the second loopback address too for localhost, and only there", async () => {
    const callback = await startCallbackServer({ host: "localhost", port });
    const second = await ask("/", { address: "::1" }).then(
      (answer) => answer.status,
      (error: NodeJS.ErrnoException) => error.code,
    );
    // 404 where the machine has IPv6.
    expect([404, "EADDRNOTAVAIL"]).toContain(second);
    await callback.close();
  });

  test("for 127.0.0.1 knows no other Host", async () => {
    const callback = await startCallbackServer({ host: "127.0.0.1", port });
    expect(callback.redirectUri).toBe(`http://127.0.0.1:${port}/callback`);
    void callback.answer("the-state");
    expect((await ask(good(), { host: `localhost:${port}` })).status).toBe(400);
    await callback.close();
  });

  test("shows pages without script, that tell nobody and repeat nothing", async () => {
    const callback = await startCallbackServer({ host: "localhost", port });
    void callback.answer("the-state");
    const { headers, body } = await ask(`/callback?code=%3Cscript%3Ealert(1)%3C/script%3E&state=needle`);
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'/,
    );
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["cache-control"]).toBe("no-store");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(body).not.toMatch(/script|needle|src=|href=|url\(/i);
    await callback.close();
  });

  test("ends connections that hang", async () => {
    const callback = await startCallbackServer({ host: "localhost", port });
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
    socket.write("GET /callback HTTP/1.1\r\n");
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => undefined);
    await callback.close();
    await closed;
    expect(socket.destroyed).toBe(true);
  });
});
