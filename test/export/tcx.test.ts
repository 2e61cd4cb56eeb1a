import { describe, expect, it } from "vitest";
import { tcxFile } from "../../src/export/tcx.ts";
import { sessionIdentity } from "../../src/formats/identity.ts";
import { readTcx, tcxTrackpoints } from "../../src/formats/tcx-reader.ts";
import { EMPTY_LAP, samplesFromRows, type StoredActivity } from "../../src/model/index.ts";
import {
  outdoorRun,
  START,
  storedActivity,
  strengthTraining,
  treadmillRun,
} from "../model/stored-activity.ts";
import { schemaFaults, TCX_SCHEMA } from "./xml-schema.ts";

function validTcx(activity: StoredActivity): string {
  const text = tcxFile(activity);
  expect(schemaFaults(text, TCX_SCHEMA)).toEqual([]);
  return text;
}

function only<T>(list: readonly T[]): T {
  expect(list).toHaveLength(1);
  return list[0] as T;
}

describe("tcxFile", () => {
  it("gives a lap in the middle its own values, and the time around it to laps of their own", () => {
    const lap = {
      ...EMPTY_LAP,
      startTime: new Date(START + 600_000).toISOString(),
      totalElapsedTime: 900,
    };
    const activity = storedActivity({
      totalElapsedTime: 3600,
      totalTimerTime: null,
      totalDistance: 10_000,
      totalCalories: 600,
      laps: [lap],
    });
    const laps = only(readTcx(Buffer.from(validTcx(activity))).activities).laps;
    expect(
      laps.map(({ startTime, totalTime, distance, calories }) => [startTime, totalTime, distance, calories]),
    ).toEqual([
      [START, 600, 0, 0],
      [START + 600_000, 900, 0, 0],
      [START + 1_500_000, 2100, 0, 0],
    ]);
  });

  it("is read back value by value", () => {
    const activity = only(readTcx(Buffer.from(validTcx(outdoorRun()))).activities);
    expect(activity).toMatchObject({
      sport: "Running",
      id: "2026-11-18T05:42:10.000Z",
      startTime: START,
      notes: 'Morning <run> & "more"\nwet, windy\nand long',
      creator: "Polar Vantage V2",
      identity: sessionIdentity({ source: "polar", account: "10579", externalId: "abc" }),
    });
    expect(activity.laps.map(({ tracks, ...lap }) => [lap, tracks.map((track) => track.length)])).toEqual([
      [
        {
          startTime: START,
          totalTime: 20,
          distance: 50,
          maxSpeed: null,
          avgSpeed: null,
          calories: 4,
          avgHeartRate: 130,
          maxHeartRate: 139,
          avgCadence: null,
          maxCadence: null,
          avgPower: null,
          maxPower: null,
          intensity: "Active",
          triggerMethod: "Manual",
        },
        [20],
      ],
      // The recorded pause begins a new track: the sample of second 20, then those from 30 on.
      [
        expect.objectContaining({ startTime: START + 20_000, totalTime: 31, distance: 100, calories: 0 }),
        [1, 31],
      ],
    ]);
    const points = [...tcxTrackpoints(activity)];
    expect(points[1]).toEqual({
      timestamp: START + 1000,
      positionLat: 60.16992,
      positionLong: 24.93839,
      altitude: 12.6,
      distance: 2.5,
      heartRate: 121,
      // 165 steps per minute are 82.5 strides
      cadence: 83,
      speed: 2.5,
      power: 211,
    });
    expect(points[10]).not.toHaveProperty("positionLat");
    expect(points[5]).not.toHaveProperty("heartRate");
  });

  it("works without positions: a treadmill", () => {
    const text = validTcx(treadmillRun());
    expect(text).not.toContain("<Position>");
    const lap = only(only(readTcx(Buffer.from(text)).activities).laps);
    expect(lap).toMatchObject({ totalTime: 1800, distance: 4500, calories: 300 });
    expect(only(lap.tracks)).toHaveLength(181);
  });

  it("works without samples: strength", () => {
    const lap = only(only(readTcx(Buffer.from(validTcx(strengthTraining()))).activities).laps);
    expect(lap).toMatchObject({ totalTime: 3600, distance: 0, calories: 250, avgHeartRate: 101, tracks: [] });
  });

  it("writes a ride's cadence, averages and power in the places of a bike", () => {
    const ride = storedActivity({
      sport: "cycling",
      totalTimerTime: 10,
      avgCadence: 88.4,
      maxCadence: 110,
      avgSpeed: 8.5,
      maxSpeed: 12.25,
      avgPower: 201.5,
      maxPower: 650,
      samples: samplesFromRows([{ timestamp: START, cadence: 90, power: 210 }]),
    });
    const activity = only(readTcx(Buffer.from(validTcx(ride))).activities);
    expect(activity.sport).toBe("Biking");
    expect(only(activity.laps)).toMatchObject({
      totalTime: 10,
      avgCadence: 88,
      maxCadence: 110,
      avgSpeed: 8.5,
      maxSpeed: 12.25,
      avgPower: 202,
      maxPower: 650,
      tracks: [[{ timestamp: START, cadence: 90, power: 210 }]],
    });
  });

  it("stays valid whatever the values are", () => {
    const samples = samplesFromRows([
      {
        timestamp: START,
        heartRate: 400,
        power: -5,
        cadence: 999,
        positionLat: 91,
        positionLong: 0,
        speed: 1e-9,
      },
      { timestamp: START + 1, positionLat: -90, positionLong: 180, altitude: -1e-7, distance: 1e21 / 1e3 },
    ]);
    const text = validTcx(
      storedActivity({
        samples,
        title: "\u0000\ud800 ]]> \u000b",
        device: "  Some\n\tWatch ",
        totalCalories: -3,
        avgHeartRate: 0,
        laps: [{ ...EMPTY_LAP }, { ...EMPTY_LAP }],
      }),
    );
    expect(text).toContain("<LongitudeDegrees>-180</LongitudeDegrees>");
    expect(validTcx(storedActivity())).toContain("<TotalTimeSeconds>0</TotalTimeSeconds>");
  });

  it("writes local times without Z where nobody knows the zone", () => {
    const text = validTcx(storedActivity({ startTime: "2026-11-18T06:42:10" }));
    expect(text).toContain("<Id>2026-11-18T06:42:10.000</Id>");
    expect(only(readTcx(Buffer.from(text)).activities).utcOffsetS).toBeNull();
  });
});

it("the schema check finds faults", () => {
  const text = tcxFile(treadmillRun());
  expect(schemaFaults(text.replace(/<Calories>\d+<\/Calories>/, ""), TCX_SCHEMA)).not.toEqual([]);
  expect(schemaFaults(text.replace("<Value>130</Value>", "<Value>0</Value>"), TCX_SCHEMA)).not.toEqual([]);
  expect(schemaFaults(text.replace("ax:TPX", "TPX").replace("/ax:TPX", "/TPX"), TCX_SCHEMA)).not.toEqual([]);
  expect(schemaFaults(text.replace('Sport="Running"', 'Sport="Jogging"'), TCX_SCHEMA)).not.toEqual([]);
  expect(schemaFaults(text.replace("<BuildMajor>", "<VersionMinor>"), TCX_SCHEMA)).not.toEqual([]);
});
