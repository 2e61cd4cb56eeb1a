import type { Activity } from "./activity.ts";
import type { Json } from "./json.ts";

/** The sources of activities. `file` is a FIT, TCX or GPX file from anywhere. */
export const PROVIDER_IDS = ["polar", "fitbit", "apple-health", "file"] as const;

export type ProviderId = (typeof PROVIDER_IDS)[number];

/** Its activities may be copies of what another source has. */
export const FILE_SOURCE: ProviderId = "file";

/**
 * What must become durable together. One batch is one SQLite transaction: all of it is on disk or none of it is.
 */
export interface Batch {
  readonly items: readonly Item[];
  /** Could not be mapped: stored raw, counted, shown, never dropped. */
  readonly skipped?: readonly Skipped[];
  /** Further ids of sessions that are stored already; no news about the session itself. */
  readonly aliases?: readonly Alias[];
  /**
   * The source listed everything in this span, and these are the ids it has. A stored activity whose local start lies
   * in the span and which is not among them has disappeared upstream: it is marked (`deletedAt`), never deleted.
   */
  readonly complete?: CompleteSpan;
  /** Sessions that the source listed just as they are stored, and that were therefore left alone; for the summary. */
  readonly unchanged?: number;
  /** Where to resume. Replaces the stored one. */
  readonly bookmark?: Bookmark;
  /** What to acknowledge at the source once the batch is durable. */
  readonly receipt?: Receipt;
  /**
   * `replace` (default): the incoming values are the truth. `merge`: an incoming null or a poorer sample column never
   * removes what is stored; for files, which grow poorer with age.
   */
  readonly mode?: "replace" | "merge";
}

/** One activity with the bytes it was made from. */
export interface Item {
  readonly activity: Activity;
  readonly raw: readonly (RawPayload | PackedPayload)[];
}

/** The bytes as the source gave them; kept so that a better parser can run again. */
export interface RawPayload {
  /** What it is to its provider, unique within its item: `exercise`, `samples/0`, `fit`, `workout`, `route:…`. */
  readonly kind: string;
  readonly mediaType: string;
  /** The plain bytes. */
  readonly bytes: Uint8Array;
}

/** A raw payload as its source holds it compressed, so that nobody has to hold the plain bytes or compress them again. */
export interface PackedPayload {
  readonly kind: string;
  readonly mediaType: string;
  /** The plain bytes as a raw deflate stream (RFC 1951), found to be whole. */
  readonly deflated: Uint8Array;
  /** Of the plain bytes. */
  readonly sha256: Uint8Array;
  readonly length: number;
}

/** Something that the source has and we could not understand. */
export interface Skipped {
  /** The source's id, or another stable name for it (a digest) where it has none. */
  readonly externalId: string;
  /** Stable, kebab-case: `unmappable`, `unreadable`. */
  readonly code: string;
  /** What was wrong, for a person. No health data. */
  readonly reason: string;
  readonly raw: readonly RawPayload[];
}

export interface Alias {
  /** The id that is new. */
  readonly externalId: string;
  /** The stored session's `externalId`. */
  readonly of: string;
}

/** Local dates, `YYYY-MM-DD`: from inclusive, to exclusive. */
export interface CompleteSpan {
  readonly from: string;
  readonly to: string;
  readonly externalIds: readonly string[];
}

/** Where to resume: opaque to everyone but its provider. */
export type Bookmark = Json;

/** What to acknowledge at the source: data and not a closure, since another process may have to settle it. */
export interface Receipt {
  /** The source's own id of it: Polar's transaction id. */
  readonly id: string;
  /** Whatever `confirm` needs besides. */
  readonly data: Json;
}
