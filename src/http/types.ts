/** One request to a source. */
export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Begins with `/`; resolved on the client's own base URL and nowhere else. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** What `Accept` says; default `application/json`. */
  readonly accept?: string;
  /** A JSON document, or a body as it is. */
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  /**
   * Whether sending it twice does what sending it once does. Default: GET, PUT and DELETE are, POST and PATCH are not.
   * Only such requests are retried after a failure that leaves open whether the server acted.
   */
  readonly idempotent?: boolean;
  /** Milliseconds for the whole exchange; the client has a default. */
  readonly timeoutMs?: number;
}

/** A complete answer. `body` is decoded of any `Content-Encoding` and otherwise byte for byte. */
export interface ApiResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * A source's API, authorised. Implementations add the bearer token, refresh it, retry what is worth retrying
 * (time-outs, resets, 5xx, 429 within the run's patience) and keep to the rate limit.
 *
 * `request` resolves with any other status, 2xx or 4xx: what a 204 or a 404 means is the provider's to say.
 *
 * Errors: `AuthError` for a 401 that a refresh did not mend; `RateLimitError` when the wait is longer than a run waits;
 * `TemporaryError` when retries are used up; `InterruptedError` on abort. Messages name path and status,
 * never a token, a query or a body.
 */
export interface ApiClient {
  request(request: ApiRequest): Promise<ApiResponse>;
  /** `request` for a JSON answer: `ProtocolError` unless 2xx with a JSON body; `undefined` for an empty 204. */
  json(request: ApiRequest): Promise<unknown>;
}
