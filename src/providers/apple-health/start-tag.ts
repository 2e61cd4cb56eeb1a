import { saxParser, writeUntilFault } from "./sax.ts";

/** What a start tag says, entities resolved. */
export interface StartTag {
  readonly name: string;
  /** The first of duplicates wins. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Whether it is well-formed; false when only the attributes that could be made out are there. */
  readonly clean: boolean;
}

/**
 * Reads one start tag, `<Record …>` with whatever follows it. sax is the parser of record; where it objects (unescaped
 * `&`, names with spaces, a lost quote), the attributes that are still whole are taken as they stand.
 */
export function readStartTag(bytes: Uint8Array): StartTag {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return readWithSax(text) ?? readLeniently(text);
}

function readWithSax(text: string): StartTag | undefined {
  const parser = saxParser(true);
  parser.ENTITIES = ENTITIES;
  let tag: StartTag | undefined;
  parser.onopentag = (found) => {
    const attributes = new Map<string, string>();
    for (const [name, value] of Object.entries(found.attributes)) {
      if (typeof value === "string") attributes.set(name, value);
    }
    tag ??= { name: found.name, attributes, clean: true };
  };
  return writeUntilFault(parser, text, () => tag !== undefined) ? tag : undefined;
}

/** The attributes `name="value"` of a tag that is no XML. Every byte is looked at a few times at the most, whatever it looks like. */
function readLeniently(text: string): StartTag {
  const attributes = new Map<string, string>();
  const name = /^<([^\s/>]*)/.exec(text)?.[1] ?? "";
  let at = name.length + 1;
  for (let equals = text.indexOf("=", at); equals >= 0; equals = text.indexOf("=", at)) {
    let from = equals;
    while (from > at && !/["'<>]/.test(text.charAt(from - 1))) from--;
    let open = equals + 1;
    while (/\s/.test(text.charAt(open))) open++;
    const quote = text.charAt(open);
    const close = quote === '"' || quote === "'" ? text.indexOf(quote, open + 1) : -1;
    if (from === equals || close < 0) {
      at = equals + 1;
      continue;
    }
    const key = text.slice(from, equals).trim();
    if (key !== "" && !attributes.has(key)) attributes.set(key, decodeText(text.slice(open + 1, close)));
    at = close + 1;
  }
  return { name, attributes, clean: false };
}

/** XML's own entities, instead of sax's HTML ones; without a prototype, where `&constructor;` would find source code. */
const ENTITIES = Object.assign(Object.create(null) as Record<string, string>, {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
});

/**
 * Resolves the five entities of XML and numeric references. A document's own entities stay as they are written: what
 * they stand for is not read at all.
 */
export function decodeText(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name as string] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The `>` that ends the start tag beginning at `from`, outside quotes and before `to`; −1 when there is none. */
export function endOfTag(bytes: Uint8Array, from: number, to: number): number {
  let quote = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 34 || byte === 39) quote = byte;
    else if (byte === 62) return at;
  }
  return -1;
}
