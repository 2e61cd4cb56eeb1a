import type zlib from "node:zlib";
import type { Database } from "better-sqlite3";
import { StoreError } from "../errors.ts";
import { deflatePayload, type PackedPayload, type RawPayload } from "../model/index.ts";
import { newSha256 } from "./digest.ts";

/** A list of activities needs no zlib, which takes a millisecond to load. */
const compression = (): typeof zlib => process.getBuiltinModule("node:zlib");

/** A payload with everything that must be computed before the (synchronous) transaction. */
export interface PreparedPayload {
  readonly kind: string;
  readonly mediaType: string;
  readonly sha256: Buffer;
  readonly length: number;
  /** Undefined when the store had these bytes already. */
  readonly body?: { readonly encoding: "deflate-raw" | "identity"; readonly bytes: Uint8Array };
}

/** Whose payload it is. */
export interface PayloadOwner {
  readonly source: string;
  readonly account: string;
  readonly externalId: string;
}

/** A payload as it was stored. */
export interface StoredPayloadRow {
  readonly kind: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** The raw payloads: content-addressed by the SHA-256 of the plain bytes, compressed, linked to the items they belong to. */
export class PayloadTable {
  readonly #find;
  readonly #insert;
  readonly #link;
  readonly #byOwner;
  readonly #kinds;

  constructor(db: Database) {
    this.#find = db.prepare("SELECT id FROM raw_payloads WHERE sha256 = ?").pluck();
    this.#insert = db.prepare(
      `INSERT INTO raw_payloads (sha256, media_type, encoding, body, bytes, source, account, kind, external_id, fetched_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#link = db.prepare(
      `INSERT INTO item_payloads (source, account, external_id, kind, raw_id, media_type) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET raw_id = excluded.raw_id, media_type = excluded.media_type
       WHERE raw_id <> excluded.raw_id OR media_type <> excluded.media_type`,
    );
    this.#byOwner = db.prepare(
      `SELECT i.kind, i.media_type AS mediaType, r.encoding, r.body, r.bytes AS length
       FROM item_payloads i JOIN raw_payloads r ON r.id = i.raw_id
       WHERE i.source = ? AND i.account = ? AND i.external_id = ? ORDER BY i.kind`,
    );
    this.#kinds = db
      .prepare(
        "SELECT kind FROM item_payloads WHERE source = ? AND account = ? AND external_id = ? ORDER BY kind",
      )
      .pluck();
  }

  /** Hashes, and compresses what the store does not have yet. */
  async prepare(payload: RawPayload | PackedPayload): Promise<PreparedPayload> {
    const { kind, mediaType } = payload;
    if ("deflated" in payload) {
      const sha256 = Buffer.from(payload.sha256);
      const common = { kind, mediaType, sha256, length: payload.length };
      if (this.#find.get(sha256) !== undefined) return common;
      return { ...common, body: { encoding: "deflate-raw", bytes: payload.deflated } };
    }
    const { bytes } = payload;
    const sha256 = newSha256().update(bytes).digest();
    const common = { kind, mediaType, sha256, length: bytes.length };
    if (this.#find.get(sha256) !== undefined) return common;
    const deflated = await deflatePayload(bytes);
    const body =
      deflated === undefined
        ? { encoding: "identity" as const, bytes }
        : { encoding: "deflate-raw" as const, bytes: deflated };
    return { ...common, body };
  }

  /** Stores and links one payload, inside the caller's transaction. Returns its `raw_payloads.id`. */
  write(owner: PayloadOwner, payload: PreparedPayload, now: string): number {
    let id = this.#find.get(payload.sha256) as number | undefined;
    if (id === undefined) {
      if (payload.body === undefined)
        throw new Error("a raw payload vanished between preparing and writing it");
      id = Number(
        this.#insert.run(
          payload.sha256,
          payload.mediaType,
          payload.body.encoding,
          payload.body.bytes,
          payload.length,
          owner.source,
          owner.account,
          payload.kind,
          owner.externalId,
          now,
        ).lastInsertRowid,
      );
    }
    this.#link.run(owner.source, owner.account, owner.externalId, payload.kind, id, payload.mediaType);
    return id;
  }

  /** The kinds stored with an item. */
  kinds(owner: PayloadOwner): string[] {
    return this.#kinds.all(owner.source, owner.account, owner.externalId) as string[];
  }

  /** Everything stored with an item, plain. */
  read(owner: PayloadOwner): StoredPayloadRow[] {
    const rows = this.#byOwner.all(owner.source, owner.account, owner.externalId) as (StoredPayloadRow & {
      encoding: string;
      body: Buffer;
      length: number;
    })[];
    return rows.map(({ kind, mediaType, encoding, body, length }) => ({
      kind,
      mediaType,
      bytes: unpack(encoding, body, length),
    }));
  }
}

/**
 * The plain bytes of a stored body. `length` bounds what a damaged body may inflate to. Throws `StoreError` `STORE_DAMAGED` for one
 * that does not inflate.
 */
export function unpack(encoding: string, body: Buffer, length: number): Buffer {
  if (encoding !== "deflate-raw") return body;
  try {
    return compression().inflateRawSync(body, { maxOutputLength: Math.max(length, 1) });
  } catch (error) {
    throw new StoreError("STORE_DAMAGED", "a stored raw payload does not inflate", {
      hint: "fitglue verify, then restore a backup",
      cause: error,
    });
  }
}
