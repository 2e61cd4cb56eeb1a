import {
  EMPTY_ACTIVITY,
  EMPTY_LAP,
  samplesFromRows,
  type SampleRow,
  type StoredActivity,
} from "../../src/model/index.ts";

/** An activity of which nothing is known, as the store gives it, with `fields` filled in. */
export function storedActivity(fields: Partial<StoredActivity> = {}): StoredActivity {
  return {
    ...EMPTY_ACTIVITY,
    id: 42,
    source: "polar",
    account: "10579",
    externalId: "abc",
    aliases: [],
    parserVersion: 1,
    createdAt: "2026-11-18T08:00:00.000Z",
    updatedAt: "2026-11-18T08:00:00.000Z",
    deletedAt: null,
    startTime: "2026-11-18T05:42:10.000Z",
    ...fields,
  };
}

/** 2026-11-18T05:42:10Z. */
export const START = Date.UTC(2026, 10, 18, 5, 42, 10);

/** An outdoor run in Helsinki: 61 samples in a minute, one of them without a fix, a pause, two laps, zones, every total. */
export function outdoorRun(fields: Partial<StoredActivity> = {}): StoredActivity {
  const rows: SampleRow[] = [];
  for (let second = 0; second <= 60; second++) {
    if (second > 20 && second < 30) continue;
    const fix = second !== 10;
    rows.push({
      timestamp: START + second * 1000,
      positionLat: fix ? 60.1699 + second * 0.00002 : null,
      positionLong: fix ? 24.9384 - second * 0.00001 : null,
      altitude: 12.4 + second * 0.2,
      heartRate: second % 5 === 0 ? null : 120 + second,
      distance: second * 2.5,
      speed: 2.5,
      cadence: 165,
      power: 210 + second,
      temperature: -3,
    });
  }
  return storedActivity({
    sport: "running",
    subSport: "trail",
    sourceSport: "TRAIL_RUNNING",
    title: 'Morning <run> & "more"',
    notes: "wet, windy\nand long",
    utcOffsetS: 7200,
    timezone: "Europe/Helsinki",
    totalElapsedTime: 60,
    totalTimerTime: 51,
    totalMovingTime: 50.5,
    totalDistance: 150,
    totalAscent: 12,
    totalDescent: 0,
    totalCalories: 12,
    activeCalories: 10,
    avgHeartRate: 148.4,
    maxHeartRate: 180,
    minHeartRate: 121,
    avgSpeed: 2.9412,
    maxSpeed: 3.1,
    avgCadence: 165,
    maxCadence: 172,
    avgPower: 240,
    maxPower: 270,
    indoor: false,
    hasGps: true,
    manual: false,
    device: "Polar Vantage V2",
    laps: [
      {
        ...EMPTY_LAP,
        startTime: "2026-11-18T05:42:10.000Z",
        totalElapsedTime: 20,
        totalTimerTime: 20,
        totalDistance: 50,
        totalCalories: 4,
        avgHeartRate: 130,
        maxHeartRate: 139,
        lapTrigger: "manual",
        intensity: "active",
      },
      {
        ...EMPTY_LAP,
        startTime: "2026-11-18T05:42:30.000Z",
        totalElapsedTime: 40,
        totalTimerTime: 31,
        totalDistance: 100,
        lapTrigger: "session_end",
        intensity: "cooldown",
      },
    ],
    pauses: [{ start: START + 21_000, end: START + 30_000 }],
    hrZones: [{ zone: 1, minBpm: 95, maxBpm: 114, seconds: 10.5, origin: "provider", calcType: "custom" }],
    samples: samplesFromRows(rows),
    extra: { "running-index": 51 },
    ...fields,
  });
}

/** Half an hour on a treadmill: pulse and speed every 10 s, no position, no lap. */
export function treadmillRun(fields: Partial<StoredActivity> = {}): StoredActivity {
  const rows: SampleRow[] = [];
  for (let second = 0; second <= 1800; second += 10) {
    rows.push({ timestamp: START + second * 1000, heartRate: 130, distance: second * 2.5, speed: 2.5 });
  }
  return storedActivity({
    id: 43,
    externalId: "def",
    sport: "running",
    subSport: "treadmill",
    totalElapsedTime: 1800,
    totalTimerTime: 1800,
    totalDistance: 4500,
    totalCalories: 300,
    indoor: true,
    hasGps: false,
    samples: samplesFromRows(rows),
    ...fields,
  });
}

/** An hour of strength training of which only totals are known: no samples at all. */
export function strengthTraining(fields: Partial<StoredActivity> = {}): StoredActivity {
  return storedActivity({
    id: 44,
    source: "fitbit",
    externalId: "ghi",
    sport: "training",
    subSport: "strength_training",
    totalElapsedTime: 3600,
    totalCalories: 250.4,
    avgHeartRate: 101,
    hasGps: false,
    ...fields,
  });
}
