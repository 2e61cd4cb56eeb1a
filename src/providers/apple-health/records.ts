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
  const numbers = new Map(sorted.map((name, number) => [name, number]));
  const lines = [HEADER, ...sorted.map((name, number) => `source\t${number}\t${name}`)];
  for (const { type, unit, rows } of blocksOf(slices, table)) {
    lines.push(`type\t${type}\t${JSON.stringify(unit)}`);
    const texts = rows.map(({ start, end, value, source }) => {
      const name = names.get(source) ?? "";
      return {
        start,
        end,
        line: `${start}\t${end === start ? "" : end - start}\t${value}\t${numbers.get(name)}`,
      };
    });
    texts.sort(
      (a, b) => a.start - b.start || a.end - b.end || (a.line < b.line ? -1 : a.line > b.line ? 1 : 0),
    );
    let before = "";
    for (const { line } of texts) {
      // Byte for byte the same record twice is one record.
      if (line !== before) lines.push(line);
      before = line;
    }
  }
  return Buffer.from(`${lines.join("\n")}\n`, "utf8");
}

interface Block {
  readonly type: RecordType;
  readonly unit: string;
  readonly rows: Row[];
}

/** By type and unit, both in alphabetical order. */
function blocksOf(slices: readonly Slice[], table: RecordTable): Block[] {
  const blocks = new Map<string, Block>();
  for (const { type, column, indexes } of slices) {
    for (const index of indexes) {
      const unit = table.units[column.unit(index)] ?? "";
      const key = `${type}\t${unit}`;
      let block = blocks.get(key);
      if (block === undefined) blocks.set(key, (block = { type, unit, rows: [] }));
      block.rows.push({
        start: column.start(index),
        end: column.end(index),
        value: column.value(index),
        source: column.source(index),
        unit: column.unit(index),
      });
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
