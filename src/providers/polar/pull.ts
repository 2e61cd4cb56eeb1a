import { FitglueError, InterruptedError, ItemError, type TemporaryError } from "../../errors.ts";
import type { Alias, Batch, Bookmark, Item, Json, RawPayload, Receipt, Skipped } from "../../model/index.ts";
import type { KnownActivity, Session } from "../types.ts";
import { AccessLink, isUnreadable, type ExerciseLink, type Fetched, type Transaction } from "./api.ts";
import { jsonOf, KIND, occurrenceOf, toActivity, type Identity, type Occurrence } from "./map.ts";
import { finds, idsOf, isStored, type World } from "./match.ts";
import { inParallel } from "./parallel.ts";
import { united } from "./payloads.ts";
import { parseExercise, type WireExercise } from "./wire.ts";

/** Sessions of the list that become durable together. */
const LIST_BATCH = 10;
/** How often the same sessions may come again within one run before it stops asking. */
const MAX_REPEATS = 2;

/**
 * One pass over Polar: transactions until there is nothing new, then the list, which is the net beneath them and all
 * there is once transactions are retired. A fault of the transactions does not keep the list from being read; the pass
 * still ends with it.
 */
export async function* pull(
  session: Session,
  since: Bookmark | undefined,
): AsyncGenerator<Batch, void, void> {
  const pass = new Pass(session, since);
  let failure: TemporaryError | undefined;
  try {
    yield* pass.transactions();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    failure = error;
  }
  yield* pass.list();
  pass.reportUnreadable();
  if (failure !== undefined) throw failure;
}

/** What became of one session. */
type Outcome =
  | {
      readonly type: "stored";
      readonly id: string;
      readonly item: Item;
      readonly answers?: Fetched;
    }
  | { readonly type: "skipped"; readonly skipped: Skipped }
  | { readonly type: "held" }
  | { readonly type: "gone"; readonly id: string; readonly answers: Fetched }
  | { readonly type: "unreadable" };

/** A session of a transaction that could not be read; its transaction stays open. */
interface Unreadable {
  readonly id: string;
  readonly error: TemporaryError;
  /** Where its own document could be read and tells: what the list may know it by. */
  readonly occurrence: Occurrence | undefined;
}

class Pass {
  readonly #session: Session;
  readonly #link: AccessLink;
  /** Ids of stored sessions that lack something which may still be had: a detail that was 404, a file that failed. */
  readonly #incomplete: Set<string>;
  readonly #unreadable: Unreadable[] = [];
  readonly #fileErrors = new Map<string, TemporaryError>();
  /** The bookmark as the store has it. */
  #stored: string;
  /** The transactions have nothing more: whatever is visible at all, they have given, now or in an earlier run. */
  #exhausted = false;

  constructor(session: Session, since: Bookmark | undefined) {
    this.#session = session;
    this.#link = new AccessLink(session.api, session.signal);
    this.#incomplete = new Set(incompleteOf(since));
    this.#stored = JSON.stringify(this.#bookmark());
  }

  async *transactions(): AsyncGenerator<Batch, void, void> {
    const session = this.#session;
    const seen = new Set<string>();
    let repeats = 0;
    for (;;) {
      const transaction = await this.#link.openTransaction(session.account);
      if (transaction === "retired") {
        session.note("Polar has retired its exercise transactions; the exercise list alone is used");
        return;
      }
      if (seen.size === 0) session.note(null);
      if (transaction === undefined) {
        this.#exhausted = true;
        return;
      }
      const listing = await this.#link.listTransaction(transaction.path);
      const exercises = listing === "gone" ? [] : listing.exercises;
      if (exercises.length > 0 && exercises.every(({ id }) => seen.has(id)) && ++repeats > MAX_REPEATS) {
        session.warn({
          code: "transaction-repeated",
          message: "Polar offers the same sessions again after they were acknowledged",
          loss: false,
        });
        return;
      }
      for (const { id } of exercises) seen.add(id);
      const settled = yield* this.#one(transaction, exercises);
      if (settled === "expired" && ++repeats <= MAX_REPEATS) continue;
      if (settled !== "complete") return;
    }
  }

  /** One transaction: fetched, handed over, and only with a receipt when everything that it listed is in it. */
  async *#one(
    transaction: Transaction,
    exercises: readonly ExerciseLink[],
  ): AsyncGenerator<Batch, "complete" | "open" | "expired", void> {
    const session = this.#session;
    if (exercises.length === 0) {
      // Opened although there is nothing: whatever that means, nothing of it may be acknowledged.
      session.warn({
        code: "transaction-empty",
        message: "Polar opened a transaction and listed nothing in it; it was left open",
        loss: false,
      });
      return "open";
    }
    let done = 0;
    const results = await inParallel(exercises, async (exercise) => {
      const outcome = await this.#exercise(exercise);
      session.progress(`session ${++done} of ${exercises.length}`);
      return outcome;
    });
    const { outcomes } = results;
    let { stopped } = results;
    // What is not there never was, was deleted meanwhile, or the transaction has expired under us.
    const unsure = unsureOf(outcomes, this.#link.aliveAt);
    let expired = false;
    if (unsure.size > 0 && stopped === undefined) {
      try {
        expired = (await this.#link.listTransaction(transaction.path)) === "gone";
      } catch (error) {
        if (!(error instanceof FitglueError)) throw error;
        stopped = error;
      }
    }
    if (stopped instanceof InterruptedError) throw stopped;
    if (expired || stopped !== undefined) {
      // Nobody can tell now; next time they are read again.
      for (const { id } of unsure) this.#incomplete.add(id);
    }
    const usable = expired ? outcomes.filter((outcome) => !isIn(unsure, outcome)) : outcomes;
    const complete =
      stopped === undefined &&
      !expired &&
      outcomes.every((outcome) => outcome.type !== "unreadable" && !lacksFile(outcome));

    const receipt: Receipt | undefined = complete
      ? { id: transaction.id, data: { path: transaction.path } }
      : undefined;
    const batch = this.#batch(usable, receipt);
    if (batch !== undefined) yield batch;
    if (stopped !== undefined) throw stopped;
    return complete ? "complete" : expired ? "expired" : "open";
  }

  async #exercise({ id, path }: ExerciseLink): Promise<Outcome> {
    const { known } = this.#session;
    const stored = known.get(id);
    const complete = stored?.payloadKinds().includes(KIND.exercise) === true && !this.#incomplete.has(id);
    // An earlier run stored all of it and was cut short before the acknowledgement: no need to ask for it again.
    if (complete && !this.#session.full) return { type: "held" };
    try {
      const fetched = await this.#link.session(path);
      if (fetched.raw.length === 0) return { type: "gone", id, answers: fetched };
      if (fetched.error !== undefined) {
        return this.#unread(id, fetched.error, occurrenceIn(fetched.raw));
      }
      this.#remember([id], fetched.fileError);
      if (fetched.fileError !== undefined) this.#fileErrors.set(id, fetched.fileError);
      const outcome = this.#mapped(id, "transaction", fetched.raw);
      return outcome.type === "stored" ? { ...outcome, answers: fetched } : outcome;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return this.#unread(id, error, undefined);
    }
  }

  #unread(id: string, error: TemporaryError, occurrence: Occurrence | undefined): Outcome {
    this.#unreadable.push({ id, error, occurrence });
    return { type: "unreadable" };
  }

  /** The list: whatever the store does not have yet, and aliases for what it has under another id. */
  async *list(): AsyncGenerator<Batch, void, void> {
    const session = this.#session;
    const { entries, payload } = await this.#link.list();
    const aliases: Alias[] = [];
    const wanted: { readonly id: string; readonly document: WireExercise }[] = [];
    const matched = new Set<string>();
    for (const entry of entries) {
      const document = entryOf(entry);
      const id = document?.id ?? null;
      if (document === undefined || id === null) {
        session.warn({
          code: "list-entry-unreadable",
          message: "an entry of /v3/exercises has no id",
          loss: true,
        });
        continue;
      }
      const stored = this.#storedAs(id, document, matched);
      if (stored !== undefined) {
        matched.add(stored.externalId);
        if (!idsOf(stored).includes(id)) aliases.push({ externalId: id, of: stored.externalId });
        const lacking = [id, ...idsOf(stored)].some((one) => this.#incomplete.has(one));
        if (!lacking && !session.full) continue;
      } else if (session.known.isSkipped(id) && !session.full) {
        continue;
      } else if (this.#exhausted && occurrenceOf(document) === undefined) {
        // Nobody can recognise it, and it is kept raw already, under its other id.
        continue;
      }
      if (isBefore(document, session.since)) continue;
      wanted.push({ id, document });
    }
    if (aliases.length > 0) yield { items: [], aliases };

    wanted.sort((a, b) => (startOf(a.document) ?? 0) - (startOf(b.document) ?? 0));
    for (let at = 0; at < wanted.length; at += LIST_BATCH) {
      const some = wanted.slice(at, at + LIST_BATCH);
      const { outcomes, stopped } = await inParallel(some, async ({ id }) => {
        const outcome = await this.#listed(id, payload);
        session.progress(`session ${Math.min(at + some.length, wanted.length)} of ${wanted.length}`);
        return outcome;
      });
      if (stopped instanceof InterruptedError) throw stopped;
      const batch = this.#batch(outcomes, undefined);
      if (batch !== undefined) yield batch;
      if (stopped !== undefined) throw stopped;
    }
    this.#forgetUnlisted(new Set(entries.flatMap((entry) => entryOf(entry)?.id ?? [])));
    if (JSON.stringify(this.#bookmark()) !== this.#stored) yield { items: [], bookmark: this.#bookmark() };
  }

  /** What the list has no longer cannot be completed from it, after thirty days at the latest. */
  #forgetUnlisted(listed: ReadonlySet<string>): void {
    for (const id of this.#incomplete) {
      const stored = this.#session.known.get(id);
      const ids = stored === undefined ? [id] : idsOf(stored);
      const fromTransaction = stored?.payloadKinds().includes(KIND.exercise) === true;
      if (!fromTransaction && !ids.some((one) => listed.has(one))) this.#incomplete.delete(id);
    }
  }

  async #listed(id: string, list: RawPayload | undefined): Promise<Outcome> {
    try {
      const detail = await this.#link.detail(id);
      const file = await this.#link.file(id);
      // Polar lists sessions whose details it does not find: what the list says is kept, the rest is tried again later.
      const raw = [detail ?? list, file.payload].filter((payload) => payload !== undefined);
      const stored = this.#session.known.get(id);
      this.#remember(
        [id, ...(stored === undefined ? [] : idsOf(stored))],
        detail === undefined ? MISSING : file.error,
      );
      if (detail === undefined) {
        const message = `Polar lists session ${id} but has no details of it`;
        this.#session.warn({ code: "detail-missing", message, loss: false });
      }
      if (file.error !== undefined) this.#fileErrors.set(id, file.error);
      return this.#mapped(id, "list", raw);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#session.warn({
        code: "session-unreadable",
        message: `session ${id}: ${error.message}`,
        loss: true,
      });
      return { type: "unreadable" };
    }
  }

  /** After the list: what could be read in neither world. */
  reportUnreadable(): void {
    const { known } = this.#session;
    for (const { id, error, occurrence } of this.#unreadable) {
      const stored = known.get(id) !== undefined || (occurrence !== undefined && isStored(known, occurrence));
      this.#session.warn({
        code: "session-unreadable",
        message: `session ${id} could not be read, its transaction stays open: ${error.message}`,
        loss: !stored,
      });
    }
    for (const [id, error] of this.#fileErrors) {
      // Read in the other world meanwhile, or told of under another id already.
      if (!this.#incomplete.has(id)) continue;
      const stored = known.get(id);
      if (stored !== undefined && idsOf(stored).find((one) => this.#fileErrors.has(one)) !== id) continue;
      const message = `the original file of session ${id}: ${error.message}`;
      this.#session.warn({ code: "file-unreadable", message, loss: true });
    }
  }

  /** One session, united with what is stored of it, to an item; not understood, to a skipped one. */
  #mapped(id: string, world: World, raw: readonly RawPayload[]): Outcome {
    try {
      const stored = this.#session.known.get(id) ?? this.#recognised(raw, world);
      const identity: Identity =
        stored === undefined
          ? { externalId: id, aliases: [] }
          : {
              externalId: stored.externalId,
              aliases: [...new Set([...stored.aliases, id])].filter((one) => one !== stored.externalId),
            };
      const all = united(stored, raw);
      const { activity, oddities } = toActivity(all, identity);
      for (const { code, message } of oddities) {
        this.#session.warn({ code, message, loss: false });
      }
      return { type: "stored", id, item: { activity, raw: all } };
    } catch (error) {
      if (!(error instanceof ItemError)) throw error;
      const skipped: Skipped = { externalId: id, code: "unmappable", reason: error.message, raw };
      return { type: "skipped", skipped };
    }
  }

  /** The same session, stored under its id of the other world. */
  #recognised(raw: readonly RawPayload[], world: World): KnownActivity | undefined {
    const occurrence = occurrenceIn(raw);
    return occurrence === undefined ? undefined : finds(this.#session.known, occurrence, world, new Set());
  }

  #storedAs(id: string, document: WireExercise, taken: ReadonlySet<string>): KnownActivity | undefined {
    const { known } = this.#session;
    const occurrence = occurrenceOf(document);
    return known.get(id) ?? (occurrence === undefined ? undefined : finds(known, occurrence, "list", taken));
  }

  #remember(ids: readonly string[], error: TemporaryError | typeof MISSING | undefined): void {
    for (const id of ids) {
      if (error === undefined) this.#incomplete.delete(id);
      else this.#incomplete.add(id);
    }
  }

  #batch(outcomes: readonly Outcome[], receipt: Receipt | undefined): Batch | undefined {
    const items = outcomes.flatMap((outcome) => (outcome.type === "stored" ? [outcome.item] : []));
    const skipped = outcomes.flatMap((outcome) => (outcome.type === "skipped" ? [outcome.skipped] : []));
    if (items.length === 0 && skipped.length === 0 && receipt === undefined) return undefined;
    items.sort((a, b) => (a.activity.startTime < b.activity.startTime ? -1 : 1));
    this.#stored = JSON.stringify(this.#bookmark());
    return {
      items,
      skipped,
      bookmark: this.#bookmark(),
      ...(receipt === undefined ? {} : { receipt }),
    };
  }

  #bookmark(): { readonly incomplete: readonly string[] } {
    return { incomplete: [...this.#incomplete].sort() };
  }
}

const MISSING = Symbol("missing");

type Answered = Outcome & { readonly id: string; readonly answers: Fetched };

/** Those after whose last answer the transaction has given nothing any more. */
function unsureOf(outcomes: readonly Outcome[], aliveAt: number): ReadonlySet<Answered> {
  const answered = outcomes.filter(
    (outcome): outcome is Answered => "answers" in outcome && outcome.answers !== undefined,
  );
  return new Set(answered.filter(({ answers }) => answers.nothingAt > aliveAt));
}

function isIn(set: ReadonlySet<Outcome>, outcome: Outcome): boolean {
  return set.has(outcome);
}

function lacksFile(outcome: Outcome): boolean {
  return outcome.type === "stored" && outcome.answers?.fileError !== undefined;
}

/** When the session was, by its own document; undefined where that does not tell. */
function occurrenceIn(raw: readonly RawPayload[]): Occurrence | undefined {
  const document = raw.find(({ kind }) => kind === KIND.exercise || kind === KIND.detail);
  if (document === undefined) return undefined;
  try {
    return occurrenceOf(parseExercise(jsonOf(document.bytes, document.kind)));
  } catch (error) {
    if (error instanceof ItemError) return undefined;
    throw error;
  }
}

function entryOf(entry: unknown): WireExercise | undefined {
  try {
    return parseExercise(entry);
  } catch {
    return undefined;
  }
}

function startOf(document: WireExercise): number | undefined {
  return occurrenceOf(document)?.startMs;
}

/** `--since` is about local dates; what has no readable start is never left out. */
function isBefore(document: WireExercise, since: string | undefined): boolean {
  const day = document["start-time"]?.slice(0, 10);
  return since !== undefined && day !== undefined && occurrenceOf(document) !== undefined && day < since;
}

function incompleteOf(bookmark: Bookmark | undefined): string[] {
  const list: Json | undefined =
    typeof bookmark === "object" && bookmark !== null && !Array.isArray(bookmark)
      ? (bookmark as { readonly incomplete?: Json }).incomplete
      : undefined;
  return Array.isArray(list) ? list.filter((id) => typeof id === "string") : [];
}
