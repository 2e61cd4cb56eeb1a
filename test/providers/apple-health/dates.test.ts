import { expect, test } from "vitest";
import { parseDate, placeOf } from "../../../src/providers/apple-health/dates.ts";

const iso = (text: string): string | null => {
  const seconds = parseDate(text);
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
};

test.each([
  ["2024-01-02 07:03:11 +0100", "2024-01-02T06:03:11.000Z"],
  // The offset is the export's: a summer instant in a winter export and the other way round.
  ["2025-07-16 16:14:50 +0100", "2025-07-16T15:14:50.000Z"],
  ["2025-12-31 23:59:59 -0700", "2026-01-01T06:59:59.000Z"],
  ["2024-02-29 00:10:00 +0530", "2024-02-28T18:40:00.000Z"],
  ["2024-01-01 00:00:00 +1245", "2023-12-31T11:15:00.000Z"],
  ["2024-01-01 12:30:00 -0330", "2024-01-01T16:00:00.000Z"],
  ["2024-01-02 07:03:11 +0000", "2024-01-02T07:03:11.000Z"],
  ["2024-01-02T07:03:11.250Z", "2024-01-02T07:03:11.250Z"],
  ["2024-01-02 7:03:11\u202fPM +0100", "2024-01-02T18:03:11.000Z"],
  ["2024-01-02 12:03:11 AM +0100", "2024-01-01T23:03:11.000Z"],
  ["20150616071916-0700", "2015-06-16T14:19:16.000Z"],
])("%s is %s", (text, expected) => {
  expect(iso(text)).toBe(expected);
});

test.each([
  "",
  "yesterday",
  "2024-01-02 07:03:11",
  "2024-13-02 07:03:11 +0100",
  "2023-02-29 07:03:11 +0100",
  "2024-01-02 24:03:11 +0100",
  "2024-01-02 13:03:11 PM +0100",
  "2024-01-02 07:60:11 +0100",
  "0001-01-01 00:00:00 +0000",
  "2024-01-02 07:03:11 +9900",
])("%j is no date", (text) => {
  expect(iso(text)).toBeNull();
});

test("the offset of a zone is that of the instant, on both sides of a change of clocks", () => {
  const berlin = (at: string) => placeOf("Europe/Berlin", Date.parse(at));
  expect(berlin("2026-03-29T00:59:59Z")).toEqual({ timezone: "Europe/Berlin", utcOffsetS: 3600 });
  expect(berlin("2026-03-29T01:00:00Z")).toEqual({ timezone: "Europe/Berlin", utcOffsetS: 7200 });
  expect(berlin("2025-10-26T00:59:59Z")).toEqual({ timezone: "Europe/Berlin", utcOffsetS: 7200 });
  expect(berlin("2025-10-26T01:00:00Z")).toEqual({ timezone: "Europe/Berlin", utcOffsetS: 3600 });
  expect(placeOf("Asia/Kolkata", 0)).toEqual({ timezone: "Asia/Kolkata", utcOffsetS: 19_800 });
  expect(placeOf("America/St_Johns", Date.parse("2026-01-10T12:00:00Z"))?.utcOffsetS).toBe(-12_600);
});

test("a zone that is a bare offset gives the offset and no name, an unknown one nothing", () => {
  expect(placeOf("GMT+0530", 0)).toEqual({ timezone: null, utcOffsetS: 19_800 });
  expect(placeOf("GMT-0330", 0)).toEqual({ timezone: null, utcOffsetS: -12_600 });
  expect(placeOf("GMT+1800", 0)).toEqual({ timezone: null, utcOffsetS: 64_800 });
  for (const zone of ["GMT+1801", "GMT+99", "GMT+0160"]) expect(placeOf(zone, 0)).toBeNull();
  expect(placeOf("Middle/Earth", 0)).toBeNull();
  expect(placeOf("+05:30", 0)).toBeNull();
});
