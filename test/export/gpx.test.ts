import { describe, expect, it } from "vitest";
import { ItemError } from "../../src/errors.ts";
import { gpxFile } from "../../src/export/gpx.ts";
import { sessionIdentity } from "../../src/formats/identity.ts";
import { gpxPoints, readGpx } from "../../src/formats/gpx-reader.ts";
import { samplesFromRows, type StoredActivity } from "../../src/model/index.ts";
import { outdoorRun, START, storedActivity, treadmillRun } from "../model/stored-activity.ts";
import { GPX_SCHEMA, schemaFaults } from "./xml-schema.ts";

function validGpx(activity: StoredActivity): string {
  const text = gpxFile(activity);
  expect(schemaFaults(text, GPX_SCHEMA)).toEqual([]);
  return text;
}

describe("gpxFile", () => {
  it("is read back value by value", () => {
    const file = readGpx(Buffer.from(validGpx(outdoorRun())));
    expect(file).toMatchObject({ creator: "fitglue", name: 'Morning <run> & "more"', damage: null });
    const [track] = file.tracks;
    expect(track).toMatchObject({
      name: 'Morning <run> & "more"',
      description: "wet, windy\nand long",
      type: "running/trail",
      identity: sessionIdentity({ source: "polar", account: "10579", externalId: "abc" }),
      utcOffsetS: 0,
      untimed: 0,
    });
    // Second 10 has no fix; the pause from 21 to 30 begins a new segment.
    expect(track?.segments.map((segment) => segment.length)).toEqual([20, 31]);
    expect(track?.segments[0]?.[1]).toEqual({
      timestamp: START + 1000,
      positionLat: 60.16992,
      positionLong: 24.93839,
      altitude: 12.6,
      temperature: -3,
      heartRate: 121,
      cadence: 83,
      speed: 2.5,
      power: 211,
    });
  });

  it("keeps a pulse that was measured between two fixes", () => {
    const samples = samplesFromRows([
      { timestamp: START, positionLat: 1, positionLong: 2 },
      { timestamp: START + 900, heartRate: 101 },
      { timestamp: START + 1200, positionLat: 1.1, positionLong: 2.1 },
      { timestamp: START + 3000, heartRate: 103 },
      { timestamp: START + 60_000, heartRate: 199 },
    ]);
    const [track] = readGpx(Buffer.from(validGpx(storedActivity({ samples })))).tracks;
    const points = track === undefined ? [] : [...gpxPoints(track)];
    expect(points.map(({ timestamp, heartRate }) => [timestamp - START, heartRate])).toEqual([
      [0, undefined],
      [1200, 101],
    ]);
  });

  it("refuses an activity without positions", () => {
    expect(() => gpxFile(treadmillRun())).toThrow(ItemError);
    expect(() => gpxFile(treadmillRun())).toThrow(/needs positions/);
  });

  it("stays valid whatever the values are", () => {
    const samples = samplesFromRows([
      {
        timestamp: START,
        positionLat: 90,
        positionLong: 180,
        heartRate: 500,
        cadence: 900,
        power: 1e9,
        temperature: 1e-9,
      },
      { timestamp: START + 1000, positionLat: 91, positionLong: 0 },
    ]);
    const text = validGpx(storedActivity({ samples, title: "\u0001\ufffe<&>\udc00", device: '"' }));
    expect(text).toContain('lat="90" lon="-180"');
    expect(text).not.toContain("hr>");
    expect(text).toContain("<name>&lt;&amp;&gt;</name>");
  });
});

it("the schema check finds faults", () => {
  const text = gpxFile(outdoorRun());
  expect(schemaFaults(text.replace("<ele>12.4</ele>", "<ele>1e2</ele>"), GPX_SCHEMA)).not.toEqual([]);
  expect(schemaFaults(text.replace(' lat="', ' latitude="'), GPX_SCHEMA)).not.toEqual([]);
  expect(schemaFaults(text.replace("gpxpx:PowerInWatts>", "power>"), GPX_SCHEMA)).not.toEqual([]);
  expect(schemaFaults(text.replace("</trkseg>", ""), GPX_SCHEMA)).not.toEqual([]);
});
