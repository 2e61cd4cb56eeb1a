import { activityJson, type StoredActivity } from "../model/index.ts";
import { fitFile } from "./fit.ts";
import { gpxFile } from "./gpx.ts";
import { type OriginalPayload, originalFile } from "./original.ts";
import { tcxFile } from "./tcx.ts";

/** What `--format` takes. */
export const EXPORT_FORMATS = ["json", "ndjson", "csv", "gpx", "tcx", "fit", "original"] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The formats of which one document holds any number of activities. */
export const COLLECTIONS: ReadonlySet<ExportFormat> = new Set(["json", "ndjson", "csv"]);

/** What an activity is made into a file from. */
export interface ExportSource {
  readonly activity: StoredActivity;
  /** Its raw payloads; read only when asked for. */
  payloads(): readonly OriginalPayload[];
}

/** A file of one activity. */
export interface ExportFile {
  /** Without a dot. */
  readonly extension: string;
  readonly data: string | Uint8Array;
}

/** One activity as a file that holds nothing else. Throws `ItemError` where the format cannot hold it. */
export function activityFile(
  source: ExportSource,
  format: Exclude<ExportFormat, "csv">,
  samples: boolean,
): ExportFile {
  const { activity } = source;
  switch (format) {
    case "json":
      return { extension: format, data: `${JSON.stringify(activityJson(activity, { samples }), null, 2)}\n` };
    case "ndjson":
      return { extension: format, data: `${JSON.stringify(activityJson(activity, { samples }))}\n` };
    case "gpx":
      return { extension: format, data: gpxFile(activity) };
    case "tcx":
      return { extension: format, data: tcxFile(activity) };
    case "fit":
      return { extension: format, data: fitFile(activity) };
    case "original":
      break;
  }
  const { extension, bytes } = originalFile(source.payloads());
  return { extension, data: bytes };
}

/** Whether a format needs an activity's samples. */
export function needsSamples(format: ExportFormat, asked: boolean): boolean {
  return asked || format === "gpx" || format === "tcx" || format === "fit";
}
