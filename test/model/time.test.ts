import { describe, expect, test } from "vitest";
import { epochMs, isoInstant, isTimezone, localTime, offsetAt, timezoneName } from "../../src/model/index.ts";

describe("offsetAt", () => {
  test.each([
    ["Europe/Berlin", "2026-03-29T00:59:59Z", 3600],
    ["Europe/Berlin", "2026-03-29T01:00:00Z", 7200],
    ["Europe/Berlin", "2026-10-25T00:59:59Z", 7200],
    ["Europe/Berlin", "2026-10-25T01:00:00Z", 3600],
    ["America/St_Johns", "2026-01-15T12:00:00Z", -12600],
    ["Asia/Kathmandu", "2026-01-15T12:00:00Z", 20700],
    ["Pacific/Kiritimati", "2026-01-15T12:00:00Z", 50400],
    ["Australia/Lord_Howe", "2026-01-15T12:00:00.999Z", 39600],
    ["UTC", "1969-12-31T23:59:59.500Z", 0],
  ])("%s at %s is %i s", (zone, instant, expected) => {
    expect(offsetAt(zone, Date.parse(instant))).toBe(expected);
  });

  test("an unknown zone has none", () => {
    expect(offsetAt("Mars/Olympus", 0)).toBeNull();
    expect(isTimezone("Mars/Olympus")).toBe(false);
    expect(isTimezone("Europe/Helsinki")).toBe(true);
  });
});

test("a zone has one name, however it is typed; an older name is a name", () => {
  expect(timezoneName("europe/berlin")).toBe("Europe/Berlin");
  expect(timezoneName("Asia/Kathmandu")).toBe("Asia/Kathmandu");
  expect(timezoneName("UTC")).toBe("UTC");
  expect(timezoneName("Mars/Olympus")).toBeNull();
});

test("local time is UTC plus the offset, over midnight and half hours; unknown stays unknown", () => {
  expect(localTime("2026-11-18T05:42:10.000Z", 3600)).toBe("2026-11-18T06:42:10.000");
  expect(localTime("2026-11-18T23:30:00.000Z", 19800)).toBe("2026-11-19T05:00:00.000");
  expect(localTime("2026-01-01T02:00:00.500Z", -12600)).toBe("2025-12-31T22:30:00.500");
  expect(localTime("2026-11-18T05:42:10.000Z", null)).toBeNull();
  expect(localTime("2008-10-13T10:40:02", null)).toBe("2008-10-13T10:40:02.000");
});

test.each([
  ["2026-03-01T22:59:59.999Z", 3600, "2026-03-01T23:59:59.999"],
  ["2026-02-28T23:00:00.000Z", 3600, "2026-03-01T00:00:00.000"],
  ["2026-03-01T05:00:00.000Z", -18_000, "2026-03-01T00:00:00.000"],
  ["2026-03-01T04:59:59.000Z", -18_000, "2026-02-28T23:59:59.000"],
  ["2026-12-31T10:00:30.000Z", 50_400, "2027-01-01T00:00:30.000"],
  ["2026-06-01T12:07:09.000Z", 20_700, "2026-06-01T17:52:09.000"],
  // Local mean time, and a text that is not of the usual length.
  ["1890-01-01T12:00:00.000Z", 1172, "1890-01-01T12:19:32.000"],
  ["2026-03-01T05:00:00Z", 3600, "2026-03-01T06:00:00.000"],
])("%s at an offset of %i s is %s", (instant, offset, local) => {
  expect(localTime(instant, offset)).toBe(local);
});

test("a stored time reads back to the millisecond, the host's zone notwithstanding", () => {
  expect(epochMs("2026-11-18T05:42:10.250Z")).toBe(1_794_980_530_250);
  expect(isoInstant(epochMs("2008-10-13T10:40:02"))).toBe("2008-10-13T10:40:02.000Z");
  expect(epochMs("2026-11-18T06:42:10+01:00")).toBe(epochMs("2026-11-18T05:42:10Z"));
});
