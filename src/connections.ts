import { join } from "node:path";
import { createCredentialStore } from "./auth/credential-stores.ts";
import type { AcquireLock, CredentialStore } from "./auth/credentials.ts";
import { requireScopes } from "./auth/scopes.ts";
import { createTokenSource, type TokenSource } from "./auth/tokens.ts";
import { proxySettings } from "./config/proxy.ts";
import type { Environment, Settings } from "./config/settings.ts";
import { ConfigError, InterruptedError, TemporaryError } from "./errors.ts";
import { makeFolder } from "./folders.ts";
import { type Patience, RATE_LIMIT_PATIENCE_MS } from "./patience.ts";
import {
  type ApiClient,
  createApiClient,
  createLimiter,
  createTransport,
  type Exchange,
  type Transport,
} from "./http/index.ts";
import type { Provider } from "./providers/types.ts";
import { acquireFileLock } from "./store/index.ts";
import type { Connection } from "./sync/sync.ts";

/** What connections are made from. */
export interface ConnectionsOptions {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly version: string;
  readonly warn: (text: string) => void;
  /** For `--debug`. */
  readonly onExchange: ((provider: string, exchange: Exchange) => void) | undefined;
}

/** The network side of a run: one transport, one patience, one credential store. */
export class Connections {
  readonly credentials: CredentialStore;
  readonly transport: Transport;
  readonly acquireLock: AcquireLock;
  readonly #options: ConnectionsOptions;
  readonly #patience: Patience = { leftMs: RATE_LIMIT_PATIENCE_MS };

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { settings, environment } = options;
    this.acquireLock = async (path, lock) => {
      try {
        makeFolder(settings.configDir, 0o700);
        return await acquireFileLock(path, {
          ...lock,
          held: (cause) =>
            new TemporaryError("CREDENTIALS_LOCKED", "another fitglue is renewing the login", { cause }),
        });
      } catch (error) {
        if (error instanceof TemporaryError || error instanceof InterruptedError) throw error;
        throw new ConfigError("CREDENTIALS_UNUSABLE", `${settings.configDir} cannot be written`, {
          hint: "set FITGLUE_CONFIG_DIR to a folder that you can write",
          cause: error,
        });
      }
    };
    this.credentials = createCredentialStore({
      mode: settings.credentials,
      configDir: settings.configDir,
      acquireLock: this.acquireLock,
      warn: options.warn,
    });
    this.transport = createTransport({ proxy: proxySettings(environment) });
  }

  /** A connected account. Throws `AuthError` when there is none, or without the one scope that activities need. */
  async connection(provider: Provider): Promise<Connection> {
    const tokens = this.#tokens(provider);
    const { account, details, scopes } = await tokens.credentials();
    requireScopes(provider.id, provider.oauth?.requiredScopes ?? [], scopes);
    const api = this.api(
      provider,
      () => tokens.authorization(),
      (rejected) => tokens.renew(rejected),
    );
    return { account, details, scopes, api, patience: this.#patience };
  }

  /** An API client with any authorization; `connect` has a token before there are credentials. */
  api(
    provider: Provider,
    authorize: () => Promise<string>,
    onUnauthorized?: (rejected: string) => Promise<void>,
  ): ApiClient {
    const { service } = provider;
    if (service === undefined) throw new ConfigError("NO_SERVICE", `${provider.name} has no API`);
    const { onExchange } = this.#options;
    return createApiClient({
      provider: provider.id,
      baseUrl: new URL(service.apiUrl),
      transport: this.transport,
      authorize,
      ...(onUnauthorized === undefined ? {} : { onUnauthorized }),
      userAgent: `fitglue/${this.#options.version}`,
      limiter: createLimiter(service.pace),
      patience: this.#patience,
      signal: this.#options.signal,
      ...(onExchange === undefined
        ? {}
        : { onExchange: (exchange: Exchange) => onExchange(provider.id, exchange) }),
    });
  }

  /** Runs `work` while no other process renews or replaces this provider's login. */
  async exclusively<T>(provider: Provider, work: () => Promise<T>): Promise<T> {
    const lock = await this.acquireLock(this.#lockPath(provider), {
      waitMs: 60_000,
      signal: this.#options.signal,
    });
    try {
      return await work();
    } finally {
      lock.release();
    }
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  #tokens(provider: Provider): TokenSource {
    const { oauth } = provider;
    if (oauth === undefined) throw new ConfigError("NO_SERVICE", `${provider.name} needs no login`);
    return createTokenSource({
      service: { provider: provider.id, ...oauth },
      store: this.credentials,
      transport: this.transport,
      acquireLock: this.acquireLock,
      lockPath: this.#lockPath(provider),
      loginEnds: oauth.loginEnds ?? [],
      signal: this.#options.signal,
    });
  }

  #lockPath(provider: Provider): string {
    return join(this.#options.settings.configDir, `${provider.id}.lock`);
  }
}
