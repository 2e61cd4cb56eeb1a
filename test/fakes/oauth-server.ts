import { createHash, randomBytes } from "node:crypto";
import type { FakeReply, FakeRequest } from "./http-server.ts";

export interface FakeOAuthOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Exact URIs; or `loopback`: `http://127.0.0.1` with any port and path, as Google allows a desktop client. */
  readonly redirectUris: readonly string[] | "loopback";
  readonly clientAuth: "basic" | "body";
  readonly scopes: readonly string[];
  /** Refuses an authorization request without an S256 challenge, and a code without its verifier. */
  readonly pkce?: boolean;
  /** `none`: no refresh tokens (Polar). `keep`: they stay the same (Google). `rotate`: each is good for one use. */
  readonly refresh?: "none" | "keep" | "rotate";
  /** Google gives a refresh token only to `access_type=offline` with `prompt=consent`. */
  readonly offlineOnly?: boolean;
  /** Seconds; default 3600. */
  readonly expiresIn?: number;
  /** `refresh_token_expires_in`, seconds: what Google sends for an app in testing. */
  readonly refreshExpiresIn?: number;
  /** Fields of their own in a token response: Polar's `x_user_id`. */
  readonly tokenFields?: Readonly<Record<string, unknown>>;
  /** Whether the token response names the granted scopes. Default true. */
  readonly tellScopes?: boolean;
  /** The status of `invalid_client`: 400 at Polar, 401 (the default) at Google. */
  readonly invalidClientStatus?: number;
  readonly paths?: { readonly authorize?: string; readonly token?: string; readonly revoke?: string };
}

interface Grant {
  readonly redirectUri: string;
  readonly challenge: string | null;
  readonly scopes: readonly string[];
  readonly offline: boolean;
  used: boolean;
}

interface Token {
  readonly scopes: readonly string[];
  readonly grant: number;
}

/**
 * An authorization server with memory, to be mounted on a `FakeServer`: `handle` answers its own paths only. It
 * refuses what real ones refuse: an unknown redirect URI, a missing verifier, a wrong secret, a code used twice (which
 * also destroys every token, as at Polar), a rotated or revoked refresh token.
 */
export class FakeOAuth {
  readonly options: FakeOAuthOptions;
  /** What the person does at the consent page. */
  consent: "allow" | "deny" = "allow";
  /** What the person leaves ticked; default everything asked for. */
  ticked: readonly string[] | undefined;
  /** Seconds; may be changed between requests. */
  expiresIn: number;
  /** Successful uses of a refresh token. */
  refreshes = 0;
  /** Every secret that was ever handed out: codes and tokens. A test greps the output for them. */
  readonly secrets: string[] = [];
  readonly #codes = new Map<string, Grant>();
  readonly #access = new Map<string, Token>();
  readonly #refresh = new Map<string, Token>();
  #grants = 0;

  constructor(options: FakeOAuthOptions) {
    this.options = options;
    this.expiresIn = options.expiresIn ?? 3600;
    this.secrets.push(options.clientSecret);
  }

  get authorizePath(): string {
    return this.options.paths?.authorize ?? "/oauth2/authorization";
  }

  get tokenPath(): string {
    return this.options.paths?.token ?? "/oauth2/token";
  }

  get revokePath(): string {
    return this.options.paths?.revoke ?? "/oauth2/revoke";
  }

  /** The scopes of the bearer token of this request; undefined when it has none that is valid. */
  scopesOf(request: FakeRequest): readonly string[] | undefined {
    const bearer = /^Bearer (.+)$/.exec(request.headers["authorization"] ?? "")?.[1];
    return bearer === undefined ? undefined : this.#access.get(bearer)?.scopes;
  }

  /** Access tokens stop working; refresh tokens do not. */
  expireAccess(): void {
    this.#access.clear();
  }

  /** Everything stops working: the person has removed the app. */
  revokeAll(): void {
    this.#access.clear();
    this.#refresh.clear();
  }

  get liveTokens(): number {
    return this.#access.size + this.#refresh.size;
  }

  handle(request: FakeRequest): FakeReply | undefined {
    if (request.path === this.authorizePath && request.method === "GET")
      return this.#authorize(request.query);
    if (request.path === this.tokenPath && request.method === "POST") return this.#token(request);
    if (request.path === this.revokePath && request.method === "POST") return this.#revoke(request.form());
    return undefined;
  }

  #authorize(query: URLSearchParams): FakeReply {
    const redirectUri = query.get("redirect_uri") ?? "";
    if (query.get("client_id") !== this.options.clientId) return page(400, "invalid_client");
    if (!this.#allowsRedirect(redirectUri)) return page(400, "redirect_uri_mismatch");
    if (query.get("response_type") !== "code") return page(400, "unsupported_response_type");
    const challenge = query.get("code_challenge");
    if (this.options.pkce === true && (challenge === null || query.get("code_challenge_method") !== "S256")) {
      return page(400, "code challenge required");
    }
    const target = new URL(redirectUri);
    const state = query.get("state");
    if (state !== null) target.searchParams.set("state", state);
    const asked = (query.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
    if (asked.some((scope) => !this.options.scopes.includes(scope))) {
      target.searchParams.set("error", "invalid_scope");
    } else if (this.consent === "deny") {
      target.searchParams.set("error", "access_denied");
    } else {
      const code = this.#secret("code");
      this.#codes.set(code, {
        redirectUri,
        challenge,
        scopes: asked.filter((scope) => this.ticked?.includes(scope) ?? true),
        offline: query.get("access_type") === "offline" && query.get("prompt") === "consent",
        used: false,
      });
      target.searchParams.set("code", code);
    }
    return { status: 302, headers: { location: target.href } };
  }

  #token(request: FakeRequest): FakeReply {
    const form = request.form();
    if (request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") !== true) {
      return refusal(400, "invalid_request");
    }
    if (!this.#clientIsRight(request, form))
      return refusal(this.options.invalidClientStatus ?? 401, "invalid_client");
    const type = form.get("grant_type");
    if (type === "authorization_code") return this.#exchange(form);
    if (type === "refresh_token") return this.#renew(form);
    return refusal(400, "unsupported_grant_type");
  }

  #exchange(form: URLSearchParams): FakeReply {
    const grant = this.#codes.get(form.get("code") ?? "");
    if (grant === undefined) return refusal(400, "invalid_grant");
    if (grant.used) {
      this.revokeAll();
      return refusal(400, "invalid_grant");
    }
    grant.used = true;
    if (form.get("redirect_uri") !== grant.redirectUri) return refusal(400, "invalid_grant");
    if (grant.challenge !== null) {
      const verifier = form.get("code_verifier") ?? "";
      if (createHash("sha256").update(verifier).digest("base64url") !== grant.challenge) {
        return refusal(400, "invalid_grant");
      }
    }
    const id = this.#grants++;
    const refreshes = (this.options.refresh ?? "none") !== "none";
    const withRefresh = refreshes && (this.options.offlineOnly !== true || grant.offline);
    return this.#issue(id, grant.scopes, withRefresh);
  }

  #renew(form: URLSearchParams): FakeReply {
    const presented = form.get("refresh_token") ?? "";
    const token = this.#refresh.get(presented);
    if (token === undefined) {
      return refusal(400, "invalid_grant", "Token has been expired or revoked.");
    }
    this.refreshes++;
    const rotate = this.options.refresh === "rotate";
    if (rotate) this.#refresh.delete(presented);
    return this.#issue(token.grant, token.scopes, rotate);
  }

  #issue(grant: number, scopes: readonly string[], withRefresh: boolean): FakeReply {
    const access = this.#secret("access");
    this.#access.set(access, { scopes, grant });
    const refresh = withRefresh ? this.#secret("refresh") : undefined;
    if (refresh !== undefined) this.#refresh.set(refresh, { scopes, grant });
    return {
      headers: { "cache-control": "no-store" },
      json: {
        access_token: access,
        token_type: "bearer",
        expires_in: this.expiresIn,
        ...(refresh === undefined ? {} : { refresh_token: refresh }),
        ...(this.options.refreshExpiresIn === undefined || !withRefresh
          ? {}
          : { refresh_token_expires_in: this.options.refreshExpiresIn }),
        ...(this.options.tellScopes === false ? {} : { scope: scopes.join(" ") }),
        ...this.options.tokenFields,
      },
    };
  }

  #revoke(form: URLSearchParams): FakeReply {
    const presented = form.get("token") ?? "";
    const token = this.#refresh.get(presented) ?? this.#access.get(presented);
    if (token === undefined) return refusal(400, "invalid_token");
    for (const tokens of [this.#access, this.#refresh]) {
      for (const [key, other] of tokens) if (other.grant === token.grant) tokens.delete(key);
    }
    return { json: {} };
  }

  #clientIsRight(request: FakeRequest, form: URLSearchParams): boolean {
    const { clientId, clientSecret, clientAuth } = this.options;
    if (clientAuth === "body") {
      return form.get("client_id") === clientId && form.get("client_secret") === clientSecret;
    }
    const expected = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
    return request.headers["authorization"] === expected;
  }

  #allowsRedirect(uri: string): boolean {
    const { redirectUris } = this.options;
    if (redirectUris !== "loopback") return redirectUris.includes(uri);
    return /^http:\/\/127\.0\.0\.1(:\d+)?(\/|$)/.test(uri);
  }

  #secret(kind: string): string {
    const secret = `${kind}-${randomBytes(24).toString("base64url")}`;
    this.secrets.push(secret);
    return secret;
  }
}

function refusal(status: number, error: string, description?: string): FakeReply {
  return {
    status,
    json: { error, ...(description === undefined ? {} : { error_description: description }) },
  };
}

function page(status: number, text: string): FakeReply {
  return { status, headers: { "content-type": "text/html" }, body: `<h1>Error ${status}: ${text}</h1>` };
}
