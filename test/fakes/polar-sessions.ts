import type { FakeSession } from "./accesslink.ts";
import { fitFile } from "./fit-file.ts";

/** An evening run in Helsinki with everything: UTC start 2026-07-04T15:30:00Z. */
export function trailRun(): FakeSession {
  const startMs = Date.UTC(2026, 6, 4, 15, 30, 0);
  return {
    startTime: "2026-07-04T18:30:00",
    utcOffset: 180,
    duration: "PT6S",
    sport: "RUNNING",
    detailedSport: "TRAIL_RUNNING",
    device: "Polar Pacer Pro",
    distance: 18.5,
    calories: 2,
    heartRate: { average: 133, maximum: 137 },
    hasRoute: true,
    trainingLoad: 0.25,
    runningIndex: 51,
    fatPercentage: 40,
    trainingLoadPro: {
      date: "2026-07-04",
      "cardio-load": 1.5,
      "muscle-load": 2.25,
      "perceived-load": 3,
      "cardio-load-interpretation": "LOW",
      "muscle-load-interpretation": "NOT_AVAILABLE",
      "perceived-load-interpretation": "UNKNOWN",
      "user-rpe": "RPE_5",
    },
    zones: [
      { lower: 93, upper: 111, inZone: "PT0S" },
      { lower: 111, upper: 130, inZone: "PT1S" },
      { lower: 130, upper: 148, inZone: "PT5S" },
    ],
    samples: {
      "0": { rate: 1, data: "0,129,132,135,136,137" },
      "1": { rate: 1, data: "0.0,10.8,11.16,NULL,11.52,12.6" },
      "3": { rate: 1, data: "41.0,41.1,41.1,41.3,,41.5" },
      "8": { rate: 1, data: "0,82,83,83,84,84" },
      "10": { rate: 1, data: "0.0,3.0,6.1,9.2,12.4,18.5" },
      "11": { rate: null, data: "465,null,455,447" },
    },
    route: [
      { latitude: 60.17, longitude: 24.94, time: "PT0S" },
      { latitude: 60.17003, longitude: 24.94, time: "PT1.001S" },
      { latitude: 60.17006, longitude: 24.94, time: "PT2.002S" },
    ],
    fit: fitFile({
      startMs,
      timerSeconds: 6,
      elapsedSeconds: 8,
      laps: [4, 4],
      ascent: 3,
      positions: [
        [60.17, 24.94],
        [60.17003, 24.94],
        [60.17006, 24.94],
        [60.17009, 24.94],
      ],
    }),
  };
}

/** Strength training after midnight in Adelaide (UTC+10:30): UTC start 2026-01-14T14:00:03Z. No file, no route. */
export function strengthTraining(): FakeSession {
  return {
    startTime: "2026-01-15T00:30:03",
    utcOffset: 630,
    duration: "PT45M10.500S",
    detailedSport: "STRENGTH_TRAINING",
    device: "Polar Vantage V3",
    calories: 210,
    hasRoute: false,
    samples: {
      "0": { rate: 1, data: "0,0,112,115,118" },
      "11": { rate: null, data: "536,522,null,508" },
    },
  };
}

/** A numbered ride, one an hour: small, and each with numbers of its own. */
export function ride(index: number): FakeSession {
  const startMs = Date.UTC(2026, 10, 1, 6, 0, 0) + index * 3_600_000;
  const local = new Date(startMs + 3_600_000).toISOString().slice(0, 19);
  return {
    startTime: local,
    utcOffset: 60,
    duration: `PT${20 + (index % 30)}M${index % 60}S`,
    sport: "CYCLING",
    detailedSport: "ROAD_BIKING",
    distance: 10_000 + index,
    calories: 300 + index,
    heartRate: { average: 120 + (index % 40), maximum: 150 + (index % 40) },
    zones: [{ lower: 100, upper: 120, inZone: "PT10M" }],
    samples: {
      "0": { rate: 5, data: `${100 + (index % 50)},${101 + (index % 50)},102` },
      "1": { rate: 5, data: "18,36,27" },
    },
  };
}
