import { ConfigError } from "../errors.ts";
import { isoInstant } from "../model/index.ts";
import type { Provider } from "../providers/types.ts";
import type { Store } from "../store/index.ts";
import type { CommandContext, ConnectionHealth, Diagnosis } from "./context.ts";
import { formatAgo } from "./facts.ts";
import { type ConnectionStatus, connectionStatuses, loginRefused, tokenLives } from "./status.ts";
import { attention, fine, type Finding } from "./finding.ts";

type Settings = ReturnType<CommandContext["settings"]>;

const DAY_MS = 86_400_000;
/** How long before a source begins to forget it is time to say so. */
const RETENTION_MARGIN_DAYS = 7;
/** A clock that is further off makes certificates and token lifetimes unreliable. */
const SKEW_MS = 60_000;

/** The logins; that they cannot be read at all is a finding and no error. */
export async function readLogins(
  diagnosis: Diagnosis,
): Promise<{ healths: readonly ConnectionHealth[]; findings: Finding[] }> {
  try {
    return { healths: await diagnosis.connections(), findings: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const remedy = error.hint ?? "fitglue connect again";
    return { healths: [], findings: [attention("credentials", error.message, remedy)] };
  }
}

/** Whether the keychain answers, here and under cron; a matter only while something is, or must be, in it. */
export async function checkKeychain(
  settings: Settings,
  healths: readonly ConnectionHealth[],
  diagnosis: Diagnosis,
): Promise<Finding[]> {
  if (settings.credentials === "file")
    return [fine("keychain", "not used: credentials are in a private file")];
  const inKeychain = healths.filter(
    ({ storedIn, problem }) => storedIn === "keychain" || problem?.code === "KEYCHAIN_UNAVAILABLE",
  );
  const here = await diagnosis.keychain("this");
  if (!here.reachable) {
    const reason = here.reason ?? "the keychain cannot be used";
    return inKeychain.length > 0 || settings.credentials === "keychain"
      ? [attention("keychain", reason, "FITGLUE_CREDENTIALS=file, then fitglue connect again")]
      : [fine("keychain", `${reason}; the private file serves`)];
  }
  if (process.platform !== "linux") return [fine("keychain", "reachable")];
  const cron = await diagnosis.keychain("cron");
  if (cron.reachable) return [fine("keychain", "reachable, also without a D-Bus session")];
  const [first] = inKeychain;
  return first === undefined
    ? [fine("keychain", "reachable from this session, not from cron; nothing is in it")]
    : [
        attention(
          "keychain",
          "reachable from this session, but a cron job or a service has no D-Bus session and cannot reach it",
          `FITGLUE_CREDENTIALS=file fitglue connect ${first.provider}`,
        ),
      ];
}

/** Each login: whether a sync can get in, until when, and whether the source is about to forget something. */
export function checkConnections(
  store: Store | undefined,
  healths: readonly ConnectionHealth[],
  providers: readonly Provider[],
  now: number,
): Finding[] {
  if (healths.length === 0) return [fine("connections", "no provider is connected")];
  const statuses =
    store === undefined
      ? healths.map((health): ConnectionStatus => {
          return {
            provider: health.provider,
            name: health.name,
            health,
            state: undefined,
            pendingReceipts: 0,
          };
        })
      : connectionStatuses(store, healths, providers);
  return statuses.flatMap((status) => checkConnection(status, now));
}

function checkConnection(status: ConnectionStatus, now: number): Finding[] {
  const { provider, health, state } = status;
  if (health === undefined) return [];
  const findings: Finding[] = [];
  const add = (detail: string, remedy: string): void => {
    findings.push(attention(provider, detail, remedy));
  };
  const connect = `fitglue connect ${provider}`;
  if (health.problem !== null) {
    const { message, hint } = health.problem;
    return [attention(provider, message, hint ?? connect)];
  }
  if (!tokenLives(health, now)) add("the login has ended", connect);
  else if (health.loginEndsAt !== null) {
    add(
      `the login ends on ${isoInstant(health.loginEndsAt).slice(0, 10)} (${formatAgo(health.loginEndsAt, now)}), whatever is done: the app is in Testing`,
      `Google Cloud console, Google Auth Platform, Audience: Publish app; then ${connect}`,
    );
  }
  if (state !== undefined && state.lastErrorAt !== null) {
    const code = state.lastErrorCode ?? "";
    const remedy = loginRefused(status) ? connect : `fitglue sync ${provider}`;
    add(`the last sync failed: ${code} ${state.lastError ?? ""}`.trim(), remedy);
  }
  const since = Date.parse(state?.lastSuccessAt ?? "") || health.connectedAt;
  const { retentionDays } = health;
  if (retentionDays !== null && since !== null) {
    const closes = since + retentionDays * DAY_MS;
    if (now > closes) {
      add(
        `no sync since ${isoInstant(since).slice(0, 10)}: ${status.name} keeps sessions for ${retentionDays} days, older ones are gone there`,
        `fitglue sync ${provider}, and import an export of the time between`,
      );
    } else if (now > closes - RETENTION_MARGIN_DAYS * DAY_MS) {
      add(
        `no sync since ${isoInstant(since).slice(0, 10)}: from ${isoInstant(closes).slice(0, 10)} on ${status.name} forgets sessions`,
        `fitglue sync ${provider}, and check the cron job or timer`,
      );
    }
  }
  if (findings.length > 0) return findings;
  const last = state?.lastSuccessAt ?? null;
  const ends = health.accessExpiresAt;
  const token = health.refreshable
    ? "renewed by itself"
    : ends === null
      ? "valid"
      : `valid until ${isoInstant(ends).slice(0, 10)}`;
  const success = last === null ? "never synced" : `last success ${formatAgo(Date.parse(last), now)}`;
  return [fine(provider, `login ${token}, ${success}`)];
}

/** This clock against a service's. Being offline is no finding. */
export async function checkClock(diagnosis: Diagnosis): Promise<Finding[]> {
  const skew = await diagnosis.clockSkew();
  if (skew === undefined) return [fine("clock", "not compared: no service could be reached")];
  const seconds = Math.round(Math.abs(skew.aheadMs) / 1000);
  if (Math.abs(skew.aheadMs) <= SKEW_MS) return [fine("clock", `agrees with ${skew.host}`)];
  const direction = skew.aheadMs > 0 ? "ahead of" : "behind";
  return [attention("clock", `${seconds} s ${direction} ${skew.host}`, "sudo timedatectl set-ntp true")];
}
