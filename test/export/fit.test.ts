import { Decoder, Stream } from "@garmin/fitsdk";
import { describe, expect, it } from "vitest";
import { fitFile } from "../../src/export/fit.ts";
import { fitPauses, readFit } from "../../src/formats/fit-reader.ts";
import { sessionIdentity } from "../../src/formats/identity.ts";
import { EMPTY_LAP, samplesFromRows, type StoredActivity } from "../../src/model/index.ts";
import {
  outdoorRun,
  START,
  storedActivity,
  strengthTraining,
  treadmillRun,
} from "../model/stored-activity.ts";

/** Garmin's own decoder, with the defaults that other programs use. */
function decode(activity: StoredActivity): Record<string, Record<string, unknown>[] | undefined> {
  const bytes = fitFile(activity);
  const decoder = new Decoder(Stream.fromByteArray(bytes));
  expect(decoder.checkIntegrity()).toBe(true);
  const { messages, errors } = decoder.read();
  expect(errors).toEqual([]);
  return messages as unknown as Record<string, Record<string, unknown>[] | undefined>;
}

const at = (seconds: number): Date => new Date(START + seconds * 1000);

describe("fitFile, decoded by Garmin's SDK", () => {
  it("holds a run field by field", () => {
    const messages = decode(outdoorRun());
    expect(Object.keys(messages).toSorted()).toEqual([
      "activityMesgs",
      "developerDataIdMesgs",
      "deviceInfoMesgs",
      "eventMesgs",
      "fieldDescriptionMesgs",
      "fileIdMesgs",
      "lapMesgs",
      "recordMesgs",
      "sessionMesgs",
    ]);
    const identity = sessionIdentity({ source: "polar", account: "10579", externalId: "abc" });
    expect(messages["fileIdMesgs"]).toEqual([
      {
        type: "activity",
        manufacturer: "development",
        product: 0,
        serialNumber: Number.parseInt(identity.slice(0, 8), 16),
        timeCreated: at(0),
        productName: "fitglue",
      },
    ]);
    expect(messages["deviceInfoMesgs"]).toEqual([
      { timestamp: at(0), deviceIndex: "creator", productName: "Polar Vantage V2" },
    ]);
    expect(messages["eventMesgs"]).toMatchObject([
      { timestamp: at(0), event: "timer", eventType: "start" },
      { timestamp: at(21), event: "timer", eventType: "stopAll" },
      { timestamp: at(30), event: "timer", eventType: "start" },
      { timestamp: at(60), event: "timer", eventType: "stopAll" },
    ]);
    expect(messages["lapMesgs"]).toEqual([
      {
        messageIndex: 0,
        timestamp: at(20),
        event: "lap",
        eventType: "stop",
        startTime: at(0),
        totalElapsedTime: 20,
        totalTimerTime: 20,
        totalDistance: 50,
        totalCalories: 4,
        avgHeartRate: 130,
        maxHeartRate: 139,
        intensity: "active",
        lapTrigger: "manual",
        sport: "running",
        subSport: "trail",
      },
      {
        messageIndex: 1,
        timestamp: at(60),
        event: "lap",
        eventType: "stop",
        startTime: at(20),
        totalElapsedTime: 40,
        totalTimerTime: 31,
        totalDistance: 100,
        intensity: "cooldown",
        lapTrigger: "sessionEnd",
        sport: "running",
        subSport: "trail",
      },
    ]);
    expect(messages["sessionMesgs"]).toEqual([
      {
        messageIndex: 0,
        timestamp: at(60),
        event: "session",
        eventType: "stop",
        startTime: at(0),
        sport: "running",
        subSport: "trail",
        totalElapsedTime: 60,
        totalTimerTime: 51,
        totalMovingTime: 50.5,
        totalDistance: 150,
        totalCalories: 12,
        totalAscent: 12,
        totalDescent: 0,
        avgHeartRate: 148,
        maxHeartRate: 180,
        minHeartRate: 121,
        avgSpeed: 2.941,
        enhancedAvgSpeed: 2.941,
        maxSpeed: 3.1,
        enhancedMaxSpeed: 3.1,
        // 165 and 172 steps per minute of both legs
        avgCadence: 82,
        avgRunningCadence: 82,
        avgFractionalCadence: 0.5,
        maxCadence: 86,
        maxRunningCadence: 86,
        avgPower: 240,
        maxPower: 270,
        sportProfileName: 'Morning <run> & "more"',
        firstLapIndex: 0,
        numLaps: 2,
        trigger: "activityEnd",
        developerFields: { 0: identity },
      },
    ]);
    expect(messages["activityMesgs"]).toEqual([
      {
        timestamp: at(60),
        totalTimerTime: 51,
        numSessions: 1,
        type: "manual",
        event: "activity",
        eventType: "stop",
        localTimestamp: (START + 60_000 - 631_065_600_000) / 1000 + 7200,
      },
    ]);
  });

  it("holds every record, and leaves missing values out", () => {
    const records = decode(outdoorRun())["recordMesgs"] ?? [];
    // 61 seconds, nine of them in the pause
    expect(records).toHaveLength(52);
    const semicircles = (degrees: number): number => Math.round((degrees * 2 ** 31) / 180);
    const second = (record: Record<string, unknown>): number =>
      ((record["timestamp"] as Date).getTime() - START) / 1000;
    for (const record of records) {
      const s = second(record);
      const fix = s !== 10;
      expect(record["positionLat"]).toBe(fix ? semicircles(60.1699 + s * 0.00002) : undefined);
      expect(record["positionLong"]).toBe(fix ? semicircles(24.9384 - s * 0.00001) : undefined);
      expect(record["heartRate"]).toBe(s % 5 === 0 ? undefined : 120 + s);
      expect(record["enhancedAltitude"]).toBeCloseTo(12.4 + s * 0.2, 6);
      expect(record["distance"]).toBe(s * 2.5);
      expect(record["enhancedSpeed"]).toBe(2.5);
      expect(record["cadence"]).toBe(82);
      expect(record["fractionalCadence"]).toBe(0.5);
      expect(record["power"]).toBe(210 + s);
      expect(record["temperature"]).toBe(-3);
    }
    expect(second(records[21] ?? {})).toBe(30);
  });

  it("works without GPS, laps and device: a treadmill", () => {
    const messages = decode(treadmillRun());
    expect(messages["recordMesgs"]).toHaveLength(181);
    expect(messages["recordMesgs"]?.[1]).toEqual({
      timestamp: at(10),
      heartRate: 130,
      distance: 25,
      speed: 2.5,
      enhancedSpeed: 2.5,
    });
    expect(messages["deviceInfoMesgs"]).toBeUndefined();
    expect(messages["lapMesgs"]).toMatchObject([
      {
        startTime: at(0),
        timestamp: at(1800),
        totalDistance: 4500,
        totalCalories: 300,
        lapTrigger: "sessionEnd",
      },
    ]);
    expect(messages["sessionMesgs"]?.[0]).toMatchObject({ subSport: "treadmill", numLaps: 1 });
    expect(messages["activityMesgs"]?.[0]).not.toHaveProperty("localTimestamp");
  });

  it("works without samples: strength", () => {
    const messages = decode(strengthTraining());
    expect(messages["recordMesgs"]).toBeUndefined();
    expect(messages["eventMesgs"]).toMatchObject([
      { timestamp: at(0), eventType: "start" },
      { timestamp: at(3600), eventType: "stopAll" },
    ]);
    expect(messages["lapMesgs"]).toMatchObject([
      { totalElapsedTime: 3600, totalCalories: 250, avgHeartRate: 101 },
    ]);
    expect(messages["sessionMesgs"]?.[0]).toMatchObject({
      sport: "training",
      subSport: "strengthTraining",
      totalElapsedTime: 3600,
      // No timer is known and no pause: it ran from start to end.
      totalTimerTime: 3600,
      totalCalories: 250,
    });
    expect(messages["sessionMesgs"]?.[0]).not.toHaveProperty("totalDistance");
    expect(messages["sessionMesgs"]?.[0]).not.toHaveProperty("maxHeartRate");
  });

  it("gives the only lap the session's totals where it is all of the session, and not where it is a part", () => {
    const of = (totalElapsedTime: number) =>
      storedActivity({
        totalElapsedTime: 3600,
        totalDistance: 10_000,
        totalCalories: 600,
        laps: [{ ...EMPTY_LAP, startTime: at(0).toISOString(), totalElapsedTime }],
      });
    expect(decode(of(3599.5))["lapMesgs"]).toMatchObject([{ totalDistance: 10_000, totalCalories: 600 }]);
    const [part] = decode(of(600))["lapMesgs"] ?? [];
    expect(part).toMatchObject({ totalElapsedTime: 600, totalTimerTime: 600, timestamp: at(600) });
    expect(part).not.toHaveProperty("totalDistance");
    expect(part).not.toHaveProperty("totalCalories");
  });

  it("has a lap and a session even of an activity of which only the start is known", () => {
    const messages = decode(storedActivity());
    expect(messages["lapMesgs"]).toHaveLength(1);
    expect(messages["sessionMesgs"]?.[0]).toMatchObject({
      startTime: at(0),
      timestamp: at(0),
      sport: "generic",
    });
    expect(messages["sessionMesgs"]?.[0]).not.toHaveProperty("totalElapsedTime");
  });

  it("writes a pool swim with its lengths, which Apple records as laps", () => {
    const laps = [0, 30, 65].map((second, index) => ({
      ...EMPTY_LAP,
      startTime: at(second).toISOString(),
      totalElapsedTime: [30, 30, 25][index] ?? null,
    }));
    const swim = storedActivity({
      sport: "swimming",
      subSport: "lap_swimming",
      totalElapsedTime: 90,
      totalDistance: 75,
      laps,
      extra: { HKLapLength: 25, HKSwimmingStrokeStyle: [2, 4, null] },
    });
    const messages = decode(swim);
    expect(messages["lengthMesgs"]).toMatchObject([
      {
        messageIndex: 0,
        startTime: at(0),
        timestamp: at(30),
        totalElapsedTime: 30,
        lengthType: "active",
        swimStroke: "freestyle",
      },
      { messageIndex: 1, startTime: at(30), timestamp: at(60), totalElapsedTime: 30 },
      { messageIndex: 2, startTime: at(65), timestamp: at(90), totalElapsedTime: 25 },
    ]);
    expect(messages["lengthMesgs"]?.map(({ swimStroke }) => swimStroke)).toEqual([
      "freestyle",
      "breaststroke",
      undefined,
    ]);
    expect(messages["lapMesgs"]).toMatchObject([{ numLengths: 3, firstLengthIndex: 0, totalDistance: 75 }]);
    expect(messages["sessionMesgs"]?.[0]).toMatchObject({ poolLength: 25, numLengths: 3, numLaps: 1 });
  });

  it("writes lengths that a file brought, with strokes, under their laps", () => {
    const swim = storedActivity({
      sport: "swimming",
      subSport: "lap_swimming",
      totalElapsedTime: 100,
      totalDistance: 100,
      laps: [
        { ...EMPTY_LAP, startTime: at(0).toISOString(), totalElapsedTime: 50, totalDistance: 50 },
        { ...EMPTY_LAP, startTime: at(50).toISOString(), totalElapsedTime: 50, totalDistance: 50 },
      ],
      extra: {
        pool_length: 50,
        lengths: [
          {
            start_time: at(0).toISOString(),
            total_elapsed_time: 49,
            swim_stroke: "breaststroke",
            total_strokes: 22,
          },
          {
            start_time: at(50).toISOString(),
            total_elapsed_time: 48,
            swim_stroke: "freestyle",
            total_strokes: null,
          },
        ],
      },
    });
    const messages = decode(swim);
    expect(messages["lengthMesgs"]).toMatchObject([
      { swimStroke: "breaststroke", totalStrokes: 22, totalElapsedTime: 49 },
      { swimStroke: "freestyle", totalElapsedTime: 48 },
    ]);
    expect(messages["lapMesgs"]).toMatchObject([
      { numLengths: 1, firstLengthIndex: 0 },
      { numLengths: 1, firstLengthIndex: 1 },
    ]);
  });

  it("makes one record of the samples of one second, the first value of each", () => {
    const samples = samplesFromRows([
      { timestamp: START + 100, heartRate: 101 },
      { timestamp: START + 900, heartRate: 109, positionLat: 1, positionLong: 180 },
      { timestamp: START + 1000, heartRate: 102 },
    ]);
    expect(decode(storedActivity({ samples }))["recordMesgs"]).toEqual([
      { timestamp: at(0), heartRate: 101, positionLat: 11_930_465, positionLong: 2_147_483_647 - 1 },
      { timestamp: at(1), heartRate: 102 },
    ]);
  });

  it("uses the wide fields for speeds and heights beyond the plain ones", () => {
    const samples = samplesFromRows([{ timestamp: START, speed: 250.5, altitude: 13_000.4 }]);
    expect(decode(storedActivity({ samples }))["recordMesgs"]).toEqual([
      { timestamp: at(0), enhancedSpeed: 250.5, enhancedAltitude: expect.closeTo(13_000.4, 6) },
    ]);
  });

  it("leaves out what FIT cannot hold instead of writing something else", () => {
    const samples = samplesFromRows([
      {
        timestamp: START,
        heartRate: 400,
        power: 70_000,
        cadence: 600,
        temperature: 900,
        distance: -5,
        positionLat: 1000,
      },
    ]);
    expect(
      decode(
        storedActivity({ samples, avgHeartRate: 0, maxHeartRate: 300, totalCalories: 99_999, avgPower: -1 }),
      ),
    ).toMatchObject({ recordMesgs: [{ timestamp: at(0) }] });
    const session = readFit(fitFile(storedActivity({ maxHeartRate: 300, totalCalories: 99_999 })))
      .sessions[0];
    expect(session).toMatchObject({ maxHeartRate: null, totalCalories: null });
    expect(() => fitFile(storedActivity({ startTime: "1985-01-01T00:00:00.000Z" }))).toThrow(/before 1998/);
  });

  it("is read back by our own reader, pauses and identity included", () => {
    const file = readFit(fitFile(outdoorRun()));
    expect(file.damage).toBeNull();
    expect(file.identity).toBe(sessionIdentity({ source: "polar", account: "10579", externalId: "abc" }));
    expect(fitPauses(file.events, START, START + 60_000)).toEqual([
      { start: START + 21_000, end: START + 30_000 },
    ]);
    expect(file.activity?.utcOffsetS).toBe(7200);
    expect(file.records[1]?.cadence).toBe(82.5);
  });
});
