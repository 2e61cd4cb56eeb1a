import { AuthError, InterruptedError, TemporaryError } from "../errors.ts";
import { systemClock, type Clock } from "../http/clock.ts";
import { BACKOFF_MS, jittered } from "../http/pace.ts";
import type { Transport } from "../http/transport.ts";
import type { AcquireLock, Credentials, CredentialStore } from "./credentials.ts";
import { RefusedGrantError, refreshTokens, type OAuthService, type Tokens } from "./oauth.ts";

export interface TokenSourceOptions {
  readonly service: OAuthService;
  readonly store: CredentialStore;
  readonly transport: Transport;
  readonly acquireLock: AcquireLock;
  /** The lock file of this provider's refresh; its folder exists when credentials do. */
  readonly lockPath: string;
  /** Why this provider's logins end, most likely first: what an ended login is explained with. */
  readonly loginEnds?: readonly string[];
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly signal?: AbortSignal;
}

/** One provider's access tokens: always a fresh one, refreshed by one process at a time. */
export interface TokenSource {
  /** What is stored now. Throws `AuthError` when nothing is. */
  credentials(): Promise<Credentials>;
  /** `Bearer …`, refreshed a little early when it has a time limit. For `ApiClientOptions.authorize`. */
  authorization(): Promise<string>;
  /** Gets another token after `rejected` was refused, if there can be one. For `ApiClientOptions.onUnauthorized`. */
  renew(rejected: string): Promise<void>;
}

/** A token that ends within this time is not used any more. */
const EARLY_MS = 120_000;
/** The other process may be waiting for a slow answer, twice. */
const LOCK_WAIT_MS = 90_000;

/**
 * Errors: `AuthError` when there is no login or it has ended; `TemporaryError` when the token endpoint cannot be reached
 * or is out of order, in which case nothing stored is touched.
 */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { service, store, signal } = options;
  const { provider } = service;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  let current: Credentials | undefined;
  let refreshing: Promise<Credentials> | undefined;

  async function load(): Promise<Credentials> {
    const found = await store.get(provider);
    if (found === undefined) {
      throw new AuthError("AUTH_REQUIRED", "not connected", {
        provider,
        hint: `fitglue connect ${provider}`,
      });
    }
    current = found;
    return found;
  }

  const endsSoon = (credentials: Credentials): boolean =>
    credentials.expiresAt !== null && credentials.expiresAt - EARLY_MS <= clock.now();

  /** One refresh at a time in this process, and under the lock one at a time on this machine. */
  function refresh(stale: string): Promise<Credentials> {
    refreshing ??= refreshLocked(stale).finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  async function refreshLocked(stale: string): Promise<Credentials> {
    const lock = await options.acquireLock(options.lockPath, { waitMs: LOCK_WAIT_MS, signal });
    try {
      // Another process may have done it while this one waited.
      const stored = await load();
      if (stored.accessToken !== stale && !endsSoon(stored)) return stored;
      if (stored.refreshToken === null) {
        throw new AuthError("AUTH_REQUIRED", "the login has ended", {
          provider,
          hint: `fitglue connect ${provider}`,
        });
      }
      const fresh = renewed(stored, await ask(stored, stored.refreshToken), clock.now());
      // Stored before use: a refresh token that rotated must not be lost with this process.
      await store.set(fresh);
      current = fresh;
      return fresh;
    } finally {
      lock.release();
    }
  }

  async function ask(stored: Credentials, refreshToken: string): Promise<Tokens> {
    for (let failures = 0; ; failures++) {
      try {
        return await refreshTokens(service, stored, refreshToken, options.transport, signal);
      } catch (error) {
        if (error instanceof RefusedGrantError)
          throw loginEnded(error, stored, clock.now(), options.loginEnds ?? []);
        if (!(error instanceof TemporaryError) || failures >= BACKOFF_MS.length - 1) throw error;
        await clock.sleep(jittered(BACKOFF_MS[failures] ?? 0, random), signal);
      }
    }
  }

  return {
    credentials: load,
    async authorization() {
      if (signal?.aborted === true) throw new InterruptedError({ cause: signal.reason });
      let credentials = current ?? (await load());
      if (endsSoon(credentials) && credentials.refreshToken !== null) {
        const { accessToken, expiresAt } = credentials;
        try {
          credentials = await refresh(accessToken);
        } catch (error) {
          // Early is early: what still works is used.
          if (!(error instanceof TemporaryError) || expiresAt === null || expiresAt <= clock.now())
            throw error;
        }
      }
      return `Bearer ${credentials.accessToken}`;
    },
    async renew(rejected) {
      const stored = await load();
      if (`Bearer ${stored.accessToken}` !== rejected || stored.refreshToken === null) return;
      await refresh(stored.accessToken);
    },
  };
}

/** What is stored after a refresh: an absent refresh token stays the old one, and a scope never grows. */
function renewed(stored: Credentials, tokens: Tokens, now: number): Credentials {
  return {
    ...stored,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken ?? stored.refreshToken,
    expiresAt: tokens.expiresIn === null ? null : now + tokens.expiresIn * 1000,
    refreshTokenExpiresAt:
      tokens.refreshTokenExpiresIn === null
        ? stored.refreshTokenExpiresAt
        : now + tokens.refreshTokenExpiresIn * 1000,
    scopes:
      tokens.scopes === undefined
        ? stored.scopes
        : stored.scopes.filter((scope) => tokens.scopes?.includes(scope)),
  };
}

function loginEnded(
  error: RefusedGrantError,
  stored: Credentials,
  now: number,
  reasons: readonly string[],
): AuthError {
  const { provider } = stored;
  const ended = stored.refreshTokenExpiresAt;
  const why =
    ended !== null && ended <= now
      ? `: it was good until ${new Date(ended).toISOString()}`
      : reasons.length === 0
        ? ""
        : `, most likely because ${reasons.join("; or ")}`;
  return new AuthError("AUTH_REQUIRED", `the login has ended (${error.reason})${why}`, {
    provider,
    hint: `fitglue connect ${provider}`,
    cause: error,
  });
}
