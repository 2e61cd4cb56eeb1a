import { type Activity, EMPTY_ACTIVITY, samplesFromRows } from "../../src/model/index.ts";

/** An invented run; override what a test is about. */
export function activity(overrides: Partial<Activity> = {}): Activity {
  return {
    ...EMPTY_ACTIVITY,
    externalId: "run-1",
    sport: "running",
    subSport: "trail",
    sourceSport: "TRAIL_RUNNING",
    title: "Morning",
    startTime: "2026-03-29T00:30:00.000Z",
    utcOffsetS: 3600,
    totalElapsedTime: 600,
    totalTimerTime: 590.5,
    totalDistance: 2000.25,
    avgHeartRate: 140,
    indoor: false,
    hasGps: true,
    samples: samplesFromRows([
      { timestamp: 1774744200000, heartRate: 120, positionLat: 60.1, positionLong: 24.9 },
      { timestamp: 1774744205000, heartRate: 125 },
      { timestamp: 1774744206000, altitude: 0 },
    ]),
    extra: { "running-index": 61 },
    ...overrides,
  };
}
