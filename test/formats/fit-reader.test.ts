import { Encoder } from "@garmin/fitsdk";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { FIT_MESSAGE } from "../../src/formats/fit-messages.ts";
import { fitPauses, readFit } from "../../src/formats/fit-reader.ts";
import { isFit } from "../../src/formats/recognition.ts";

const START = Date.UTC(2026, 10, 18, 5, 42, 10);
const at = (seconds: number): Date => new Date(START + seconds * 1000);

function fitFile(): Uint8Array {
  const encoder = new Encoder();
  const write = (mesgNum: number, fields: object): void => void encoder.onMesg(mesgNum, fields);
  write(FIT_MESSAGE.FILE_ID, {
    type: "activity",
    manufacturer: "polarElectro",
    product: 7,
    serialNumber: 1234,
    timeCreated: at(0),
  });
  write(FIT_MESSAGE.DEVICE_INFO, {
    deviceIndex: 0,
    manufacturer: "polarElectro",
    productName: "Some Watch",
  });
  write(FIT_MESSAGE.EVENT, { timestamp: at(0), event: "timer", eventType: "start" });
  write(FIT_MESSAGE.RECORD, {
    timestamp: at(0),
    positionLat: 717_848_000,
    positionLong: -297_533_000,
    enhancedAltitude: 12.4,
    distance: 0,
    enhancedSpeed: 2.5,
    heartRate: 101,
    cadence: 82,
    fractionalCadence: 0.5,
    power: 210,
    temperature: -3,
  });
  write(FIT_MESSAGE.RECORD, { timestamp: at(1), heartRate: 0, distance: 2.5 });
  write(FIT_MESSAGE.EVENT, { timestamp: at(10), event: "timer", eventType: "stopAll" });
  write(FIT_MESSAGE.EVENT, { timestamp: at(40), event: "timer", eventType: "start" });
  write(FIT_MESSAGE.EVENT, { timestamp: at(60), event: "timer", eventType: "stopAll" });
  write(FIT_MESSAGE.LENGTH, {
    messageIndex: 0,
    timestamp: at(10),
    startTime: at(0),
    totalElapsedTime: 10,
    totalTimerTime: 10,
    totalStrokes: 12,
    swimStroke: "breaststroke",
    lengthType: "active",
  });
  write(FIT_MESSAGE.LAP, {
    messageIndex: 0,
    timestamp: at(60),
    startTime: at(0),
    totalElapsedTime: 60,
    totalTimerTime: 30,
    totalDistance: 75.25,
    lapTrigger: "sessionEnd",
    intensity: "warmup",
  });
  write(FIT_MESSAGE.SESSION, {
    messageIndex: 0,
    timestamp: at(60),
    startTime: at(0),
    sport: "crossCountrySkiing",
    subSport: "skateSkiing",
    totalElapsedTime: 60,
    totalTimerTime: 30,
    totalDistance: 75.25,
    totalCalories: 5,
    avgHeartRate: 101,
    enhancedAvgSpeed: 2.508,
    avgCadence: 82,
    avgFractionalCadence: 0.25,
    totalAscent: 3,
    firstLapIndex: 0,
    numLaps: 1,
    poolLength: 25,
  });
  write(FIT_MESSAGE.ACTIVITY, {
    timestamp: at(60),
    localTimestamp: (START + 60_000 - 631_065_600_000) / 1000 + 45_900,
    numSessions: 1,
    totalTimerTime: 30,
    type: "manual",
  });
  return encoder.close();
}

describe("readFit", () => {
  it("gives plain values in SI units, degrees and Unix milliseconds", () => {
    const file = readFit(fitFile());
    expect(file.damage).toBeNull();
    expect(file.identity).toBeNull();
    expect(file.fileId).toEqual({
      type: "activity",
      manufacturer: "polar_electro",
      product: 7,
      productName: null,
      serialNumber: 1234,
      timeCreated: START,
    });
    // 717848000 × 180 / 2^31 and −297533000 × 180 / 2^31
    expect(file.records[0]?.positionLat).toBeCloseTo(60.1693243, 7);
    expect(file.records[0]?.positionLong).toBeCloseTo(-24.938928, 7);
    expect(file.records[0]).toMatchObject({
      timestamp: START,
      altitude: 12.4,
      distance: 0,
      speed: 2.5,
      heartRate: 101,
      cadence: 82.5,
      power: 210,
      temperature: -3,
    });
    expect(file.records[1]).toEqual({
      timestamp: START + 1000,
      heartRate: null,
      positionLat: null,
      positionLong: null,
      altitude: null,
      distance: 2.5,
      speed: null,
      cadence: null,
      power: null,
      temperature: null,
    });
    expect(file.sessions).toHaveLength(1);
    expect(file.sessions[0]).toMatchObject({
      startTime: START,
      timestamp: START + 60_000,
      sport: "cross_country_skiing",
      subSport: "skate_skiing",
      sourceSport: "12/42",
      totalElapsedTime: 60,
      totalTimerTime: 30,
      totalMovingTime: null,
      totalDistance: 75.25,
      totalCalories: 5,
      totalAscent: 3,
      totalDescent: null,
      avgHeartRate: 101,
      maxHeartRate: null,
      avgSpeed: 2.508,
      avgCadence: 82.25,
      firstLapIndex: 0,
      numLaps: 1,
      poolLength: 25,
    });
    expect(file.laps[0]).toMatchObject({
      startTime: START,
      totalTimerTime: 30,
      totalDistance: 75.25,
      lapTrigger: "session_end",
      intensity: "warmup",
    });
    expect(file.lengths).toEqual([
      {
        timestamp: START + 10_000,
        startTime: START,
        totalElapsedTime: 10,
        totalTimerTime: 10,
        totalStrokes: 12,
        swimStroke: "breaststroke",
        lengthType: "active",
      },
    ]);
    expect(file.deviceInfos[0]).toMatchObject({ manufacturer: "polar_electro", productName: "Some Watch" });
    expect(file.activity).toEqual({
      timestamp: START + 60_000,
      utcOffsetS: 45_900,
      numSessions: 1,
      totalTimerTime: 30,
    });
  });

  it("takes pauses from the timer events and leaves the final stop out", () => {
    const { events } = readFit(fitFile());
    expect(fitPauses(events, START, START + 60_000)).toEqual([
      { start: START + 10_000, end: START + 40_000 },
    ]);
    expect(fitPauses(events, START + 41_000, START + 60_000)).toEqual([]);
  });

  it("keeps what decodes of a cut file, at every byte", () => {
    const whole = fitFile();
    let records = 0;
    for (let size = 0; size < whole.length; size += 7) {
      const file = readFit(whole.subarray(0, size));
      expect(file.damage).not.toBeNull();
      expect(file.records.length).toBeGreaterThanOrEqual(records);
      records = file.records.length;
    }
    expect(records).toBe(2);
    expect(readFit(whole.subarray(0, whole.length - 1)).sessions).toHaveLength(1);
  });

  it("reads a file whose header was never finished", () => {
    const bytes = Uint8Array.from(fitFile());
    bytes.fill(0, 4, 8);
    const file = readFit(bytes);
    expect(file.records).toHaveLength(2);
    expect(file.damage).not.toBeNull();
  });

  it("tells a wrong checksum and something else", () => {
    const bytes = Uint8Array.from(fitFile());
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 0xff;
    const file = readFit(bytes);
    expect(file.records).toHaveLength(2);
    expect(file.damage).toMatch(/CRC/);
    expect(readFit(Buffer.from("not a FIT file at all")).damage).toMatch(/not a FIT/);
  });

  it("unpacks gzip and knows a FIT by its header", () => {
    expect(readFit(gzipSync(fitFile())).records).toHaveLength(2);
    expect(isFit(fitFile().subarray(0, 14))).toBe(true);
    expect(isFit(Buffer.from("<gpx>"))).toBe(false);
  });
});
