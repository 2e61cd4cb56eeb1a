import { describe, expect, test } from "vitest";
import { ItemError } from "../../../src/errors.ts";
import { type ExerciseParts, mapExercise } from "../../../src/providers/fitbit/map.ts";
import { readRoute } from "../../../src/providers/fitbit/samples.ts";
import { partsOf, payloadsOf } from "../../../src/providers/fitbit/payloads.ts";

const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

const NONE = { mirrors: [], heartRates: [], zones: undefined, tcx: undefined };

function exercise(fields: Record<string, unknown>, dataSource?: unknown): ExerciseParts {
  return {
    ...NONE,
    exercise: bytes({
      name: "users/1414213562373095048/dataTypes/exercise/dataPoints/6000000000000000001",
      ...(dataSource === undefined ? {} : { dataSource }),
      exercise: fields,
    }),
  };
}

function pulses(...samples: readonly (readonly [time: string, bpm: unknown, platform?: string])[]): Buffer {
  return bytes({
    dataPoints: samples.map(([physicalTime, beatsPerMinute, platform]) => ({
      ...(platform === undefined ? {} : { dataSource: { platform } }),
      heartRate: { beatsPerMinute, sampleTime: { physicalTime, utcOffset: "7200s" } },
    })),
  });
}

function tcx(points: string, lap = ""): Buffer {
  return bytes(
    `<?xml version="1.0"?><TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities><Activity Sport="Running">
     <Id>2026-05-02T08:00:00.000+02:00</Id><Lap StartTime="2026-05-02T08:00:00.000+02:00">${lap}<Track>${points}</Track></Lap></Activity></Activities></TrainingCenterDatabase>`,
  );
}

function trackpoint(time: string, rest: string): string {
  return `<Trackpoint><Time>${time}</Time>${rest}</Trackpoint>`;
}

const position = (lat: number, long: number): string =>
  `<Position><LatitudeDegrees>${lat}</LatitudeDegrees><LongitudeDegrees>${long}</LongitudeDegrees></Position>`;

describe("one exercise with everything", () => {
  const parts: ExerciseParts = {
    exercise: bytes({
      name: "users/1414213562373095048/dataTypes/exercise/dataPoints/6000000000000000001",
      dataSource: {
        recordingMethod: "ACTIVELY_MEASURED",
        platform: "FITBIT",
        device: { displayName: "Pixel Watch 4", manufacturer: "Google", formFactor: "WATCH" },
        application: { packageName: "com.fitbit.FitbitMobile" },
      },
      exercise: {
        interval: {
          startTime: "2026-05-02T06:00:00.250Z",
          startUtcOffset: "7200s",
          endTime: "2026-05-02T06:50:00.250Z",
          endUtcOffset: "7200s",
        },
        exerciseType: "TRAIL_RUN",
        displayName: "Trail run",
        notes: "muddy",
        activeDuration: "2875.500s",
        metricsSummary: {
          caloriesKcal: 512.5,
          distanceMillimeters: 8000500,
          steps: "7421",
          averagePaceSecondsPerMeter: 0.4,
          averageSpeedMillimetersPerSecond: 2499,
          averageHeartRateBeatsPerMinute: "147",
          activeZoneMinutes: "71",
          elevationGainMillimeters: 214300,
          heartRateZoneDurations: { lightTime: "240s", moderateTime: "600s", vigorousTime: "1800s" },
          runVo2Max: 48.25,
          mobilityMetrics: {
            avgCadenceStepsPerMinute: 171.5,
            avgStrideLengthMillimeters: "1012",
            avgVerticalOscillationMillimeters: "84",
            avgVerticalRatio: 8.3,
            avgGroundContactTimeDuration: "0.251s",
          },
        },
        exerciseMetadata: { hasGps: true },
        exerciseEvents: [
          { eventTime: "2026-05-02T06:20:00Z", eventUtcOffset: "7200s", exerciseEventType: "PAUSE" },
          { eventTime: "2026-05-02T06:22:04.500Z", eventUtcOffset: "7200s", exerciseEventType: "RESUME" },
        ],
        splits: [{ startTime: "2026-05-02T06:00:00.250Z", splitType: "DISTANCE" }],
        splitSummaries: [
          {
            startTime: "2026-05-02T06:25:00Z",
            endTime: "2026-05-02T06:50:00.250Z",
            activeDuration: "1500.250s",
            splitType: "CALORIES",
            metricsSummary: {},
          },
          {
            startTime: "2026-05-02T06:00:00.250Z",
            endTime: "2026-05-02T06:25:00Z",
            activeDuration: "1375.250s",
            splitType: "MANUAL",
            metricsSummary: {
              caloriesKcal: 250,
              distanceMillimiters: 3900000,
              averageHeartRateBeatsPerMinute: "141",
            },
          },
        ],
        createTime: "2026-05-02T07:00:00.123456Z",
        updateTime: "2026-05-02T07:05:00.987654321Z",
      },
    }),
    mirrors: [bytes({ name: "users/1/dataTypes/exercise/dataPoints/6000000000000000777" })],
    heartRates: [
      pulses(
        ["2026-05-02T06:00:00Z", "90", "FITBIT"],
        ["2026-05-02T06:00:01Z", "140", "HEALTH_CONNECT"],
        ["2026-05-02T06:00:01Z", 101, "FITBIT"],
        ["2026-05-02T06:00:03.500Z", "103", "FITBIT"],
      ),
      pulses(
        ["2026-05-02T06:00:04Z", "0"],
        ["2026-05-02T06:00:05Z", "301"],
        ["2026-05-02T06:50:00Z", "160"],
        ["2026-05-02T06:50:00.250Z", "190"],
      ),
    ],
    zones: bytes({
      dailyHeartRateZones: {
        date: { year: 2026, month: 5, day: 2 },
        heartRateZones: [
          { heartRateZoneType: "LIGHT", minBeatsPerMinute: "30", maxBeatsPerMinute: "109" },
          { heartRateZoneType: "MODERATE", minBeatsPerMinute: 110, maxBeatsPerMinute: 134 },
          { heartRateZoneType: "VIGOROUS", minBeatsPerMinute: "135", maxBeatsPerMinute: "163" },
          { heartRateZoneType: "PEAK", minBeatsPerMinute: "164", maxBeatsPerMinute: "220" },
        ],
      },
    }),
    tcx: tcx(
      [
        trackpoint(
          "2026-05-02T08:00:00.000+02:00",
          `${position(47.1, 8.2)}<DistanceMeters>0</DistanceMeters>`,
        ),
        trackpoint(
          "2026-05-02T08:00:01.000+02:00",
          `${position(47.2, 8.3)}<AltitudeMeters>431.5</AltitudeMeters><DistanceMeters>3.5</DistanceMeters><HeartRateBpm><Value>99</Value></HeartRateBpm>`,
        ),
        trackpoint(
          "2026-05-02T08:00:02.000+02:00",
          "<DistanceMeters>7</DistanceMeters><HeartRateBpm><Value>102</Value></HeartRateBpm>",
        ),
        // Jitter, then the counter starts again.
        trackpoint("2026-05-02T08:00:03.000+02:00", "<DistanceMeters>6.9</DistanceMeters>"),
        trackpoint(
          "2026-05-02T08:00:04.000+02:00",
          `${position(47.3, 8.4)}<DistanceMeters>0</DistanceMeters>`,
        ),
        trackpoint("2026-05-02T08:00:06.000+02:00", "<DistanceMeters>4</DistanceMeters>"),
        trackpoint("2026-05-02T08:00:08.000+02:00", "<DistanceMeters>1</DistanceMeters>"),
        trackpoint(
          "2026-05-02T08:50:00.250+02:00",
          `${position(47.4, 8.5)}<DistanceMeters>9</DistanceMeters>`,
        ),
      ].join(""),
      "<TotalTimeSeconds>2875.5</TotalTimeSeconds>",
    ),
  };
  const activity = mapExercise(parts);

  test("its numbers, worked out by hand", () => {
    const { samples, laps, pauses, hrZones, extra, ...numbers } = activity;
    expect(pauses).toEqual([
      { start: Date.parse("2026-05-02T06:20:00Z"), end: Date.parse("2026-05-02T06:22:04.500Z") },
    ]);
    expect(numbers).toEqual({
      externalId: "6000000000000000001",
      aliases: ["6000000000000000777"],
      sport: "running",
      subSport: "trail",
      sourceSport: "TRAIL_RUN",
      title: "Trail run",
      notes: "muddy",
      startTime: "2026-05-02T06:00:00.250Z",
      utcOffsetS: 7200,
      timezone: null,
      totalElapsedTime: 3000,
      totalTimerTime: 2875.5,
      totalMovingTime: null,
      totalDistance: 8000.5,
      totalAscent: 214.3,
      totalDescent: null,
      totalCalories: 512.5,
      activeCalories: null,
      avgHeartRate: 147,
      maxHeartRate: 160,
      minHeartRate: 101,
      avgSpeed: 2.5,
      maxSpeed: null,
      avgCadence: 171.5,
      maxCadence: null,
      avgPower: null,
      maxPower: null,
      indoor: null,
      hasGps: true,
      manual: false,
      device: "Google Pixel Watch 4",
      providerUpdatedAt: "2026-05-02T07:05:00.987Z",
    });
    expect(extra).toEqual({
      steps: 7421,
      activeZoneMinutes: 71,
      averagePaceSecondsPerMeter: 0.4,
      averageSpeedMillimetersPerSecond: 2499,
      runVo2Max: 48.25,
      avgStrideLengthMillimeters: 1012,
      avgVerticalOscillationMillimeters: 84,
      avgVerticalRatio: 8.3,
      avgGroundContactTimeDuration: 0.251,
      exerciseEvents: [
        { eventTime: "2026-05-02T06:20:00.000Z", exerciseEventType: "PAUSE" },
        { eventTime: "2026-05-02T06:22:04.500Z", exerciseEventType: "RESUME" },
      ],
      recordingMethod: "ACTIVELY_MEASURED",
      platform: "FITBIT",
      formFactor: "WATCH",
      packageName: "com.fitbit.FitbitMobile",
      createTime: "2026-05-02T07:00:00.123Z",
    });
    expect(laps).toMatchObject([
      {
        startTime: "2026-05-02T06:00:00.250Z",
        totalElapsedTime: 1499.75,
        totalTimerTime: 1375.25,
        totalDistance: 3900,
        totalCalories: 250,
        avgHeartRate: 141,
        lapTrigger: "manual",
      },
      {
        startTime: "2026-05-02T06:25:00.000Z",
        totalElapsedTime: 1500.25,
        totalTimerTime: 1500.25,
        totalDistance: null,
        totalCalories: null,
        avgHeartRate: null,
        lapTrigger: null,
      },
    ]);
    expect(hrZones.map(({ zone, minBpm, maxBpm, seconds }) => [zone, minBpm, maxBpm, seconds])).toEqual([
      [1, 30, 109, 240],
      [2, 110, 134, 600],
      [3, 135, 163, 1800],
      [4, 164, 220, 0],
    ]);
    expect(samples.timestamp).toHaveLength(8);
  });

  test("its samples: in [start, end), the list's pulse first, distance never falling", () => {
    const { timestamp, heartRate, distance, altitude, positionLat, positionLong, ...others } =
      activity.samples;
    expect(others).toEqual({});
    const at = (time: string): number => Date.parse(`2026-05-02T06:${time}Z`);
    const N = Number.NaN;
    // 06:00:00 is a quarter of a second before the start, 06:50:00.250 is the end.
    expect([...timestamp]).toEqual(
      ["00:01", "00:02", "00:03", "00:03.500", "00:04", "00:06", "00:08", "50:00"].map(at),
    );
    expect([...(heartRate ?? [])]).toEqual([101, 102, N, 103, N, N, N, 160]);
    expect([...(distance ?? [])]).toEqual([3.5, 7, 7, N, 7, 11, 12, N]);
    expect([...(altitude ?? [])]).toEqual([431.5, N, N, N, N, N, N, N]);
    expect([...(positionLat ?? [])]).toEqual([47.2, N, N, N, 47.3, N, N, N]);
    expect([...(positionLong ?? [])]).toEqual([8.3, N, N, N, 8.4, N, N, N]);
  });

  test("comes out the same from its stored payloads", () => {
    const stored = payloadsOf(parts, ["6000000000000000777"], undefined).map(({ kind, bytes: body }) => ({
      kind,
      bytes: Buffer.from(body),
    }));
    expect(stored.map(({ kind }) => kind)).toEqual([
      "exercise",
      "mirror/6000000000000000777",
      "heart-rate/0",
      "heart-rate/1",
      "daily-heart-rate-zones",
      "tcx",
    ]);
    const again = partsOf(stored);
    // Page 0 has no token, so page 1 is what an earlier, longer answer left behind.
    expect(again?.heartRates).toHaveLength(1);
    const first = JSON.parse(String(stored[2]?.bytes)) as object;
    const linked = stored.map((payload) =>
      payload.kind === "heart-rate/0"
        ? { ...payload, bytes: bytes({ ...first, nextPageToken: "t" }) }
        : payload,
    );
    const complete = partsOf(linked);
    expect(complete && mapExercise(complete)).toEqual(activity);
  });
});

describe("when it was", () => {
  const cases: readonly (readonly [
    what: string,
    interval: Record<string, unknown>,
    expected: { startTime: string; utcOffsetS: number | null; totalElapsedTime: number | null },
  ])[] = [
    [
      "over the end of summer time",
      {
        startTime: "2026-10-25T00:30:00Z",
        startUtcOffset: "7200s",
        endTime: "2026-10-25T01:30:00Z",
        endUtcOffset: "3600s",
      },
      { startTime: "2026-10-25T00:30:00.000Z", utcOffsetS: 7200, totalElapsedTime: 3600 },
    ],
    [
      "over the beginning of summer time",
      {
        startTime: "2026-03-29T00:30:00Z",
        startUtcOffset: "3600s",
        endTime: "2026-03-29T01:30:00Z",
        endUtcOffset: "7200s",
      },
      { startTime: "2026-03-29T00:30:00.000Z", utcOffsetS: 3600, totalElapsedTime: 3600 },
    ],
    [
      "in a zone of a quarter hour, over midnight",
      { startTime: "2026-06-30T17:55:00Z", startUtcOffset: "20700s", endTime: "2026-06-30T18:35:00Z" },
      { startTime: "2026-06-30T17:55:00.000Z", utcOffsetS: 20_700, totalElapsedTime: 2400 },
    ],
    [
      "in Newfoundland, written with an offset",
      {
        startTime: "2026-01-31T23:40:00.5-03:30",
        startUtcOffset: "-12600s",
        endTime: "2026-02-01T03:20:00.500Z",
      },
      { startTime: "2026-02-01T03:10:00.500Z", utcOffsetS: -12_600, totalElapsedTime: 600 },
    ],
    [
      "by the civil time where the offset is missing; its zeros are left out",
      {
        startTime: "2026-07-14T22:00:00Z",
        civilStartTime: { date: { year: 2026, month: 7, day: 15 }, time: {} },
        endTime: "2026-07-14T21:00:00Z",
      },
      { startTime: "2026-07-14T22:00:00.000Z", utcOffsetS: 7200, totalElapsedTime: null },
    ],
    ...["3600.5s", "-999999s", "1e3s"].map((startUtcOffset): (typeof cases)[number] => [
      `by none where the offset is ${startUtcOffset}`,
      { startTime: "2026-07-14T22:00:00Z", startUtcOffset },
      { startTime: "2026-07-14T22:00:00.000Z", utcOffsetS: null, totalElapsedTime: null },
    ]),
    ...[0, 13, 2.5].map((month): (typeof cases)[number] => [
      `by none where the civil month is ${month}`,
      {
        startTime: "2026-07-14T22:00:00Z",
        civilStartTime: { date: { year: 2026, month, day: 15 }, time: {} },
      },
      { startTime: "2026-07-14T22:00:00.000Z", utcOffsetS: null, totalElapsedTime: null },
    ]),
    [
      "without any zone, and nanoseconds",
      { startTime: "2026-07-14T22:00:00.123999999Z" },
      { startTime: "2026-07-14T22:00:00.123Z", utcOffsetS: null, totalElapsedTime: null },
    ],
  ];
  test.each(cases)("%s", (_, interval, expected) => {
    expect(mapExercise(exercise({ interval, exerciseType: "WALKING" }))).toMatchObject(expected);
  });
});

describe("what Google leaves out", () => {
  const interval = { startTime: "2026-05-02T06:00:00Z", endTime: "2026-05-02T07:00:00Z" };

  test("is null, never 0; an unknown type is kept", () => {
    const activity = mapExercise(
      exercise({
        interval,
        exerciseType: "MOON_WALK",
        displayName: "",
        metricsSummary: {},
        exerciseMetadata: {},
      }),
    );
    expect(activity).toMatchObject({
      sport: "generic",
      subSport: null,
      sourceSport: "MOON_WALK",
      title: null,
      totalTimerTime: null,
      totalDistance: null,
      avgHeartRate: null,
      avgSpeed: null,
      hasGps: false,
      manual: null,
      device: null,
      hrZones: [],
      laps: [],
      extra: {},
    });
  });

  test("numbers of an unexpected shape count as missing, and the rest is kept", () => {
    const activity = mapExercise(
      exercise({
        interval,
        activeDuration: 3600,
        metricsSummary: { steps: { low: 1 }, caloriesKcal: "1e3", distanceMillimeters: "a lot" },
        splitSummaries: [null, "x", { startTime: 5 }],
        exerciseEvents: "none",
      }),
    );
    expect(activity).toMatchObject({
      totalCalories: 1000,
      totalDistance: null,
      totalTimerTime: null,
      extra: {},
    });
    expect(activity.laps).toMatchObject([{ startTime: null, totalElapsedTime: null }]);
  });

  test("the timer comes from the pauses only when no active duration is given", () => {
    const at = (minute: string, exerciseEventType: string): unknown => ({
      eventTime: `2026-05-02T06:${minute}:00Z`,
      exerciseEventType,
    });
    const exerciseEvents = [
      at("00", "START"),
      at("10", "PAUSE"),
      at("15", "RESUME"),
      at("30", "AUTO_PAUSE"),
      at("31", "AUTO_RESUME"),
      at("50", "PAUSE"),
    ];
    // 60 minutes less 5, 1, and the 10 until the end.
    expect(mapExercise(exercise({ interval, exerciseEvents })).totalTimerTime).toBe(44 * 60);
    expect(mapExercise(exercise({ interval, exerciseEvents, activeDuration: "1s" })).totalTimerTime).toBe(1);
  });

  test("a swim: lengths, pool, no pace but a speed; a manual log", () => {
    const activity = mapExercise(
      exercise(
        {
          interval,
          exerciseType: "SWIMMING_POOL",
          metricsSummary: {
            totalSwimLengths: 40,
            averageSpeedMillimetersPerSecond: 750,
            distanceMillimeters: 0,
          },
          exerciseMetadata: { poolLengthMillimeters: "25000" },
        },
        { recordingMethod: "MANUAL", device: { displayName: "Fitbit Versa 4", manufacturer: "Fitbit" } },
      ),
    );
    expect(activity).toMatchObject({
      sport: "swimming",
      subSport: "lap_swimming",
      avgSpeed: 0.75,
      totalDistance: 0,
      manual: true,
      device: "Fitbit Versa 4",
      extra: { totalSwimLengths: 40, poolLengthMillimeters: 25_000 },
    });
  });

  test("limits of another day are not this day's", () => {
    const zones = bytes({
      dailyHeartRateZones: { date: { year: 2026, month: 5, day: 1 }, heartRateZones: [] },
    });
    const parts = exercise({ interval, metricsSummary: { heartRateZoneDurations: { peakTime: "9.500s" } } });
    expect(mapExercise({ ...parts, zones }).hrZones).toMatchObject([
      { zone: 1, seconds: 0, minBpm: null, calcType: null },
      { zone: 2, seconds: 0 },
      { zone: 3, seconds: 0 },
      { zone: 4, seconds: 9.5, maxBpm: null, origin: "provider" },
    ]);
  });

  test("the mean of the samples stands in for an average that is not given", () => {
    const heartRates = [pulses(["2026-05-02T06:00:00Z", "100"], ["2026-05-02T06:00:05Z", "103"])];
    expect(mapExercise({ ...exercise({ interval }), heartRates })).toMatchObject({
      avgHeartRate: 101.5,
      minHeartRate: 100,
      maxHeartRate: 103,
    });
  });

  test("laps of the TCX count when there are no split summaries", () => {
    const lap =
      "<TotalTimeSeconds>1800</TotalTimeSeconds><DistanceMeters>5210.4</DistanceMeters><Calories>402</Calories><Intensity>Active</Intensity><TriggerMethod>Distance</TriggerMethod>";
    const parts = { ...exercise({ interval, exerciseMetadata: { hasGps: true } }), tcx: tcx("", lap) };
    expect(mapExercise(parts).laps).toMatchObject([
      {
        startTime: "2026-05-02T06:00:00.000Z",
        totalElapsedTime: null,
        totalTimerTime: 1800,
        totalDistance: 5210.4,
        totalCalories: 402,
        lapTrigger: "distance",
        intensity: "active",
      },
    ]);
  });

  test.each([
    ["no id", { exercise: bytes({ exercise: { interval } }) }, "the exercise has no id"],
    ["no exercise", { exercise: bytes({ name: "a/b/1", steps: {} }) }, "the data point is no exercise"],
    [
      "no start",
      { exercise: bytes({ name: "a/b/1", exercise: { interval: { startTime: "2026-05-02" } } }) },
      "the exercise has no start time that can be read",
    ],
  ])("%s: an item error", (_, parts, message) => {
    const attempt = (): unknown => mapExercise({ ...NONE, ...parts });
    expect(attempt).toThrow(ItemError);
    expect(attempt).toThrow(message);
  });
});

describe("a route", () => {
  test.each([
    ["nothing at all", "", 0, false],
    ["no activities", "<TrainingCenterDatabase><Activities/></TrainingCenterDatabase>", 0, false],
    [
      "half a document",
      String(tcx(trackpoint("2026-05-02T06:00:00Z", position(1, 2)))).slice(0, -40),
      1,
      true,
    ],
    [
      "positions outside the world",
      String(tcx(trackpoint("2026-05-02T06:00:00Z", position(91, 2)))),
      0,
      false,
    ],
  ])("%s", (_, text, positions, damaged) => {
    const route = readRoute(Buffer.from(text));
    expect(route.positions).toBe(positions);
    expect(route.damage !== null).toBe(damaged);
  });
});
