import { AuthError } from "../../errors.ts";
import type { Batch, RawPayload, Skipped } from "../../model/index.ts";
import type { KnownActivity, Session } from "../types.ts";
import { createGoogleHealth, type GoogleHealth, isPassing } from "./api.ts";
import { type Recording, sortOut } from "./listing.ts";
import { type ExerciseParts, mapExercise } from "./map.ts";
import { KIND, partsOf, payloadsOf } from "./payloads.ts";
import { FIRST_RUN_DAYS, planOf, readBookmark, writeBookmark } from "./plan.ts";
import { readRoute, type Route } from "./samples.ts";
import { ACTIVITY_SCOPE, LOCATION_SCOPE, METRICS_SCOPE, missingWithout } from "./scopes.ts";
import { addDays, type Span, windowsOf } from "./spans.ts";
import { parseDayZones } from "./wire.ts";

/**
 * Days asked for at once. Google lists newest first, so only a whole window may move the bookmark; and one client met a
 * limit of 90 days, of which two go to the margins (google-health.md §2.2, §2.3).
 */
const WINDOW_DAYS = 60;

/** Reads the plan's days in windows from old to new: one batch per exercise, and one that closes each window. */
export async function* pull(
  session: Session,
  bookmark: Batch["bookmark"],
): AsyncGenerator<Batch, void, void> {
  if (!session.scopes.includes(ACTIVITY_SCOPE)) {
    throw new AuthError("SCOPE_MISSING", "the permission to read activities was not granted at Google", {
      provider: "fitbit",
      hint: "fitglue connect fitbit, and leave every box of the consent page ticked",
    });
  }
  let memory = readBookmark(bookmark);
  if (memory === undefined && session.since === undefined && !session.full) {
    session.warn({
      code: "first-run",
      message: `this first sync reads the last ${FIRST_RUN_DAYS} days; for more: fitglue sync fitbit --since 2020-01-01, for everything: fitglue sync fitbit --full`,
      loss: false,
    });
  }
  const reader = new Reader(session);
  reader.noteMissing();
  let written = bookmark === undefined ? undefined : JSON.stringify(bookmark);
  for (const span of planOf(session, memory)) {
    for (const window of windowsOf(span, WINDOW_DAYS)) {
      const { closing, again } = yield* reader.read(window, new Set(memory?.again));
      memory = {
        covered: [...(memory?.covered ?? []), window],
        again: [...(memory?.again ?? []).filter((day) => day < window.from || day >= window.to), ...again],
      };
      const next = writeBookmark(memory);
      const text = JSON.stringify(next);
      yield text === written ? closing : { ...closing, bookmark: next };
      written = text;
    }
  }
}

interface WindowEnd {
  readonly closing: Batch;
  /** Days of the window to look at again at the next run. */
  readonly again: readonly string[];
}

/** What has to be asked for one recording. */
interface Task {
  readonly recording: Recording;
  readonly known: KnownActivity | undefined;
  readonly heartRates: boolean;
  readonly zones: boolean;
  readonly route: boolean;
  /** Store it whatever the questions give; otherwise only if they give something. */
  readonly store: boolean;
}

/** Reads windows; remembers what Google turned out not to allow in this run. */
class Reader {
  readonly #session: Session;
  readonly #google: GoogleHealth;
  #metricsAllowed: boolean;
  #routesAllowed: boolean;

  constructor(session: Session) {
    this.#session = session;
    this.#google = createGoogleHealth(session.api, session.signal);
    this.#metricsAllowed = session.scopes.includes(METRICS_SCOPE);
    this.#routesAllowed = session.scopes.includes(LOCATION_SCOPE);
  }

  /** Tells `status` what this account's data will lack. */
  noteMissing(): void {
    const allowed = [
      ...(this.#metricsAllowed ? [METRICS_SCOPE] : []),
      ...(this.#routesAllowed ? [LOCATION_SCOPE] : []),
    ];
    const missing = missingWithout(allowed);
    this.#session.note(
      missing === null
        ? null
        : `not permitted at Google, so there will be ${missing}; fitglue connect fitbit asks again`,
    );
  }

  async *read(window: Span, openDays: ReadonlySet<string>): AsyncGenerator<Batch, WindowEnd, void> {
    const session = this.#session;
    session.progress(`exercises from ${window.from} to ${addDays(window.to, -1)}`);
    const pages = await this.#google.exercises(addDays(window.from, -1), addDays(window.to, 1));
    const listing = sortOut(
      pages.flatMap((page) => page.points()),
      window,
    );
    const tasks = listing.recordings
      .map((recording) => this.#taskOf(recording, openDays))
      .filter((task) => task !== undefined);
    const zones = await this.#zonesOf(tasks);
    const now = session.now();
    // A day that is not over stays open; what was missing of another one is a task of its own.
    const again = new Set(
      [...openDays].filter((day) => day >= window.from && day < window.to && !isSettled(day, now)),
    );
    const skipped: Skipped[] = [];
    let stored = 0;
    for (const [index, task] of tasks.entries()) {
      session.progress(`activity ${index + 1} of ${tasks.length}`);
      const { localDate } = task.recording.times;
      const item = await this.#fetch(task, zones.get(localDate), () => again.add(localDate));
      if (task.zones && zones.get(localDate) === undefined && !isSettled(localDate, now)) {
        again.add(localDate);
      }
      if (item === undefined) continue;
      stored++;
      yield item;
    }
    for (const { id, bytes } of listing.unreadable) {
      if (session.known.isSkipped(id) && !session.full) continue;
      skipped.push({
        externalId: id,
        code: "unmappable",
        reason: "the exercise has no id or no start time that can be read",
        raw: [{ kind: KIND.exercise, mediaType: "application/json", bytes }],
      });
    }
    return {
      closing: {
        items: [],
        skipped,
        complete: { ...window, externalIds: listing.ids },
        unchanged: listing.recordings.length - stored,
      },
      again: [...again],
    };
  }

  /** Undefined when the store has it as Google has it. */
  #taskOf(recording: Recording, openDays: ReadonlySet<string>): Task | undefined {
    const session = this.#session;
    const { full } = session;
    const { point, times, id, mirrors } = recording;
    const known = session.known.get(id);
    // A mirror whose original is gone: the session is stored, and better than this copy of it.
    if (known !== undefined && known.externalId !== id) return undefined;
    const kinds = new Set(known?.payloadKinds());
    const fresh = full || known === undefined || isChanged(recording, known);
    const hasPulse = times.end !== undefined && times.end > times.start;
    const heartRates = this.#metricsAllowed && hasPulse && (fresh || !kinds.has(`${KIND.heartRate}0`));
    const zones =
      this.#metricsAllowed &&
      point.exercise?.metricsSummary?.heartRateZoneDurations !== undefined &&
      (fresh || heartRates || (openDays.has(times.localDate) && isSettled(times.localDate, session.now()))) &&
      (full || zonesDate(known) !== times.localDate);
    const route =
      this.#routesAllowed &&
      point.exercise?.exerciseMetadata?.hasGps === true &&
      (full || (!kinds.has(KIND.tcxRefused) && (!kinds.has(KIND.tcx) || (fresh && !hasRoute(known)))));
    const linked = mirrors.every((mirror) => known?.aliases.includes(mirror.id) ?? false);
    const store = fresh || !linked || known.deletedAt !== null;
    return store || heartRates || zones || route
      ? { recording, known, heartRates, zones, route, store }
      : undefined;
  }

  /** The days' zone limits that the tasks need, by local date; in one request. */
  async #zonesOf(tasks: readonly Task[]): Promise<ReadonlyMap<string, Buffer>> {
    const days = tasks.filter((task) => task.zones).map((task) => task.recording.times.localDate);
    const [first, last] = [days.toSorted()[0], days.toSorted().at(-1)];
    const zones = new Map<string, Buffer>();
    if (first === undefined || last === undefined) return zones;
    const pages = await this.#ifAllowed(() => this.#google.zones(first, addDays(last, 1)));
    for (const bytes of pages?.flatMap((page) => page.points()) ?? []) {
      const day = parseDayZones(bytes);
      if (day !== undefined && !zones.has(day.date)) zones.set(day.date, bytes);
    }
    return zones;
  }

  /** Asks what the task needs, takes the rest from the store, and maps it. Undefined when it gave nothing new. */
  async #fetch(task: Task, zones: Buffer | undefined, later: () => void): Promise<Batch | undefined> {
    const { recording, known } = task;
    const stored = known === undefined ? undefined : partsOf(storedPayloads(known));
    const { start, end } = recording.times;
    const [pages, route] = await both(
      task.heartRates && end !== undefined
        ? this.#ifAllowed(() => this.#google.heartRates(start, end))
        : undefined,
      task.route ? this.#route(recording, stored?.tcx, later) : undefined,
    );
    const refused = route?.refused ?? refusalIn(known, task);
    const parts: ExerciseParts = {
      exercise: recording.bytes,
      mirrors: recording.mirrors.map((mirror) => mirror.bytes),
      heartRates: pages?.map((page) => page.body) ?? stored?.heartRates ?? [],
      zones: zones ?? stored?.zones,
      tcx: route?.tcx ?? stored?.tcx,
    };
    if (!task.store && pages === undefined && zones === undefined && route === undefined) return undefined;
    const raw = payloadsOf(
      parts,
      recording.mirrors.map((mirror) => mirror.id),
      refused,
    );
    return { items: [{ activity: mapExercise(parts, route?.read), raw }] };
  }

  /** Undefined when it could not be asked now; `later` has been called then, if asking again may help. */
  async #route(
    recording: Recording,
    stored: Uint8Array | undefined,
    later: () => void,
  ): Promise<
    { readonly tcx?: Uint8Array; readonly read?: Route; readonly refused?: RawPayload } | undefined
  > {
    const session = this.#session;
    try {
      const answer = await this.#google.route(recording.id);
      if (answer.kind === "refused") {
        const { mediaType, body } = answer;
        return { refused: { kind: KIND.tcxRefused, mediaType, bytes: body } };
      }
      if (answer.kind === "scope-missing") {
        this.#routesAllowed = false;
        this.noteMissing();
        return undefined;
      }
      const read = readRoute(answer.body);
      if (read.damage !== null) {
        session.warn({
          code: "route-damaged",
          message: `the route of exercise ${recording.id} cannot be read in full: ${read.damage}`,
          loss: true,
        });
      }
      // A route that was there once is not given up for an empty answer.
      return read.positions === 0 && stored !== undefined ? { tcx: stored } : { tcx: answer.body, read };
    } catch (error) {
      if (!isPassing(error)) throw error;
      later();
      const why = error instanceof Error ? error.message : "unavailable";
      session.warn({
        code: "route-missing",
        message: `the next sync asks again for a route: ${why}`,
        loss: true,
      });
      return undefined;
    }
  }

  /** Undefined when Google says that the token does not cover health metrics, whatever was granted. */
  async #ifAllowed<T>(ask: () => Promise<T>): Promise<T | undefined> {
    if (!this.#metricsAllowed) return undefined;
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof AuthError) || error.code !== "SCOPE_MISSING") throw error;
      this.#metricsAllowed = false;
      this.noteMissing();
      return undefined;
    }
  }
}

/** By `updateTime`; where Google gives none, by the bytes. */
function isChanged(recording: Recording, known: KnownActivity): boolean {
  const updated = recording.point.exercise?.updateTime;
  if (updated !== undefined && known.providerUpdatedAt !== null) {
    return updated !== Date.parse(known.providerUpdatedAt);
  }
  return known.payload(KIND.exercise)?.equals(recording.bytes) !== true;
}

/**
 * Google computes a day's zone limits after the day: two days after its UTC midnight it is over everywhere, with half a
 * day to spare.
 */
function isSettled(localDate: string, now: number): boolean {
  return now >= Date.parse(`${localDate}T00:00:00Z`) + 2 * 86_400_000;
}

function storedPayloads(known: KnownActivity): { kind: string; bytes: Buffer }[] {
  return known.payloadKinds().flatMap((kind) => {
    const bytes = known.payload(kind);
    return bytes === undefined ? [] : [{ kind, bytes }];
  });
}

function zonesDate(known: KnownActivity | undefined): string | undefined {
  const bytes = known?.payload(KIND.zones);
  return bytes === undefined ? undefined : parseDayZones(bytes)?.date;
}

function hasRoute(known: KnownActivity | undefined): boolean {
  const bytes = known?.payload(KIND.tcx);
  return readRoute(bytes).positions > 0;
}

/** A refusal that was stored stays with the exercise unless the route was asked for again. */
function refusalIn(known: KnownActivity | undefined, task: Task): RawPayload | undefined {
  const bytes = task.route ? undefined : known?.payload(KIND.tcxRefused);
  return bytes === undefined ? undefined : { kind: KIND.tcxRefused, mediaType: "application/json", bytes };
}

/** Two questions side by side. Whatever becomes of one, both are over when this ends. */
async function both<A, B>(a: Promise<A> | A, b: Promise<B> | B): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === "rejected") throw first.reason;
  if (second.status === "rejected") throw second.reason;
  return [first.value, second.value];
}
