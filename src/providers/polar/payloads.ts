import type { RawPayload } from "../../model/index.ts";
import type { KnownActivity } from "../types.ts";

/** What is stored already and what has just come; the newer bytes of a kind win. */
export function united(stored: KnownActivity | undefined, raw: readonly RawPayload[]): RawPayload[] {
  const kinds = new Set(raw.map(({ kind }) => kind));
  const kept = (stored?.payloadKinds() ?? []).flatMap((kind): RawPayload[] => {
    const bytes = kinds.has(kind) ? undefined : stored?.payload(kind);
    return bytes === undefined ? [] : [{ kind, mediaType: mediaTypeOf(kind), bytes }];
  });
  return [...raw, ...kept];
}

function mediaTypeOf(kind: string): string {
  switch (kind) {
    case "fit":
      return "application/vnd.ant.fit";
    case "tcx":
      return "application/vnd.garmin.tcx+xml";
    case "gpx":
      return "application/gpx+xml";
    default:
      return "application/json";
  }
}
