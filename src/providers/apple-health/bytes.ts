/** Space, tab, line feed, carriage return: XML's white space. */
export function isSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

/** An ASCII letter. */
export function isLetter(byte: number): boolean {
  const lower = byte | 32;
  return lower >= 97 && lower <= 122;
}

/** Whether these very bytes stand at `at`. */
export function standsAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++) {
    if (bytes[at + index] !== expected[index]) return false;
  }
  return true;
}

/** Whether exactly this element name stands at `at`. */
export function isNameAt(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  if (!standsAt(bytes, at, name)) return false;
  const behind = bytes[at + name.length];
  return isSpace(behind) || behind === 62 || behind === 47;
}
