import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** One request as it arrived. */
export interface FakeRequest {
  /** 0 for the first request that this server saw. */
  readonly index: number;
  readonly method: string;
  /** Without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Path and query as they came. */
  readonly target: string;
  /** Lower-case names; a repeated header is joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body as a form. */
  form(): URLSearchParams;
  /** The body as JSON; undefined when it is none. */
  json(): unknown;
}

/** What a handler answers. `json` sets the content type; `body` is sent as it is. */
export interface FakeReply {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
}

/** `undefined` means "not mine": when nobody answers, the request was unexpected and `close()` throws. */
export type FakeHandler = (request: FakeRequest) => FakeReply | undefined | Promise<FakeReply | undefined>;

/**
 * What goes wrong with a request. `status`, `html`, `garbage`, `reset` and `stall` never reach the handler: the server
 * did not act. `cut` (the body ends halfway), `stall-body` (it stops halfway and the connection stays open) and
 * `lost` (the connection is reset before the first byte) come after the handler has acted.
 */
export type Fault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  | { readonly kind: "html"; readonly status?: number }
  | { readonly kind: "garbage" }
  | { readonly kind: "reset" }
  | { readonly kind: "stall" }
  | { readonly kind: "lost" }
  | { readonly kind: "cut" }
  | { readonly kind: "stall-body" };

/** A path, a pattern on `METHOD path`, or any condition. */
export type RequestMatch = string | RegExp | ((request: FakeRequest) => boolean);

interface PlannedFault {
  readonly match: RequestMatch;
  readonly fault: Fault;
  left: number;
}

export interface FakeServerOptions {
  /** Milliseconds added before every answer, for benches. */
  readonly latencyMs?: number;
  /** A fixed port; default any free one. */
  readonly port?: number;
  /** Sees every request before anything else happens; may be async: the answer waits for it. */
  readonly onRequest?: (request: FakeRequest) => void | Promise<void>;
}

/**
 * A real HTTP server on 127.0.0.1 with memory. Needs no test runner, so that demos and benches may use it.
 * `close()` throws when a request came that nobody answered, or when a planned fault was never used.
 */
export class FakeServer {
  readonly requests: FakeRequest[] = [];
  /** `METHOD target` of requests that no handler knew. */
  readonly unexpected: string[] = [];
  latencyMs: number;
  onRequest: ((request: FakeRequest) => void | Promise<void>) | undefined;
  readonly #handle: FakeHandler;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #faults: PlannedFault[] = [];
  #count = 0;
  #handlerError: unknown;

  private constructor(handle: FakeHandler, options: FakeServerOptions) {
    this.#handle = handle;
    this.latencyMs = options.latencyMs ?? 0;
    this.onRequest = options.onRequest;
    this.#server = createServer((incoming, response) => {
      this.#serve(incoming, response).catch((error: unknown) => {
        this.#handlerError ??= error;
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(handle: FakeHandler, options: FakeServerOptions = {}): Promise<FakeServer> {
    const fake = new FakeServer(handle, options);
    await new Promise<void>((resolve, reject) => {
      fake.#server.once("error", reject);
      fake.#server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    return fake;
  }

  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Plans a fault for the next `times` requests that match. Faults are tried in the order in which they were planned. */
  fail(match: RequestMatch, fault: Fault, times = 1): void {
    this.#faults.push({ match, fault, left: times });
  }

  /** Forgets every planned fault. */
  clearFaults(): void {
    this.#faults.length = 0;
  }

  /** Requests whose `METHOD path` matches. */
  seen(match: RequestMatch): FakeRequest[] {
    return this.requests.filter((request) => matches(match, request));
  }

  /** Forgets what was recorded (not the unexpected ones). */
  forget(): void {
    this.requests.length = 0;
  }

  /** Ends every connection; throws what went wrong unseen. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    if (this.#handlerError !== undefined) throw this.#handlerError;
    if (this.unexpected.length > 0) {
      throw new Error(`unexpected requests: ${this.unexpected.join(", ")}`);
    }
    const unused = this.#faults.filter((planned) => planned.left > 0 && planned.left !== Infinity);
    if (unused.length > 0) {
      throw new Error(
        `faults never used: ${unused.map((p) => `${p.fault.kind} ${String(p.match)}`).join(", ")}`,
      );
    }
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await record(incoming, this.#count++);
    this.requests.push(request);
    await this.onRequest?.(request);
    if (this.latencyMs > 0) await sleep(this.latencyMs);

    const planned = this.#faults.find((p) => p.left > 0 && matches(p.match, request));
    if (planned !== undefined) planned.left--;
    const fault = planned?.fault;
    switch (fault?.kind) {
      case "status":
        return send(response, {
          status: fault.status,
          ...(fault.headers === undefined ? {} : { headers: fault.headers }),
          body: fault.body ?? "",
        });
      case "html":
        return send(response, {
          status: fault.status ?? 200,
          headers: { "content-type": "text/html; charset=utf-8" },
          body: "<!DOCTYPE html><html><head><title>Sorry</title></head><body>Sorry</body></html>",
        });
      case "garbage":
        return send(response, { headers: { "content-type": "application/json" }, body: '{"cut": [1, 2' });
      case "reset":
        incoming.socket.resetAndDestroy();
        return;
      case "stall":
        return;
      case "lost":
      case "cut":
      case "stall-body":
      case undefined:
        break;
    }

    const reply = await this.#handle(request);
    if (reply === undefined) {
      this.unexpected.push(`${request.method} ${request.target}`);
      return send(response, { status: 501, body: "unexpected request" });
    }
    if (fault === undefined) return send(response, reply);
    if (fault.kind === "lost") {
      incoming.socket.resetAndDestroy();
      return;
    }
    const { status, headers, body } = rendered(reply);
    response.writeHead(status, { ...headers, "content-length": String(Math.max(body.length, 2)) });
    response.write(body.subarray(0, Math.floor(body.length / 2)));
    if (fault.kind === "cut") {
      // The first half has to be on its way before the connection goes.
      setTimeout(() => incoming.socket.destroy(), 20);
    }
  }
}

function matches(match: RequestMatch, request: FakeRequest): boolean {
  if (typeof match === "function") return match(request);
  if (typeof match === "string")
    return match === request.path || match === `${request.method} ${request.path}`;
  return match.test(`${request.method} ${request.path}`);
}

function rendered(reply: FakeReply): { status: number; headers: Record<string, string>; body: Buffer } {
  const json = reply.json !== undefined;
  const text = json ? JSON.stringify(reply.json) : (reply.body ?? "");
  return {
    status: reply.status ?? 200,
    headers: { ...(json ? { "content-type": "application/json" } : {}), ...reply.headers },
    body: typeof text === "string" ? Buffer.from(text) : Buffer.from(text),
  };
}

function send(response: ServerResponse, reply: FakeReply): void {
  const { status, headers, body } = rendered(reply);
  const bodiless = status === 204 || status === 304;
  response.writeHead(status, bodiless ? headers : { ...headers, "content-length": String(body.length) });
  response.end(bodiless ? undefined : body);
}

async function record(incoming: IncomingMessage, index: number): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const target = incoming.url ?? "/";
  const mark = target.indexOf("?");
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
  }
  return {
    index,
    method: incoming.method ?? "GET",
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)),
    target,
    headers,
    body,
    form: () => new URLSearchParams(body.toString("utf8")),
    json: () => {
      try {
        return JSON.parse(body.toString("utf8")) as unknown;
      } catch {
        return undefined;
      }
    },
  };
}
