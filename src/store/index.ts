export { mergeActivities, type Owner } from "./activities.ts";
export type { ImportCounts } from "./imports.ts";
export { acquireFileLock, acquireRunLock, type RunLock } from "./lock.ts";
export { SCHEMA_VERSION } from "./migrations.ts";
export { type JournalMode, openDatabase } from "./open.ts";
export type { ActivityFilter } from "./query.ts";
export type { SkippedItem } from "./skipped.ts";
export { type BatchResult, type PreparedBatch, Store } from "./store.ts";
export type { SyncState } from "./sync-state.ts";

import { type OpenOptions, openDatabase } from "./open.ts";
import { Store } from "./store.ts";

/** Opens the store at `path`; see `openDatabase` for durability, privacy and errors. */
export function openStore(path: string, options: OpenOptions): Store {
  return new Store(openDatabase(path, options), path);
}
