import { ItemError } from "../../errors.ts";
import type { Activity } from "../../model/index.ts";
import type { StoredItem, StoredPayload } from "../types.ts";
import { buildItem, routeReference } from "./item.ts";
import { RecordIndex } from "./join.ts";
import type { RecordTable } from "./join.ts";
import { windowOf } from "./map.ts";
import { parseRecords } from "./records.ts";
import { parseWorkout } from "./wire.ts";

const NO_RECORDS: RecordTable = { records: new Map(), sources: [], units: [] };

/** The mapping of an import on what is stored: the element, its route files, and the records of its time. */
export function reprocess(payloads: readonly StoredPayload[], stored: StoredItem): Activity {
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
