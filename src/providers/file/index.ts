import type { FileSource, ImportFile, Provider } from "../types.ts";
import { holdsSessions, isZip } from "./entries.ts";
import { sessionFormatOf } from "./format.ts";

/** Grows whenever the same file would map to other values. */
const PARSER_VERSION = 1;

/** FIT, TCX and GPX files from anywhere: single ones, folders and zips of them. */
export const fileProvider: Provider & { readonly file: FileSource } = {
  id: "file",
  name: "FIT, TCX and GPX files",
  parserVersion: PARSER_VERSION,
  file: {
    recognizes,
    async *read(file, session) {
      const { read } = await import("./reading.ts");
      yield* read(file, session);
    },
  },
  async reprocess(payloads, stored) {
    const { reprocess } = await import("./reading.ts");
    return reprocess(payloads, stored);
  },
};

async function recognizes(file: ImportFile): Promise<boolean> {
  if (!file.isDirectory && !isZip(file.head)) return sessionFormatOf(file.head) !== null;
  return holdsSessions(file);
}
