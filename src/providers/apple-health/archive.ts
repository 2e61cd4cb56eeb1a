import { InputError } from "../../errors.ts";
import type { ImportFile } from "../types.ts";
import { contentOf } from "./content.ts";
import type { ExportFiles } from "./elements.ts";
import { findMainInFolder, openFolder, openXml, utf16Error } from "./folder.ts";
import { openArchive } from "./zip-export.ts";

/**
 * Whether this is for {@link openExport} to read or to explain: a zip (the only kind of archive there is), the main XML,
 * its companion in CDA, or a folder that holds one of them. By content, from the head only.
 */
export async function recognizesExport(file: ImportFile): Promise<boolean> {
  if (!file.isDirectory) return contentOf(file.head) !== "other";
  try {
    const { main, utf16, archive, closed } = await findMainInFolder(file.path);
    return main !== undefined || utf16 || archive !== undefined || closed !== undefined;
  } catch {
    // That it cannot be read is for the opening to say.
    return true;
  }
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
  if (content === "cda") {
    throw new InputError("INPUT_UNKNOWN", "this is the CDA file of an export, which holds no workouts", {
      hint: "import the other XML file beside it, or the whole export.zip",
    });
  }
  throw new InputError("INPUT_UNKNOWN", "this is no Apple Health export");
}
