import { z } from "zod";
import { AuthError, ConfigError, type FitglueError, ProtocolError, TemporaryError } from "../../errors.ts";
import type { ApiResponse } from "../../http/types.ts";

const status = z.object({
  error: z.object({
    status: z.string().optional().catch(undefined),
    message: z.string().optional().catch(undefined),
    details: z
      .array(
        z
          .object({
            reason: z.string().optional(),
            metadata: z.record(z.string(), z.string()).optional().catch(undefined),
          })
          .catch({}),
      )
      .optional()
      .catch(undefined),
  }),
});

/** What a `google.rpc.Status` says, as far as fitglue acts on it. */
export interface GoogleStatus {
  /** `INVALID_ARGUMENT`, `PERMISSION_DENIED`, … */
  readonly status: string | undefined;
  /** `ErrorInfo.reason`, the stable word: `SERVICE_DISABLED`, `ACCESS_TOKEN_SCOPE_INSUFFICIENT`, … */
  readonly reason: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly message: string;
}

/** The error in a body; all unknown when the body is something else. */
export function statusOf(response: ApiResponse): GoogleStatus {
  let parsed: z.infer<typeof status> | undefined;
  try {
    parsed = status.safeParse(JSON.parse(response.body.toString("utf8"))).data;
  } catch {
    // Not JSON: only the HTTP status is known.
  }
  const info = parsed?.error.details?.find((detail) => detail.reason !== undefined);
  return {
    status: parsed?.error.status,
    reason: info?.reason,
    metadata: info?.metadata ?? {},
    message: parsed?.error.message ?? "",
  };
}

const provider = "fitbit";
const SCOPE_REASONS = new Set(["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "MISSING_OAUTH_SCOPE"]);

/** Whether Google refuses because the token lacks a scope. Two reasons are in use (google-health.md §2.6). */
export function isScopeMissing(response: ApiResponse): boolean {
  return response.status === 403 && SCOPE_REASONS.has(statusOf(response).reason ?? "");
}

/**
 * The sentence for an answer that is not the data asked for, by status and reason (google-health.md §2.6). What the
 * client deals with itself (401, 429, 5xx) does not come here.
 */
export function refusalOf(response: ApiResponse, path: string): FitglueError {
  const { status, reason, metadata, message } = statusOf(response);
  const code = response.status;
  const where = `${code} from ${path}`;
  if (isScopeMissing(response)) {
    return new AuthError("SCOPE_MISSING", `Google says that a permission was not granted (${where})`, {
      provider,
      hint: "fitglue connect fitbit, and leave every box of the consent page ticked",
    });
  }
  if (reason === "SERVICE_DISABLED") {
    const project = /^projects\/(\d{1,20})$/.exec(metadata["consumer"] ?? "")?.[1];
    const page = "https://console.cloud.google.com/apis/library/health.googleapis.com";
    return new ConfigError(
      "API_NOT_ENABLED",
      `the Google Health API is not enabled in your Google Cloud project${project === undefined ? "" : ` ${project}`} (${where})`,
      {
        provider,
        hint: `open ${project === undefined ? page : `${page}?project=${project}`}, press Enable, wait five minutes, sync again`,
      },
    );
  }
  if (reason === "ACCOUNT_NOT_LINKED") {
    const told = metadata["redirect_uri"] ?? "";
    const page = /^https:\/\/[a-z.]+\.google\.com\/[\w/.-]*$/.test(told)
      ? told
      : "https://fitbit.google.com/auth/signup";
    return new ConfigError(
      "ACCOUNT_NOT_LINKED",
      `this Google account has no Fitbit or Google Health profile (${where})`,
      {
        provider,
        hint: `open ${page} with that account; or fitglue connect fitbit with the account that your tracker uses`,
      },
    );
  }
  // Google gives this one no reason, only the words.
  if (code === 403 && message.includes("UberMint")) {
    return new ConfigError(
      "LEGACY_ACCOUNT",
      `this is an old Fitbit account that was never moved to a Google account (${where})`,
      {
        provider,
        hint: "move it: https://support.google.com/fitbit/answer/14237024; then fitglue connect fitbit",
      },
    );
  }
  if (code === 412) {
    return new TemporaryError(
      "PROFILE_NOT_READY",
      `the Google Health profile of this account is not ready yet (${where})`,
      { provider, hint: "open the Google Health app, finish its set-up, and sync again later" },
    );
  }
  if (code === 403) {
    return new AuthError("FORBIDDEN", `Google refuses access to this account's data (${where})`, {
      provider,
      hint: "fitglue connect fitbit",
    });
  }
  if (code === 410) {
    return new ConfigError("API_GONE", `this API was switched off (${where})`, {
      provider,
      hint: "update fitglue; FITGLUE_FITBIT_API_URL should be unset",
    });
  }
  if (isWebPage(response)) {
    return new ProtocolError("BAD_RESPONSE", `got a web page instead of data (${where})`, {
      provider,
      hint: "a proxy or a login page may stand between this machine and Google",
    });
  }
  const why = [status, reason, metadata["detailedReasons"]].filter((word) => word !== undefined).join(", ");
  return new ProtocolError(
    "REQUEST_REFUSED",
    `Google refused the request${why === "" ? "" : `: ${why}`} (${where})`,
    {
      provider,
      hint: "update fitglue; if it stays, report it with this message",
    },
  );
}

/** Whether the body is a page for people: Google's answer to a path that it does not route. */
export function isWebPage(response: ApiResponse): boolean {
  return (
    /^\s*text\/html\b/i.test(response.headers["content-type"] ?? "") ||
    /^\s*<(?:!doctype html|html)\b/i.test(response.body.toString("latin1", 0, 256))
  );
}
