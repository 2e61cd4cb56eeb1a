import { isFit, isGpx, isTcx } from "../formats/recognition.ts";
import { ItemError } from "../errors.ts";

/** A raw payload as the store gives it. */
export interface OriginalPayload {
  readonly kind: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** The provider's own file. */
export interface OriginalFile {
  /** Without a dot: `fit`, `tcx`, `tcx.gz`, `gpx`, `json`, `xml`, `bin`. */
  readonly extension: string;
  /** Byte for byte. */
  readonly bytes: Uint8Array;
}

const RANKS = ["fit", "tcx", "gpx", "json", "xml"];

/**
 * The provider's own file of an activity: its FIT, else its TCX, else its GPX, else its JSON or XML. Of several payloads
 * of a sort the summary comes before its parts (`exercise` before `samples/0`). Throws `ItemError` where nothing was kept.
 */
export function originalFile(payloads: readonly OriginalPayload[]): OriginalFile {
  const ranked = payloads
    .map((payload) => {
      const extension = extensionOf(payload);
      const base = RANKS.indexOf(extension.replace(/\.gz$/, ""));
      const part = /[/:]/.test(payload.kind) ? 1 : 0;
      return { payload, extension, rank: (base === -1 ? RANKS.length : base) * 2 + part };
    })
    .toSorted((a, b) => a.rank - b.rank || (a.payload.kind < b.payload.kind ? -1 : 1));
  const [best] = ranked;
  if (best === undefined) throw new ItemError("NOT_IN_FORMAT", "no original is kept of it");
  return { extension: best.extension, bytes: best.payload.bytes };
}

function extensionOf({ kind, mediaType, bytes }: OriginalPayload): string {
  const head = bytes.subarray(0, 4096);
  if (isFit(head)) return "fit";
  if (isTcx(head)) return "tcx";
  if (isGpx(head)) return "gpx";
  const sort = `${kind} ${mediaType}`.toLowerCase();
  const name = ["fit", "tcx", "gpx"].find((word) => new RegExp(`\\b${word}\\b`).test(sort));
  const packed = head[0] === 0x1f && head[1] === 0x8b ? ".gz" : "";
  if (name !== undefined && packed !== "") return `${name}.gz`;
  if (sort.includes("json")) return `json${packed}`;
  if (sort.includes("xml")) return `xml${packed}`;
  return `bin${packed}`;
}
