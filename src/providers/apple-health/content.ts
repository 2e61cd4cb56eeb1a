/** What the first bytes of a file say that it is. */
export type Content = "export" | "zip" | "export-utf16" | { readonly seems: string };

const SIGNATURES: readonly (readonly [signature: string, seems: string])[] = [
  ["\xff\xd8\xff", "a JPEG picture"],
  ["\x89PNG\r\n", "a PNG picture"],
  ["GIF8", "a GIF picture"],
  ["%PDF-", "a PDF document"],
  ["\x1f\x8b", "a gzip file"],
  ["7z\xbc\xaf\x27\x1c", "a 7z archive"],
  ["Rar!\x1a\x07", "a RAR archive"],
  ["BZh", "a bzip2 file"],
  ["\xfd7zXZ\x00", "an xz file"],
  ["\x28\xb5\x2f\xfd", "a Zstandard file"],
  ["SQLite format 3\x00", "an SQLite database"],
  ["bplist00", "a binary property list"],
];

/** ISO media files (HEIC pictures, MP4 films) have their brand at byte 4. */
const ISO_MEDIA = "ftyp";

/** Recognizes an export by content, whatever its name. */
export function contentOf(head: Buffer): Content {
  const latin1 = head.toString("latin1");
  if (/^PK(?:\x03\x04|\x05\x06|\x07\x08)/.test(latin1)) return "zip";
  if (isHealthData(latin1)) return "export";
  if (isHealthData(withoutZeros(latin1))) return "export-utf16";
  return { seems: seems(latin1) };
}

function isHealthData(text: string): boolean {
  return /<!DOCTYPE\s+HealthData[\s[>]|<HealthData[\s>]/.test(text);
}

/** UTF-16 of ASCII, either byte order. */
function withoutZeros(latin1: string): string {
  return latin1.includes("\0") ? latin1.replaceAll("\0", "") : "";
}

function seems(latin1: string): string {
  if (latin1.length === 0) return "an empty file";
  for (const [signature, seems] of SIGNATURES) if (latin1.startsWith(signature)) return seems;
  if (latin1.slice(4, 8) === ISO_MEDIA) return "a picture or film";
  if (latin1.slice(257, 262) === "ustar") return "a tar archive";
  if (latin1.slice(8, 12) === ".FIT") return "a FIT file";
  if (/<ClinicalDocument[\s>]/.test(latin1)) return "the CDA file of an export, which holds no workouts";
  if (/<gpx[\s>]/i.test(latin1)) return "a GPX file";
  if (/<TrainingCenterDatabase[\s>]/.test(latin1)) return "a TCX file";
  if (/^\s*(?:<!doctype html|<html)[\s>]/i.test(latin1)) return "a web page";
  if (/^(?:\xef\xbb\xbf)?\s*</.test(latin1)) return "another XML file";
  if (/^(?:\xef\xbb\xbf)?\s*[[{]/.test(latin1)) return "a JSON file";
  if (/^\0*$/.test(latin1)) return "nothing but zero bytes";
  return /[\0-\x08\x0e-\x1f]/.test(latin1) ? "a binary file of another kind" : "a text file of another kind";
}
