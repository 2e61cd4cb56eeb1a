/** What the first bytes of a file say that it is, as far as it has to do with an export. */
export type Content = "export" | "export-utf16" | "cda" | "zip" | "other";

/** Recognizes an export's files by content, whatever their names. */
export function contentOf(head: Buffer): Content {
  const latin1 = head.toString("latin1");
  if (/^PK(?:\x03\x04|\x05\x06|\x07\x08)/.test(latin1)) return "zip";
  if (isHealthData(latin1)) return "export";
  if (latin1.includes("\0") && isHealthData(latin1.replaceAll("\0", ""))) return "export-utf16";
  if (/<ClinicalDocument[\s>]/.test(latin1)) return "cda";
  // An export that has lost its beginning: nobody else writes these.
  if (/<Record type="HK\w+Identifier|<Workout workoutActivityType="HK/.test(latin1)) return "export";
  // Behind something that does not belong there: an archive is read from its end.
  return latin1.includes("PK\x03\x04") ? "zip" : "other";
}

function isHealthData(text: string): boolean {
  return /<!DOCTYPE\s+HealthData[\s[>]|<HealthData[\s/>]/.test(text);
}
