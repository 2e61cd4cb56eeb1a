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

const HEAD_BYTES = 4096;

/** What a file is by its first bytes, gzipped or plain; null for anything else. Later bytes are not looked at. */
export function sessionFormatOf(bytes: Uint8Array): SessionFormat | null {
  let start = bytes.subarray(0, HEAD_BYTES);
  if (start[0] === 0x1f && start[1] === 0x8b) {
    try {
      // As much as deflate can make of them (1,032 times as much), and some more.
      const maxOutputLength = 2048 * HEAD_BYTES;
      const plain = gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength });
      start = plain.subarray(0, HEAD_BYTES);
    } catch {
      return null;
    }
  }
  if (isFit(start)) return "fit";
  if (isTcx(start)) return "tcx";
  return isGpx(start) ? "gpx" : null;
}
