import { InputError } from "../../errors.ts";
import type { ImportFile } from "../types.ts";
import { contentOf } from "./content.ts";
import type { ExportFiles } from "./elements.ts";
import { findMainInFolder, openFolder, openXml } from "./folder.ts";
import { openArchive } from "./zip-export.ts";

/**
 * Whether this may be an Apple Health export: a zip (the only archive there is), a folder that holds the main XML, or
 * the main XML itself, by content. Reads the head only; a folder that cannot be read is none.
 */
export async function recognizesExport(file: ImportFile): Promise<boolean> {
  if (file.isDirectory) {
    try {
      return (await findMainInFolder(file.path)).main !== undefined;
    } catch {
      return false;
    }
  }
  const content = contentOf(file.head);
  return typeof content === "string";
}

/**
 * Opens an export: the zip, the unzipped folder or its parent, or the bare XML with its routes beside it. The caller
 * closes it.
 *
 * Throws `InputError` in a sentence that says what is there instead.
 */
export async function openExport(file: ImportFile): Promise<ExportFiles> {
  if (file.isDirectory) return openFolder(file.path);
  const content = contentOf(file.head);
  if (content === "zip") return openArchive(file.path);
  if (content === "export") return openXml(file.path);
  if (content === "export-utf16") throw utf16Error();
  throw new InputError("NOT_AN_EXPORT", `not an Apple Health export: this seems to be ${content.seems}`, {
    hint: "give the export.zip that the Health app makes (profile picture, Export All Health Data)",
  });
}

function utf16Error(): InputError {
  return new InputError("EXPORT_ENCODING", "the export's XML is encoded in UTF-16, and only UTF-8 can be read", {
    hint: "import the file as the phone wrote it, or convert it with: iconv -f UTF-16 -t UTF-8",
  });
}
