import { z } from "zod";
import { ConfigError } from "../errors.ts";

/** One provider's login: the client it was made with, its tokens, and whose account it is. All of it is secret. */
export interface Credentials {
  readonly provider: string;
  /** The provider's own user id. */
  readonly account: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly accessToken: string;
  /** Null where the provider gives none (Polar). */
  readonly refreshToken: string | null;
  /** Unix milliseconds; null when the provider does not tell. */
  readonly expiresAt: number | null;
  /** Unix milliseconds at which the login itself ends; null when it does not, or nobody tells. */
  readonly refreshTokenExpiresAt: number | null;
  /** What was granted. */
  readonly scopes: readonly string[];
  /** Unix milliseconds of the login, not of the last refresh. */
  readonly obtainedAt: number;
  /** As `ConnectedAccount.details`. */
  readonly details: Readonly<Record<string, string>>;
}

/** Where credentials are kept. */
export type CredentialKind = "keychain" | "file";

/** Where a set of credentials went, for people. */
export interface CredentialPlace {
  readonly kind: CredentialKind;
  /** `the system keychain`, or the file's path. */
  readonly name: string;
  /** Why it is the file although the keychain was tried first; absent when nothing fell back. */
  readonly insteadOf?: string;
}

/**
 * Keeps credentials by provider. Every call reads what is stored now: another process may have changed it. Errors:
 * `ConfigError` when the place cannot be used or what it holds is damaged.
 */
export interface CredentialStore {
  /** Throws when `set` would: asked before a person goes through a login for nothing. */
  check(): Promise<void>;
  /** Undefined when there are none. */
  get(provider: string): Promise<Credentials | undefined>;
  /** Replaces what was there; durable when it resolves. */
  set(credentials: Credentials): Promise<CredentialPlace>;
  /** Whether there was something to delete. */
  delete(provider: string): Promise<boolean>;
  /** The providers that have credentials, sorted. */
  list(): Promise<readonly string[]>;
  /** Where this provider's credentials are; undefined when there are none. */
  locate(provider: string): Promise<CredentialPlace | undefined>;
}

/** A lock across processes; the folder of `path` exists. Resolves when it is held. */
export type AcquireLock = (
  path: string,
  options: { readonly waitMs: number; readonly signal?: AbortSignal | undefined },
) => Promise<{ release(): void }>;

const instant = z.iso.datetime().transform((text) => Date.parse(text));

/** As it is stored, in the file and in the keychain. */
export const credentialsSchema = z
  .object({
    account: z.string().min(1),
    client_id: z.string().min(1),
    client_secret: z.string(),
    access_token: z.string().min(1),
    refresh_token: z.string().min(1).nullable(),
    expires_at: instant.nullable(),
    refresh_token_expires_at: instant.nullable(),
    scopes: z.array(z.string()),
    obtained_at: instant,
    details: z.record(z.string(), z.string()),
  })
  .readonly();

/** The JSON value that is stored. */
export function encodeCredentials(credentials: Credentials): z.input<typeof credentialsSchema> {
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  return {
    account: credentials.account,
    client_id: credentials.clientId,
    client_secret: credentials.clientSecret,
    access_token: credentials.accessToken,
    refresh_token: credentials.refreshToken,
    expires_at: iso(credentials.expiresAt),
    refresh_token_expires_at: iso(credentials.refreshTokenExpiresAt),
    scopes: [...credentials.scopes],
    obtained_at: new Date(credentials.obtainedAt).toISOString(),
    details: { ...credentials.details },
  };
}

/** The opposite. Throws `ConfigError`, which repeats nothing of the value: it is secret even when it is damaged. */
export function decodeCredentials(provider: string, value: unknown, place: string): Credentials {
  const parsed = credentialsSchema.safeParse(value);
  if (!parsed.success) throw damaged(provider, place);
  const stored = parsed.data;
  return {
    provider,
    account: stored.account,
    clientId: stored.client_id,
    clientSecret: stored.client_secret,
    accessToken: stored.access_token,
    refreshToken: stored.refresh_token,
    expiresAt: stored.expires_at,
    refreshTokenExpiresAt: stored.refresh_token_expires_at,
    scopes: stored.scopes,
    obtainedAt: stored.obtained_at,
    details: stored.details,
  };
}

/** Stored credentials that cannot be understood. */
export function damaged(provider: string, place: string): ConfigError {
  return new ConfigError("CREDENTIALS_DAMAGED", `the stored credentials are damaged (${place})`, {
    provider,
    hint: `fitglue connect ${provider}`,
  });
}
