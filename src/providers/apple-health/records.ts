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
export function formatRecords(slices: readonly Slice[], table: RecordTable): Uint8Array<ArrayBuffer> {
  const names = new Map<number, string>();
  for (const source of slices.flatMap((slice) => distinct(slice.source))) {
    if (names.has(source)) continue;
    const { name = "", device = "" } = table.sources[source] ?? {};
    names.set(source, `${JSON.stringify(name)}\t${JSON.stringify(withoutPointer(device))}`);
  }
  const sorted = [...new Set(names.values())].sort();
  const numbers = new Map([...names].map(([source, name]) => [source, sorted.indexOf(name)]));
  const text = new TextWriter();
  text.write(`${HEADER}\n`);
  sorted.forEach((name, number) => text.write(`source\t${number}\t${name}\n`));
  for (const slice of slices.toSorted((a, b) => (a.type < b.type ? -1 : 1))) {
    const units = new Map(distinct(slice.unit).map((unit) => [unit, table.units[unit] ?? ""]));
    for (const unit of [...new Set(units.values())].sort()) {
      text.write(`type\t${slice.type}\t${JSON.stringify(unit)}\n`);
      writeBlock(text, slice, numbers, (row) => units.get(slice.unit[row] ?? -1) === unit);
    }
  }
  return text.bytes();
}

/** The few values of a long column. */
function distinct(column: Float64Array): number[] {
  const values = new Set<number>();
  for (let row = 0, before = Number.NaN; row < column.length; row++) {
    const value = column[row] ?? Number.NaN;
    if (value !== before) values.add(value);
    before = value;
  }
  return [...values];
}

/** Writes the records of one unit. They come by start; what starts at one instant has no order of its own. */
function writeBlock(
  text: TextWriter,
  { length, start, end, value, source }: Slice,
  numbers: ReadonlyMap<number, number>,
  isOwn: (row: number) => boolean,
): void {
  const write = (row: number): void => {
    const from = start[row] ?? Number.NaN;
    const duration = (end[row] ?? Number.NaN) - from;
    text.number(from, TAB);
    if (duration === 0) text.byte(TAB);
    else text.number(duration, TAB);
    text.number(value[row] ?? Number.NaN, TAB);
    text.number(numbers.get(source[row] ?? -1) ?? 0, NEWLINE);
  };
  for (let row = 0; row < length;) {
    const first = row++;
    while (row < length && start[row] === start[first]) row++;
    if (row - first === 1) {
      if (isOwn(first)) write(first);
      continue;
    }
    // Byte for byte the same record twice is one record.
    const together = new Set<string>();
    for (let one = first; one < row; one++) {
      const begun = text.length;
      if (isOwn(one)) write(one);
      const line = text.cut(begun);
      if (line !== "") together.add(line);
    }
    for (const line of [...together].sort()) text.write(line);
  }
}

const TAB = 9;
const NEWLINE = 10;

/** Text on its way into bytes: the number strings of a whole export are more garbage than all else of it. */
class TextWriter {
  #bytes = Buffer.allocUnsafe(1 << 15);
  length = 0;

  write(text: string): void {
    this.#reserve(text.length * 3);
    this.length += this.#bytes.write(text, this.length, "utf8");
  }

  byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = byte;
  }

  /** A number as `String` writes it, and one byte behind it. */
  number(value: number, behind: number): void {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER && Number.isInteger(value)) {
      this.#reserve(17);
      let digits = 1;
      for (let limit = 10; value >= limit; limit *= 10) digits++;
      let rest = value;
      for (let at = this.length + digits - 1; at >= this.length; at--) {
        const next = Math.floor(rest / 10);
        this.#bytes[at] = 48 + (rest - next * 10);
        rest = next;
      }
      this.length += digits;
    } else this.write(String(value));
    this.byte(behind);
  }

  /** Takes back what was written from `from` on. */
  cut(from: number): string {
    const text = this.#bytes.toString("utf8", from, this.length);
    this.length = from;
    return text;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.subarray(0, this.length));
  }

  #reserve(length: number): void {
    if (this.length + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.length + length));
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }
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
