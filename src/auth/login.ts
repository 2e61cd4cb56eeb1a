import { AuthError, ConfigError, InterruptedError, TemporaryError, type FitglueError } from "../errors.ts";
import type { Transport } from "../http/transport.ts";
import { hasState, isAnswer, startCallbackServer, type CallbackAnswer } from "./callback-server.ts";
import {
  beginAuthorization,
  exchangeCode,
  type OAuthClient,
  type OAuthService,
  type Tokens,
} from "./oauth.ts";

export interface LoginOptions {
  readonly service: OAuthService;
  readonly redirectHost: "localhost" | "127.0.0.1";
  readonly client: OAuthClient;
  readonly port: number;
  /** Milliseconds to wait for the person. */
  readonly timeoutMs: number;
  /** Opens the page where a browser can be opened; absent where none can. Must not fail. */
  readonly openBrowser?: ((url: string) => Promise<void>) | undefined;
  /** Lines that the person pastes; may end at once. */
  readonly pasted: (signal: AbortSignal) => AsyncIterable<string>;
  /** A line for the person. */
  readonly tell: (line: string) => void;
  /** Told after the URL: how to paste. */
  readonly invitation?: string;
  readonly transport: Transport;
  readonly signal: AbortSignal;
}

/**
 * A whole login: asks for consent, waits for the answer in the browser or on stdin, whichever comes first, exchanges the
 * code, and hands the tokens to `complete`; only when that has succeeded does the browser say so.
 *
 * Errors: `AuthError` when the person says no (exit 4), `TemporaryError` when time is up (exit 5), `ConfigError` for a
 * taken port or a wrong client (exit 8), and what `exchangeCode` and `complete` throw.
 */
export async function login<T>(options: LoginOptions, complete: (tokens: Tokens) => Promise<T>): Promise<T> {
  const { service, client, signal, transport } = options;
  const { provider } = service;
  const server = await startCallbackServer({ host: options.redirectHost, port: options.port });
  let answer: CallbackAnswer | undefined;
  try {
    const authorization = await beginAuthorization(service, client.clientId, server.redirectUri);
    const callback = server.answer(authorization.state);
    options.tell(`open this URL: ${authorization.url}`);
    if (options.invitation !== undefined) options.tell(options.invitation);
    await options.openBrowser?.(authorization.url);
    answer = await firstAnswer(options, authorization.state, callback);
    const refused = answer.parameters.get("error");
    if (refused !== null) throw refusal(provider, refused);
    const tokens = await exchangeCode(service, client, authorization, answer.parameters, transport, signal);
    const result = await complete(tokens);
    answer.reply("connected");
    return result;
  } catch (error) {
    answer?.reply(answer.parameters.get("error") === "access_denied" ? "denied" : "failed");
    throw error;
  } finally {
    await server.close();
  }
}

/** The redirect URL of a login on this port: what has to be registered where the provider wants that. */
export function redirectUriOf(host: "localhost" | "127.0.0.1", port: number): string {
  return `http://${host}:${port}/callback`;
}

async function firstAnswer(
  options: LoginOptions,
  state: string,
  callback: Promise<CallbackAnswer>,
): Promise<CallbackAnswer> {
  const { signal } = options;
  const { provider } = options.service;
  const waiting = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<CallbackAnswer>((resolve, reject) => {
      timer = setTimeout(() => {
        const seconds = Math.round(options.timeoutMs / 1000);
        reject(
          new TemporaryError("LOGIN_TIMEOUT", `nobody answered within ${seconds} s`, {
            provider,
            hint: `fitglue connect ${provider}; --timeout S waits longer`,
          }),
        );
      }, options.timeoutMs);
      onAbort = () => reject(new InterruptedError({ cause: signal.reason }));
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      Promise.race([callback, pastedAnswer(options, state, waiting.signal)]).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
    waiting.abort();
  }
}

/** Never resolves when stdin ends first: the callback may still come. */
async function pastedAnswer(
  options: LoginOptions,
  state: string,
  signal: AbortSignal,
): Promise<CallbackAnswer> {
  for await (const line of options.pasted(signal)) {
    if (signal.aborted) break;
    const text = line.trim();
    if (text === "") continue;
    if (!URL.canParse(text)) {
      options.tell("that is not a URL: paste the whole address that the browser was sent to");
      continue;
    }
    const parameters = new URL(text).searchParams;
    if (!parameters.has("state") || !isAnswer(parameters)) {
      options.tell(
        "that URL is not the answer: paste the address that the browser was sent to after your consent",
      );
    } else if (!hasState(parameters, state)) {
      options.tell(
        "that URL belongs to another attempt (its state does not match): open the URL above and try again",
      );
    } else {
      return { parameters, reply: () => undefined };
    }
  }
  return new Promise(() => undefined);
}

/** What an error in the authorization response means (RFC 6749 §4.1.2.1). */
function refusal(provider: string, code: string): FitglueError {
  const reason = /^[a-z_]{1,40}$/.test(code) ? code : "unknown error";
  const hint = `fitglue connect ${provider}`;
  switch (reason) {
    case "access_denied":
      return new AuthError("AUTH_DENIED", "consent was not given (access_denied)", { provider, hint });
    case "server_error":
    case "temporarily_unavailable":
      return new TemporaryError("UNAVAILABLE", `the login service is out of order (${reason})`, {
        provider,
        hint,
      });
    case "unauthorized_client":
    case "invalid_client":
    case "invalid_scope":
    case "invalid_request":
      return new ConfigError(
        "CLIENT_REJECTED",
        `the provider does not accept this client as it is registered (${reason})`,
        {
          provider,
          hint: "check the client's redirect URL and data types on the provider's page",
        },
      );
    default:
      return new AuthError("AUTH_DENIED", `the provider refused the login (${reason})`, { provider, hint });
  }
}
