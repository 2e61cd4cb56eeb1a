import { createHash } from "node:crypto";
import { type EpochMs, epochMs, isoInstant } from "../model/index.ts";
import type { Known, KnownActivity, StoredSession, StoredSessions } from "../providers/types.ts";
import type { Owner, Store } from "../store/index.ts";

interface Row {
  readonly id: number;
  readonly external_id: string;
  readonly start_time: string;
  readonly utc_offset_s: number | null;
  readonly total_elapsed_time: number | null;
  readonly total_timer_time: number | null;
  readonly provider_updated_at: string | null;
  readonly parser_version: number;
  readonly deleted_at: string | null;
}

/** What a provider may see of the store: its own account's activities, read live. */
export function knownOf(store: Store, owner: Owner): Known {
  const near = store.db.prepare(
    "SELECT * FROM activities WHERE source = ? AND account = ? AND start_time >= ? AND start_time <= ?",
  );
  const newest = store.db.prepare(
    "SELECT * FROM activities WHERE source = ? AND account = ? ORDER BY start_time DESC LIMIT 1",
  );
  const known = (row: Row): KnownActivity => ({
    externalId: row.external_id,
    aliases: store.reader.aliases(row.id),
    startTime: row.start_time,
    utcOffsetS: row.utc_offset_s,
    totalElapsedTime: row.total_elapsed_time,
    totalTimerTime: row.total_timer_time,
    providerUpdatedAt: row.provider_updated_at,
    parserVersion: row.parser_version,
    deletedAt: row.deleted_at,
    payloadKinds: () => store.payloads.kinds({ ...owner, externalId: row.external_id }),
    payload: (kind) =>
      store.rawPayloads(owner, row.external_id).find((payload) => payload.kind === kind)?.bytes,
  });
  return {
    get(externalId) {
      const row = store.activities.find(owner, externalId);
      return row === undefined ? undefined : known(row as unknown as Row);
    },
    startingNear(startMs: EpochMs, toleranceMs: number) {
      const rows = near.all(owner.source, owner.account, ...textSpan(startMs, toleranceMs)) as Row[];
      return nearestFirst(rows, startMs, toleranceMs).map(known);
    },
    newest() {
      const row = newest.get(owner.source, owner.account) as Row | undefined;
      return row === undefined ? undefined : known(row);
    },
    isSkipped: (externalId) => store.skipped.has(owner, externalId),
  };
}

type SessionRow = Row & Owner & { readonly possible_duplicate_of: string | null };

/** What an import may see of the store: the sessions of every source, read live. */
export function storedSessionsOf(store: Store): StoredSessions {
  const near = store.db.prepare(
    `SELECT *, json_extract(extra, '$.possible_duplicate_of') AS possible_duplicate_of FROM activities
     WHERE start_time >= ? AND start_time <= ?`,
  );
  const holds = store.db
    .prepare(
      `SELECT count(*) FROM item_payloads i JOIN raw_payloads r ON r.id = i.raw_id
       WHERE i.source = ? AND i.account = ? AND i.external_id = ? AND r.sha256 = ?`,
    )
    .pluck();
  const session = (row: SessionRow): StoredSession => ({
    source: row.source,
    account: row.account,
    externalId: row.external_id,
    aliases: store.reader.aliases(row.id),
    possibleDuplicateOf: row.possible_duplicate_of,
    startTime: row.start_time,
    totalElapsedTime: row.total_elapsed_time,
    totalTimerTime: row.total_timer_time,
    payloadKinds: () =>
      store.payloads.kinds({ source: row.source, account: row.account, externalId: row.external_id }),
  });
  return {
    startingNear(startMs, toleranceMs) {
      const rows = near.all(...textSpan(startMs, toleranceMs)) as SessionRow[];
      return nearestFirst(rows, startMs, toleranceMs).map(session);
    },
    holds: ({ source, account, externalId }, bytes) =>
      Number(holds.get(source, account, externalId, createHash("sha256").update(bytes).digest())) > 0,
  };
}

/** Text order is time order: instants all have the same form, and a local text is a prefix of it. */
function textSpan(startMs: EpochMs, toleranceMs: number): [from: string, to: string] {
  return [
    isoInstant(startMs - toleranceMs).slice(0, 19),
    `${isoInstant(startMs + toleranceMs).slice(0, 23)}~`,
  ];
}

function nearestFirst<T extends Row>(rows: readonly T[], startMs: EpochMs, toleranceMs: number): T[] {
  return rows
    .map((row) => ({ row, distance: Math.abs(epochMs(row.start_time) - startMs) }))
    .filter(({ distance }) => distance <= toleranceMs)
    .toSorted((a, b) => a.distance - b.distance)
    .map(({ row }) => row);
}
