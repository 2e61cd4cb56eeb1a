import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { mayBeFile, readTrack } from "../../../src/providers/polar/track.ts";
import { kebabKeys, parseExercise } from "../../../src/providers/polar/wire.ts";
import { fitFile } from "../../fakes/fit-file.ts";

const START = Date.UTC(2026, 6, 4, 15, 30);
const TCX = `<?xml version="1.0"?><TrainingCenterDatabase><Activities><Activity Sport="Running"><Id>2026-07-04T15:30:00Z</Id>
  <Lap StartTime="2026-07-04T15:30:01Z"><TotalTimeSeconds>4</TotalTimeSeconds><Track><Trackpoint><Time>2026-07-04T15:30:05Z</Time>
  <HeartRateBpm><Value>0</Value></HeartRateBpm><DistanceMeters>12</DistanceMeters></Trackpoint></Track></Lap></Activity></Activities></TrainingCenterDatabase>`;

describe("what may be an original file", () => {
  it.each<["fit" | "tcx" | "gpx", string | Uint8Array, boolean]>([
    ["fit", fitFile({ startMs: START, timerSeconds: 1 }), true],
    ["fit", gzipSync("anything"), true],
    ["fit", "<!DOCTYPE html><p>Sorry</p>", false],
    ["fit", '{"status":500,"message":"no"}', false],
    ["tcx", TCX, true],
    ["tcx", gzipSync(TCX), true],
    ["tcx", "<html></html>", false],
    ["gpx", '<?xml version="1.0"?><gpx version="1.1">', true],
    ["gpx", '{"message":"no"}', false],
  ])("%s %#", (kind, body, expected) => {
    expect(mayBeFile(kind, Buffer.from(body))).toBe(expected);
  });
});

describe("a track", () => {
  it("of a FIT has pauses, laps and the clocks", () => {
    const file = fitFile({
      startMs: START,
      timerSeconds: 60,
      elapsedSeconds: 90.5,
      laps: [30, 60],
      ascent: 7,
    });
    expect(readTrack("fit", file, true)).toMatchObject({
      startMs: START,
      totalElapsedTime: 90.5,
      pauses: [],
      summary: { totalAscent: 7, avgCadence: null },
      damage: null,
    });
  });

  it("of a gzipped TCX is that of the plain one, with a pulse of 0 missing", () => {
    const plain = readTrack("tcx", Buffer.from(TCX), true);
    expect(readTrack("tcx", gzipSync(TCX), true)).toEqual(plain);
    expect(plain).toMatchObject({ startMs: START, totalElapsedTime: 5, damage: null });
    expect(plain.rows).toEqual([
      { timestamp: START + 5000, distance: 12, heartRate: null, cadence: undefined },
    ]);
  });

  it.each<["fit" | "tcx" | "gpx", Uint8Array]>([
    ["fit", Buffer.from("nonsense")],
    ["fit", fitFile({ startMs: START, timerSeconds: 60, laps: [60] }).subarray(0, 40)],
    ["tcx", Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0x01])],
    ["tcx", Buffer.from("<TrainingCenterDatabase>")],
    ["gpx", Buffer.from("<gpx><trk><trkseg><trkpt lat='1'")],
  ])("of a damaged %s says so and never throws", (kind, bytes) => {
    expect(readTrack(kind, bytes, false).damage).not.toBeNull();
  });
});

describe("keys", () => {
  it("are read in both spellings, at any depth that Polar has", () => {
    expect(kebabKeys({ start_time: 1, "heart-rate": { max_value: [{ in_zone: 2 }] } })).toEqual({
      "start-time": 1,
      "heart-rate": { "max-value": [{ "in-zone": 2 }] },
    });
    expect(kebabKeys({ "running-index": 51, running_index: 50 })).toEqual({ "running-index": 51 });
    expect(kebabKeys({ running_index: 50, "running-index": 51 })).toEqual({ "running-index": 51 });
  });

  it("that are missing give null, and lists nothing", () => {
    const exercise = parseExercise({});
    expect(exercise).toMatchObject({
      id: null,
      "start-time": null,
      "start-time-utc-offset": null,
      "heart-rate": { average: null, maximum: null },
      samples: [],
      route: [],
      "heart-rate-zones": [],
    });
  });

  it("of a deeply nested answer are no attack on the stack", () => {
    const deep = JSON.parse(`${'{"a_b":'.repeat(3000)}1${"}".repeat(3000)}`) as unknown;
    expect(() => kebabKeys(deep)).not.toThrow();
  });

  it("of a list keep the good entries beside a bad one", () => {
    const { samples } = parseExercise({
      samples: [null, "x", { "sample-type": 0, "recording-rate": "5", data: [1, null, "3"] }],
    });
    expect(samples).toMatchObject([{ "sample-type": "0", "recording-rate": 5, data: "1,,3" }]);
  });
});
