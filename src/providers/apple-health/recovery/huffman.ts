/** A Huffman code of RFC 1951: looked up by the next `bits` bits, gives `symbol << 4 | length`; 0 for no symbol. */
export interface HuffmanCode {
  readonly entries: Uint16Array;
  readonly bits: number;
}

const LONGEST = 15;

/**
 * The code with these lengths (RFC 1951 §3.2.2); undefined for one that is over-subscribed or incomplete. As in zlib an
 * incomplete one is good only if it has no more than a single symbol, and where `partial` says so.
 */
export function huffmanCode(lengths: Uint8Array, partial: boolean): HuffmanCode | undefined {
  const counts = new Uint16Array(LONGEST + 1);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  let bits = LONGEST;
  while (bits > 0 && counts[bits] === 0) bits--;
  if (bits === 0) return partial ? { entries: new Uint16Array(1), bits: 0 } : undefined;
  const next = new Uint16Array(LONGEST + 1);
  let code = 0;
  for (let length = 1; length <= bits; length++) {
    next[length] = code;
    code += counts[length] ?? 0;
    if (code > 1 << length) return undefined;
    code <<= 1;
  }
  if (code !== 1 << (bits + 1) && !(partial && bits === 1)) return undefined;
  const entries = new Uint16Array(1 << bits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] ?? 0;
    if (length === 0) continue;
    const value = next[length] ?? 0;
    next[length] = value + 1;
    // The stream has its lowest bit first, a code its highest.
    let reversed = 0;
    for (let bit = 0; bit < length; bit++) reversed |= ((value >> bit) & 1) << (length - 1 - bit);
    for (let at = reversed; at < entries.length; at += 1 << length) entries[at] = (symbol << 4) | length;
  }
  return { entries, bits };
}

/** Both codes of a block. */
export interface BlockCodes {
  readonly literal: HuffmanCode;
  readonly distance: HuffmanCode;
}

/** The codes of a block without codes of its own (RFC 1951 §3.2.6). */
export const FIXED_CODES: BlockCodes = fixedCodes();

function fixedCodes(): BlockCodes {
  const lengths = new Uint8Array(288).fill(8);
  lengths.fill(9, 144, 256);
  lengths.fill(7, 256, 280);
  const literal = huffmanCode(lengths, false);
  const distance = huffmanCode(new Uint8Array(32).fill(5), false);
  if (literal === undefined || distance === undefined) throw new Error("the fixed codes are complete");
  return { literal, distance };
}
