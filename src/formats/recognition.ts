/** What a file is by its first bytes, without loading what reads it. */

/** Whether the first bytes are a FIT header (12 or 14 bytes, `.FIT` at 8). */
export function isFit(head: Uint8Array): boolean {
  return (
    (head[0] === 12 || head[0] === 14) &&
    String.fromCodePoint(...head.subarray(8, 12)) === ".FIT" &&
    head.length >= 12
  );
}

/** Whether the first bytes look like a TCX document. */
export function isTcx(head: Uint8Array): boolean {
  return /<(?:\w+:)?TrainingCenterDatabase[\s>/]/.test(latin1(head));
}

/** Whether the first bytes look like a GPX document. */
export function isGpx(head: Uint8Array): boolean {
  return /<(?:\w+:)?gpx[\s>/]/.test(latin1(head));
}

/** Also of UTF-16, whose every other byte is 0 there. */
function latin1(head: Uint8Array): string {
  return new TextDecoder("latin1").decode(head).replaceAll("\0", "");
}
