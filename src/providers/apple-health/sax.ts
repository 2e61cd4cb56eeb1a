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

/**
 * Gives a parser the whole of a text. False at the first fault before `isOver`, behind which nothing is looked at any more: a broken
 * text may have a fault at every byte. What comes behind is nobody's.
 */
export function writeUntilFault(parser: sax.SAXParser, text: string, isOver: () => boolean): boolean {
  let fault: Error | undefined;
  parser.onerror = (error) => {
    if (isOver()) {
      parser.resume();
      return;
    }
    fault = error;
    // sax goes on to the end of what it was given unless it is thrown out of it.
    throw error;
  };
  try {
    parser.write(text);
  } catch (error) {
    if (error !== fault) throw error;
  }
  return fault === undefined;
}
