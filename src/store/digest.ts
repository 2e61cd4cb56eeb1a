import type { Hash } from "node:crypto";
import { type Activity, type Json, type JsonObject, SAMPLE_FIELDS } from "../model/index.ts";
import { ACTIVITY_FIELDS, asStored, LAP_FIELDS, ZONE_FIELDS } from "./columns.ts";

/** A SHA-256 to be. OpenSSL takes longer to load than a list of activities to read: only who digests something waits for it. */
export function newSha256(): Hash {
  return process.getBuiltinModule("node:crypto").createHash("sha256");
}

/** JSON with sorted keys, so that equal values are equal text. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item as Json)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const object = value as JsonObject;
    let members = "";
    for (const key of Object.keys(object).sort()) {
      if (members !== "") members += ",";
      members += `${JSON.stringify(key)}:${canonicalJson(object[key] ?? null)}`;
    }
    return `{${members}}`;
  }
  return JSON.stringify(value);
}

/**
 * A digest of everything an activity says: equal digests mean that an update would change nothing. It covers neither ids nor
 * provenance.
 *
 * @param extra the activity's, as {@link canonicalJson}
 */
export function activityDigest(activity: Activity, extra = canonicalJson(activity.extra)): Buffer {
  const hash = newSha256();
  hash.update(
    JSON.stringify([
      ACTIVITY_FIELDS.map(([field]) => asStored(activity[field])),
      activity.laps.map((lap) => LAP_FIELDS.map(([field]) => lap[field])),
      storedPauses(activity),
      activity.hrZones.map((zone) => ZONE_FIELDS.map(([field]) => zone[field])),
    ]),
  );
  hash.update(extra);
  hash.update(bytesOf(activity.samples.timestamp));
  for (const field of SAMPLE_FIELDS) {
    const column = activity.samples[field];
    if (column === undefined || isEmpty(column)) continue;
    hash.update(field);
    hash.update(bytesOf(column));
  }
  return hash.digest();
}

function isEmpty(column: Float64Array): boolean {
  for (let index = 0; index < column.length; index++) if (!Number.isNaN(column[index])) return false;
  return true;
}

/** SQLite stores -0 as 0; the digest is of what will be read back. */
function bytesOf(column: Float64Array): Uint8Array {
  let plain = column;
  for (let index = 0; index < column.length; index++) {
    if (!Object.is(column[index], -0)) continue;
    if (plain === column) plain = column.slice();
    plain[index] = 0;
  }
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
}

/** The pauses as the table keeps them: whole milliseconds, one per start, in order. */
function storedPauses(activity: Activity): [start: number, end: number][] {
  const byStart = new Map<number, number>();
  for (const { start, end } of activity.pauses) {
    const key = Math.trunc(start);
    if (!byStart.has(key)) byStart.set(key, Math.trunc(end));
  }
  return [...byStart].toSorted(([a], [b]) => a - b);
}
