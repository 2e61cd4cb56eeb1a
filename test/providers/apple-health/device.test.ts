import { expect, test } from "vitest";
import { deviceInWords, parseDevice, withoutPointer } from "../../../src/providers/apple-health/device.ts";

const WATCH =
  "<<HKDevice: 0xc937f6fa0>, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch7,2, software:11.6.1, creation date:2025-08-14 23:49:07 +0000>";

test("a device's parts hold commas and colons", () => {
  expect(parseDevice(WATCH)).toEqual({
    name: "Apple Watch",
    manufacturer: "Apple Inc.",
    model: "Watch",
    hardware: "Watch7,2",
  });
});

test.each([
  [WATCH, "Apple Watch Watch7,2"],
  [WATCH.replace("0xc937f6fa0", "0x281038280"), "Apple Watch Watch7,2"],
  [
    "<<HKDevice: 0x1>, name:iPhone, manufacturer:Apple Inc., model:iPhone, hardware:iPhone14,3, software:17.1>",
    "Apple iPhone iPhone14,3",
  ],
  [
    "<<HKDevice: 0x1>, name:Polar H10 8A5B2C29, manufacturer:Polar Electro Oy, model:H10>",
    "Polar Electro H10",
  ],
  ["<<HKDevice: 0x1>, name:Polar H10 8A5B2C29>", "Polar H10"],
  ["<<HKDevice: 0x1>, manufacturer:Garmin, model:Garmin Edge 530, hardware:3122>", "Garmin Edge 530"],
  ["<<HKDevice: 0x1>, localIdentifier:5F2A77, UDIDeviceIdentifier:99>", null],
  ["<Watch6,4>", "Watch6,4"],
  ["", null],
  [null, null],
])("%s is %j", (text, expected) => {
  expect(deviceInWords(text)).toBe(expected);
});

test("two exports' strings are equal without their pointers", () => {
  expect(withoutPointer(WATCH)).toBe(withoutPointer(WATCH.replace("0xc937f6fa0", "0xdeadbeef")));
});
