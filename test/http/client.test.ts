import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  AuthError,
  FitglueError,
  InterruptedError,
  ProtocolError,
  RateLimitError,
  TemporaryError,
} from "../../src/errors.ts";
import { createApiClient, type ApiClientOptions, type Exchange } from "../../src/http/client.ts";
import { createTransport, type Transport, type TransportOptions } from "../../src/http/transport.ts";
import { FakeClock } from "../fakes/clock.ts";
import { FakeServer, type FakeReply, type FakeRequest } from "../fakes/http-server.ts";

let server: FakeServer;
let transport: Transport;
let clock: FakeClock;
let answers: (request: FakeRequest) => FakeReply | undefined;
let exchanges: Exchange[];
const SECRET = "Bearer sesame-open";

beforeEach(async () => {
  answers = () => ({ json: { ok: true } });
  server = await FakeServer.start((request) => answers(request));
  transport = createTransport();
  clock = new FakeClock(Date.UTC(2026, 10, 20, 12));
  exchanges = [];
});

afterEach(async () => {
  await transport.close();
  await server.close();
});

function client(options: Partial<ApiClientOptions> = {}) {
  return createApiClient({
    provider: "polar",
    baseUrl: new URL(server.url),
    transport,
    authorize: async () => SECRET,
    userAgent: "fitglue/1.2.3",
    clock,
    random: () => 1,
    onExchange: (exchange) => exchanges.push(exchange),
    ...options,
  });
}

/** The error, which must be one of ours, and of which no part may hold a secret, a query or a body. */
async function failure(promise: Promise<unknown>): Promise<FitglueError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(FitglueError);
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    expect(`${at.message} ${at.stack}`).not.toMatch(/sesame|needle/);
  }
  return error as FitglueError;
}

async function patientlyClosed(options: TransportOptions): Promise<void> {
  await transport.close();
  transport = createTransport(options);
}

describe("a request", () => {
  test("carries authorization, user agent, accept, query and JSON body", async () => {
    answers = () => ({ status: 201, headers: { "x-made": "yes" }, json: { id: 7 } });
    const response = await client().request({
      method: "POST",
      path: "/v3/users",
      query: { filter: 'start >= "2026-11-01T00:00"', page: 2, absent: undefined },
      json: { "member-id": "fitglue-1" },
    });
    expect(response.status).toBe(201);
    expect(response.headers["x-made"]).toBe("yes");
    expect(response.body.toString()).toBe('{"id":7}');
    const [seen] = server.requests;
    expect(seen?.target).toBe("/v3/users?filter=start%20%3E%3D%20%222026-11-01T00%3A00%22&page=2");
    expect(seen?.headers).toMatchObject({
      authorization: SECRET,
      "user-agent": "fitglue/1.2.3",
      accept: "application/json",
      "content-type": "application/json",
    });
    expect(seen?.json()).toEqual({ "member-id": "fitglue-1" });
  });

  test("keeps a colon in the path and the base URL's own path", async () => {
    await client({ baseUrl: new URL(`${server.url}/proxy/`) }).request({ path: "/v4/points/9:exportTcx" });
    expect(server.requests[0]?.target).toBe("/proxy/v4/points/9:exportTcx");
  });

  test("stays on its host even when the path looks like another", async () => {
    await client().request({ path: "//evil.example/x" });
    expect(server.requests[0]?.target).toBe("//evil.example/x");
    const error = await failure(client().request({ path: "@evil.example/x" }));
    expect(error).toBeInstanceOf(ProtocolError);
  });

  test.each([204, 403, 404, 409, 412])("resolves with status %i", async (status) => {
    answers = () => ({ status, body: status === 204 ? "" : "{}" });
    expect((await client().request({ path: "/v3/x" })).status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  test("gives the bytes of a gzipped answer, and of one that only claims to be gzipped", async () => {
    answers = (request) => ({
      headers: { "content-encoding": "gzip", "content-type": "application/octet-stream" },
      body: request.path === "/true" ? gzipSync("plain bytes") : "plain bytes",
    });
    expect((await client().request({ path: "/true" })).body.toString()).toBe("plain bytes");
    expect((await client().request({ path: "/false" })).body.toString()).toBe("plain bytes");
  });

  test("refuses an answer above the cap, packed or plain", async () => {
    await patientlyClosed({ maxBytes: 2 * 1024 * 1024 });
    const large = Buffer.alloc(2 * 1024 * 1024 + 1);
    answers = (request) =>
      request.path === "/packed"
        ? { headers: { "content-encoding": "gzip" }, body: gzipSync(large) }
        : { body: large };
    for (const path of ["/packed", "/plain"]) {
      const error = await failure(client().request({ path }));
      expect(error).toBeInstanceOf(ProtocolError);
      expect(error.message).toBe(`the answer from ${path} is larger than 2 MiB`);
    }
  });

  test("tells each exchange without query or secret", async () => {
    server.fail("/v3/x", { kind: "status", status: 503 });
    await client().request({ path: "/v3/x", query: { q: "needle" } });
    expect(exchanges).toEqual([
      { method: "GET", path: "/v3/x", attempt: 1, ms: 0, status: 503, bytes: 0 },
      { method: "GET", path: "/v3/x", attempt: 2, ms: 0, status: 200, bytes: 11 },
    ]);
  });
});

describe("json", () => {
  test("is undefined for an empty 204", async () => {
    answers = () => ({ status: 204 });
    expect(await client().json({ path: "/v3/x" })).toBeUndefined();
  });

  test.each([
    ["a web page", { kind: "html" } as const, "got a web page from /v3/x (status 200)"],
    [
      "cut JSON",
      { kind: "garbage" } as const,
      "the answer from /v3/x is no complete JSON (status 200, 13 bytes)",
    ],
    ["a 404", { kind: "status", status: 404 } as const, "unexpected answer from /v3/x (status 404)"],
    [
      "an empty 200",
      { kind: "status", status: 200 } as const,
      "the answer from /v3/x is no complete JSON (status 200, 0 bytes)",
    ],
  ])("throws a ProtocolError that names path and status for %s", async (_name, fault, message) => {
    server.fail("/v3/x", fault);
    const error = await failure(client().json({ path: "/v3/x", query: { secret: "needle" } }));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error.message).toBe(message);
    expect(error.provider).toBe("polar");
    expect(error.exitCode).toBe(5);
  });
});

describe("retries", () => {
  test.each(["reset", "lost", "cut"] as const)("a GET after %s, with growing pauses", async (kind) => {
    server.fail("/v3/x", { kind }, 2);
    expect(await client().json({ path: "/v3/x" })).toEqual({ ok: true });
    expect(clock.sleeps).toEqual([400, 1200]);
  });

  test("gives up after four attempts, with the path and no query", async () => {
    server.fail("/v3/x", { kind: "status", status: 502 }, 4);
    const error = await failure(client().request({ path: "/v3/x", query: { a: "needle" } }));
    expect(error).toBeInstanceOf(TemporaryError);
    expect(error.message).toBe("the service is out of order (502 from /v3/x)");
    expect(server.requests).toHaveLength(4);
    expect(clock.sleeps).toEqual([400, 1200, 3600]);
  });

  test("jitter reaches down to a small floor", async () => {
    server.fail("/v3/x", { kind: "status", status: 500 });
    await client({ random: () => 0 }).request({ path: "/v3/x" });
    expect(clock.sleeps).toEqual([50]);
  });

  test("never repeats a POST whose fate is unknown", async () => {
    server.fail("/v3/x", { kind: "lost" });
    const error = await failure(client().request({ method: "POST", path: "/v3/x", json: { q: "needle" } }));
    expect(error).toBeInstanceOf(TemporaryError);
    expect(error.code).toBe("CONNECTION_LOST");
    expect(server.requests).toHaveLength(1);
  });

  test("repeats a POST that is said to be idempotent", async () => {
    server.fail("/v3/x", { kind: "lost" });
    const response = await client().request({ method: "POST", path: "/v3/x", idempotent: true });
    expect(response.status).toBe(200);
    expect(server.requests).toHaveLength(2);
  });

  test("one time-out only", async () => {
    server.fail("/v3/x", { kind: "stall" }, 2);
    const error = await failure(client().request({ path: "/v3/x", timeoutMs: 60 }));
    expect(error.code).toBe("TIMEOUT");
    expect(error.message).toBe(`no complete answer from 127.0.0.1:${server.port}/v3/x in time`);
    expect(server.requests).toHaveLength(2);
  });

  test("a body that stops halfway is a time-out", async () => {
    server.fail("/v3/x", { kind: "stall-body" });
    expect(await client().json({ path: "/v3/x", timeoutMs: 60 })).toEqual({ ok: true });
  });

  test("a server that is not there is told as such", async () => {
    const gone = await FakeServer.start(() => undefined);
    const baseUrl = new URL(gone.url);
    await gone.close();
    const error = await failure(client({ baseUrl }).request({ method: "POST", path: "/v3/x" }));
    expect(error).toBeInstanceOf(TemporaryError);
    expect(error.message).toBe(`cannot reach ${baseUrl.host} (ECONNREFUSED)`);
    // It was never sent, so even a POST was tried again.
    expect(clock.sleeps).toHaveLength(3);
  });
});

describe("rate limits", () => {
  test("waits as long as Retry-After says, in seconds", async () => {
    server.fail("/v3/x", { kind: "status", status: 429, headers: { "retry-after": "7" } });
    expect((await client().request({ path: "/v3/x" })).status).toBe(200);
    expect(clock.sleeps).toEqual([7000]);
  });

  test.each([
    { "retry-after": "99999999999999" },
    { "ratelimit-usage": "500", "ratelimit-limit": "500", "ratelimit-reset": "1e300" },
  ])("takes no more than a year for an answer: %j", async (headers) => {
    server.fail("/v3/x", { kind: "status", status: 429, headers });
    const refused = client().request({ path: "/v3/x" });
    await expect(refused).rejects.toMatchObject({
      code: "RATE_LIMITED",
      message: "the service asks to wait until 2027-11-21T12:00:00.000Z (/v3/x)",
    });
  });

  test("waits until the HTTP date of Retry-After", async () => {
    server.fail("/v3/x", {
      kind: "status",
      status: 429,
      headers: { "retry-after": "Fri, 20 Nov 2026 12:00:20 GMT" },
    });
    await client().request({ path: "/v3/x" });
    expect(clock.now()).toBe(Date.UTC(2026, 10, 20, 12, 0, 20));
  });

  test("backs off by itself when nothing is said", async () => {
    server.fail("/v3/x", { kind: "status", status: 429 }, 3);
    await client().request({ path: "/v3/x" });
    expect(clock.sleeps).toEqual([1000, 2000, 4000]);
  });

  test("a Retry-After of 0 does not become a busy loop", async () => {
    server.fail("/v3/x", { kind: "status", status: 429, headers: { "retry-after": "0" } }, Infinity);
    const error = await failure(client().request({ path: "/v3/x" }));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(server.requests.length).toBeLessThan(10);
  });

  test("waits at most 60 s in a run, in total, and says when to come back", async () => {
    const patience = { leftMs: 60_000 };
    server.fail("/v3/x", { kind: "status", status: 429, headers: { "retry-after": "40" } }, 2);
    const error = await failure(client({ patience }).request({ path: "/v3/x" }));
    expect(error).toBeInstanceOf(RateLimitError);
    expect((error as RateLimitError).retryAt).toBe(Date.UTC(2026, 10, 20, 12, 1, 20));
    expect(error.message).toBe("the service asks to wait until 2026-11-20T12:01:20.000Z (/v3/x)");
    expect(error.exitCode).toBe(5);
    expect(clock.sleeps).toEqual([40_000]);
    // Another client of the same run knows how little is left.
    server.fail("/v3/y", { kind: "status", status: 429, headers: { "retry-after": "30" } });
    expect(await failure(client({ patience }).request({ path: "/v3/y" }))).toBeInstanceOf(RateLimitError);
  });

  test("requests side by side wait for one price", async () => {
    server.fail("/v3/x", { kind: "status", status: 429, headers: { "retry-after": "50" } }, 4);
    // Time moves only when all four have been refused.
    const together = {
      now: () => clock.now(),
      sleep: async (ms: number) => {
        const until = clock.now() + ms;
        while (exchanges.length < 4) await new Promise((resolve) => setImmediate(resolve));
        clock.time = Math.max(clock.time, until);
      },
    };
    const api = client({ clock: together });
    const all = await Promise.all([1, 2, 3, 4].map(() => api.request({ path: "/v3/x" })));
    expect(all.map((response) => response.status)).toEqual([200, 200, 200, 200]);
    expect(clock.now()).toBe(Date.UTC(2026, 10, 20, 12, 0, 50));
  });

  test("does not send what Polar's used-up window would refuse", async () => {
    answers = () => ({
      headers: {
        "ratelimit-usage": "520, 1200",
        "ratelimit-limit": "520, 5100",
        "ratelimit-reset": "12, 80000",
      },
      json: {},
    });
    const api = client();
    await api.request({ path: "/v3/x" });
    expect(clock.sleeps).toEqual([]);
    await api.request({ path: "/v3/x" });
    expect(clock.sleeps).toEqual([12_000]);
  });

  test("gives up at once when the long window is used up", async () => {
    answers = () => ({
      headers: {
        "ratelimit-usage": "3, 5100",
        "ratelimit-limit": "520, 5100",
        "ratelimit-reset": "12, 80000",
      },
      json: {},
    });
    const api = client();
    await api.request({ path: "/v3/x" });
    const error = await failure(api.request({ path: "/v3/x" }));
    expect((error as RateLimitError).retryAt).toBe(Date.UTC(2026, 10, 20, 12) + 80_000_000);
    expect(server.requests).toHaveLength(1);
  });

  test("a 503 with Retry-After is waited for as it asks", async () => {
    server.fail("/v3/x", { kind: "status", status: 503, headers: { "retry-after": "9" } });
    await client().request({ path: "/v3/x" });
    expect(clock.sleeps).toEqual([9000]);
  });
});

describe("a 401", () => {
  test("is mended once by another token", async () => {
    let token = "Bearer sesame-old";
    answers = (request) => ({
      status: request.headers["authorization"] === "Bearer sesame-new" ? 200 : 401,
      json: {},
    });
    const rejected: string[] = [];
    const api = client({
      authorize: async () => token,
      onUnauthorized: async (header) => {
        rejected.push(header);
        token = "Bearer sesame-new";
      },
    });
    expect((await api.request({ method: "POST", path: "/v3/x" })).status).toBe(200);
    expect(rejected).toEqual(["Bearer sesame-old"]);
  });

  test.each([
    ["nothing can mend it", undefined, 1],
    ["the token stays the same", async () => {}, 1],
  ])("is an AuthError when %s", async (_name, onUnauthorized, requests) => {
    answers = () => ({ status: 401, body: "needle" });
    const api = client(onUnauthorized === undefined ? {} : { onUnauthorized });
    const error = await failure(api.request({ path: "/v3/x" }));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toBe("the login is no longer accepted (401 from /v3/x)");
    expect(error.hint).toBe("fitglue connect polar");
    expect(error.exitCode).toBe(4);
    expect(server.requests).toHaveLength(requests);
  });
});

describe("redirects", () => {
  test("are followed on the same origin", async () => {
    answers = (request) =>
      request.path === "/old"
        ? { status: 302, headers: { location: "/new?x=1" } }
        : { json: { at: request.target } };
    expect(await client().json({ path: "/old" })).toEqual({ at: "/new?x=1" });
  });

  test.each([
    ["to another origin", "GET", "http://127.0.0.2:1/x"],
    ["that never end", "GET", "/loop"],
    ["of a POST", "POST", "/elsewhere"],
  ] as const)("%s are refused", async (_name, method, location) => {
    answers = () => ({ status: 307, headers: { location } });
    const error = await failure(client().request({ method, path: "/loop" }));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error.message).toBe("/loop redirects elsewhere, which is not followed");
  });
});

test("an abort ends what is under way, and what would follow", async () => {
  const controller = new AbortController();
  server.fail("/v3/x", { kind: "stall" });
  server.onRequest = () => controller.abort();
  const api = client({ signal: controller.signal });
  expect(await failure(api.request({ path: "/v3/x" }))).toBeInstanceOf(InterruptedError);
  expect(await failure(api.request({ path: "/v3/x" }))).toBeInstanceOf(InterruptedError);
  expect(server.requests).toHaveLength(1);
});
