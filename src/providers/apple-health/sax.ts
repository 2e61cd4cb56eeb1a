import { createRequire } from "node:module";
import type sax from "sax";

let loaded: typeof sax | undefined;

/**
 * A sax parser. sax is loaded with the first of them: what Apple writes is read without it, and to import a CommonJS
 * module Node searches all of its source for what it may export.
 */
export function saxParser(strict: boolean, options?: sax.SAXOptions): sax.SAXParser {
  loaded ??= createRequire(import.meta.url)("sax") as typeof sax;
  return loaded.parser(strict, options);
}
