import type { Credentials } from "../../src/auth/credentials.ts";

/** Invented credentials; every secret in them begins with `secret-`. */
export function sampleCredentials(changes: Partial<Credentials> = {}): Credentials {
  return {
    provider: "fitbit",
    account: "111122223333",
    clientId: "client-1.apps.example",
    clientSecret: "secret-client",
    accessToken: `secret-access-${"a".repeat(1800)}`,
    refreshToken: "secret-refresh-ä€",
    expiresAt: Date.UTC(2026, 10, 20, 13),
    refreshTokenExpiresAt: null,
    scopes: ["activity", "location"],
    obtainedAt: Date.UTC(2026, 10, 1),
    details: { member_id: "fitglue-1" },
    ...changes,
  };
}
