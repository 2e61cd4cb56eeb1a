import type { Database } from "better-sqlite3";

/** `PRAGMA application_id` of our files: "fitg". Tells them from another program's SQLite file. */
export const APPLICATION_ID = 0x66697467;

/**
 * The schema, step by step. Step n takes a database from `user_version` n to n + 1. Steps are only ever added;
 * what the tables mean is in `docs/schema.md`.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE activities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    external_id TEXT NOT NULL,
    sport TEXT NOT NULL,
    sub_sport TEXT,
    source_sport TEXT,
    title TEXT,
    notes TEXT,
    start_time TEXT NOT NULL,
    utc_offset_s INTEGER,
    timezone TEXT,
    total_elapsed_time REAL,
    total_timer_time REAL,
    total_moving_time REAL,
    total_distance REAL,
    total_ascent REAL,
    total_descent REAL,
    total_calories REAL,
    active_calories REAL,
    avg_heart_rate REAL,
    max_heart_rate REAL,
    min_heart_rate REAL,
    avg_speed REAL,
    max_speed REAL,
    avg_cadence REAL,
    max_cadence REAL,
    avg_power REAL,
    max_power REAL,
    indoor INTEGER CHECK (indoor IN (0, 1)),
    has_gps INTEGER CHECK (has_gps IN (0, 1)),
    manual INTEGER CHECK (manual IN (0, 1)),
    device TEXT,
    provider_updated_at TEXT,
    raw_id INTEGER REFERENCES raw_payloads (id),
    parser_version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT,
    extra TEXT NOT NULL DEFAULT '{}',
    digest BLOB NOT NULL,
    UNIQUE (source, account, external_id)
  ) STRICT;
  CREATE INDEX activities_start_time ON activities (start_time);
  CREATE INDEX activities_source_start ON activities (source, account, start_time);

  CREATE TABLE activity_aliases (
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    external_id TEXT NOT NULL,
    activity_id INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    PRIMARY KEY (source, account, external_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX activity_aliases_activity ON activity_aliases (activity_id);

  CREATE TABLE laps (
    activity_id INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    lap_index INTEGER NOT NULL,
    start_time TEXT,
    total_elapsed_time REAL,
    total_timer_time REAL,
    total_moving_time REAL,
    total_distance REAL,
    total_calories REAL,
    avg_heart_rate REAL,
    max_heart_rate REAL,
    lap_trigger TEXT,
    intensity TEXT,
    PRIMARY KEY (activity_id, lap_index)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE pauses (
    activity_id INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    start_time TEXT NOT NULL,
    end_time TEXT NOT NULL,
    PRIMARY KEY (activity_id, start_time)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE samples (
    activity_id INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    timestamp INTEGER NOT NULL,
    heart_rate REAL,
    position_lat REAL,
    position_long REAL,
    altitude REAL,
    distance REAL,
    speed REAL,
    cadence REAL,
    power REAL,
    temperature REAL,
    PRIMARY KEY (activity_id, timestamp)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE hr_zones (
    activity_id INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    zone INTEGER NOT NULL,
    min_bpm REAL,
    max_bpm REAL,
    seconds REAL,
    origin TEXT NOT NULL CHECK (origin IN ('provider', 'computed')),
    calc_type TEXT,
    PRIMARY KEY (activity_id, zone)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE raw_payloads (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    media_type TEXT NOT NULL,
    encoding TEXT NOT NULL CHECK (encoding IN ('deflate-raw', 'identity')),
    body BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    external_id TEXT NOT NULL,
    fetched_at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE item_payloads (
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    external_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    raw_id INTEGER NOT NULL REFERENCES raw_payloads (id),
    media_type TEXT NOT NULL,
    PRIMARY KEY (source, account, external_id, kind)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX item_payloads_raw ON item_payloads (raw_id);

  CREATE TABLE sync_state (
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    bookmark TEXT,
    cooldown_until INTEGER,
    note TEXT,
    last_started_at TEXT,
    last_success_at TEXT,
    last_error_at TEXT,
    last_error_code TEXT,
    last_error TEXT,
    PRIMARY KEY (source, account)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE receipts (
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (source, account, receipt_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE skipped_items (
    source TEXT NOT NULL,
    account TEXT NOT NULL,
    external_id TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw_id INTEGER REFERENCES raw_payloads (id),
    parser_version INTEGER NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    PRIMARY KEY (source, account, external_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 BLOB,
    bytes INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    status TEXT NOT NULL CHECK (status IN ('running', 'ok', 'partial', 'failed')),
    activities INTEGER NOT NULL DEFAULT 0,
    added INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    samples INTEGER NOT NULL DEFAULT 0,
    routes INTEGER NOT NULL DEFAULT 0,
    warnings TEXT NOT NULL DEFAULT '[]'
  ) STRICT;

  CREATE TABLE exports (
    activity_id INTEGER NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    format TEXT NOT NULL,
    folder TEXT NOT NULL,
    file_name TEXT NOT NULL,
    digest BLOB NOT NULL,
    exported_at TEXT NOT NULL,
    PRIMARY KEY (activity_id, format, folder)
  ) STRICT, WITHOUT ROWID;
  `,
];

/** The `user_version` that this build reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings a database up to {@link SCHEMA_VERSION}, each step in one transaction. */
export function migrate(db: Database, from: number): void {
  for (let version = from; version < SCHEMA_VERSION; version++) {
    db.transaction(() => {
      // Another process may have taken this step while we waited for the write lock.
      if (Number(db.pragma("user_version", { simple: true })) > version) return;
      db.exec(MIGRATIONS[version] ?? "");
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${version + 1}`);
    }).immediate();
  }
}
