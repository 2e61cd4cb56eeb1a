/**
 * A text that can be stored and compared: no control characters (U+000B and U+001F turn up in real files), nothing
 * that is not a character; null when nothing is left.
 */
export function cleanText(value: string | undefined): string | null {
  if (value === undefined) return null;
  const text = (ODD.test(value) ? withoutOdd(value) : value).trim();
  return text === "" ? null : text;
}

const ODD = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/;

function withoutOdd(text: string): string {
  return text
    .replaceAll(/[\t\n\r]/g, " ")
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, "")
    .replaceAll(/[\ud800-\udfff]/gu, "\ufffd");
}
