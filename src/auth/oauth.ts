import * as oauth from "oauth4webapi";
import { AuthError, ConfigError, FitglueError, ProtocolError, TemporaryError } from "../errors.ts";
import type { Transport } from "../http/transport.ts";

/** The person's own registration at a provider. */
export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What the machinery needs of a provider's `OAuthSpec`. */
export interface OAuthService {
  /** Id of the provider, for messages. */
  readonly provider: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly revokeUrl?: string;
  readonly scopes: readonly string[];
  readonly pkce: boolean;
  readonly clientAuth: "basic" | "body";
  readonly authorizeParams?: Readonly<Record<string, string>>;
}

/** A consent that has been asked for: the page to open, and what the answer must match. Good for one answer. */
export interface Authorization {
  readonly url: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string | undefined;
}

/** A token response, checked (RFC 6749 §5.1). */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** Seconds. */
  readonly expiresIn: number | null;
  /** `refresh_token_expires_in`, seconds: Google sends it for an app that is still in testing. */
  readonly refreshTokenExpiresIn: number | null;
  /** Undefined when the response does not name them: then they are what was asked for. */
  readonly scopes: readonly string[] | undefined;
  /** The whole response. */
  readonly response: Readonly<Record<string, unknown>>;
}

/** Begins a login: a fresh state (RFC 6749 §10.12) and, where the provider knows it, a PKCE S256 challenge (RFC 7636). */
export async function beginAuthorization(
  service: OAuthService,
  clientId: string,
  redirectUri: string,
): Promise<Authorization> {
  const state = oauth.generateRandomState();
  const verifier = service.pkce ? oauth.generateRandomCodeVerifier() : undefined;
  const url = new URL(service.authorizeUrl);
  const parameters: Record<string, string> = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: service.scopes.join(" "),
    state,
    ...service.authorizeParams,
  };
  if (verifier !== undefined) {
    parameters["code_challenge"] = await oauth.calculatePKCECodeChallenge(verifier);
    parameters["code_challenge_method"] = "S256";
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url: url.href, redirectUri, state, verifier };
}

/**
 * Exchanges the code of an authorization response for tokens. **Once**: at Polar a second use of a code destroys every
 * token (polar.md §1.2), so after a failure that leaves open whether it was used, the login has to start over, and the
 * error says so.
 *
 * Errors: `ConfigError` for a wrong client (exit 8), `AuthError` for a refused code, `TemporaryError` otherwise.
 */
export async function exchangeCode(
  service: OAuthService,
  client: OAuthClient,
  authorization: Authorization,
  answer: URLSearchParams,
  transport: Transport,
  signal?: AbortSignal,
): Promise<Tokens> {
  const as = server(service);
  const self = { client_id: client.clientId };
  // The state has been compared already; Google's `iss` names a page that its token endpoint does not.
  const parameters = new URLSearchParams({ code: answer.get("code") ?? "" });
  try {
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      self,
      clientAuth(service, client),
      oauth.validateAuthResponse(as, self, parameters, oauth.expectNoState),
      authorization.redirectUri,
      authorization.verifier ?? oauth.nopkce,
      requestOptions(service, transport, signal),
    );
    return tokens(await oauth.processAuthorizationCodeResponse(as, self, response));
  } catch (error) {
    const failure = classify(service.provider, error);
    if (failure instanceof TemporaryError) {
      throw new TemporaryError(
        failure.code,
        `${failure.message}; whether the login code was used is not known, and a code is never sent twice`,
        {
          provider: service.provider,
          hint: `start over: fitglue connect ${service.provider}`,
          cause: failure,
        },
      );
    }
    if (failure instanceof RefusedGrantError) {
      throw new AuthError(
        "AUTH_REQUIRED",
        `the login code was refused (${failure.reason}): it is too old, was used before, or the redirect URL ${authorization.redirectUri} is not registered exactly so`,
        { provider: service.provider, hint: `start over: fitglue connect ${service.provider}` },
      );
    }
    throw failure;
  }
}

/** The token endpoint refused the code or the refresh token itself: `invalid_grant` and its kin. */
export class RefusedGrantError extends AuthError {
  /** The error code of RFC 6749 §5.2. */
  readonly reason: string;

  constructor(provider: string, reason: string) {
    super("AUTH_REQUIRED", `the login is refused (${reason})`, {
      provider,
      hint: `fitglue connect ${provider}`,
    });
    this.reason = reason;
  }
}

/**
 * Exchanges a refresh token for a new access token, once.
 *
 * Errors: `RefusedGrantError` when the login has ended, `ConfigError` for a wrong client, `TemporaryError` otherwise.
 */
export async function refreshTokens(
  service: OAuthService,
  client: OAuthClient,
  refreshToken: string,
  transport: Transport,
  signal?: AbortSignal,
): Promise<Tokens> {
  const as = server(service);
  const self = { client_id: client.clientId };
  try {
    const response = await oauth.refreshTokenGrantRequest(
      as,
      self,
      clientAuth(service, client),
      refreshToken,
      requestOptions(service, transport, signal),
    );
    return tokens(await oauth.processRefreshTokenResponse(as, self, response));
  } catch (error) {
    throw classify(service.provider, error);
  }
}

/**
 * Revokes a token (RFC 7009). A token that is dead already counts as revoked.
 *
 * Throws `TemporaryError` or `ProtocolError` when the provider did not do it.
 */
export async function revokeToken(
  service: OAuthService & { readonly revokeUrl: string },
  token: string,
  transport: Transport,
  signal?: AbortSignal,
): Promise<void> {
  const url = new URL(service.revokeUrl);
  const response = await transport.send({
    url,
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: new URLSearchParams({ token }).toString(),
    timeoutMs: 20_000,
    signal,
  });
  if (response.status === 200 || errorCode(response.body.toString("utf8")) === "invalid_token") return;
  throw new ProtocolError("BAD_STATUS", `revoking the login failed (status ${response.status})`, {
    provider: service.provider,
  });
}

function server(service: OAuthService): oauth.AuthorizationServer {
  const url = new URL(service.tokenUrl);
  return { issuer: url.origin, token_endpoint: url.href };
}

function requestOptions(service: OAuthService, transport: Transport, signal: AbortSignal | undefined) {
  return {
    headers: { accept: "application/json" },
    // The URL was checked when it was configured: plain http is a loopback address.
    [oauth.allowInsecureRequests]: new URL(service.tokenUrl).protocol === "http:",
    [oauth.customFetch]: async (
      url: string,
      options: { method: string; headers: Record<string, string>; body: URLSearchParams },
    ): Promise<Response> => {
      const answer = await transport.send({
        url: new URL(url),
        method: options.method,
        headers: options.headers,
        body: options.body.toString(),
        timeoutMs: 30_000,
        signal,
      });
      // Decoded already.
      const { "content-encoding": _encoding, "content-length": _length, ...headers } = answer.headers;
      return new Response(answer.body, { status: answer.status, headers });
    },
  };
}

/** RFC 6749 §2.3.1 wants both parts form-encoded before Basic; neither Polar nor its clients do that. */
function clientAuth(service: OAuthService, client: OAuthClient): oauth.ClientAuth {
  if (service.clientAuth === "body") return oauth.ClientSecretPost(client.clientSecret);
  const basic = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString("base64");
  return (_as, _client, _body, headers) => {
    headers.set("authorization", `Basic ${basic}`);
  };
}

function tokens(response: oauth.TokenEndpointResponse): Tokens {
  const fields: Readonly<Record<string, unknown>> = response;
  const seconds = (value: unknown): number | null => {
    const number = typeof value === "string" ? Number.parseFloat(value) : value;
    // Beyond a century it is no time limit, and soon no date either.
    return typeof number === "number" && number > 0 && number < 3_155_760_000 ? number : null;
  };
  return {
    accessToken: response.access_token,
    refreshToken: response.refresh_token ?? null,
    expiresIn: seconds(response.expires_in),
    refreshTokenExpiresIn: seconds(fields["refresh_token_expires_in"]),
    scopes: response.scope?.split(" ").filter((scope) => scope !== ""),
    response: fields,
  };
}

/**
 * What a failed token request means. Causes from the OAuth library are dropped on purpose: they carry the response, and
 * with it tokens.
 */
function classify(provider: string, error: unknown): FitglueError {
  if (error instanceof FitglueError) return error;
  if (error instanceof oauth.ResponseBodyError) return refusal(provider, error.error);
  if (error instanceof oauth.WWWAuthenticateChallengeError && error.status === 401) {
    return refusal(provider, "invalid_client");
  }
  const response = error instanceof Error && error.cause instanceof Response ? error.cause : undefined;
  if (response !== undefined && response.status >= 500) {
    return new TemporaryError(
      "UNAVAILABLE",
      `the login service is out of order (status ${response.status})`,
      {
        provider,
        hint: "run the same command again later",
      },
    );
  }
  if (response?.status === 401) return refusal(provider, "invalid_client");
  const status = response === undefined ? "" : ` (status ${response.status})`;
  return new ProtocolError(
    "BAD_RESPONSE",
    `the login service gave an answer that is no token response${status}`,
    {
      provider,
    },
  );
}

function refusal(provider: string, code: string): FitglueError {
  // The error codes of RFC 6749 are made of these; anything else is not repeated.
  const reason = /^[a-z_]{1,40}$/.test(code) ? code : "unknown error";
  if (reason === "invalid_client" || reason === "unauthorized_client") {
    return new ConfigError("CLIENT_REJECTED", `the client id or the client secret is wrong (${reason})`, {
      provider,
      hint: `check both on the provider's page, then fitglue connect ${provider}`,
    });
  }
  if (reason === "temporarily_unavailable" || reason === "server_error") {
    return new TemporaryError("UNAVAILABLE", `the login service is out of order (${reason})`, { provider });
  }
  return new RefusedGrantError(provider, reason);
}

function errorCode(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && "error" in value && typeof value.error === "string"
      ? value.error
      : undefined;
  } catch {
    return undefined;
  }
}
