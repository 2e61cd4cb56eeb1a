import { describe, expect, it } from "vitest";
import type { Column } from "../../src/output/table.ts";
import { renderTable, tabSeparated } from "../../src/output/table.ts";
import { displayWidth } from "../../src/output/text.ts";

const COLUMNS: Column[] = [
  { header: "ID", align: "right" },
  { header: "Title", shrinkTo: 6 },
  { header: "Climb", align: "right", dispensable: 1 },
  { header: "Device", dispensable: 2 },
];
const ROWS = [
  ["1", "Morning run", "118 m", "Vantage"],
  ["12", "日本一周", null, "Watch\u001b[2J"],
];
const look = (width: number): { width: number; unicode: boolean; color: boolean } => ({
  width,
  unicode: true,
  color: false,
});

describe("renderTable", () => {
  it("aligns by columns of the terminal, not by characters", () => {
    expect(renderTable(COLUMNS, ROWS, look(80))).toEqual([
      "ID  Title        Climb  Device",
      " 1  Morning run  118 m  Vantage",
      "12  日本一周         -  Watch\ufffd[2J",
    ]);
  });

  it("shrinks what may shrink first, then leaves out what can be spared", () => {
    expect(renderTable(COLUMNS, ROWS, look(30))).toEqual([
      "ID  Title     Climb  Device",
      " 1  Morning…  118 m  Vantage",
      "12  日本一周      -  Watch\ufffd[2J",
    ]);
    expect(renderTable(COLUMNS, ROWS, look(20))).toEqual([
      "ID  Title      Climb",
      " 1  Morning…   118 m",
      "12  日本一周       -",
    ]);
    expect(renderTable(COLUMNS, ROWS, look(12))).toEqual(["ID  Title", " 1  Morning…", "12  日本一周"]);
    for (const width of [12, 20, 28, 40]) {
      for (const line of renderTable(COLUMNS, ROWS, look(width))) {
        expect(displayWidth(line)).toBeLessThanOrEqual(width);
      }
    }
  });

  it("leaves out a column that holds nothing, but keeps the head of an empty table", () => {
    expect(renderTable(COLUMNS, [["1", "a", null, ""]], look(80))).toEqual(["ID  Title", " 1  a"]);
    expect(renderTable(COLUMNS, [], look(80))).toEqual(["ID  Title  Climb  Device"]);
  });

  it("colours the head, and an unknown dimly", () => {
    const lines = renderTable(
      [{ header: "A", tone: "heart" }, { header: "B" }],
      [
        ["1", null],
        ["2", "x"],
      ],
      {
        ...look(80),
        color: true,
      },
    );
    expect(lines).toEqual([
      "\u001b[2mA\u001b[0m  \u001b[2mB\u001b[0m",
      "\u001b[31m1\u001b[0m  \u001b[2m-\u001b[0m",
      "\u001b[31m2\u001b[0m  x",
    ]);
  });
});

describe("tabSeparated", () => {
  it("keeps one cell one cell, and an unknown one empty", () => {
    expect(tabSeparated(["a\tb\nc", null, 1.5, true, "\u001b[31m"])).toBe("a b c\t\t1.5\ttrue\t\ufffd[31m");
  });
});
