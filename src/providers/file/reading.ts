import { InputError, InterruptedError, ItemError } from "../../errors.ts";
import { readFit } from "../../formats/fit-reader.ts";
import { readGpx } from "../../formats/gpx-reader.ts";
import { sessionIdentity } from "../../formats/identity.ts";
import { readTcx } from "../../formats/tcx-reader.ts";
import { plainBytes } from "../../formats/xml-walk.ts";
import { isSameLength, SAME_SESSION_MS } from "../../model/index.ts";
import type { Activity, Alias, Batch, Item } from "../../model/index.ts";
import type { ImportFile, ImportSession, StoredItem, StoredPayload, StoredSession } from "../types.ts";
import { entriesOf, isZip } from "./entries.ts";
import { fitSessions } from "./fit-sessions.ts";
import { MEDIA_TYPES, SESSION_FORMATS, type SessionFormat, sessionFormatOf } from "./format.ts";
import { type FileSession, MARK, type SessionOptions } from "./session.ts";
import { gpxSessions, tcxSessions } from "./xml-sessions.ts";

/** Files of one transaction: each costs a sync of the disk. */
const BATCH_FILES = 20;

/** What a file holds besides recordings, in words; null for an activity. */
interface ParsedFile {
  readonly sessions: readonly FileSession[];
  readonly damage: string | null;
  /** Why there are no sessions in a sound file. */
  readonly none: string;
}

function parse(bytes: Uint8Array, format: SessionFormat, options: SessionOptions): ParsedFile {
  if (format === "fit") {
    const file = readFit(bytes);
    const type = file.fileId?.type ?? null;
    const isActivity = type === "activity" || (type === null && file.records.length > 0);
    const none = isActivity ? "an activity without any time" : `FIT of another kind (${type ?? "unknown"})`;
    return { sessions: isActivity ? fitSessions(file, options) : [], damage: file.damage, none };
  }
  if (format === "tcx") {
    const file = readTcx(bytes);
    const none = "a TCX without a timed activity";
    return { sessions: tcxSessions(file, options), damage: file.damage, none };
  }
  const file = readGpx(bytes);
  const none = "a GPX without a recorded track (points without times are a plan)";
  return { sessions: gpxSessions(file, options), damage: file.damage, none };
}

/** Everything in a file, a folder or a zip of files, as `FileSource.read` has it. */
export async function* read(file: ImportFile, session: ImportSession): AsyncGenerator<Batch, void, void> {
  const many = file.isDirectory || isZip(file.head);
  const pending = new PendingBatch();
  let bytes = 0;
  let records = 0;
  let activities = 0;
  let last: string | undefined;
  for await (const entry of entriesOf(file)) {
    if (session.signal.aborted) throw new InterruptedError();
    const where = entry.path === "" ? file.path : entry.path;
    if ("problem" in entry) {
      if (!many) throw new InputError("INPUT_UNREADABLE", `cannot read ${where}: ${entry.problem}`);
      session.warn({ code: "unreadable", message: `${where}: ${entry.problem}`, loss: true });
      continue;
    }
    const format = sessionFormatOf(entry.bytes);
    if (format === null) continue;
    let plain: Uint8Array;
    let parsed: ParsedFile;
    try {
      plain = plainBytes(entry.bytes);
      parsed = parse(plain, format, { timezone: session.timezone });
    } catch (error) {
      if (!(error instanceof InputError) || !many) throw error;
      session.warn({ code: "unreadable", message: `${where}: ${error.message}`, loss: true });
      continue;
    }
    bytes += plain.length;
    last = parsed.damage ?? parsed.none;
    if (parsed.damage !== null) {
      // A wrong checksum behind a complete session has cost nothing.
      const loss = parsed.sessions.length === 0 || !/CRC/.test(parsed.damage);
      session.warn({ code: "damaged", message: `${where}: ${parsed.damage}`, loss });
    } else if (parsed.sessions.length === 0) {
      session.warn({ code: "not-an-activity", message: `${where}: ${parsed.none}`, loss: false });
    }
    for (const own of parsed.sessions) {
      activities++;
      records += own.activity.samples.timestamp.length;
      // What is pending is not stored yet: a file of the same session must find it there.
      if (pending.isNear(own.startMs)) yield pending.take();
      pending.add(own.startMs, place(own, format, plain, session));
    }
    session.progress({ bytes, activities, records, phase: "reading" });
    if (pending.size >= BATCH_FILES) yield pending.take();
  }
  if (pending.size > 0) yield pending.take();
  if (activities === 0) {
    const what = many ? "nothing in it is a recorded activity" : (last ?? "it holds no activity");
    throw new InputError("INPUT_NO_ACTIVITY", `${file.path}: ${what}`);
  }
}

/** Where a session of a file belongs: a new or better item, another id of a stored one, or nothing new at all. */
type Place = { readonly item: Item } | { readonly alias: Alias } | "known";

function place(own: FileSession, format: SessionFormat, bytes: Uint8Array, session: ImportSession): Place {
  const { startMs, identity } = own;
  const near = session.stored.startingNear(startMs, SAME_SESSION_MS);
  for (const stored of near) {
    if (identity !== null && identitiesOf(stored).includes(identity)) return "known";
    // The provider's own file, exported byte for byte.
    if (stored.source !== "file" && session.stored.holds(stored, bytes)) return "known";
  }
  const known = near.find(
    (stored) => stored.source === "file" && idsOf(stored).includes(own.activity.externalId),
  );
  // Two exports with different marks were two sessions where they came from: one run, recorded by two apps.
  const isApart = (stored: StoredSession): boolean =>
    stored.source !== "file" || (known === undefined && identity !== null && isMarked(stored));
  const other = near.find((stored) => isApart(stored) && isSameLength(stored, own.activity));
  const original = other?.externalId ?? known?.possibleDuplicateOf ?? null;
  const mark = original === null ? {} : { possible_duplicate_of: original };
  const activity = { ...own.activity, extra: { ...own.activity.extra, ...mark } };
  const raw = [{ kind: format, mediaType: MEDIA_TYPES[format], bytes }];
  const twin = known ?? near.find((stored) => !isApart(stored) && isSameLength(stored, activity));
  if (twin === undefined) return { item: { activity, raw } };
  const isNewId = twin.externalId !== activity.externalId;
  const kinds = twin.payloadKinds();
  // A poorer file of a stored session has nothing to add, nor has a second one of its format.
  const better = SESSION_FORMATS.slice(0, SESSION_FORMATS.indexOf(format) + (isNewId ? 1 : 0));
  if (better.some((kind) => kinds.includes(kind))) {
    return isNewId ? { alias: { externalId: activity.externalId, of: twin.externalId } } : "known";
  }
  const aliases = isNewId ? [activity.externalId] : [];
  return { item: { activity: { ...activity, externalId: twin.externalId, aliases }, raw } };
}

function idsOf(stored: StoredSession): string[] {
  return [stored.externalId, ...stored.aliases];
}

/** Whether its file was an export of fitglue's own. */
function isMarked(stored: StoredSession): boolean {
  return idsOf(stored).some((id) => id.startsWith(MARK));
}

function identitiesOf(stored: StoredSession): string[] {
  const { source, account } = stored;
  return idsOf(stored).map((externalId) => sessionIdentity({ source, account, externalId }));
}

/** Sessions on their way into one transaction. */
class PendingBatch {
  #items: Item[] = [];
  #aliases: Alias[] = [];
  #starts: number[] = [];
  #unchanged = 0;

  get size(): number {
    return this.#starts.length;
  }

  isNear(startMs: number): boolean {
    return this.#starts.some((start) => Math.abs(start - startMs) <= SAME_SESSION_MS);
  }

  add(startMs: number, where: Place): void {
    this.#starts.push(startMs);
    if (where === "known") this.#unchanged++;
    else if ("item" in where) this.#items.push(where.item);
    else {
      this.#aliases.push(where.alias);
      this.#unchanged++;
    }
  }

  take(): Batch {
    const batch: Batch = {
      items: this.#items,
      aliases: this.#aliases,
      unchanged: this.#unchanged,
      mode: "merge",
    };
    this.#items = [];
    this.#aliases = [];
    this.#starts = [];
    this.#unchanged = 0;
    return batch;
  }
}

/** Maps a stored file again: the session of it that is stored under this id, or that begins when it begins. */
export function reprocess(payloads: readonly StoredPayload[], stored: StoredItem): Activity {
  const { activity: old, externalId } = stored;
  const payload = SESSION_FORMATS.map((format) => payloads.find(({ kind }) => kind === format)).find(
    (found) => found !== undefined,
  );
  const format = payload === undefined ? null : sessionFormatOf(payload.bytes);
  if (payload === undefined || format === null) throw new ItemError("UNMAPPABLE", "no file is kept of it");
  const { sessions } = parse(payload.bytes, format, { timezone: old?.timezone ?? undefined });
  const ids = [externalId, ...(old?.aliases ?? [])];
  const found =
    sessions.find(({ activity }) => ids.includes(activity.externalId)) ??
    sessions.find(({ activity }) => activity.startTime === old?.startTime);
  if (found === undefined) throw new ItemError("UNMAPPABLE", "its file does not hold it any more");
  const duplicate = old?.extra["possible_duplicate_of"];
  const extra = duplicate === undefined ? {} : { possible_duplicate_of: duplicate };
  return { ...found.activity, externalId, extra: { ...found.activity.extra, ...extra } };
}
