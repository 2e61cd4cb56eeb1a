import { InputError, ItemError } from "../../errors.ts";
import type { Activity } from "../../model/index.ts";
import type { ImportFile, ImportSession, Provider, StoredItem, StoredPayload } from "../types.ts";
import { openExport, recognizesExport } from "./archive.ts";
import { batchesOf } from "./batches.ts";
import type { Damage } from "./elements.ts";
import { buildItem, routeReference } from "./item.ts";
import { RecordIndex } from "./join.ts";
import type { RecordTable } from "./join.ts";
import { windowOf } from "./map.ts";
import { scan } from "./reader.ts";
import { parseRecords } from "./records.ts";
import { parseWorkout } from "./wire.ts";

const NO_RECORDS: RecordTable = { records: new Map(), sources: [], units: [] };

/** Apple Health's export: `export.zip`, the unzipped folder or the bare XML. */
export const appleHealth: Provider = {
  id: "apple-health",
  name: "Apple Health",
  parserVersion: 1,
  file: { recognizes: recognizesExport, read },
  reprocess,
};

async function* read(file: ImportFile, session: ImportSession): ReturnType<typeof batchesOf> {
  const files = await openExport(file);
  try {
    const { mainBytes: totalBytes } = files;
    const found = await scan(files.main, {
      signal: session.signal,
      onProgress: ({ bytes, elements, workouts }) =>
        session.progress({ bytes, totalBytes, activities: workouts, records: elements, phase: "reading" }),
    });
    if (found.elements === 0 && found.locale === null && found.exportDate === null) {
      throw new InputError("INPUT_NOTHING_READABLE", `nothing in ${files.mainPath} could be read`, {
        provider: "apple-health",
        hint: "export again on the iPhone, with Auto-Lock set to Never while it runs",
      });
    }
    // Some of what is wrong with an archive shows only when its end has been read.
    for (const { code, message, loss } of files.damage) session.warn({ code, message, loss });
    warn(session, found.damage, files.mainPath);
    yield* batchesOf(found, files, session);
  } finally {
    await files.close();
  }
}

function warn(session: ImportSession, damage: readonly Damage[], path: string): void {
  for (const { code, message, offset, loss } of damage) {
    session.warn({ code, message: `${path}: ${message}, at byte ${offset}`, loss });
  }
}

/** The mapping of {@link read} on what is stored: the element, its route files, and the records of its time. */
function reprocess(payloads: readonly StoredPayload[], stored: StoredItem): Activity {
  const workout = payloads.find(({ kind }) => kind === "workout");
  if (workout === undefined) throw new ItemError("UNMAPPABLE", "the workout's own XML is not stored");
  const wire = parseWorkout(workout.bytes);
  const records = payloads.find(({ kind }) => kind === "records");
  const table = records === undefined ? NO_RECORDS : parseRecords(records.bytes);
  const duplicateOf = stored.activity?.extra["possible_duplicate_of"];
  const { item } = buildItem({
    bytes: workout.bytes,
    wire,
    slices: new RecordIndex(table).within(windowOf(wire)),
    table,
    routes: payloads.flatMap(({ kind, bytes }) => {
      const reference = routeReference(kind);
      return reference === null ? [] : [{ reference, bytes, damage: [] }];
    }),
    // What `--timezone` said at the import; a workout's own zone comes before it.
    timezone: stored.activity?.timezone ?? undefined,
    possibleDuplicateOf: typeof duplicateOf === "string" ? duplicateOf : undefined,
  });
  return item.activity;
}
