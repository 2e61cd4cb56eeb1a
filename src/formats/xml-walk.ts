import { gunzipSync } from "node:zlib";
import sax from "sax";
import { InputError } from "../errors.ts";

/** The plain size up to which a document is read: a day of 1 Hz samples is some 30 MB. */
const MAX_PLAIN_BYTES = 512 * 1024 * 1024;
/** Deeper nesting than any known writer's is an attack on the stack of names. */
const MAX_DEPTH = 64;
/** So many faults are no document any more. */
const MAX_FAULTS = 1000;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const CHUNK_BYTES = 64 * 1024;

/** What {@link walkXml} tells. Names are local names (`gpxtpx:hr` is `hr`), since writers differ in their prefixes. */
export interface XmlVisitor {
  /** `path` ends with the element itself and is reused: copy what must outlive the call. */
  open(path: readonly string[], attributes: Readonly<Record<string, string>>): void;
  /** `text` is the element's own text, trimmed; empty where there is none. */
  close(path: readonly string[], text: string): void;
}

/** The plain bytes of a document that may be gzipped (magic `1f 8b`). Throws `InputError` when it is cut or too large. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_PLAIN_BYTES });
  } catch (error) {
    throw new InputError("FILE_DAMAGED", "cannot unpack the gzip stream", { cause: error });
  }
}

/**
 * Reads a document as far as it can be read, past what is merely ill-formed. Returns the first thing that was wrong, or null. Entities are XML's five and character references; a document type is skipped, so nothing expands
 * and nothing is fetched. Throws `InputError` for what only an attack contains.
 */
export function walkXml(input: Uint8Array, visitor: XmlVisitor): string | null {
  const bytes = plainBytes(input);
  if (bytes.length > MAX_PLAIN_BYTES) throw new InputError("FILE_TOO_LARGE", "the document is too large");
  const decoder = new TextDecoder(encodingOf(bytes));
  const options: sax.SAXOptions & { strictEntities: boolean } = { position: false, strictEntities: true };
  const parser = sax.parser(true, options);
  // sax looks entities up in an object that has a prototype: `&constructor;` would become source code.
  Object.assign(parser, { ENTITIES: Object.assign(Object.create(null), ENTITIES) });
  const path: string[] = [];
  const texts: string[] = [];
  const faults: string[] = [];
  let ended = false;
  parser.onopentag = (tag) => {
    if (path.length >= MAX_DEPTH) throw new InputError("FILE_DAMAGED", "the document is nested too deeply");
    path.push(localName(tag.name));
    texts.push("");
    visitor.open(path, tag.attributes as Record<string, string>);
  };
  const onText = (text: string): void => {
    if (texts.length > 0) texts[texts.length - 1] += text;
  };
  parser.onclosetag = () => {
    visitor.close(path, (texts.pop() ?? "").trim());
    path.pop();
    ended = path.length === 0;
  };
  const onFault = (error: Error): void => {
    // Whatever stands behind the root element belongs to nothing; a bare ampersand stays in the text as it is.
    if (!ended && !error.message.includes("entity")) faults.push(firstLine(error.message));
    parser.resume();
  };
  Object.assign(parser, { ontext: onText, oncdata: onText, onerror: onFault });
  for (let at = 0; at < bytes.length && faults.length < MAX_FAULTS; at += CHUNK_BYTES) {
    const end = Math.min(at + CHUNK_BYTES, bytes.length);
    const text = decoder.decode(bytes.subarray(at, end), { stream: end < bytes.length });
    // Some writers begin with blank lines, which XML forbids before its declaration.
    parser.write(at === 0 ? text.trimStart() : text);
  }
  if (bytes.length > 0) parser.close();
  return faults[0] ?? null;
}

/** The name without its prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** A number as XML Schema writes it, or undefined; what is not finite is missing. */
export function xmlNumber(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** A time in a document. */
export interface XmlTime {
  /** Unix milliseconds; of a text without zone, as if it were UTC. */
  readonly ms: number;
  /** Signed seconds as written; 0 for `Z`; null when the text tells no zone at all. */
  readonly offsetS: number | null;
}

const XML_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)([.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?$/i;

/** `2026-11-18T06:42:10.000+01:00`, with `Z`, with an offset or with neither; undefined for anything else. */
export function xmlTime(text: string | undefined): XmlTime | undefined {
  const match = XML_TIME.exec(text ?? "");
  if (match === null) return undefined;
  const [, date, clock = "", fraction = "", zone] = match;
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  const local =
    Date.parse(`${date}T${seconds}Z`) + Math.round(Number(`0${fraction.replace(",", ".")}`) * 1000);
  if (Number.isNaN(local)) return undefined;
  if (zone === undefined) return { ms: local, offsetS: null };
  if (zone.toUpperCase() === "Z") return { ms: local, offsetS: 0 };
  const digits = zone.replace(/[+:-]/g, "");
  const size = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60;
  const offsetS = zone.startsWith("-") ? -size : size;
  return { ms: local - offsetS * 1000, offsetS };
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const declaration = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
  const name = /^\s*<\?xml[^>]*\bencoding=["']([\w-]+)["']/.exec(declaration)?.[1]?.toLowerCase();
  return name === "iso-8859-1" || name === "latin1" || name === "windows-1252" ? "windows-1252" : "utf-8";
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}
