import { gunzipSync, constants } from "node:zlib";
import { isFit, isGpx, isTcx } from "../../formats/recognition.ts";

/** The formats of a session, the richest first: of two files of one session the richer counts. */
export const SESSION_FORMATS = ["fit", "tcx", "gpx"] as const;

export type SessionFormat = (typeof SESSION_FORMATS)[number];

/** Media types of the raw payloads. */
export const MEDIA_TYPES: Readonly<Record<SessionFormat, string>> = {
  fit: "application/vnd.ant.fit",
  tcx: "application/vnd.garmin.tcx+xml",
  gpx: "application/gpx+xml",
};

/** What the first bytes of a file are, gzipped or plain; null for anything else. */
export function sessionFormatOf(head: Uint8Array): SessionFormat | null {
  let plain = head;
  if (head[0] === 0x1f && head[1] === 0x8b) {
    try {
      plain = gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 22 });
    } catch {
      return null;
    }
  }
  const start = plain.subarray(0, 4096);
  if (isFit(start)) return "fit";
  if (isTcx(start)) return "tcx";
  return isGpx(start) ? "gpx" : null;
}
