import { describe, expect, test } from "vitest";
import { ItemError } from "../../../src/errors.ts";
import type { Activity } from "../../../src/model/index.ts";
import { workoutId } from "../../../src/providers/apple-health/identity.ts";
import { mapElement, pointsOf } from "./exports.ts";
import type { RecordLine } from "./exports.ts";

const Q = "HKQuantityTypeIdentifier";
const START = Date.parse("2025-02-01T07:10:00Z") / 1000;

/** An hour's run in Paris from 2025-02-01T07:10:00Z with these attributes and children. */
function workout(children = "", attributes = "", type = "Running"): string {
  return `<Workout workoutActivityType="HKWorkoutActivityType${type}" sourceName="Watch" ${attributes}
    startDate="2025-02-01 08:10:00 +0100" endDate="2025-02-01 09:10:00 +0100">${children}</Workout>`;
}

const meta = (key: string, value: string): string => `<MetadataEntry key="${key}" value="${value}"/>`;
const statistic = (type: string, attributes: string): string =>
  `<WorkoutStatistics type="${Q}${type}" ${attributes}/>`;
const event = (type: string, time: string, rest = ""): string =>
  `<WorkoutEvent type="HKWorkoutEventType${type}" date="2025-02-01 ${time} +0100" ${rest}/>`;
const map = (...given: Parameters<typeof workout>): Activity => mapElement(workout(...given)).activity;
const codes = (xml: string, options?: Parameters<typeof mapElement>[1]): string[] =>
  mapElement(xml, options).oddities.map(({ code }) => code);

describe("totals", () => {
  test("come from the direct statistics, whatever the attributes and the activities say", () => {
    const activity = map(
      `<WorkoutActivity uuid="1" startDate="2025-02-01 08:10:00 +0100" duration="10" durationUnit="min">
         ${statistic("DistanceWalkingRunning", 'sum="2" unit="km"')}
         ${statistic("ActiveEnergyBurned", 'sum="100" unit="kcal"')}
       </WorkoutActivity>
       ${statistic("DistanceWalkingRunning", 'sum="10" unit="km"')}
       ${statistic("ActiveEnergyBurned", 'sum="600" unit="Cal"')}
       ${statistic("BasalEnergyBurned", 'sum="418.4" unit="kJ"')}`,
      'totalDistance="9" totalDistanceUnit="km" totalEnergyBurned="500" totalEnergyBurnedUnit="kcal"',
    );
    expect(activity.totalDistance).toBe(10_000);
    expect(activity.activeCalories).toBe(600);
    expect(activity.totalCalories).toBeCloseTo(700, 9);
    expect(activity.extra["WorkoutActivity"]).toEqual([
      {
        uuid: "1",
        startDate: "2025-02-01T07:10:00.000Z",
        endDate: null,
        duration: 600,
        [`${Q}DistanceWalkingRunning`]: 2000,
        [`${Q}ActiveEnergyBurned`]: 100,
      },
    ]);
  });

  test("of older exports come from the attributes; the energy there is the active one", () => {
    const activity = map(
      "",
      'totalDistance="6.2137119" totalDistanceUnit="mi" totalEnergyBurned="500" totalEnergyBurnedUnit="kcal"',
    );
    expect(activity.totalDistance).toBeCloseTo(9999.9999639936, 6);
    expect(activity.activeCalories).toBe(500);
    expect(activity.totalCalories).toBeNull();
  });

  test("of 0 in the attributes are none, of 0 in the statistics are 0", () => {
    const attributes =
      'totalDistance="0" totalDistanceUnit="km" totalEnergyBurned="0" totalEnergyBurnedUnit="kcal"';
    expect(map("", attributes)).toMatchObject({ totalDistance: null, activeCalories: null });
    expect(map(statistic("DistanceWalkingRunning", 'sum="0" unit="km"'), attributes).totalDistance).toBe(0);
  });

  test("active and resting energy are not each other", () => {
    expect(map(statistic("ActiveEnergyBurned", 'sum="300" unit="kcal"'))).toMatchObject({
      activeCalories: 300,
      totalCalories: null,
    });
    const resting = map(statistic("BasalEnergyBurned", 'sum="80" unit="kcal"'));
    expect(resting).toMatchObject({ activeCalories: null, totalCalories: null });
    expect(resting.extra[`${Q}BasalEnergyBurned`]).toBe(80);
  });

  test("of a multisport add its distances up and keep each", () => {
    const activity = map(
      statistic("DistanceSwimming", 'sum="1500" unit="m"') +
        statistic("DistanceCycling", 'sum="40" unit="km"') +
        statistic("DistanceWalkingRunning", 'sum="10" unit="km"'),
      "",
      "SwimBikeRun",
    );
    expect(activity.totalDistance).toBe(51_500);
    expect(activity.extra).toMatchObject({
      [`${Q}DistanceSwimming`]: 1500,
      [`${Q}DistanceCycling`]: 40_000,
      [`${Q}DistanceWalkingRunning`]: 10_000,
    });
  });

  test("of a ride do not count the steps around it", () => {
    const activity = map(
      statistic("DistanceWalkingRunning", 'sum="200" unit="m"') +
        statistic("DistanceCycling", 'sum="30" unit="km"'),
      "",
      "Cycling",
    );
    expect(activity.totalDistance).toBe(30_000);
    expect(activity.extra).toEqual({ [`${Q}DistanceWalkingRunning`]: 200, sourceName: "Watch" });
  });

  test("do not hang on the order of the statistics", () => {
    const legs = [
      statistic("DistanceSwimming", 'sum="2.7328" unit="mi"'),
      statistic("DistanceCycling", 'sum="4.3769" unit="mi"'),
      statistic("DistanceWalkingRunning", 'sum="1.2323" unit="mi"'),
    ];
    const total = map(legs.join(""), "", "SwimBikeRun").totalDistance;
    expect(total).toBeCloseTo(8.342 * 1609.344, 6);
    expect(map(legs.toReversed().join(""), "", "SwimBikeRun").totalDistance).toBe(total);

    // Where the sport's own is missing it is none of the others that happen to come first.
    const others = [
      statistic("DistanceWalkingRunning", 'sum="100" unit="m"'),
      statistic("DistancePaddleSports", 'sum="5000" unit="m"'),
    ];
    for (const order of [others, others.toReversed()]) {
      const activity = map(order.join(""), "", "Rowing");
      expect(activity.totalDistance).toBe(5000);
      expect(activity.extra).toEqual({ [`${Q}DistanceWalkingRunning`]: 100, sourceName: "Watch" });
    }
  });

  test("less than nothing are missing, kept as written, and told", () => {
    const xml = workout(
      statistic("DistanceWalkingRunning", 'sum="-5" unit="km"') +
        statistic("HeartRate", 'average="120" minimum="-3" unit="count/min"') +
        meta("HKElevationAscended", "-3 cm"),
      'totalEnergyBurned="-40" totalEnergyBurnedUnit="kcal"',
    );
    const { activity, oddities } = mapElement(xml);
    expect(activity).toMatchObject({
      totalDistance: null,
      activeCalories: null,
      totalAscent: null,
      avgHeartRate: 120,
      minHeartRate: null,
    });
    expect(activity.extra).toMatchObject({
      [`${Q}DistanceWalkingRunning`]: -5000,
      [`${Q}HeartRate.minimum`]: -3,
      HKElevationAscended: -0.03,
    });
    expect(oddities.map(({ code }) => code).filter((code) => code === "negative-value")).toHaveLength(3);
  });

  test("in a unit that nobody knows give way to the old attribute", () => {
    const activity = map(
      statistic("DistanceWalkingRunning", 'sum="10" unit="furlong"'),
      'totalDistance="2" totalDistanceUnit="km"',
    );
    expect(activity.totalDistance).toBe(2000);
    expect(activity.extra[`${Q}DistanceWalkingRunning`]).toBe("10 furlong");
  });

  test("in an unknown unit are missing, kept as written, and told", () => {
    const xml = workout(statistic("DistanceWalkingRunning", 'sum="10" unit="furlong"'), "");
    const { activity, oddities } = mapElement(xml);
    expect(activity.totalDistance).toBeNull();
    expect(activity.extra[`${Q}DistanceWalkingRunning`]).toBe("10 furlong");
    expect(oddities).toEqual([{ code: "unknown-unit", message: "unit furlong" }]);
  });

  test.each([
    ['totalEnergyBurned="5"', "totalEnergyBurned", 5],
    ['totalDistance="3" totalDistanceUnit="furlong"', "totalDistance", "3 furlong"],
    ['duration="1" durationUnit="fortnight"', "duration", "1 fortnight"],
  ])("likewise of the workout's own attributes: %s", (attributes, key, written) => {
    const { activity, oddities } = mapElement(workout("", attributes));
    expect(activity).toMatchObject({ totalTimerTime: null, totalDistance: null, activeCalories: null });
    expect(activity.extra[key]).toBe(written);
    expect(oddities.map(({ code }) => code)).toEqual(["unknown-unit"]);
  });

  test("beyond all numbers are missing, and kept as written", () => {
    const { activity } = mapElement(
      workout(
        statistic("DistanceWalkingRunning", 'sum="1e308" unit="km"') +
          statistic("ActiveEnergyBurned", 'sum="1e308" unit="kcal"') +
          statistic("BasalEnergyBurned", 'sum="1e308" unit="kcal"'),
        'duration="1e307" durationUnit="s"',
      ),
    );
    expect(activity).toMatchObject({
      totalDistance: null,
      activeCalories: 1e308,
      totalCalories: null,
      totalTimerTime: null,
    });
    expect(activity.extra[`${Q}DistanceWalkingRunning`]).toBe("1e+308 km");
  });
});

describe("clocks", () => {
  test.each([
    ['duration="50.5" durationUnit="min"', 3030],
    ['duration="3030" durationUnit="s"', 3030],
    ['duration="0.5" durationUnit="hr"', 1800],
    ['duration="50,5" durationUnit="min"', 3030],
    // Without a unit: minutes where that fits into the hour, else seconds.
    ['duration="50.5"', 3030],
    ['duration="60.025"', 3601.5],
    ['duration="3030"', 3030],
    ['duration="60" durationUnit="fortnight"', null],
    ['duration="NaN" durationUnit="min"', null],
    ['duration="-5" durationUnit="min"', null],
    ["", null],
  ])("%s is %j s", (attributes, expected) => {
    expect(map("", attributes).totalTimerTime).toBe(expected);
    expect(map("", attributes).totalElapsedTime).toBe(3600);
    expect(map("", attributes).totalMovingTime).toBeNull();
  });

  test("a workout of 10^300 seconds without an end, in a pause that never ends", () => {
    const xml = `<Workout workoutActivityType="HKWorkoutActivityTypeYoga" duration="1e300" durationUnit="s" startDate="2025-02-01 09:10:00 +0100">
      <WorkoutEvent type="HKWorkoutEventTypePause" date="2025-02-01 09:20:00 +0100"/></Workout>`;
    expect(mapElement(xml).activity).toMatchObject({
      startTime: "2025-02-01T08:10:00.000Z",
      totalElapsedTime: null,
      totalTimerTime: null,
      pauses: [],
    });
  });

  test("a workout that ends before it starts has no elapsed time and is kept", () => {
    const xml = `<Workout workoutActivityType="HKWorkoutActivityTypeYoga" duration="30" durationUnit="min"
      startDate="2025-02-01 09:10:00 +0100" endDate="2025-02-01 08:10:00 +0100"/>`;
    expect(mapElement(xml).activity).toMatchObject({ totalElapsedTime: null, totalTimerTime: 1800 });
    expect(codes(xml)).toEqual(["end-before-start"]);
  });

  test("a workout without an end lasts as long as its duration says, for its samples", () => {
    const xml = `<Workout workoutActivityType="HKWorkoutActivityTypeYoga" duration="1" durationUnit="min" startDate="2025-02-01 08:10:00 +0100"/>`;
    const records = [0, 60, 61].map((s) => ({ start: START + s, value: 80 + s }));
    const { activity } = mapElement(xml, { records });
    expect(activity).toMatchObject({ totalElapsedTime: null, totalTimerTime: 60, maxHeartRate: 140 });
  });

  test("a workout without a start cannot be placed", () => {
    expect(() => mapElement('<Workout endDate="2025-02-01 08:10:00 +0100"/>')).toThrow(ItemError);
  });

  test("pauses from the button and from standing still, an open one to the end", () => {
    const events =
      event("Pause", "08:20:00") +
      event("MotionPaused", "08:21:00") +
      event("Resume", "08:22:00") +
      event("MotionResumed", "08:23:00") +
      event("Resume", "08:30:00") +
      event("MotionPaused", "09:00:00");
    const at = (time: string): number => Date.parse(`2025-02-01T${time}Z`);
    expect(map(events).pauses).toEqual([
      { start: at("07:20:00"), end: at("07:23:00") },
      { start: at("08:00:00"), end: at("08:10:00") },
    ]);
    expect(
      map(
        event("Pause", "08:09:50") +
          event("Resume", "08:12:00") +
          event("Pause", "09:09:00") +
          event("Resume", "09:10:20"),
      ).pauses,
    ).toEqual([
      { start: at("07:10:00"), end: at("07:12:00") },
      { start: at("08:09:00"), end: at("08:10:00") },
    ]);
    expect(map(events).extra).toEqual({ sourceName: "Watch" });
    expect(map(event("Resume", "08:22:00")).pauses).toEqual([]);
  });
});

describe("time and place", () => {
  const place = (zone: string | null, start: string, timezone?: string) => {
    const xml = `<Workout workoutActivityType="HKWorkoutActivityTypeRunning" startDate="${start}" endDate="${start}">
      ${zone === null ? "" : meta("HKTimeZone", zone)}</Workout>`;
    const { activity } = mapElement(xml, timezone === undefined ? {} : { timezone });
    return [activity.startTime, activity.timezone, activity.utcOffsetS];
  };

  test.each([
    // A summer run in a winter export: the wall clock in the file is wrong, the instant right.
    ["Europe/Paris", "2025-09-16 16:14:50 +0100", "2025-09-16T15:14:50.000Z", 7200],
    ["Europe/Paris", "2025-01-16 17:14:50 +0200", "2025-01-16T15:14:50.000Z", 3600],
    // Abroad, midnight crossed, half-hour and three-quarter zones.
    ["America/Los_Angeles", "2025-06-01 07:30:00 +0200", "2025-06-01T05:30:00.000Z", -25_200],
    ["Asia/Kolkata", "2024-12-31 20:00:00 +0100", "2024-12-31T19:00:00.000Z", 19_800],
    ["Pacific/Chatham", "2025-01-01 00:00:00 +0100", "2024-12-31T23:00:00.000Z", 49_500],
    ["America/St_Johns", "2025-07-01 12:00:00 +0000", "2025-07-01T12:00:00.000Z", -9000],
    // The hour that there is twice, both times; the last second before the clocks go forward, and the first after.
    ["Europe/Berlin", "2025-10-26 01:30:00 +0100", "2025-10-26T00:30:00.000Z", 7200],
    ["Europe/Berlin", "2025-10-26 02:30:00 +0100", "2025-10-26T01:30:00.000Z", 3600],
    ["Europe/Berlin", "2026-03-29 01:59:59 +0100", "2026-03-29T00:59:59.000Z", 3600],
    ["Europe/Berlin", "2026-03-29 02:00:00 +0100", "2026-03-29T01:00:00.000Z", 7200],
  ])("%s at %s", (zone, start, instant, offset) => {
    expect(place(zone, start)).toEqual([instant, zone, offset]);
  });

  test("what no one tells is null: not the host's zone, not the export's offset", () => {
    expect(place(null, "2025-09-16 16:14:50 +0100")).toEqual(["2025-09-16T15:14:50.000Z", null, null]);
  });

  test("--timezone serves where the workout has no zone, and only there", () => {
    expect(place(null, "2025-09-16 16:14:50 +0100", "Asia/Tokyo").slice(1)).toEqual(["Asia/Tokyo", 32_400]);
    expect(place("Europe/Paris", "2025-09-16 16:14:50 +0100", "Asia/Tokyo").slice(1)).toEqual([
      "Europe/Paris",
      7200,
    ]);
    expect(place("Middle/Earth", "2025-09-16 16:14:50 +0100", "Asia/Tokyo").slice(1)).toEqual([
      "Asia/Tokyo",
      32_400,
    ]);
  });

  test("an unknown zone is told and kept", () => {
    const { activity, oddities } = mapElement(workout(meta("HKTimeZone", "Middle/Earth")));
    expect(oddities).toEqual([{ code: "unknown-timezone", message: "time zone Middle/Earth" }]);
    expect(activity.extra["HKTimeZone"]).toBe("Middle/Earth");
  });
});

describe("heart rate and the like", () => {
  const records = [100, 110, 150].map((value, index) => ({ start: START + index * 5, value }));

  test("as the statistics say", () => {
    const stated = statistic("HeartRate", 'average="121.5" minimum="99" maximum="152" unit="count/min"');
    expect(mapElement(workout(stated), { records }).activity).toMatchObject({
      avgHeartRate: 121.5,
      minHeartRate: 99,
      maxHeartRate: 152,
    });
    expect(codes(workout(stated), { records })).toEqual([]);
  });

  test("speed and power are those of the whole, not of a leg of it", () => {
    const legs =
      statistic("RunningSpeed", 'average="3" maximum="4" unit="m/s"') +
      statistic("CyclingSpeed", 'average="9" maximum="14" unit="m/s"') +
      statistic("RunningPower", 'average="310" maximum="500" unit="W"') +
      statistic("CyclingPower", 'average="210" maximum="900" unit="W"');
    const ofLegs = map(legs, "", "SwimBikeRun");
    expect(ofLegs).toMatchObject({ avgSpeed: null, maxSpeed: null, avgPower: null, maxPower: null });
    expect(ofLegs.extra).toMatchObject({
      [`${Q}CyclingSpeed.maximum`]: 14,
      [`${Q}RunningPower.average`]: 310,
    });
    // A ride has its own, and a sport without one has the only one there is.
    expect(map(legs, "", "Cycling")).toMatchObject({
      avgSpeed: 9,
      maxSpeed: 14,
      avgPower: 210,
      maxPower: 900,
    });
    expect(map(statistic("RunningSpeed", 'average="2" unit="m/s"'), "", "Hiking").avgSpeed).toBe(2);
  });

  test("computed from the samples where they say nothing", () => {
    expect(mapElement(workout(), { records }).activity).toMatchObject({
      avgHeartRate: 120,
      minHeartRate: 100,
      maxHeartRate: 150,
    });
    expect(map()).toMatchObject({ avgHeartRate: null, minHeartRate: null, maxHeartRate: null });
  });

  test("statistics and samples that do not agree are told", () => {
    expect(codes(workout(statistic("HeartRate", 'maximum="160" unit="count/min"')), { records })).toEqual([
      "heart-rate-differs",
    ]);
    expect(codes(workout(statistic("HeartRate", 'average="120" unit="count/min"')))).toEqual([
      "heart-rate-missing",
    ]);
  });

  test("speed, power and cadence from statistics, speed else from metadata", () => {
    const ride = map(
      statistic("CyclingSpeed", 'average="36" maximum="54" minimum="3.6" unit="km/hr"') +
        statistic("CyclingPower", 'average="210" maximum="640" unit="W"') +
        statistic("CyclingCadence", 'average="88" maximum="110" unit="count/min"'),
      "",
      "Cycling",
    );
    expect(ride).toMatchObject({
      avgSpeed: 10,
      maxSpeed: 15,
      avgPower: 210,
      maxPower: 640,
      avgCadence: 88,
      maxCadence: 110,
    });
    expect(ride.extra).toEqual({ [`${Q}CyclingSpeed.minimum`]: 1, sourceName: "Watch" });
    const ski = map(
      meta("HKAverageSpeed", "9.5 m/s") + meta("HKMaximumSpeed", "72 km/hr"),
      "",
      "DownhillSkiing",
    );
    expect(ski).toMatchObject({ avgSpeed: 9.5, maxSpeed: 20 });
    expect(ski.extra).toEqual({ sourceName: "Watch" });
  });
});

describe("samples", () => {
  test("records and route share their rows", () => {
    const records: RecordLine[] = [
      { start: START, value: 100 },
      { start: START + 2, value: 104 },
      { type: `${Q}RunningPower`, start: START + 2, value: 250, unit: "W" },
    ];
    const points = [
      pointsOf([
        [START + 2, 48.5, 2.25, 35, 2.5],
        [START + 3, 48.6, 2.35, null, -1],
      ]),
    ];
    const { samples } = mapElement(workout(), { records, points }).activity;
    const NAN = Number.NaN;
    expect([...samples.timestamp]).toEqual([START, START + 2, START + 3].map((s) => s * 1000));
    expect(samples.heartRate).toEqual(Float64Array.of(100, 104, NAN));
    expect(samples.power).toEqual(Float64Array.of(NAN, 250, NAN));
    expect(samples.positionLat).toEqual(Float64Array.of(NAN, 48.5, 48.6));
    expect(samples.positionLong).toEqual(Float64Array.of(NAN, 2.25, 2.35));
    expect(samples.altitude).toEqual(Float64Array.of(NAN, 35, NAN));
    expect(samples.speed).toEqual(Float64Array.of(NAN, 2.5, NAN));
    expect(samples.cadence).toBeUndefined();
    expect(samples.distance).toBeUndefined();
  });

  test("points lie in [start, end + 60 s], one a second, those of earlier parts first", () => {
    const end = START + 3600;
    const points = [
      pointsOf([START - 1, START, START, end, end + 60, end + 61].map((s, index) => [s, index, 1])),
      pointsOf([
        [START, 50, 1],
        [START + 1, 51, 1],
      ]),
    ];
    const { samples } = mapElement(workout(), { points }).activity;
    expect([...samples.timestamp]).toEqual([START, START + 1, end, end + 60].map((s) => s * 1000));
    expect(samples.positionLat).toEqual(Float64Array.of(1, 51, 3, 4));
  });

  test("no position is half a position, or off the globe", () => {
    const points = [
      pointsOf([
        [START, 48.5, null],
        [START + 1, 91, 2],
        [START + 2, 48.5, 181],
        [START + 3, -90, 180],
      ]),
    ];
    const { samples } = mapElement(workout(), { points }).activity;
    expect([...samples.timestamp]).toEqual([(START + 3) * 1000]);
  });

  test("the watch's speed counts, that of the fixes fills its holes", () => {
    const records: RecordLine[] = [0, 20].map((s) => ({
      type: `${Q}RunningSpeed`,
      start: START + s,
      value: 3,
      unit: "m/s",
    }));
    const points = [pointsOf([10, 20, 30, 40].map((s) => [START + s, 48.5, 2.25, null, 2]))];
    const { samples } = mapElement(workout(), { records, points }).activity;
    expect(samples.speed).toEqual(Float64Array.of(3, Number.NaN, 3, 2, 2));
  });

  test("positions in place, as exports before iOS 13 have them", () => {
    const route = `<WorkoutRoute><Location date="2025-02-01 08:10:03 +0100" latitude="37.5" longitude="-122.25" altitude="21.5" course="-1" speed="2.5"/></WorkoutRoute>`;
    const { samples, hasGps } = map(route);
    expect([...samples.timestamp]).toEqual([Date.parse("2025-02-01T07:10:03Z")]);
    expect(samples.positionLong).toEqual(Float64Array.of(-122.25));
    expect(hasGps).toBe(true);
  });

  test("hasGps: positions there, no route at all, a route without its points", () => {
    expect(mapElement(workout(), { points: [pointsOf([[START, 1, 1]])] }).activity.hasGps).toBe(true);
    expect(map().hasGps).toBe(false);
    expect(map('<WorkoutRoute><FileReference path="/a.gpx"/></WorkoutRoute>').hasGps).toBeNull();
  });
});

describe("metadata", () => {
  test("has its place in the model", () => {
    const activity = map(
      meta("HKIndoorWorkout", "1") +
        meta("HKWasUserEntered", "0") +
        meta("HKElevationAscended", "6575 cm") +
        meta("HKElevationDescended", "100 ft"),
    );
    expect(activity).toMatchObject({
      indoor: true,
      manual: false,
      subSport: "treadmill",
      totalAscent: 65.75,
    });
    expect(activity.totalDescent).toBeCloseTo(30.48, 9);
    expect(activity.extra).toEqual({ sourceName: "Watch" });
    expect(map()).toMatchObject({ indoor: null, manual: null, totalAscent: null, totalDescent: null });
    expect(map(meta("HKIndoorWorkout", "0")).indoor).toBe(false);
  });

  test("else goes to extra: HealthKit's numbers in SI units, everything else as text", () => {
    const entries = {
      HKAverageMETs: "9.19 kcal/hr·kg",
      HKWeatherTemperature: "50 degF",
      HKWeatherHumidity: "6400 %",
      HKWeatherCondition: "3",
      HKWorkoutBrandName: "2024",
      HKExternalUUID: "1234567890123456789012",
      HKMetadataKeySyncIdentifier: "77",
      HKMetadataKeySyncVersion: "2",
      HKAlpineSlopeGrade: "1200 %",
      "Health Mate App Version": "2.10",
      "Modified Date": "2016-04-18 15:56:05 +0200",
      Recorder: "&lt;&lt;HKDevice: 0x282a45810&gt;, name:Scale&gt;",
    };
    const xml = Object.entries(entries)
      .map(([key, value]) => meta(key, value))
      .join("");
    // All of it twice, as HealthKit does.
    expect(map(xml + xml).extra).toEqual({
      HKAverageMETs: 9.19,
      HKWeatherTemperature: 10,
      HKWeatherHumidity: 64,
      HKWeatherCondition: 3,
      HKWorkoutBrandName: "2024",
      HKExternalUUID: "1234567890123456789012",
      HKMetadataKeySyncIdentifier: "77",
      HKMetadataKeySyncVersion: 2,
      HKAlpineSlopeGrade: "1200 %",
      "Health Mate App Version": "2.10",
      "Modified Date": "2016-04-18T13:56:05.000Z",
      Recorder: "<<HKDevice: 0x0>, name:Scale>",
      sourceName: "Watch",
    });
    expect(map(meta("HKWeatherHumidity", "96 %")).extra["HKWeatherHumidity"]).toBe(96);
  });

  test("may have the names of JavaScript's own things", () => {
    const odd = event("Odd", "08:11:00").replace("HKWorkoutEventTypeOdd", "constructor");
    const { extra } = map(meta("__proto__", "1") + meta("toString", "2") + odd);
    expect(Object.hasOwn(extra, "__proto__")).toBe(true);
    expect(extra["toString"]).toBe("2");
    expect(extra["constructor"]).toEqual([{ date: "2025-02-01T07:11:00.000Z" }]);
  });
});

describe("laps", () => {
  test("of a pool are its lengths, with stroke and SWOLF beside them", () => {
    const lap = (time: string, stroke: number): string =>
      event("Lap", time, 'duration="0.5" durationUnit="min"').replace(
        "/>",
        `>${meta("HKSwimmingStrokeStyle", String(stroke))}</WorkoutEvent>`,
      );
    const activity = map(
      meta("HKLapLength", "25 yd") +
        meta("HKSwimmingLocationType", "1") +
        lap("08:11:00", 2) +
        lap("08:10:00", 4),
      "",
      "Swimming",
    );
    expect(activity).toMatchObject({ sport: "swimming", subSport: "lap_swimming" });
    expect(
      activity.laps.map(({ startTime, totalElapsedTime, totalDistance }) => [
        startTime,
        totalElapsedTime,
        totalDistance,
      ]),
    ).toEqual([
      ["2025-02-01T07:10:00.000Z", 30, 22.86],
      ["2025-02-01T07:11:00.000Z", 30, 22.86],
    ]);
    expect(activity.extra).toEqual({
      HKLapLength: 22.86,
      HKSwimmingLocationType: 1,
      HKSwimmingStrokeStyle: [4, 2],
      sourceName: "Watch",
    });
  });

  test("are only those directly under the workout; segments and markers go to extra", () => {
    const activity = map(
      event("Segment", "08:10:00", 'duration="16.5" durationUnit="min"') +
        event("Segment", "08:10:00", 'duration="19" durationUnit="min"') +
        event("Marker", "08:12:00") +
        `<WorkoutActivity uuid="1">${event("Lap", "08:10:00", 'duration="1" durationUnit="min"')}</WorkoutActivity>` +
        event("Lap", "08:20:00"),
    );
    expect(activity.laps).toHaveLength(1);
    expect(activity.laps[0]).toMatchObject({
      startTime: "2025-02-01T07:20:00.000Z",
      totalElapsedTime: null,
      totalDistance: null,
      lapTrigger: null,
    });
    expect(activity.extra).toMatchObject({
      HKWorkoutEventTypeSegment: [
        { date: "2025-02-01T07:10:00.000Z", duration: 990 },
        { date: "2025-02-01T07:10:00.000Z", duration: 1140 },
      ],
      HKWorkoutEventTypeMarker: [{ date: "2025-02-01T07:12:00.000Z" }],
      WorkoutActivity: [{ HKWorkoutEventTypeLap: [{ date: "2025-02-01T07:10:00.000Z", duration: 60 }] }],
    });
  });
});

test("a duration without a unit is minutes where they fit, of laps, segments and legs, too", () => {
  const activity = map(
    event("Lap", "08:10:00", 'duration="1"') +
      event("Lap", "08:20:00", 'duration="90"') +
      event("Segment", "08:10:00", 'duration="16.5"') +
      `<WorkoutActivity uuid="1" duration="5" startDate="2025-02-01 08:10:00 +0100" endDate="2025-02-01 08:15:00 +0100">
         ${event("Segment", "08:10:00", 'duration="30"')}</WorkoutActivity>`,
  );
  expect(activity.laps.map(({ totalElapsedTime }) => totalElapsedTime)).toEqual([60, 90]);
  expect(activity.extra).toMatchObject({
    HKWorkoutEventTypeSegment: [{ duration: 990 }],
    WorkoutActivity: [{ duration: 300, HKWorkoutEventTypeSegment: [{ duration: 30 }] }],
  });
});

describe("sport, source and device", () => {
  test("an unknown type is generic, kept and told", () => {
    const { activity, oddities } = mapElement(workout("", "", "Hoverboarding"));
    expect(activity).toMatchObject({
      sport: "generic",
      subSport: null,
      sourceSport: "HKWorkoutActivityTypeHoverboarding",
    });
    expect(oddities).toEqual([
      { code: "unknown-sport", message: "workout type HKWorkoutActivityTypeHoverboarding" },
    ]);
  });

  test("the device in words, the source by its plain name; nothing is made up", () => {
    const xml = `<Workout workoutActivityType="HKWorkoutActivityTypeRunning" sourceName="Riley’s Apple&#160;Watch" sourceVersion="11.2"
      device="&lt;&lt;HKDevice: 0xc937f6fa0&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch7,2, software:11.6.1&gt;"
      startDate="2025-02-01 08:10:00 +0100" endDate="2025-02-01 09:10:00 +0100"/>`;
    const { activity } = mapElement(xml);
    expect(activity.device).toBe("Apple Watch Watch7,2");
    expect(activity.extra).toEqual({ sourceName: "Riley's Apple Watch", sourceVersion: "11.2" });
    expect(activity).toMatchObject({ title: null, notes: null, providerUpdatedAt: null });
  });
});

describe("identity", () => {
  const id = (sourceName: string | null, start = START, end: number | null = START + 3600) =>
    workoutId({ activityType: "HKWorkoutActivityTypeRunning", start, end, sourceName });

  test("is a digest of type, start, end and source name", () => {
    // sha256 of "HKWorkoutActivityTypeRunning\n2025-02-01T07:10:00.000Z\n2025-02-01T08:10:00.000Z\nWatch"
    expect(id("Watch")).toBe("3ebf81d1995d52d95b002f522ea7fea8");
    expect(map().externalId).toBe(id("Watch"));
  });

  test("does not hang on apostrophes, no-break spaces, offsets, totals, units or the device", () => {
    expect(id("Riley’s Apple\u00a0Watch")).toBe(id("Riley's Apple Watch"));
    const summer = workout(
      statistic("DistanceWalkingRunning", 'sum="6.2" unit="mi"'),
      'device="other" duration="1"',
    )
      .replace("08:10:00 +0100", "09:10:00 +0200")
      .replace("09:10:00 +0100", "10:10:00 +0200");
    expect(mapElement(summer).activity.externalId).toBe(map().externalId);
  });

  test("does hang on each of the four", () => {
    const other = workoutId({
      activityType: "HKWorkoutActivityTypeWalking",
      start: START,
      end: START + 3600,
      sourceName: "Watch",
    });
    const ids = [
      id("Watch"),
      id("Phone"),
      id("Watch", START + 1),
      id("Watch", START, START + 3601),
      id("Watch", START, null),
      other,
    ];
    expect(new Set(ids).size).toBe(6);
  });
});
