import { randomUUID } from "node:crypto";
import { AuthError, ProtocolError } from "../../errors.ts";
import type { ApiClient } from "../../http/types.ts";
import type { ConnectedAccount, OAuthSpec } from "../types.ts";

/** Where Polar's OAuth lives; the API itself is the client's. */
export interface PolarUrls {
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
}

/** Polar's own addresses (AccessLink v3, "Authentication"). */
export const POLAR_URLS = {
  apiUrl: "https://www.polaraccesslink.com",
  authorizeUrl: "https://flow.polar.com/oauth2/authorization",
  tokenUrl: "https://polarremote.com/v2/oauth2/token",
} as const;

const SCOPE = "accesslink.read_all";
const MEMBER_ID = "memberId";

const NOTICES: readonly string[] = [
  "Polar shows fitglue only what you upload to Polar Flow from now on, and keeps it available for 30 days: sync at least every three weeks.",
  "Older sessions come from an export file: account.polar.com lets you download all your data.",
];

/**
 * How a person lets fitglue in: an authorization code with client credentials in the header and no PKCE, which Polar
 * does not describe. Tokens last for years and there is no refresh token. The registration that must follow is part of
 * `identify`, because only what is uploaded after it is ever visible.
 */
export function polarOAuth(urls: PolarUrls): OAuthSpec {
  return {
    ...urls,
    scopes: [SCOPE],
    requiredScopes: [SCOPE],
    pkce: false,
    clientAuth: "basic",
    redirectHost: "localhost",
    clientHelp: (redirectUri) =>
      [
        "fitglue needs an AccessLink client of your own, which is free. Create one at",
        "https://admin.polaraccesslink.com (log in with your Polar Flow account):",
        `  Authorization redirect URL:  ${redirectUri}`,
        "                               exactly this one, and as the default",
        "  Available data types:        switch on all of them",
        "Then copy the client id and the client secret; the secret is shown only once.",
      ].join("\n"),
    identify,
    async deregister(api, account) {
      const { AccessLink } = await import("./api.ts");
      await new AccessLink(api).deregister(account.id);
    },
  };
}

/**
 * Registers the person with the client (`POST /v3/users`). 409 means "registered already" or "this member id is taken",
 * and only asking for the person tells which.
 */
async function identify(
  api: ApiClient,
  token: Readonly<Record<string, unknown>>,
  previous: ConnectedAccount | undefined,
): Promise<ConnectedAccount> {
  const id = userIdOf(token);
  const kept = previous?.id === id ? previous.details?.[MEMBER_ID] : undefined;
  const { AccessLink, CONSENT_PAGE } = await import("./api.ts");
  const accessLink = new AccessLink(api);
  let memberId = kept ?? newMemberId();
  for (let attempt = 1; ; attempt++) {
    const answer = await accessLink.register(memberId);
    if (answer === "registered" || (await accessLink.isRegistered(id))) break;
    if (attempt === 2 || answer === "unknown") {
      throw new AuthError("NOT_REGISTERED", `Polar did not register user ${id} with this client`, {
        provider: "polar",
        hint: `check the consents at ${CONSENT_PAGE}, then: fitglue connect polar`,
      });
    }
    memberId = newMemberId();
  }
  return { id, details: { [MEMBER_ID]: memberId }, notices: NOTICES };
}

function newMemberId(): string {
  return `fitglue-${randomUUID()}`;
}

function userIdOf(token: Readonly<Record<string, unknown>>): string {
  const id = token["x_user_id"];
  if (typeof id === "number" && Number.isSafeInteger(id)) return String(id);
  if (typeof id === "string" && /^\d+$/.test(id)) return id;
  throw new ProtocolError("BAD_RESPONSE", "the token answer names no Polar user (x_user_id)", {
    provider: "polar",
    hint: "fitglue connect polar",
  });
}
