import { setTimeout as sleep } from "node:timers/promises";
import {
  dispositionOf,
  FitglueError,
  InterruptedError,
  ItemError,
  RateLimitError,
  TemporaryError,
} from "../errors.ts";

import { type Batch, isoInstant, type Receipt } from "../model/index.ts";
import { type Patience, RATE_LIMIT_PATIENCE_MS } from "../patience.ts";
import type { Provider, RemoteSource, Session } from "../providers/types.ts";
import type { BatchResult, Owner, Store } from "../store/index.ts";
import { knownOf } from "./known.ts";
import { type WarningGroup, WarningGroups } from "./warnings.ts";

/** A connected account, ready to be asked. */
export interface Connection {
  readonly account: string;
  readonly details: Readonly<Record<string, string>>;
  readonly scopes: readonly string[];
  readonly api: Session["api"];
  /** The run's, from which the API client takes as well. Default: one of its own. */
  readonly patience?: Patience;
}

export interface SyncOptions {
  readonly since?: string | undefined;
  readonly full: boolean;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** What to draw; nothing depends on it. */
  readonly onEvent?: (event: SyncEvent) => void;
}

export type SyncEvent =
  | { readonly type: "progress"; readonly text: string }
  | { readonly type: "batch"; readonly result: BatchResult };

/** What one pass over one provider did. */
export interface ProviderResult {
  readonly provider: string;
  readonly status: "ok" | "partial" | "failed";
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly skipped: number;
  /** Newly marked as gone upstream. */
  readonly deleted: number;
  readonly warnings: readonly WarningGroup[];
  /** What ended the pass early, and the whole run where its disposition is `stop-all`. */
  readonly error: FitglueError | null;
}

/**
 * One bounded pass over one provider: settle receipts that an earlier run left pending, then for each batch write, and only
 * then confirm. A crash at any point loses nothing (the source still has what it was not told about) and doubles
 * nothing (writing is idempotent).
 *
 * What ended it early is in the result, with what was stored before. Throws only what is a bug.
 */
export async function syncProvider(
  provider: Provider & { readonly remote: RemoteSource },
  connection: Connection,
  store: Store,
  options: SyncOptions,
): Promise<ProviderResult> {
  const pass = () => pullAll(provider, connection, store, options);
  return options.dryRun ? store.rehearse(pass) : pass();
}

async function pullAll(
  provider: Provider & { readonly remote: RemoteSource },
  connection: Connection,
  store: Store,
  options: SyncOptions,
): Promise<ProviderResult> {
  const { remote } = provider;
  const owner: Owner = { source: provider.id, account: connection.account };
  const warnings = new WarningGroups();
  const count = { added: 0, updated: 0, unchanged: 0, skipped: 0, deleted: 0 };
  const state = store.syncState;
  const now = (): string => isoInstant(options.now());
  const session: Session = {
    account: connection.account,
    details: connection.details,
    scopes: connection.scopes,
    api: connection.api,
    known: knownOf(store, owner),
    signal: options.signal,
    now: options.now,
    since: options.since,
    full: options.full,
    warn: (warning) => warnings.add(warning),
    progress: (text) => options.onEvent?.({ type: "progress", text }),
    note: (text) => store.transaction(() => state.setNote(owner, text)),
  };
  let failure: FitglueError | null = null;
  try {
    const patience = connection.patience ?? { leftMs: RATE_LIMIT_PATIENCE_MS };
    await waitForCooldown(provider, store, owner, patience, options);
    store.transaction(() => state.started(owner, now()));
    const unsettled = options.dryRun ? undefined : await settle(remote, session, store, owner);
    const batches = remote.pull(session, state.bookmark(owner));
    try {
      for (let next = await batches.next(); next.done !== true;) {
        const batch = next.value;
        const result = await writeBatch(store, owner, batch, provider, options.now());
        count.added += result.added;
        count.updated += result.updated;
        count.unchanged += result.unchanged;
        count.skipped += result.skipped;
        count.deleted += result.deleted;
        options.onEvent?.({ type: "batch", result });
        const unconfirmed =
          options.dryRun || batch.receipt === undefined
            ? undefined
            : await confirm(remote, session, store, owner, batch.receipt);
        if (options.signal.aborted) throw new InterruptedError();
        next = unconfirmed === undefined ? await batches.next() : await batches.throw(unconfirmed);
      }
    } finally {
      await batches.return();
    }
    if (unsettled !== undefined) throw unsettled;
    store.transaction(() => state.succeeded(owner, now()));
  } catch (error) {
    const end = endOfPass(error, options.signal);
    failure = end;
    // What ends the run says nothing about this source.
    if (dispositionOf(end) !== "stop-all") {
      const cooldown = end instanceof RateLimitError ? end.retryAt : null;
      try {
        store.transaction(() => state.failed(owner, end.code, end.message, now(), cooldown));
      } catch (unwritten) {
        failure = endOfPass(unwritten, options.signal);
      }
    }
  }
  const stored = count.added + count.updated > 0;
  const complete = failure === null && count.skipped === 0 && !warnings.loss;
  return {
    provider: provider.id,
    status: complete ? "ok" : failure !== null && !stored ? "failed" : "partial",
    ...count,
    warnings: warnings.list(),
    error: failure,
  };
}

/**
 * What ended a pass early, for its result. After an abort that is the abort: it makes reads and requests fail in ways of their
 * own. Throws what is no `FitglueError`: a bug.
 */
export function endOfPass(thrown: unknown, signal: AbortSignal): FitglueError {
  if (signal.aborted) return new InterruptedError({ cause: thrown });
  if (thrown instanceof FitglueError) return thrown;
  throw thrown;
}

/** Writes one batch durably; used by every way in. */
export async function writeBatch(
  store: Store,
  owner: Owner,
  batch: Batch,
  { parserVersion, revisionKey }: Pick<Provider, "parserVersion" | "revisionKey">,
  now: number,
): Promise<BatchResult> {
  return store.write(owner, await store.prepare(batch), { parserVersion, revisionKey, now });
}

/**
 * Confirms what earlier runs stored but did not get to confirm. What cannot be confirmed now stays pending and does not keep
 * the pass from fetching; the first such error is given back, to end the pass with.
 */
async function settle(
  remote: RemoteSource,
  session: Session,
  store: Store,
  owner: Owner,
): Promise<FitglueError | undefined> {
  let first: FitglueError | undefined;
  for (const receipt of store.pendingReceipts(owner)) {
    const error = await confirm(remote, session, store, owner, receipt);
    if (session.signal.aborted) throw new InterruptedError({ cause: error });
    first ??= error;
  }
  return first;
}

/**
 * Confirms one receipt and forgets it; a source that no longer knows it has given its data back. Gives back the error of
 * one that the source cannot take now, which stays pending. Throws what ends the pass at once: no consent, a rate limit.
 */
async function confirm(
  remote: RemoteSource,
  session: Session,
  store: Store,
  owner: Owner,
  receipt: Receipt,
): Promise<FitglueError | undefined> {
  try {
    await remote.confirm?.(session, receipt);
  } catch (error) {
    const lasting = error instanceof TemporaryError && !(error instanceof RateLimitError);
    if (lasting || error instanceof ItemError) return error;
    throw error;
  }
  store.settleReceipt(owner, receipt.id);
  return undefined;
}

async function waitForCooldown(
  provider: Provider,
  store: Store,
  owner: Owner,
  patience: Patience,
  options: SyncOptions,
): Promise<void> {
  const until = store.syncState.get(owner)?.cooldownUntil ?? null;
  if (until === null) return;
  const wait = until - options.now();
  if (wait <= 0) return;
  if (wait > patience.leftMs) {
    throw new RateLimitError(
      "RATE_LIMITED",
      `${provider.id}: asked by ${provider.name} to wait until ${isoInstant(until)}`,
      until,
      { provider: provider.id, hint: "the next sync after that time goes on" },
    );
  }
  patience.leftMs -= wait;
  options.onEvent?.({
    type: "progress",
    text: `waiting ${Math.ceil(wait / 1000)} s for ${provider.name}'s rate limit`,
  });
  await sleep(wait, undefined, { signal: options.signal });
}
