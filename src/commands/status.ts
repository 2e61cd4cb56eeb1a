import { Command } from "commander";
import { ExitCode } from "../exit-codes.ts";
import { isoInstant } from "../model/index.ts";
import type { Provider } from "../providers/types.ts";
import { jsonText } from "../output/json.ts";
import { lookOf, paint, type Tone } from "../output/look.ts";
import { tabSeparated } from "../output/table.ts";
import { pad, plainText } from "../output/text.ts";
import {
  databaseBytes,
  type ImportRecord,
  importRecords,
  isRunLocked,
  SCHEMA_VERSION,
} from "../store/index.ts";
import { type SourceCounts, sourceCounts, type Store, type SyncState } from "../store/index.ts";
import type { CommandContext, ConnectionHealth } from "./context.ts";
import { formatBytes } from "../output/format.ts";
import { counted, formatAgo } from "./facts.ts";

export interface StatusCommandOptions {
  readonly context: CommandContext;
}

/** `fitglue status`. */
export function newStatusCommand(context: CommandContext): Command {
  return new Command("status").action(async () => {
    context.exit(await runStatus({ context }));
  });
}

/** What is known of one provider's account: the login, the last runs, what waits. */
export interface ConnectionStatus {
  readonly provider: string;
  readonly name: string;
  readonly health: ConnectionHealth | undefined;
  readonly state: SyncState | undefined;
  readonly pendingReceipts: number;
}

/** Logins, and what a login left behind that is gone; the providers that could be connected come last. */
export function connectionStatuses(
  store: Store,
  healths: readonly ConnectionHealth[],
  providers: readonly Provider[],
): ConnectionStatus[] {
  const states = store.syncState.all();
  const counts = sourceCounts(store.db);
  const pending = (source: string, account: string | null): number =>
    counts
      .filter((row) => row.source === source && (account === null || row.account === account))
      .reduce((sum, row) => sum + row.pendingReceipts, 0);
  const all: ConnectionStatus[] = healths.map((health) => {
    const { provider, name, account } = health;
    const own = states.filter(({ source }) => source === provider);
    const state = own.find((row) => row.account === account) ?? (account === null ? own[0] : undefined);
    return { provider, name, health, state, pendingReceipts: pending(provider, account) };
  });
  for (const state of states) {
    if (all.some((status) => status.state === state)) continue;
    const { source, account } = state;
    const name = providers.find(({ id }) => id === source)?.name ?? source;
    all.push({
      provider: source,
      name,
      health: undefined,
      state,
      pendingReceipts: pending(source, account),
    });
  }
  for (const { id, name, oauth } of providers) {
    if (oauth === undefined || all.some(({ provider }) => provider === id)) continue;
    all.push({ provider: id, name, health: undefined, state: undefined, pendingReceipts: 0 });
  }
  return all;
}

/** Reads database and credentials; asks nobody. */
export async function runStatus(options: StatusCommandOptions): Promise<ExitCode> {
  const { context } = options;
  const { databasePath } = context.settings();
  const store = context.store("read");
  const healths = await (await context.diagnosis()).connections();
  const statuses = connectionStatuses(store, healths, await context.providers());
  const sources = sourceCounts(store.db);
  const last = await lastImport(store, databasePath);
  const bytes = databaseBytes(databasePath);
  if (context.globals.json) {
    const document = {
      version: context.version,
      database: { path: databasePath, bytes, schema_version: bytes === null ? null : SCHEMA_VERSION },
      connections: statuses.map(connectionDocument),
      sources: sources.map(sourceDocument),
      last_import: last === null ? null : importDocument(last),
      totals: {
        activities: sum(sources, "activities"),
        skipped: sum(sources, "skipped"),
        pending_receipts: sum(sources, "pendingReceipts"),
      },
    };
    context.io.stdout.write(`${jsonText(document)}\n`);
    return ExitCode.OK;
  }
  const rows: Row[] = [["database", databasePath, bytes === null ? "not there yet" : formatBytes(bytes)]];
  for (const status of statuses) rows.push(...connectionRows(status, context.now()));
  for (const source of sources) rows.push(...sourceRows(source, sources));
  if (last !== null) rows.push(["last import", plainText(last.name), `${last.status}, ${last.startedAt}`]);
  write(context, rows);
  return ExitCode.OK;
}

function sum(sources: readonly SourceCounts[], field: "activities" | "skipped" | "pendingReceipts"): number {
  return sources.reduce((total, source) => total + source[field], 0);
}

/** Of what, which, and what about it; a fourth part says how it should look. */
type Row = readonly [subject: string, aspect: string, value: string, tone?: Tone];

function connectionRows(status: ConnectionStatus, now: number): Row[] {
  const { provider, health, state, pendingReceipts } = status;
  const rows: Row[] = [];
  const add = (aspect: string, value: string, tone?: Tone): void => {
    rows.push(tone === undefined ? [provider, aspect, value] : [provider, aspect, value, tone]);
  };
  if (health === undefined) add("login", `not connected; fitglue connect ${provider}`, "dim");
  else if (health.problem !== null) {
    add("login", `${health.problem.message}; ${health.problem.hint ?? ""}`, "bad");
  } else {
    const place = health.storedIn === "keychain" ? "keychain" : "private file";
    add("login", `account ${health.account ?? "unknown"}, in the ${place}`, "good");
    if (loginRefused(status)) add("token", `no longer accepted; fitglue connect ${provider}`, "bad");
    else add("token", tokenText(health, now), tokenLives(health, now) ? undefined : "bad");
    if (health.loginEndsAt !== null)
      add("login ends", `${isoInstant(health.loginEndsAt)} (${formatAgo(health.loginEndsAt, now)})`, "warn");
    if (health.missingScopes.length > 0) add("not granted", health.missingScopes.join(", "), "warn");
  }
  if (state !== undefined) {
    const success = state.lastSuccessAt;
    add("last sync", success === null ? "never completed" : ago(success, now));
    if (state.lastErrorAt !== null) {
      add(
        "last error",
        `${state.lastErrorCode ?? ""} ${state.lastError ?? ""}, ${ago(state.lastErrorAt, now)}`,
        "bad",
      );
    }
    if (state.cooldownUntil !== null && state.cooldownUntil > now)
      add("cool-down", `until ${isoInstant(state.cooldownUntil)}`, "warn");
    if (state.note !== null) add("note", state.note, "warn");
  } else if (health !== undefined) add("last sync", "never; fitglue sync");
  if (pendingReceipts > 0)
    add("waiting", `${counted(pendingReceipts, "receipt")} not acknowledged yet`, "warn");
  return rows;
}

function sourceRows(source: SourceCounts, all: readonly SourceCounts[]): Row[] {
  const several = all.filter((other) => other.source === source.source).length > 1;
  const subject = several ? `${source.source} ${source.account}` : source.source;
  const newest = source.newestStartTime === null ? "" : `, newest ${source.newestStartTime}`;
  const gone = source.deleted > 0 ? `, ${source.deleted} gone upstream` : "";
  const rows: Row[] = [[subject, "activities", `${source.activities}${gone}${newest}`]];
  if (source.skipped > 0) rows.push([subject, "skipped", `${source.skipped}; fitglue skipped`, "warn"]);
  return rows;
}

function write(context: CommandContext, rows: readonly Row[]): void {
  const { stdout } = context.io;
  const look = lookOf(context.io);
  if (look === null) {
    for (const [subject, aspect, value] of rows) stdout.write(`${tabSeparated([subject, aspect, value])}\n`);
    return;
  }
  const width = (at: 0 | 1): number =>
    Math.max(...rows.map((row) => (row[0] === "database" ? 0 : row[at].length)));
  let before = "";
  for (const [subject, aspect, value, tone] of rows) {
    if (subject === "database") {
      stdout.write(`${paint(look, "title", "fitglue")} ${context.version}, ${plainText(aspect)}, ${value}\n`);
      continue;
    }
    if (subject !== before) stdout.write("\n");
    const head = subject === before ? "" : subject;
    before = subject;
    const cells = `${paint(look, "title", pad(head, width(0)))}  ${paint(look, "dim", pad(aspect, width(1)))}`;
    stdout.write(`${cells}  ${paint(look, tone ?? "plain", plainText(value))}\n`);
  }
}

function ago(instant: string, now: number): string {
  return `${instant} (${formatAgo(Date.parse(instant), now)})`;
}

/** Whether the last sync was refused with the login that is still the present one: only a new one helps. */
export function loginRefused({ health, state }: ConnectionStatus): boolean {
  if (state?.lastErrorCode !== "AUTH_REQUIRED" || state.lastErrorAt === null) return false;
  return (health?.connectedAt ?? 0) < Date.parse(state.lastErrorAt);
}

/** Whether a sync can get in without the person. */
export function tokenLives(health: ConnectionHealth, now: number): boolean {
  if (health.problem !== null) return false;
  if (health.loginEndsAt !== null && health.loginEndsAt <= now) return false;
  return health.refreshable || health.accessExpiresAt === null || health.accessExpiresAt > now;
}

function tokenText(health: ConnectionHealth, now: number): string {
  if (!tokenLives(health, now)) return `expired; fitglue connect ${health.provider}`;
  if (health.accessExpiresAt === null) return "valid, no end told";
  const end = `${isoInstant(health.accessExpiresAt)} (${formatAgo(health.accessExpiresAt, now)})`;
  return health.refreshable ? `renewed by itself; this one ends ${end}` : `valid until ${end}`;
}

function connectionDocument(status: ConnectionStatus): Record<string, unknown> {
  const { provider, name, health, state, pendingReceipts } = status;
  const instant = (ms: number | null | undefined): string | null =>
    ms === null || ms === undefined ? null : isoInstant(ms);
  return {
    provider,
    name,
    connected: health !== undefined && health.problem === null,
    account: health?.account ?? state?.account ?? null,
    stored_in: health?.storedIn ?? null,
    connected_at: instant(health?.connectedAt),
    token_expires_at: instant(health?.accessExpiresAt),
    token_refreshable: health?.refreshable ?? null,
    login_ends_at: instant(health?.loginEndsAt),
    missing_scopes: health?.missingScopes ?? [],
    problem: health?.problem?.code ?? null,
    last_sync_at: state?.lastStartedAt ?? null,
    last_success_at: state?.lastSuccessAt ?? null,
    last_error_at: state?.lastErrorAt ?? null,
    last_error_code: state?.lastErrorCode ?? null,
    last_error: state?.lastError ?? null,
    cooldown_until: instant(state?.cooldownUntil),
    note: state?.note ?? null,
    pending_receipts: pendingReceipts,
  };
}

function sourceDocument(source: SourceCounts): Record<string, unknown> {
  return {
    source: source.source,
    account: source.account,
    activities: source.activities,
    deleted: source.deleted,
    skipped: source.skipped,
    pending_receipts: source.pendingReceipts,
    newest_start_time: source.newestStartTime,
  };
}

interface LastImport extends Omit<ImportRecord, "status"> {
  readonly status: ImportRecord["status"] | "interrupted";
}

/** The last import; one that is recorded as running while nothing runs was cut off. */
async function lastImport(store: Store, databasePath: string): Promise<LastImport | null> {
  const { last } = importRecords(store.db);
  if (last?.status !== "running" || (await isRunLocked(databasePath))) return last;
  return { ...last, status: "interrupted" };
}

function importDocument(record: LastImport): Record<string, unknown> {
  const { source, name, startedAt, finishedAt, status } = record;
  return { source, name, started_at: startedAt, finished_at: finishedAt, status };
}
