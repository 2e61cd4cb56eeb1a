import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { fitFile } from "../../src/export/fit.ts";
import { originalFile } from "../../src/export/original.ts";
import { outdoorRun } from "../model/stored-activity.ts";

const fit = { kind: "fit", mediaType: "application/octet-stream", bytes: fitFile(outdoorRun()) };
const tcx = { kind: "tcx", mediaType: "text/plain", bytes: Buffer.from("<TrainingCenterDatabase/>") };
const gpx = {
  kind: "route:/a.gpx",
  mediaType: "application/gpx+xml",
  bytes: Buffer.from('<gpx version="1.1"/>'),
};
const exercise = { kind: "exercise", mediaType: "application/json", bytes: Buffer.from("{}") };
const part = { kind: "a/0", mediaType: "application/json", bytes: Buffer.from("[]") };
const workout = { kind: "workout", mediaType: "application/xml", bytes: Buffer.from("<Workout/>") };

it.each([
  ["fit", [exercise, tcx, fit, gpx], fit],
  ["tcx", [exercise, gpx, tcx], tcx],
  ["gpx", [workout, gpx, exercise], gpx],
  ["json", [part, exercise], exercise],
  ["xml", [workout], workout],
  ["tcx.gz", [exercise, { ...tcx, bytes: gzipSync(tcx.bytes) }], { ...tcx, bytes: gzipSync(tcx.bytes) }],
])("takes the %s, byte for byte", (extension, payloads, expected) => {
  const file = originalFile(payloads);
  expect(file.extension).toBe(extension);
  expect(Buffer.from(file.bytes).equals(Buffer.from(expected.bytes))).toBe(true);
});

it("says so when nothing is kept", () => {
  expect(() => originalFile([])).toThrow(/no original is kept/);
});
