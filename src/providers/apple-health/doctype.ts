const INTERNAL_END = /\]\s*>/y;

/**
 * Where the document type declaration that begins at `from` ends: the index behind its `>`, or −1 when that is not
 * within `text`. Quotes and comments hide what is in them; everything else is skipped without being understood, so
 * that the invalid declaration of iOS 16 (unclosed, with a stray `>`) does no harm, and no entity is ever expanded.
 *
 * @param text the bytes as latin1
 */
export function endOfDoctype(text: string, from: number): number {
  let at = from + "<!DOCTYPE".length;
  let internal = false;
  let inDeclaration = false;
  for (; at < text.length; at++) {
    const char = text[at];
    if (char === "<" && text.startsWith("<!--", at)) {
      at = text.indexOf("-->", at + 4);
      if (at < 0) return -1;
      at += 2;
    } else if (char === "<" && text.startsWith("<HealthData", at) && /[\s>]/.test(text[at + 11] ?? "")) {
      return at;
    } else if (char === "<") inDeclaration = true;
    else if ((char === '"' || char === "'") && (inDeclaration || !internal)) {
      at = text.indexOf(char, at + 1);
      if (at < 0) return -1;
    } else if (char === "[" && !internal) internal = true;
    else if (char === "]") {
      INTERNAL_END.lastIndex = at;
      if (INTERNAL_END.test(text)) return INTERNAL_END.lastIndex;
    } else if (char === ">") {
      if (!internal) return at + 1;
      inDeclaration = false;
    }
  }
  return -1;
}
