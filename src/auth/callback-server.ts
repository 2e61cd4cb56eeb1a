import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigError } from "../errors.ts";
import { sendPage, type CallbackPage } from "./callback-page.ts";

export interface CallbackServerOptions {
  /** The host of the redirect URI. `localhost` listens on both loopback addresses: a browser may take either. */
  readonly host: "localhost" | "127.0.0.1";
  /** 0 takes any free port. */
  readonly port: number;
}

/** The one answer that was accepted. */
export interface CallbackAnswer {
  /** `code` or `error`, checked for shape and state. */
  readonly parameters: URLSearchParams;
  /** What the waiting browser is shown. */
  reply(page: "connected" | "denied" | "failed"): void;
}

export interface CallbackServer {
  /** What is sent as `redirect_uri`. */
  readonly redirectUri: string;
  /** Accepts the first answer with this state; forged and malformed ones get 400 and the wait goes on. Call once. */
  answer(state: string): Promise<CallbackAnswer>;
  /** Ends the wait and every connection. */
  close(): Promise<void>;
}

const PATH = "/callback";

/**
 * Listens for the end of a login on loopback only (RFC 8252 §7.3).
 *
 * Throws `ConfigError` when the port is taken or not allowed.
 */
export async function startCallbackServer(options: CallbackServerOptions): Promise<CallbackServer> {
  let awaited: { state: string; accept: (answer: CallbackAnswer) => void } | undefined;
  let answered = false;
  const held = new Set<ServerResponse>();

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const refuse = (page: CallbackPage): void => sendPage(response, page);
    // Another Host is another site's page that tries its luck at this address (DNS rebinding).
    const { host } = request.headers;
    if (host !== `${options.host}:${port}` && !(port === 80 && host === options.host))
      return refuse("malformed");
    const target = request.url ?? "";
    const mark = target.indexOf("?");
    if ((mark < 0 ? target : target.slice(0, mark)) !== PATH) return refuse("unknown");
    if (request.method !== "GET") return refuse("method");
    const parameters = new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1));
    if (awaited === undefined || !hasState(parameters, awaited.state)) return refuse("forged");
    if (!isAnswer(parameters)) return refuse("malformed");
    if (answered) return refuse("answered");
    answered = true;
    held.add(response);
    awaited.accept({
      parameters,
      reply(page) {
        if (held.delete(response)) sendPage(response, page);
      },
    });
  }

  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    for (const response of held) sendPage(response, "failed");
    held.clear();
    await Promise.all(servers.map(closeServer));
  };
  let port = options.port;
  try {
    const first = await listen("127.0.0.1", port, handle);
    servers.push(first);
    port = (first.address() as AddressInfo).port;
    if (options.host === "localhost") {
      const second = await listen("::1", port, handle).catch((error: unknown) => {
        // A machine without IPv6 has no second address to guard.
        if (codeOf(error) === "EADDRNOTAVAIL" || codeOf(error) === "EAFNOSUPPORT") return undefined;
        throw error;
      });
      if (second !== undefined) servers.push(second);
    }
  } catch (error) {
    await close();
    const why =
      codeOf(error) === "EADDRINUSE" ? "is used by another program" : `cannot be used (${codeOf(error)})`;
    throw new ConfigError("PORT_UNAVAILABLE", `port ${port} ${why}`, {
      hint: "--port N takes another one; where the redirect URL must be registered, it changes with it",
      cause: error,
    });
  }
  return {
    redirectUri: `http://${options.host}:${port}${PATH}`,
    answer: (state) =>
      new Promise((accept) => {
        awaited = { state, accept };
      }),
    close,
  };
}

/** Whether these parameters carry this state, once. Compared in constant time. */
export function hasState(parameters: URLSearchParams, state: string): boolean {
  const [given, ...more] = parameters.getAll("state");
  if (given === undefined || more.length > 0) return false;
  const one = Buffer.from(given);
  const other = Buffer.from(state);
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Whether these parameters are an authorization response: one code or one error (RFC 6749 §4.1.2). */
export function isAnswer(parameters: URLSearchParams): boolean {
  const codes = parameters.getAll("code");
  const errors = parameters.getAll("error");
  return codes.length + errors.length === 1 && (codes[0] ?? errors[0]) !== "";
}

function listen(
  address: string,
  port: number,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, handle);
    server.maxConnections = 32;
    server.once("error", reject);
    server.listen({ host: address, port, exclusive: true, ipv6Only: true }, () => resolve(server));
  });
}

async function closeServer(server: Server): Promise<void> {
  // A page that is just being sent gets a moment, an idle or hanging connection none.
  server.closeIdleConnections();
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const timer = setTimeout(() => server.closeAllConnections(), 200);
  await closed;
  clearTimeout(timer);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
