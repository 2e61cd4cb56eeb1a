export type { Owner } from "./activities.ts";
export type { ExportedFile, ExportTarget } from "./exports.ts";
export type { ImportCounts } from "./imports.ts";
export { backupStore } from "./backup.ts";
export { networkFileSystem } from "./file-system.ts";
export { acquireFileLock, acquireRunLock, isRunLocked, runLockPath } from "./lock.ts";
export { SCHEMA_VERSION } from "./migrations.ts";
export { databaseExists } from "./open.ts";
export { databaseFiles, isDatabaseFile } from "./database-files.ts";
export type { ActivityFilter } from "./query.ts";
export type { SkippedItem } from "./skipped.ts";
export {
  databaseBytes,
  importRecords,
  type ImportRecord,
  sourceCounts,
  type SourceCounts,
  sqliteVersion,
} from "./statistics.ts";
export { type BatchResult, openStore, type RewrittenItem, Store } from "./store.ts";
export type { SyncState } from "./sync-state.ts";
export { integrityErrors, verifyStore } from "./verification.ts";
