import {
  AuthError,
  InterruptedError,
  ProtocolError,
  RateLimitError,
  TemporaryError,
  type ErrorOptions,
} from "../errors.ts";
import { systemClock, type Clock } from "./clock.ts";
import { createLimiter, type Limiter } from "./limiter.ts";
import { type Patience, RATE_LIMIT_PATIENCE_MS } from "../patience.ts";
import { BACKOFF_MS, jittered, retryAfter, windowReset } from "./pace.ts";
import { TransportError, type Transport } from "./transport.ts";
import type { ApiClient, ApiRequest, ApiResponse } from "./types.ts";

/** One exchange, for `--debug`. Holds no query, no header and no body. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly ms: number;
  /** Absent when there was no complete answer. */
  readonly status?: number;
  /** Decoded bytes. */
  readonly bytes?: number;
  /** The code of the error, when there was no complete answer. */
  readonly error?: string;
}

export interface ApiClientOptions {
  /** Id of the provider, for messages and the hint. */
  readonly provider: string;
  /** Checked already (`parseServiceUrl`); a path in it stays in front of every request's path. */
  readonly baseUrl: URL;
  readonly transport: Transport;
  /** The `Authorization` header to send now. Called before every attempt; errors pass through. */
  authorize(): Promise<string>;
  /**
   * Called once per request when the source refused `rejected` with a 401; afterwards `authorize` should give another
   * header. Absent: a 401 is final.
   */
  onUnauthorized?(rejected: string): Promise<void>;
  readonly userAgent: string;
  readonly limiter?: Limiter;
  readonly patience?: Patience;
  readonly clock?: Clock;
  /** Aborts whatever is under way. */
  readonly signal?: AbortSignal;
  /** 0 ≤ n < 1, for the jitter. */
  readonly random?: () => number;
  readonly onExchange?: (exchange: Exchange) => void;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 3;

/** See `ApiClient` for what it promises. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const limiter = options.limiter ?? createLimiter({ perSecond: Infinity, concurrency: 8, clock });
  const patience = options.patience ?? { leftMs: RATE_LIMIT_PATIENCE_MS };
  const { provider, signal } = options;
  /** No request before this instant: a source has said so. */
  let notBefore = 0;
  /** Up to here the patience has been charged, so that requests side by side wait for one price. */
  let paidUntil = 0;

  async function coolDown(path: string): Promise<void> {
    for (;;) {
      const now = clock.now();
      if (notBefore <= now) return;
      const price = notBefore - Math.max(now, paidUntil);
      if (price > patience.leftMs) {
        throw new RateLimitError(
          "RATE_LIMITED",
          `the service asks to wait until ${new Date(notBefore).toISOString()} (${path})`,
          notBefore,
          { provider, hint: "run the same command again later; what is stored stays" },
        );
      }
      if (price > 0) {
        patience.leftMs -= price;
        paidUntil = notBefore;
      }
      await clock.sleep(notBefore - now, signal);
    }
  }

  /** One attempt, with its place in the limiter and its authorization. */
  async function attemptOnce(
    request: ApiRequest,
    url: URL,
    attempt: number,
  ): Promise<{ response: ApiResponse; authorization: string }> {
    await coolDown(url.pathname);
    const release = await limiter.acquire(signal);
    const method = request.method ?? "GET";
    try {
      // While it queued, another request may have learned of a cool-down.
      await coolDown(url.pathname);
      const authorization = await options.authorize();
      const startedAt = clock.now();
      const done = (rest: Partial<Exchange>): void =>
        options.onExchange?.({ method, path: url.pathname, attempt, ms: clock.now() - startedAt, ...rest });
      try {
        const response = await options.transport.send({
          url,
          method,
          headers: {
            "user-agent": options.userAgent,
            accept: request.accept ?? "application/json",
            ...(request.json === undefined ? {} : { "content-type": "application/json" }),
            ...request.headers,
            authorization,
          },
          body: request.json === undefined ? request.body : JSON.stringify(request.json),
          timeoutMs: request.timeoutMs,
          signal,
        });
        done({ status: response.status, bytes: response.body.length });
        return { response, authorization };
      } catch (error) {
        done({ error: error instanceof Error && "code" in error ? String(error.code) : "unknown" });
        throw error;
      }
    } finally {
      release();
    }
  }

  async function exchange(request: ApiRequest, url: URL): Promise<ApiResponse> {
    const method = request.method ?? "GET";
    const idempotent = request.idempotent ?? (method !== "POST" && method !== "PATCH");
    let renewed = false;
    let failures = 0;
    let refusals = 0;

    for (let attempt = 1; ; attempt++) {
      let outcome: { response: ApiResponse; authorization: string };
      try {
        outcome = await attemptOnce(request, url, attempt);
      } catch (error) {
        if (!(error instanceof TransportError)) throw withProvider(error, provider);
        // A time-out has cost its patience already: one more try, not three.
        const tries = error.code === "TIMEOUT" ? 1 : BACKOFF_MS.length;
        if ((error.sent && !idempotent) || failures >= tries || error.code === "CERTIFICATE") {
          throw withProvider(error, provider);
        }
        await clock.sleep(jittered(BACKOFF_MS[failures++] ?? 0, random), signal);
        continue;
      }
      const { response, authorization } = outcome;
      const { status } = response;
      const now = clock.now();
      notBefore = Math.max(notBefore, windowReset(response.headers, now) ?? 0);

      if (status === 401) {
        if (renewed || options.onUnauthorized === undefined) throw unauthorized(provider, url);
        renewed = true;
        await options.onUnauthorized(authorization);
        if ((await options.authorize()) === authorization) throw unauthorized(provider, url);
        continue;
      }
      if (status === 429) {
        // The server refused it, so it may be repeated whatever it does.
        const guess = now + jittered(1000 * 2 ** Math.min(refusals++, 6), random);
        notBefore = Math.max(notBefore, retryAfter(response.headers, now) ?? 0, guess);
        continue;
      }
      if (status >= 500 && status !== 501) {
        const told = retryAfter(response.headers, now);
        // 504 is a time-out of the service's own: asking the same again rarely helps.
        const tries = status === 504 ? 1 : BACKOFF_MS.length;
        if (!idempotent || failures >= tries) throw unavailable(provider, url, status);
        const pause = jittered(BACKOFF_MS[failures++] ?? 0, random);
        if (told === undefined) await clock.sleep(pause, signal);
        else notBefore = Math.max(notBefore, told, now + pause);
        continue;
      }
      return response;
    }
  }

  async function request(request: ApiRequest): Promise<ApiResponse> {
    if (signal?.aborted === true) throw new InterruptedError({ cause: signal.reason });
    let url = resolve(options.baseUrl, request);
    for (let hops = 0; ; hops++) {
      const response = await exchange(request, url);
      const location = response.headers["location"];
      if (REDIRECTS.has(response.status) && location !== undefined) {
        url = redirected(provider, url, location, request, hops);
        continue;
      }
      const { status } = response;
      if (status >= 200 && status < 300 && isHtml(response) && request.accept?.includes("html") !== true) {
        throw new ProtocolError("BAD_RESPONSE", `got a web page from ${url.pathname} (status ${status})`, {
          provider,
          hint: "a proxy or a login page may stand between this machine and the service",
        });
      }
      return response;
    }
  }

  return {
    request,
    async json(asked) {
      const response = await request(asked);
      const { status, body } = response;
      if (status === 204 && body.length === 0) return undefined;
      const path = resolve(options.baseUrl, asked).pathname;
      if (status < 200 || status > 299) {
        throw new ProtocolError("BAD_STATUS", `unexpected answer from ${path} (status ${status})`, {
          provider,
        });
      }
      try {
        return JSON.parse(body.toString("utf8")) as unknown;
      } catch {
        // No cause: the parser's message quotes the body.
        throw new ProtocolError(
          "BAD_RESPONSE",
          `the answer from ${path} is no complete JSON (status ${status}, ${body.length} bytes)`,
          { provider },
        );
      }
    },
  };
}

function resolve(base: URL, request: ApiRequest): URL {
  if (!request.path.startsWith("/")) {
    throw new ProtocolError("BAD_LINK", "a request path does not begin with a slash");
  }
  // Joined as text: `//host/…` must not become another host.
  const url = new URL(`${base.origin}${base.pathname.replace(/\/+$/, "")}${request.path}`);
  const pairs = Object.entries(request.query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  );
  if (pairs.length > 0) url.search = [url.search.slice(1), ...pairs].filter((part) => part !== "").join("&");
  url.hash = "";
  return url;
}

function redirected(provider: string, from: URL, location: string, request: ApiRequest, hops: number): URL {
  const method = request.method ?? "GET";
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (to?.origin !== from.origin || method !== "GET" || hops >= MAX_REDIRECTS) {
    throw new ProtocolError("BAD_REDIRECT", `${from.pathname} redirects elsewhere, which is not followed`, {
      provider,
    });
  }
  return to;
}

function isHtml(response: ApiResponse): boolean {
  return /^\s*text\/html\b/i.test(response.headers["content-type"] ?? "") && response.body.length > 0;
}

function unauthorized(provider: string, url: URL): AuthError {
  return new AuthError("AUTH_REQUIRED", `the login is no longer accepted (401 from ${url.pathname})`, {
    provider,
    hint: `fitglue connect ${provider}`,
  });
}

function unavailable(provider: string, url: URL, status: number): TemporaryError {
  const hint = "run the same command again later";
  return status === 504
    ? new TemporaryError("TIMEOUT", `the service did not finish in time (504 from ${url.pathname})`, {
        provider,
        hint,
      })
    : new TemporaryError("UNAVAILABLE", `the service is out of order (${status} from ${url.pathname})`, {
        provider,
        hint,
      });
}

/** The same failure, told of this provider. */
function withProvider(error: unknown, provider: string): unknown {
  if (!(error instanceof TransportError || error instanceof ProtocolError) || error.provider !== undefined)
    return error;
  const options: ErrorOptions = {
    provider,
    cause: error.cause,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
  return error instanceof TransportError
    ? new TransportError(error.code, error.message, error.sent, options)
    : new ProtocolError(error.code, error.message, options);
}
