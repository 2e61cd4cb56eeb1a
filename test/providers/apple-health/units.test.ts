import { expect, test } from "vitest";
import { convert, parseNumber, parseQuantity } from "../../../src/providers/apple-health/units.ts";
import type { Dimension } from "../../../src/providers/apple-health/units.ts";

test.each<[number, string, Dimension, number]>([
  [5, "km", "length", 5000],
  [3.10686, "mi", "length", 5000.006_499_84],
  [217, "cm", "length", 2.17],
  [25, "yd", "length", 22.86],
  [100, "ft", "length", 30.48],
  [10, "in", "length", 0.254],
  [420, "kcal", "energy", 420],
  [420, "Cal", "energy", 420],
  [418.4, "kJ", "energy", 100],
  [90, "min", "time", 5400],
  [1.5, "hr", "time", 5400],
  [250, "ms", "time", 0.25],
  [36, "km/hr", "speed", 10],
  [10, "mi/hr", "speed", 4.4704],
  [3.5, "m/s", "speed", 3.5],
  [72, "count/min", "frequency", 72],
  [1.2, "count/s", "frequency", 72],
  [240, "W", "power", 240],
  [50, "degF", "temperature", 10],
  [-40, "degF", "temperature", -40],
  [21.5, "degC", "temperature", 21.5],
  [9.19, "kcal/hr·kg", "mets", 9.19],
])("%d %s as %s is %d", (value, unit, dimension, expected) => {
  expect(convert(value, unit, dimension)).toBeCloseTo(expected, 9);
});

test.each<[number | null, string | null, Dimension]>([
  [5, "furlong", "length"],
  [5, "kcal", "length"],
  [5, null, "length"],
  [null, "km", "length"],
  [Number.NaN, "km", "length"],
  [5, "constructor", "length"],
  [5, "km/constructor", "speed"],
  [5, "km", "speed"],
  [5, "degX", "temperature"],
])("%j %j is no %s", (value, unit, dimension) => {
  expect(convert(value, unit, dimension)).toBeNull();
});

test.each([
  ["12.5", 12.5],
  ["12,5", 12.5],
  ["-3", -3],
  ["1e3", 1000],
  [" 7 ", 7],
  ["NaN", null],
  ["inf", null],
  ["Infinity", null],
  ["1,234.5", null],
  ["1.2.3", null],
  ["0x10", null],
  ["", null],
])("parseNumber(%j) is %j", (text, expected) => {
  expect(parseNumber(text)).toBe(expected);
});

test("a quantity is a number, blanks and a unit", () => {
  expect(parseQuantity("6575 cm")).toEqual({ value: 6575, unit: "cm" });
  expect(parseQuantity("9,19 kcal/hr·kg")).toEqual({ value: 9.19, unit: "kcal/hr·kg" });
  expect(parseQuantity("6575")).toBeNull();
  expect(parseQuantity("a b")).toBeNull();
});
