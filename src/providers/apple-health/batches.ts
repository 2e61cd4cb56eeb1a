import { hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { FitglueError, InputError, InterruptedError, ItemError } from "../../errors.ts";
import { deflatePayload } from "../../model/index.ts";
import type { Batch, Item, PackedPayload, RawPayload, Skipped } from "../../model/index.ts";
import { possibleDuplicates, sessionOf, withoutRewrites } from "./duplicates.ts";
import type { Session } from "./duplicates.ts";
import type { ElementBytes, ExportFiles, RouteBytes, RouteFile, Scan } from "./elements.ts";
import { ROUTE_LIMIT } from "./folder.ts";
import { buildItem } from "./item.ts";
import type { NamedRoute } from "./item.ts";
import { RecordIndex } from "./join.ts";
import { windowOf } from "./map.ts";
import type { ReadingSession } from "./reading.ts";
import { parseWorkout } from "./wire.ts";
import type { WireWorkout } from "./wire.ts";

/** A transaction is worth its cost from a dozen workouts on, and larger ones are only more to hold … */
const BATCH_WORKOUTS = 16;
/** … and memory stays flat if long routes make it fewer. */
const BATCH_BYTES = 4 << 20;
/** Workouts whose routes are being read while an earlier one is mapped. */
const LOOKAHEAD = 3;

/** A workout with the bytes of its routes, and what was wrong with these. */
interface Loaded {
  readonly session: Session;
  readonly element: ElementBytes;
  /** The element's. */
  readonly bytes: Buffer;
  readonly wire: WireWorkout;
  readonly routes: readonly NamedRoute[];
  readonly missing: readonly { readonly code: string; readonly message: string }[];
}

/**
 * All workouts of an export by start, as batches. Routes are read shortly before they are needed and released with
 * their batch; elements are read twice, since everything read at once would not fit.
 */
export async function* batchesOf(
  scan: Scan,
  files: ExportFiles,
  session: ReadingSession,
): AsyncGenerator<Batch, void, void> {
  const { sessions, skipped } = survey(scan, session);
  const duplicates = possibleDuplicates(sessions);
  const index = new RecordIndex(scan);
  const loader = new RouteLoader(files, session);
  let items: Promise<Item>[] = [];
  let bytes = 0;
  let pending: readonly Skipped[] = skipped;
  const flush = async (): Promise<Batch> => {
    const batch: Batch = {
      items: await Promise.all(items),
      skipped: pending,
      mode: "merge",
    };
    items = [];
    bytes = 0;
    pending = [];
    return batch;
  };

  let done = 0;
  const queue: Promise<Loaded>[] = [];
  for (let next = 0; done < sessions.length; done++) {
    for (; next < sessions.length && queue.length < LOOKAHEAD; next++) {
      const element = scan.workouts[sessions[next]?.index ?? -1];
      const waiting = sessions[next];
      if (element === undefined || waiting === undefined) continue;
      const loading = loader.load(waiting, element);
      // Awaited in its turn; until then a failure is nobody's.
      loading.catch(() => undefined);
      queue.push(loading);
    }
    // Lets those behind it go on: what has been read meanwhile is told only when nothing else is to do.
    await setImmediate();
    const loaded = await queue.shift();
    if (session.signal.aborted) throw new InterruptedError({ cause: session.signal.reason });
    if (loaded === undefined) break;
    const { wire, element, routes } = loaded;
    for (const { code, message } of loaded.missing)
      session.warn({ code, message: at(message, element), loss: true });
    const window = windowOf(wire);
    // With each batch is often enough.
    if (items.length === 0) index.forget(window.start);
    const { item, oddities } = buildItem({
      bytes: loaded.bytes,
      wire,
      slices: index.within(window),
      table: scan,
      routes,
      timezone: session.timezone,
      possibleDuplicateOf: duplicates.get(loaded.session.externalId),
    });
    for (const { code, message, loss } of oddities)
      session.warn({ code, message: at(message, element), loss });
    const packing = packed(item);
    packing.catch(() => undefined);
    items.push(packing);
    for (const raw of item.raw) bytes += "deflated" in raw ? raw.deflated.length : raw.bytes.length;
    for (const column of Object.values(item.activity.samples)) bytes += column.byteLength;
    if (items.length >= BATCH_WORKOUTS || bytes >= BATCH_BYTES) {
      session.progress({
        bytes: scan.bytes,
        totalBytes: files.mainBytes,
        activities: done + 1,
        records: scan.elements,
        phase: "joining",
      });
      yield await flush();
    }
  }
  if (items.length > 0 || pending.length > 0) yield await flush();
}

/** The item with its payloads deflated: whoever stores it has enough to do, and here it happens beside the mapping of the next. */
async function packed({ activity, raw }: Item): Promise<Item> {
  return {
    activity,
    raw: await Promise.all(raw.map((one) => packedPayload(one))),
  };
}

async function packedPayload(payload: RawPayload | PackedPayload): Promise<RawPayload | PackedPayload> {
  if ("deflated" in payload) return payload;
  const { kind, mediaType, bytes } = payload;
  const deflated = await deflatePayload(bytes);
  if (deflated === undefined) return payload;
  return { kind, mediaType, deflated, sha256: hash("sha256", bytes, "buffer"), length: bytes.length };
}

function at(message: string, element: ElementBytes): string {
  return `${message} (workout at byte ${element.offset})`;
}

/** One look at every workout: which there are, each once, and which cannot be understood. */
function survey(scan: Scan, session: ReadingSession): { sessions: Session[]; skipped: Skipped[] } {
  const sessions: Session[] = [];
  const skipped = new Map<string, Skipped>();
  scan.workouts.forEach((element, index) => {
    if (session.signal.aborted) throw new InterruptedError({ cause: session.signal.reason });
    const { bytes } = element;
    try {
      const wire = parseWorkout(bytes);
      sessions.push(sessionOf(wire, windowOf(wire).start, index));
    } catch (error) {
      if (!(error instanceof ItemError)) throw error;
      const externalId = hash("sha256", bytes).slice(0, 32);
      const reason = `${error.message}, at byte ${element.offset}`;
      const raw = [{ kind: "workout", mediaType: "application/xml", bytes }];
      skipped.set(externalId, { externalId, code: "unmappable", reason, raw });
    }
  });
  const kept = withoutRewrites(sessions);
  for (let repeated = kept.length; repeated < sessions.length; repeated++) {
    session.warn({
      code: "workout-repeated",
      message: "a workout is written more than once; its newest version counts",
      loss: false,
    });
  }
  return { sessions: kept, skipped: [...skipped.values()] };
}

/** Reads the route files that workouts refer to, and counts each of them once. */
class RouteLoader {
  readonly #files: ExportFiles;
  readonly #session: ReadingSession;
  readonly #counted = new Set<string>();

  constructor(files: ExportFiles, session: ReadingSession) {
    this.#files = files;
    this.#session = session;
  }

  async load(session: Session, element: ElementBytes): Promise<Loaded> {
    const { bytes } = element;
    const wire = parseWorkout(bytes);
    const routes: NamedRoute[] = [];
    const missing: { code: string; message: string }[] = [];
    // A day of positions is a seventh of what one file may have; all parts together need no more.
    let room = ROUTE_LIMIT;
    // Parts that end in the same minute share a name: each path once.
    for (const reference of new Set(wire.routes.flatMap(({ paths }) => [...paths]))) {
      const found = this.#files.routes(reference);
      if (found.length === 0)
        missing.push({ code: "route-missing", message: `${reference} is not in the export` });
      for (const [ordinal, file] of found.entries()) {
        try {
          const content = await this.#read(file, ordinal);
          room -= content.bytes.length;
          if (room < 0) throw new InputError("INPUT_ROUTE_TOO_LARGE", "the route is too large to be one");
          // Not in the thread pool, which would take a copy of it.
          const sha256 = content.deflated && hash("sha256", content.bytes, "buffer");
          routes.push({ reference, ...content, ...(sha256 && { sha256 }) });
        } catch (error) {
          if (!(error instanceof FitglueError)) throw error;
          missing.push({ code: "route-unreadable", message: `${reference}: ${error.message}` });
        }
      }
    }
    return { session, element, bytes, wire, routes, missing };
  }

  async #read(file: RouteFile, ordinal: number): Promise<RouteBytes> {
    const content = await file.read();
    const name = `${file.path}#${ordinal}`;
    if (!this.#counted.has(name)) this.#session.routeRead();
    this.#counted.add(name);
    return content;
  }
}
