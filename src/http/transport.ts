import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { Agent, EnvHttpProxyAgent, errors, request as undiciRequest, type Dispatcher } from "undici";
import { InterruptedError, ProtocolError, TemporaryError, type ErrorOptions } from "../errors.ts";
import { isLoopbackHost } from "../loopback.ts";
import type { ApiResponse } from "./types.ts";

export interface TransportRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One HTTP exchange, without authorization, retry or redirect. Resolves with every status and the complete, decoded
 * body. Errors: `TransportError`, `ProtocolError` (too large, cut compression), `InterruptedError`. Messages name host
 * and path, never a query, a header or a body.
 */
export interface Transport {
  send(request: TransportRequest): Promise<ApiResponse>;
  close(): Promise<void>;
}

/** No answer, or half of one. */
export class TransportError extends TemporaryError {
  /** False when the request surely never reached the server: it may be sent again, whatever it does there. */
  readonly sent: boolean;

  constructor(code: string, message: string, sent: boolean, options: ErrorOptions = {}) {
    super(code, message, options);
    this.sent = sent;
  }
}

export interface TransportOptions {
  /** From the environment, as `HTTPS_PROXY` and its kin say it. Never used for a loopback address. */
  readonly proxy?:
    | {
        readonly httpProxy?: string | undefined;
        readonly httpsProxy?: string | undefined;
        readonly noProxy?: string | undefined;
      }
    | undefined;
  /** Milliseconds to connect. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds until the head of the answer, and between two pieces of its body. Default 30 s. */
  readonly stallTimeoutMs?: number;
  /** Milliseconds for a whole exchange. Default 120 s. */
  readonly timeoutMs?: number;
  /** Bytes of a decoded body. Default 64 MiB. */
  readonly maxBytes?: number;
}

const MIB = 1024 * 1024;

export function createTransport(options: TransportOptions = {}): Transport {
  const stall = options.stallTimeoutMs ?? 30_000;
  const total = options.timeoutMs ?? 120_000;
  const maxBytes = options.maxBytes ?? 64 * MIB;
  const agentOptions = {
    connect: { timeout: options.connectTimeoutMs ?? 10_000 },
    headersTimeout: stall,
    bodyTimeout: stall,
    maxHeaderSize: 64 * 1024,
  };
  let direct: Dispatcher | undefined;
  let proxied: Dispatcher | undefined;

  function dispatcherFor(url: URL): Dispatcher {
    const { httpProxy, httpsProxy, noProxy } = options.proxy ?? {};
    const noneSet = (httpProxy ?? httpsProxy) === undefined || noProxy?.trim() === "*";
    if (noneSet || isLoopbackHost(url.hostname)) return (direct ??= new Agent(agentOptions));
    return (proxied ??= new EnvHttpProxyAgent({
      ...agentOptions,
      httpProxy: httpProxy ?? "",
      httpsProxy: httpsProxy ?? "",
      noProxy: noProxy ?? "",
    }));
  }

  return {
    async send(request) {
      const { url, signal } = request;
      const interrupted = (): boolean => signal?.aborted ?? false;
      if (interrupted()) throw new InterruptedError({ cause: signal?.reason });
      const controller = new AbortController();
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        controller.abort();
      }, request.timeoutMs ?? total);
      const onAbort = (): void => controller.abort();
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        const answer = await undiciRequest(url, {
          dispatcher: dispatcherFor(url),
          method: request.method,
          headers: { "accept-encoding": "gzip", ...request.headers },
          body: request.body ?? null,
          signal: controller.signal,
        });
        const encoded: Buffer[] = [];
        let length = 0;
        for await (const chunk of answer.body as AsyncIterable<Buffer>) {
          length += chunk.length;
          if (length > maxBytes) throw tooLarge(url, maxBytes);
          encoded.push(chunk);
        }
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(answer.headers)) {
          if (value !== undefined)
            headers[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
        }
        const body = await decoded(Buffer.concat(encoded), headers["content-encoding"], url, maxBytes);
        return { status: answer.statusCode, headers, body };
      } catch (error) {
        if (error instanceof ProtocolError) throw error;
        if (interrupted()) throw new InterruptedError({ cause: error });
        throw describe(error, url, timedOut);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      }
    },
    async close() {
      await Promise.all([direct?.destroy(), proxied?.destroy()]);
      direct = undefined;
      proxied = undefined;
    },
  };
}

async function decoded(
  body: Buffer,
  encoding: string | undefined,
  url: URL,
  maxBytes: number,
): Promise<Buffer> {
  const decode =
    encoding === "gzip" || encoding === "x-gzip"
      ? // Some servers announce gzip for a body that is none (polar.md §9.9); the bytes decide.
        body[0] === 0x1f && body[1] === 0x8b
        ? promisify(gunzip)
        : undefined
      : encoding === "deflate"
        ? promisify(inflate)
        : encoding === "br"
          ? promisify(brotliDecompress)
          : undefined;
  if (decode === undefined || body.length === 0) return body;
  try {
    return await decode(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(url, maxBytes);
    throw new ProtocolError("BAD_RESPONSE", `the compressed answer from ${url.pathname} is damaged`, {
      cause: error,
    });
  }
}

function tooLarge(url: URL, maxBytes: number): ProtocolError {
  return new ProtocolError(
    "RESPONSE_TOO_LARGE",
    `the answer from ${url.pathname} is larger than ${Math.floor(maxBytes / MIB)} MiB`,
  );
}

/** Failures before a byte of the request could have been sent. */
const UNSENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function describe(error: unknown, url: URL, timedOut: boolean): TransportError {
  const code = codeOf(error);
  const where = `${url.host}${url.pathname}`;
  const options = { cause: error };
  if (code === "UND_ERR_CONNECT_TIMEOUT") {
    return new TransportError("TIMEOUT", `no connection to ${url.host} in time`, false, options);
  }
  if (timedOut || code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return new TransportError("TIMEOUT", `no complete answer from ${where} in time`, true, options);
  }
  if (UNSENT.has(code)) {
    return new TransportError("OFFLINE", `cannot reach ${url.host} (${code})`, false, options);
  }
  if (/CERT|SELF_SIGNED|^ERR_TLS|UNABLE_TO_VERIFY/.test(code)) {
    return new TransportError(
      "CERTIFICATE",
      `the certificate of ${url.host} is not trusted (${code})`,
      false,
      {
        ...options,
        hint: "check this machine's clock, and whether a proxy or a login page answers instead",
      },
    );
  }
  return new TransportError(
    "CONNECTION_LOST",
    `the connection to ${where} was lost (${code})`,
    true,
    options,
  );
}

function codeOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string") return at.code;
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
  }
  return error instanceof errors.UndiciError ? error.name : "unknown";
}
