import type { Batch } from "../../model/index.ts";
import type { ImportFile, ImportSession, Provider } from "../types.ts";
import { openExport, recognizesExport } from "./archive.ts";
import { isWorthThread, readInThread } from "./thread.ts";

/** Apple Health's export: `export.zip`, the unzipped folder or the bare XML. */
export const appleHealth: Provider = {
  id: "apple-health",
  name: "Apple Health",
  parserVersion: 1,
  revisionKey: "HKMetadataKeySyncVersion",
  file: { recognizes: recognizesExport, read },
  async reprocess(payloads, stored) {
    const { reprocess } = await import("./reprocess.ts");
    return reprocess(payloads, stored);
  },
};

async function* read(file: ImportFile, session: ImportSession): AsyncGenerator<Batch, void, void> {
  const files = await openExport(file);
  let large = false;
  try {
    large = isWorthThread(files);
    if (!large) {
      const { readFiles } = await import("./reading.ts");
      yield* readFiles(files, session);
    }
  } finally {
    await files.close();
  }
  if (large) yield* readInThread(file, session);
}
