import { describe, expect, test } from "vitest";
import { type RecordTable, RecordIndex } from "../../../src/providers/apple-health/join.ts";
import { RecordBlocks } from "../../../src/providers/apple-health/record-blocks.ts";

const HEART_RATE = "HKQuantityTypeIdentifierHeartRate";
const FIRST = 1_700_000_000;

/** One heart rate a second, 4096 to a block; the value is the second modulo 200. Written in the order of `seconds`. */
function tableOf(seconds: readonly number[]): RecordTable & { readonly column: RecordBlocks } {
  const column = new RecordBlocks();
  for (const second of seconds) column.append(FIRST + second, FIRST + second + 1, second % 200, 0, 0);
  return { column, records: new Map([[HEART_RATE, column]]), sources: [], units: [] };
}

const seconds = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, at) => from + at);

describe.each([
  // Blocks 0 and 1 end before second 9000.
  { name: "in order", written: seconds(0, 20_000), kept: seconds(8192, 20_000) },
  // Block 0 holds seconds 3600 to 7695, block 1 those up to 11791; the first hour lies in the last one.
  {
    name: "with a late sync of the first hour",
    written: [...seconds(3600, 20_000), ...seconds(0, 3600)],
    kept: seconds(4096, 20_000),
  },
])("records $name", ({ written, kept }) => {
  test("are found by later windows when those before are forgotten", () => {
    const table = tableOf(written);
    const index = new RecordIndex(table);
    const window = { start: FIRST + 9000, end: FIRST + 9009 };
    index.forget(window.start);
    const [slice, ...others] = index.within(window);
    expect(others).toEqual([]);
    expect([...(slice?.start ?? [])]).toEqual(seconds(9000, 9010).map((second) => FIRST + second));
    expect([...(slice?.end ?? [])]).toEqual(seconds(9001, 9011).map((second) => FIRST + second));
    expect([...(slice?.value ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    // To the last one, which lies in the block that is not full.
    expect(index.within({ start: FIRST + 19_990, end: FIRST + 30_000 })[0]?.length).toBe(10);
  });

  test("of a whole block that lies before are let go of, and no others", () => {
    const table = tableOf(written);
    const index = new RecordIndex(table);
    index.forget(FIRST + 9000);
    const places = seconds(0, 20_000);
    expect(places.filter((at) => table.column.start(at) > Number.NEGATIVE_INFINITY)).toEqual(kept);
  });
});
