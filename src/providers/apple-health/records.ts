import { ItemError } from "../../errors.ts";
import { withoutPointer } from "./device.ts";
import { RECORD_TYPES } from "./elements.ts";
import type { RecordColumn, RecordSource, RecordType } from "./elements.ts";
import type { RecordTable, Slice } from "./join.ts";

const HEADER = "fitglue.apple-health.records/1";

interface Row {
  readonly start: number;
  readonly end: number;
  readonly value: number;
  readonly source: number;
  readonly unit: number;
}

/**
 * The raw payload `records`: every record in a workout's time, of every source, so that the join can run again without
 * the export. Tab-separated lines of text, the same for the same records whatever their order in the file:
 *
 * ```
 * fitglue.apple-health.records/1
 * source  NUMBER  NAME  DEVICE        JSON strings; the device without its pointer
 * type    TYPE    UNIT                JSON string; opens a block
 * START   SECONDS VALUE SOURCE        Unix seconds, duration (empty: a point), value in UNIT, number of a source
 * ```
 */
export function formatRecords(slices: readonly Slice[], table: RecordTable): Buffer {
  const names = new Map<number, string>();
  for (const { column, indexes } of slices) {
    for (const index of indexes) {
      const source = column.source(index);
      if (names.has(source)) continue;
      const { name = "", device = "" } = table.sources[source] ?? {};
      names.set(source, `${JSON.stringify(name)}\t${JSON.stringify(withoutPointer(device))}`);
    }
  }
  const sorted = [...new Set(names.values())].sort();
  const lines = [HEADER, ...sorted.map((name, number) => `source\t${number}\t${name}`)];
  const numbers = new Map([...names].map(([source, name]) => [source, sorted.indexOf(name)]));
  for (const { type, unit, column, indexes } of blocksOf(slices, table)) {
    lines.push(`type\t${type}\t${JSON.stringify(unit)}`);
    // They come by start; what starts at one instant has no order of its own.
    let instant = Number.NaN;
    let together: string[] = [];
    for (const index of indexes) {
      const start = column.start(index);
      if (start !== instant) {
        pushSorted(lines, together);
        together = [];
        instant = start;
      }
      const duration = column.end(index) - start;
      const source = numbers.get(column.source(index));
      together.push(`${start}\t${duration === 0 ? "" : duration}\t${column.value(index)}\t${source}`);
    }
    pushSorted(lines, together);
  }
  return Buffer.from(`${lines.join("\n")}\n`, "utf8");
}

/** Byte for byte the same record twice is one record. */
function pushSorted(lines: string[], together: readonly string[]): void {
  if (together.length === 1) lines.push(together[0] ?? "");
  else for (const line of [...new Set(together)].sort()) lines.push(line);
}

interface Block {
  readonly type: RecordType;
  readonly unit: string;
  readonly column: RecordColumn;
  readonly indexes: number[];
}

/** By type and unit, both in alphabetical order. */
function blocksOf(slices: readonly Slice[], table: RecordTable): Block[] {
  const blocks = new Map<string, Block>();
  for (const { type, column, indexes } of slices) {
    const byUnit = new Map<number, Block>();
    for (const index of indexes) {
      const number = column.unit(index);
      let block = byUnit.get(number);
      if (block === undefined) {
        const unit = table.units[number] ?? "";
        const key = `${type}\t${unit}`;
        block = blocks.get(key) ?? { type, unit, column, indexes: [] };
        blocks.set(key, block);
        byUnit.set(number, block);
      }
      block.indexes.push(index);
    }
  }
  return [...blocks].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, block]) => block);
}

/** Reads what {@link formatRecords} wrote. Throws `ItemError` for anything else. */
export function parseRecords(bytes: Uint8Array): RecordTable {
  const [header, ...lines] = new TextDecoder().decode(bytes).split("\n");
  if (header !== HEADER) throw new ItemError("UNMAPPABLE", "the stored records are of an unknown form");
  const sources: RecordSource[] = [];
  const units: string[] = [];
  const rows = new Map<RecordType, Row[]>();
  let block: Row[] | undefined;
  for (const line of lines) {
    const [first = "", second = "", third = "", fourth = ""] = line.split("\t");
    if (first === "source") {
      sources[Number(second)] = { name: JSON.parse(third) as string, device: JSON.parse(fourth) as string };
    } else if (first === "type") {
      units.push(JSON.parse(third) as string);
      const type = RECORD_TYPES.find((known) => known === second);
      block = type === undefined ? undefined : (rows.get(type) ?? []);
      if (type !== undefined && block !== undefined) rows.set(type, block);
    } else if (first !== "") {
      const start = Number(first);
      block?.push({
        start,
        end: start + (second === "" ? 0 : Number(second)),
        value: Number(third),
        source: Number(fourth),
        unit: units.length - 1,
      });
    }
  }
  return { records: new Map([...rows].map(([type, list]) => [type, columnOf(list)])), sources, units };
}

/** A column over rows that are there already. */
export function columnOf(rows: readonly Row[]): RecordColumn {
  const get = (index: number): Row => {
    const row = rows[index];
    if (row === undefined) throw new RangeError(`no record ${index}`);
    return row;
  };
  return {
    length: rows.length,
    start: (index) => get(index).start,
    end: (index) => get(index).end,
    value: (index) => get(index).value,
    source: (index) => get(index).source,
    unit: (index) => get(index).unit,
  };
}
