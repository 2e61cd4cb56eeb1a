import { Keychain, KeychainUnavailableError } from "./auth/keychain.ts";
import type { CredentialStore } from "./auth/credentials.ts";
import type { ConnectionHealth, Diagnosis, HealthCheck, KeychainHealth } from "./commands/context.ts";
import type { Environment } from "./config/settings.ts";
import { parseServiceUrl } from "./config/url.ts";
import type { Connections } from "./connections.ts";
import { FitglueError } from "./errors.ts";
import type { Transport } from "./http/index.ts";
import { createPing } from "./http/ping.ts";
import type { Provider } from "./providers/types.ts";

/** What a diagnosis is made from. */
export interface DiagnosisOptions {
  readonly environment: Environment;
  /** The network side, made when it is needed. */
  readonly connections: () => Promise<Connections>;
  readonly providers: () => Promise<readonly Provider[]>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** What a job without a session has not got: how libsecret finds its D-Bus. */
const SESSION_VARIABLES = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY"];

/** Looks at logins, keychain and clock without changing anything. */
export function createDiagnosis(options: DiagnosisOptions): Diagnosis {
  return {
    async connections() {
      const { credentials: store } = await options.connections();
      const providers = await options.providers();
      const names = await store.list();
      return Promise.all(names.map((name) => connectionHealth(name, store, providers)));
    },
    async keychain(session) {
      const environment = { ...options.environment };
      if (session === "cron") for (const name of SESSION_VARIABLES) delete environment[name];
      return keychainHealth(new Keychain({ environment }));
    },
    async clockSkew() {
      const { transport } = await options.connections();
      for (const { service } of await options.providers()) {
        if (service === undefined) continue;
        const url = new URL(service.apiUrl);
        const aheadMs = await clockAhead(url, transport, options);
        if (aheadMs !== undefined) return { host: url.host, aheadMs };
      }
      return undefined;
    },
  };
}

/** The health check at `url`, which was given as `name`. Throws `ConfigError` for a URL that is not allowed. */
export function createHealthCheck(
  name: string,
  url: string,
  transport: Transport,
  version: string,
  warn: (message: string) => void,
): HealthCheck {
  const userAgent = `fitglue/${version}`;
  return createPing({ url: parseServiceUrl(name, url), transport, userAgent, onFailure: warn });
}

async function connectionHealth(
  id: string,
  store: CredentialStore,
  providers: readonly Provider[],
): Promise<ConnectionHealth> {
  const provider = providers.find((candidate) => candidate.id === id);
  const common = {
    provider: id,
    name: provider?.name ?? id,
    retentionDays: provider?.remote?.retentionDays ?? null,
  };
  try {
    const place = await store.locate(id);
    const credentials = await store.get(id);
    const granted = new Set(credentials?.scopes);
    return {
      ...common,
      account: credentials?.account ?? null,
      storedIn: place?.kind ?? null,
      connectedAt: credentials?.obtainedAt ?? null,
      accessExpiresAt: credentials?.expiresAt ?? null,
      refreshable: (credentials?.refreshToken ?? null) !== null,
      loginEndsAt: credentials?.refreshTokenExpiresAt ?? null,
      missingScopes: (provider?.oauth?.scopes ?? []).filter((scope) => !granted.has(scope)),
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof FitglueError)) throw error;
    return {
      ...common,
      account: null,
      storedIn: null,
      connectedAt: null,
      accessExpiresAt: null,
      refreshable: false,
      loginEndsAt: null,
      missingScopes: [],
      problem: error,
    };
  }
}

async function keychainHealth(keychain: Keychain): Promise<KeychainHealth> {
  try {
    await keychain.list();
    return { reachable: true, reason: null };
  } catch (error) {
    if (!(error instanceof KeychainUnavailableError)) throw error;
    return { reachable: false, reason: error.message };
  }
}

/** The `Date` header has whole seconds and was written at some time during the exchange: the middle of both is taken. */
async function clockAhead(
  url: URL,
  transport: Transport,
  options: DiagnosisOptions,
): Promise<number | undefined> {
  try {
    const before = options.now();
    const { headers } = await transport.send({
      url,
      method: "HEAD",
      headers: {},
      timeoutMs: 3000,
      signal: options.signal,
    });
    const after = options.now();
    const there = Date.parse(headers["date"] ?? "");
    return Number.isNaN(there) ? undefined : (before + after) / 2 - (there + 500);
  } catch (error) {
    if (options.signal.aborted) throw error;
    return undefined;
  }
}
