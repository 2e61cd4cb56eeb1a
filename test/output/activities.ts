import type { Activity, HrZone, Lap, SampleRow, StoredActivity } from "../../src/model/index.ts";
import {
  EMPTY_ACTIVITY,
  EMPTY_LAP,
  epochMs,
  isInstant,
  isoInstant,
  samplesFromRows,
} from "../../src/model/index.ts";

/** Everything a hostile title could try: markup, script ends, escape sequences, direction changes, formulas. */
export const HOSTILE =
  "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">" +
  "\u001b[31m\u001b]0;pwned\u0007\u009b2J\u202egnp.exe\u2028=cmd|' /C calc'!A0\tt\r\nb";

function zones(seconds: readonly number[]): HrZone[] {
  const limits = [95, 114, 133, 152, 171, 190];
  return seconds.map((time, at) => ({
    zone: at + 1,
    minBpm: limits[at] ?? null,
    maxBpm: limits[at + 1] ?? null,
    seconds: time,
    origin: "provider",
    calcType: "custom",
  }));
}

function lapsOf(start: string, times: readonly number[], metres: readonly number[]): Lap[] {
  let at = epochMs(start);
  return times.map((time, index) => {
    const lap: Lap = {
      ...EMPTY_LAP,
      startTime: isInstant(start) ? isoInstant(at) : null,
      totalElapsedTime: time,
      totalTimerTime: time,
      totalDistance: metres[index] ?? null,
      avgHeartRate: 140 + index,
      maxHeartRate: 150 + index,
      lapTrigger: index === times.length - 1 ? "session_end" : "distance",
    };
    at += time * 1000;
    return lap;
  });
}

/** A trail run around a hill: GPS, altitude, heart rate and speed every second, with a five-minute rest in it. */
export const TRAIL_RUN: Activity = (() => {
  const startTime = "2026-11-18T05:42:10.000Z";
  const start = epochMs(startTime);
  const rows: SampleRow[] = [];
  let way = 0;
  for (let t = 0; t < 3900; t++) {
    if (t >= 2000 && t < 2300) continue;
    const moving = t < 2000 ? t : t - 300;
    const angle = (moving / 3600) * 2 * Math.PI;
    const speed = 2.85 + 0.5 * Math.cos(angle * 3);
    way += speed;
    rows.push({
      timestamp: start + t * 1000,
      heartRate: Math.round(138 + 22 * Math.sin(angle * 1.5 - 0.6) + 4 * Math.sin(t / 15)),
      altitude: 240 + 110 * Math.sin(angle / 2) ** 2 + 12 * Math.sin(angle * 5),
      distance: way,
      speed,
      cadence: 168 + 6 * Math.cos(angle * 3),
      positionLat: 47.421 + 0.009 * Math.sin(angle) + 0.002 * Math.sin(angle * 4),
      positionLong: 9.372 + 0.017 * Math.cos(angle) + 0.003 * Math.cos(angle * 3),
    });
  }
  return {
    ...EMPTY_ACTIVITY,
    externalId: "trail-1",
    sport: "running",
    subSport: "trail",
    sourceSport: "TRAIL_RUNNING",
    title: "Morning round by the lake",
    startTime,
    utcOffsetS: 3600,
    timezone: "Europe/Zurich",
    totalElapsedTime: 3900,
    totalTimerTime: 3600,
    totalMovingTime: 3540,
    totalDistance: 10260,
    totalAscent: 186,
    totalDescent: 181,
    totalCalories: 712,
    activeCalories: 640,
    avgHeartRate: 141,
    maxHeartRate: 164,
    minHeartRate: 112,
    avgSpeed: 2.85,
    maxSpeed: 3.35,
    avgCadence: 168,
    maxCadence: 174,
    hasGps: true,
    indoor: false,
    device: "Polar Vantage V2",
    laps: lapsOf(startTime, [1230, 1205, 1165], [3500, 3500, 3260]),
    hrZones: zones([240, 900, 1500, 840, 120]),
    samples: samplesFromRows(rows),
    extra: { "training-load": 143.2, "running-index": 56 },
  };
})();

/** A ride with power, one sample a second, no offset known: only the instant. */
export const RIDE: Activity = (() => {
  const startTime = "2026-11-15T13:05:00.000Z";
  const rows: SampleRow[] = [];
  for (let t = 0; t < 7200; t += 2) {
    rows.push({
      timestamp: epochMs(startTime) + t * 1000,
      heartRate: Math.round(132 + 16 * Math.sin(t / 700)),
      power: Math.max(0, Math.round(205 + 90 * Math.sin(t / 300) + 30 * Math.sin(t / 11))),
      speed: 8.2 + 2.4 * Math.sin(t / 650),
      cadence: 86,
      altitude: 420 + 60 * Math.sin(t / 1100),
    });
  }
  return {
    ...EMPTY_ACTIVITY,
    externalId: "ride-1",
    sport: "cycling",
    subSport: "road",
    sourceSport: "BIKING",
    title: null,
    startTime,
    totalElapsedTime: 7420,
    totalTimerTime: 7200,
    totalDistance: 59310,
    totalAscent: 410,
    totalCalories: 1480,
    avgHeartRate: 134,
    maxHeartRate: 168,
    avgPower: 205,
    maxPower: 322,
    avgCadence: 86,
    hasGps: false,
    device: "Pixel Watch 3",
    hrZones: zones([600, 2400, 3000, 1000, 200]),
    samples: samplesFromRows(rows),
  };
})();

/** A pool swim with ten laps and no samples at all. */
export const SWIM: Activity = {
  ...EMPTY_ACTIVITY,
  externalId: "swim-1",
  sport: "swimming",
  subSport: "lap_swimming",
  sourceSport: "HKWorkoutActivityTypeSwimming",
  startTime: "2026-11-12T17:31:00.000Z",
  utcOffsetS: 19800,
  timezone: "Asia/Kolkata",
  totalElapsedTime: 1260,
  totalTimerTime: 1200,
  totalDistance: 1000,
  activeCalories: 240,
  indoor: true,
  hasGps: false,
  device: "Apple Watch Series 9",
  laps: lapsOf(
    "2026-11-12T17:31:00.000Z",
    [118, 119, 120, 121, 122, 119, 120, 121, 120, 120],
    Array.from({ length: 10 }, () => 100),
  ),
};

/** Strength training: a time and nothing else. */
export const STRENGTH: Activity = {
  ...EMPTY_ACTIVITY,
  externalId: "strength-1",
  sport: "training",
  subSport: "strength_training",
  sourceSport: "HKWorkoutActivityTypeTraditionalStrengthTraining",
  startTime: "2026-11-10T18:00:00.000Z",
  utcOffsetS: 3600,
  totalElapsedTime: 2700,
};

/** Twelve hours in the mountains, a sample every five seconds, across midnight UTC and the antimeridian. */
export const ULTRA: Activity = (() => {
  const startTime = "2026-08-01T18:00:00.000Z";
  const rows: SampleRow[] = [];
  for (let t = 0; t < 43_200; t += 5) {
    const share = t / 43_200;
    const long = 179.9 + 0.25 * share + 0.02 * Math.sin(share * 40);
    rows.push({
      timestamp: epochMs(startTime) + t * 1000,
      heartRate: Math.round(128 + 14 * Math.sin(share * 30) - 16 * share),
      altitude: 900 + 700 * Math.sin(share * 19) * Math.sin(share * 3.1),
      positionLat: -16.8 + 0.11 * Math.sin(share * 6) + 0.01 * Math.cos(share * 50),
      positionLong: long > 180 ? long - 360 : long,
    });
  }
  return {
    ...EMPTY_ACTIVITY,
    externalId: "ultra-1",
    sport: "running",
    subSport: "ultra",
    title: "星空の下で走る 🌌 Nachtlauf über die Insel, zwölf Stunden lang",
    startTime,
    utcOffsetS: 43_200,
    totalElapsedTime: 43_200,
    totalTimerTime: 41_000,
    totalDistance: 102_400,
    totalAscent: 4350,
    totalCalories: 7900,
    avgHeartRate: 119,
    maxHeartRate: 161,
    hasGps: true,
    samples: samplesFromRows(rows),
  };
})();

/** Nothing is known but that it was. */
export const UNKNOWN: Activity = {
  ...EMPTY_ACTIVITY,
  externalId: "unknown-1",
  startTime: "2026-07-01T00:30:00",
};

/** All text is hostile. */
export const HOSTILE_ACTIVITY: Activity = {
  ...EMPTY_ACTIVITY,
  externalId: HOSTILE,
  sport: "generic",
  sourceSport: HOSTILE,
  title: HOSTILE,
  notes: HOSTILE,
  device: HOSTILE,
  startTime: "2026-06-01T10:00:00.000Z",
  utcOffsetS: -12_600,
  totalElapsedTime: 600,
  samples: samplesFromRows([
    { timestamp: epochMs("2026-06-01T10:00:00.000Z"), heartRate: 100 },
    { timestamp: epochMs("2026-06-01T10:05:00.000Z"), heartRate: 140 },
    { timestamp: epochMs("2026-06-01T10:10:00.000Z"), heartRate: 120 },
  ]),
  extra: { [HOSTILE]: HOSTILE, possible_duplicate_of: "ride-1" },
};

/** One of each kind, newest first. */
export const ACTIVITIES: readonly Activity[] = [
  TRAIL_RUN,
  RIDE,
  SWIM,
  STRENGTH,
  ULTRA,
  UNKNOWN,
  HOSTILE_ACTIVITY,
];

/** As the store would give it back. */
export function stored(activity: Activity, id: number, more: Partial<StoredActivity> = {}): StoredActivity {
  return {
    ...activity,
    id,
    source: "polar",
    account: "10579",
    aliases: [],
    parserVersion: 1,
    createdAt: "2026-11-19T04:00:00.000Z",
    updatedAt: "2026-11-19T04:00:00.000Z",
    deletedAt: null,
    ...more,
  };
}
