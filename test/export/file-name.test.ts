import { expect, it } from "vitest";
import { fileNameOf } from "../../src/export/file-name.ts";
import { storedActivity } from "../model/stored-activity.ts";

it.each([
  ["local time by the offset", { utcOffsetS: 3600 }, "2026-11-18T0642_running_polar_42.fit"],
  ["a day that begins earlier in the west", { utcOffsetS: -36_000 }, "2026-11-17T1942_running_polar_42.fit"],
  ["UTC, and it says so, where no offset is known", {}, "2026-11-18T0542Z_running_polar_42.fit"],
  [
    "local text of an unknown zone",
    { startTime: "2026-11-18T06:42:10" },
    "2026-11-18T0642_running_polar_42.fit",
  ],
])("names a file after %s", (_name, fields, expected) => {
  expect(fileNameOf(storedActivity({ sport: "running", ...fields }), "fit")).toBe(expected);
});

it("is safe on every file system, whatever an extension or a source says", () => {
  const name = fileNameOf(storedActivity({ source: '../..\\a:b*?"<>|\0\u00e9'.repeat(20) }), "../x\0y");
  expect(name).toMatch(/^[A-Za-z0-9_.-]+$/);
  expect(name.startsWith("2026-11-18T0542Z_generic_")).toBe(true);
  expect(name.length).toBeLessThanOrEqual(120);
});

it("sorts by time", () => {
  const names = ["2026-02-01T05:00:00.000Z", "2026-11-18T05:42:10.000Z", "2026-11-18T16:00:00.000Z"].map(
    (startTime) => fileNameOf(storedActivity({ startTime, utcOffsetS: 0 }), "fit"),
  );
  expect(names.toSorted()).toEqual(names);
});
