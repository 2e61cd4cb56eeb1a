import sax from "sax";
import { RECORD_TYPES } from "../../../src/providers/apple-health/elements.ts";
import { parseDate, parseNumber } from "../../../src/providers/apple-health/literals.ts";

/** What a reader finds in an export, in a form that compares. */
export interface Found {
  readonly locale: string | null;
  readonly exportDate: string | null;
  readonly elements: number;
  readonly workouts: readonly { readonly offset: number; readonly xml: string }[];
  readonly records: readonly string[];
}

const TYPES: readonly string[] = RECORD_TYPES;

/** One record as a line. */
export function recordLine(
  type: string,
  start: number,
  end: number,
  value: number,
  source: string,
  device: string,
  unit: string,
): string {
  const withoutPointer = device.replace(/^<<HKDevice: 0x[0-9a-fA-F]*/, "");
  return [type, start, end, value, source, withoutPointer, unit].join("|");
}

/** Reads a well-formed export with sax and nothing else: what the byte reader must agree with. */
export function readWithSax(xml: string): Found {
  const parser = sax.parser(true, { position: true });
  const records: string[] = [];
  const workouts: { offset: number; xml: string }[] = [];
  let locale: string | null = null;
  let exportDate: string | null = null;
  let elements = 0;
  let correlations = 0;
  let workoutAt = -1;
  const onFault = (error: Error): void => {
    throw error;
  };
  Object.assign(parser, { onerror: onFault });
  parser.onopentag = (tag) => {
    elements++;
    const attributes = tag.attributes as Record<string, string>;
    switch (tag.name) {
      case "HealthData":
        locale = attributes["locale"] ?? null;
        break;
      case "ExportDate":
        exportDate = attributes["value"] ?? null;
        break;
      case "Correlation":
        correlations++;
        break;
      case "Workout":
        workoutAt = parser.startTagPosition - 1;
        break;
      case "Record": {
        const { type = "", startDate, endDate, value, sourceName = "", device = "", unit = "" } = attributes;
        if (correlations > 0 || !TYPES.includes(type)) break;
        const start = parseDate(startDate ?? "");
        const end = endDate === undefined ? start : parseDate(endDate);
        const number = parseNumber(value ?? "");
        if (Number.isNaN(start + end + number)) break;
        records.push(recordLine(type, start, end, number, sourceName, device, unit));
      }
    }
  };
  parser.onclosetag = (name) => {
    if (name === "Correlation") correlations--;
    if (name !== "Workout") return;
    workouts.push({
      offset: Buffer.byteLength(xml.slice(0, workoutAt)),
      xml: xml.slice(workoutAt, parser.position),
    });
  };
  parser.write(xml).close();
  return { locale, exportDate, elements, workouts, records: records.toSorted() };
}
