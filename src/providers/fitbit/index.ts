import type { LimiterOptions } from "../../http/index.ts";
import { ConfigError, ItemError } from "../../errors.ts";
import type { ConnectedAccount, OAuthSpec, Provider } from "../types.ts";
import { ACTIVITY_SCOPE, LOCATION_SCOPE, METRICS_SCOPE, missingWithout } from "./scopes.ts";

/** Where Google is; the defaults are {@link GOOGLE_URLS}. */
export interface FitbitUrls {
  readonly apiUrl: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly revokeUrl: string;
}

/** Google's own addresses (google-health.md §2.1, §4). */
export const GOOGLE_URLS: FitbitUrls = {
  apiUrl: "https://health.googleapis.com",
  authorizeUrl: "https://accounts.google.com/o/oauth2/v2/auth",
  tokenUrl: "https://oauth2.googleapis.com/token",
  revokeUrl: "https://oauth2.googleapis.com/revoke",
};

/**
 * Google allows an unverified app 2.5 requests a second per user, and does not say over which span it counts. Without a
 * burst no span sees more, however short; a usual sync of a few requests does not feel it.
 */
export const GOOGLE_PACE: LimiterOptions = { perSecond: 2.4, burst: 1, concurrency: 2 };

/** Grows whenever the same payloads would map to other values. */
const PARSER_VERSION = 1;

/**
 * Fitbit and Pixel Watch through the Google Health API. The Fitbit Web API ended on 2 November 2026: an address of it,
 * left over in a configuration, is refused with `ConfigError` where it would be used, so that nothing ever calls it.
 */
export function createFitbit(urls: FitbitUrls = GOOGLE_URLS): Provider & { readonly oauth: OAuthSpec } {
  return {
    id: "fitbit",
    name: "Fitbit (Google Health)",
    parserVersion: PARSER_VERSION,
    remote: {
      async *pull(session, bookmark) {
        alive(urls.apiUrl);
        const { pull } = await import("./pull.ts");
        yield* pull(session, bookmark);
      },
    },
    oauth: {
      get authorizeUrl() {
        return alive(urls.authorizeUrl);
      },
      get tokenUrl() {
        return alive(urls.tokenUrl);
      },
      get revokeUrl() {
        return alive(urls.revokeUrl);
      },
      scopes: [ACTIVITY_SCOPE, METRICS_SCOPE, LOCATION_SCOPE],
      requiredScopes: [ACTIVITY_SCOPE],
      pkce: true,
      clientAuth: "body",
      redirectHost: "127.0.0.1",
      loginEnds: [
        "the Google app is still in testing, where every login ends after seven days (https://console.cloud.google.com/auth/audience, Publish app)",
        "its access was removed at https://myaccount.google.com/connections, or the password was changed",
        "it was not used for six months",
        "the same account has logged in more than a hundred times with this client",
      ],
      // Without both Google gives no refresh token, and the login would end after an hour.
      authorizeParams: { access_type: "offline", prompt: "consent" },
      checkClientId(clientId) {
        // Ids of the Fitbit Web API look like 22ABCD, Google's end in .apps.googleusercontent.com.
        if (/^2[0-9][0-9A-Z]{4}$/.test(clientId)) throw ended();
      },
      clientHelp: () =>
        "fitglue needs your own Google OAuth client of the type Desktop app: https://console.cloud.google.com/auth/clients " +
        "(the Google Health API enabled, the app published; step by step in docs/fitbit.md). " +
        "Download its JSON and run: fitglue connect fitbit --client-file FILE. No redirect URL has to be registered.",
      async identify(api, token): Promise<ConnectedAccount> {
        alive(urls.apiUrl);
        const { createGoogleHealth } = await import("./api.ts");
        const id = await createGoogleHealth(api).identity();
        return { id, notices: noticesOf(token) };
      },
    },
    async reprocess(payloads) {
      const { partsOf } = await import("./payloads.ts");
      const parts = partsOf(payloads);
      if (parts === undefined) {
        throw new ItemError("UNMAPPABLE", "the exercise itself is not among the stored payloads", {
          provider: "fitbit",
        });
      }
      const { mapExercise } = await import("./map.ts");
      return mapExercise(parts);
    },
  };
}

/** What the person should hear right after connecting. `token` is Google's whole answer. */
function noticesOf(token: Readonly<Record<string, unknown>>): string[] {
  const notices: string[] = [];
  const granted = token["scope"];
  const missing = typeof granted === "string" ? missingWithout(granted.split(" ")) : null;
  if (missing !== null) notices.push(`there will be ${missing}; fitglue connect fitbit asks again`);
  const seconds = Number(token["refresh_token_expires_in"]);
  if (Number.isFinite(seconds) && seconds > 0) {
    const days = Math.max(1, Math.round(seconds / 86_400));
    notices.push(
      `this login ends in ${days} ${days === 1 ? "day" : "days"}: the Google app is still in testing. To end that for good: ` +
        "https://console.cloud.google.com/auth/audience, Publish app, then fitglue connect fitbit once more",
    );
  }
  return notices;
}

/** The URL, unless it belongs to the API that ended. */
function alive(url: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  if (host !== "fitbit.com" && !host.endsWith(".fitbit.com")) return url;
  throw ended();
}

function ended(): ConfigError {
  return new ConfigError(
    "FITBIT_WEB_API_ENDED",
    "the Fitbit Web API ended on 2 November 2026, and its client ids and tokens with it",
    {
      provider: "fitbit",
      hint: "make a Google client (docs/fitbit.md), unset what is left in FITGLUE_FITBIT_*, then: fitglue connect fitbit --client-file FILE",
    },
  );
}
