import { setImmediate as nextTurn } from "node:timers/promises";
import { dispositionOf, FitglueError, InterruptedError, ItemError } from "../errors.ts";
import type { Activity } from "../model/index.ts";
import type { Provider } from "../providers/types.ts";
import type { Owner, RewrittenItem, SkippedItem, Store } from "../store/index.ts";

/** A provider that can map stored payloads again. */
export type ReprocessingProvider = Provider & { readonly reprocess: NonNullable<Provider["reprocess"]> };

export interface ReprocessOptions {
  /** Everything stored, or only what could not be mapped before. */
  readonly what: "everything" | "skipped";
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** What mapping one source's stored payloads again did. */
export interface ReprocessResult {
  readonly source: string;
  /** Skipped items that are activities now. */
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Could not be mapped; what was stored of them stays as it was. */
  readonly failed: number;
  /** Activities without stored payloads: there is nothing to map. */
  readonly without_raw: number;
  /** Of the first failure. */
  readonly example: string | null;
}

/** Items per transaction; bounds memory, since each holds its payloads and samples. */
const BATCH = 20;

interface Task {
  readonly owner: Owner;
  readonly externalId: string;
  /** The stored activity's number; undefined for a skipped item that never became one. */
  readonly id: number | undefined;
  readonly skipped: boolean;
}

/**
 * Maps the stored raw payloads of one source again with the present parser: no network, and the numbers that the person
 * knows stay. Written in batches, so that an interruption keeps what is done; running it again changes nothing.
 *
 * Throws `InterruptedError`, `StoreError`, and bugs of a parser; an item that cannot be mapped is counted.
 */
export async function reprocessSource(
  provider: ReprocessingProvider,
  store: Store,
  options: ReprocessOptions,
): Promise<ReprocessResult> {
  const pass = () => reprocessAll(provider, store, options);
  return options.dryRun ? store.rehearse(pass) : pass();
}

async function reprocessAll(
  provider: ReprocessingProvider,
  store: Store,
  options: ReprocessOptions,
): Promise<ReprocessResult> {
  const count = { added: 0, updated: 0, unchanged: 0, failed: 0, without_raw: 0 };
  let example: string | null = null;
  const tasks = tasksOf(provider, store, options.what);
  // A file never takes away what an earlier, richer one gave; a service's answer is the truth.
  const mode = provider.remote === undefined ? "merge" : "replace";
  for (let start = 0; start < tasks.length; start += BATCH) {
    const done: RewrittenItem[] = [];
    for (const task of tasks.slice(start, start + BATCH)) {
      // A signal is heard only between turns of the event loop.
      await nextTurn();
      if (options.signal.aborted) throw new InterruptedError();
      try {
        const activity = await mapAgain(provider, store, task);
        if (activity === undefined) count.without_raw++;
        else {
          const { owner, externalId } = task;
          const { parserVersion, revisionKey } = provider;
          done.push({ owner, externalId, activity, mode, parserVersion, revisionKey });
        }
      } catch (error) {
        if (!(error instanceof FitglueError) || dispositionOf(error) === "stop-all") throw error;
        count.failed++;
        example ??= `${task.externalId}: ${error.message}`;
        if (task.skipped) {
          store.transaction(() =>
            store.skipped.failedAgain(
              task.owner,
              task.externalId,
              skippedCode(error),
              error.message,
              provider.parserVersion,
            ),
          );
        }
      }
    }
    for (const outcome of store.rewrite(done, { now: options.now() })) count[outcome]++;
    options.onProgress?.(Math.min(start + BATCH, tasks.length), tasks.length);
  }
  return { source: provider.id, ...count, example };
}

/** As the codes of skipped items are written everywhere: `UNMAPPABLE` is `unmappable`. */
function skippedCode(error: FitglueError): string {
  return error.code.toLowerCase().replaceAll("_", "-");
}

/** The whole list of work is small: a key for each item, no payload. */
function tasksOf(provider: Provider, store: Store, what: ReprocessOptions["what"]): Task[] {
  const skipped = store.skippedItems().filter(({ source }) => source === provider.id);
  const keys = new Set(skipped.map(({ account, externalId }) => `${account}\u0000${externalId}`));
  const tasks = skipped.map((item: SkippedItem): Task => ({
    owner: { source: item.source, account: item.account },
    externalId: item.externalId,
    id: store.activities.find(item, item.externalId)?.id,
    skipped: true,
  }));
  if (what === "skipped") return tasks;
  const rows = store.db
    .prepare("SELECT id, source, account, external_id FROM activities WHERE source = ? ORDER BY id")
    .all(provider.id) as { id: number; source: string; account: string; external_id: string }[];
  for (const { id, source, account, external_id: externalId } of rows) {
    if (keys.has(`${account}\u0000${externalId}`)) continue;
    tasks.push({ owner: { source, account }, externalId, id, skipped: false });
  }
  return tasks;
}

async function mapAgain(
  provider: ReprocessingProvider,
  store: Store,
  task: Task,
): Promise<Activity | undefined> {
  const payloads = store.rawPayloads(task.owner, task.externalId);
  if (payloads.length === 0) {
    if (!task.skipped) return undefined;
    throw new ItemError("no-payload", "its raw bytes are not stored");
  }
  const stored = task.id === undefined ? undefined : store.get(task.id, { samples: true });
  const activity = await provider.reprocess(payloads, {
    externalId: task.externalId,
    account: task.owner.account,
    activity: stored,
  });
  // The identity is the stored one, whatever a mapping would call a session that it meets for the first time.
  return { ...activity, externalId: stored?.externalId ?? task.externalId };
}
