import { afterEach, describe, expect, it } from "vitest";
import { toActivity } from "../../../src/providers/polar/map.ts";
import { fitFile } from "../../fakes/fit-file.ts";
import { strengthTraining, trailRun } from "../../fakes/polar-sessions.ts";
import { startPolarWorld, type PolarWorld } from "./polar-world.ts";

const ID = { externalId: "1", aliases: [] };
const exercise = (fields: Record<string, unknown>) => ({
  kind: "exercise",
  bytes: Buffer.from(JSON.stringify({ id: 1, duration: "PT10M", ...fields })),
});
const mapped = (fields: Record<string, unknown>) => toActivity([exercise(fields)], ID);

describe("the instant of a session", () => {
  // UTC = local − offset; each worked out by hand.
  it.each([
    ["the description's own example", "2008-10-13T10:40:02", 180, "2008-10-13T07:40:02.000Z", 10800],
    [
      "a night that begins on the day before in UTC",
      "2026-07-05T00:10:00",
      180,
      "2026-07-04T21:10:00.000Z",
      10800,
    ],
    [
      "a night that ends on the day after in UTC",
      "2026-11-18T23:30:00",
      -300,
      "2026-11-19T04:30:00.000Z",
      -18000,
    ],
    ["the hour before clocks go forward", "2026-03-29T02:59:59", 120, "2026-03-29T00:59:59.000Z", 7200],
    ["the hour after clocks went forward", "2026-03-29T04:00:00", 180, "2026-03-29T01:00:00.000Z", 10800],
    ["the first 03:30 when clocks go back", "2026-10-25T03:30:00", 180, "2026-10-25T00:30:00.000Z", 10800],
    ["the second 03:30 when clocks went back", "2026-10-25T03:30:00", 120, "2026-10-25T01:30:00.000Z", 7200],
    ["half an hour", "2026-01-15T00:30:03", 630, "2026-01-14T14:00:03.000Z", 37800],
    ["a quarter", "2026-01-01T05:45:00", 345, "2026-01-01T00:00:00.000Z", 20700],
    ["half an hour west", "2026-06-01T12:00:00", -210, "2026-06-01T15:30:00.000Z", -12600],
    ["Greenwich", "2026-01-01T00:00:00", 0, "2026-01-01T00:00:00.000Z", 0],
    ["milliseconds", "2026-01-01T00:00:00.250", 60, "2025-12-31T23:00:00.250Z", 3600],
    ["a leap day", "2024-02-29T23:59:59", -60, "2024-03-01T00:59:59.000Z", -3600],
  ])("%s", (_, local, offset, utc, seconds) => {
    const { activity } = mapped({ "start-time": local, "start-time-utc-offset": offset });
    expect(activity.startTime).toBe(utc);
    expect(activity.utcOffsetS).toBe(seconds);
    const snake = toActivity(
      [
        {
          kind: "detail",
          bytes: Buffer.from(
            JSON.stringify({ id: "h", start_time: local, start_time_utc_offset: String(offset) }),
          ),
        },
      ],
      ID,
    );
    expect(snake.activity.startTime).toBe(utc);
  });

  it("stays local text without an offset, and says so", () => {
    const { activity, oddities } = mapped({ "start-time": "2026-07-04T18:30:00" });
    expect(activity).toMatchObject({ startTime: "2026-07-04T18:30:00.000", utcOffsetS: null });
    expect(oddities.map(({ code }) => code)).toEqual(["offset-missing"]);
  });

  it("places what the file tells in UTC at the local text too", () => {
    const fit = fitFile({
      startMs: Date.UTC(2026, 6, 4, 15, 30),
      timerSeconds: 3,
      laps: [3],
      positions: [
        [60, 24],
        [60.1, 24],
      ],
    });
    const { activity } = toActivity(
      [exercise({ "start-time": "2026-07-04T18:30:00" }), { kind: "fit", bytes: fit }],
      ID,
    );
    expect([...activity.samples.timestamp]).toEqual([
      Date.UTC(2026, 6, 4, 18, 30),
      Date.UTC(2026, 6, 4, 18, 30, 1),
    ]);
    expect(activity.laps[0]?.startTime).toBe("2026-07-04T18:30:00.000");
  });

  it.each([
    ["no start", {}],
    ["words", { "start-time": "half past six" }],
    ["a thirteenth month", { "start-time": "2026-13-01T00:00:00" }],
    ["a thirtieth of February", { "start-time": "2026-02-30T00:00:00" }],
    ["a number", { "start-time": { now: true } }],
  ])("refuses %s as unmappable", (_, fields) => {
    expect(() => mapped(fields)).toThrow(
      expect.objectContaining({ code: "UNMAPPABLE", message: "no usable start-time" }),
    );
  });
});

describe("a session", () => {
  let world: PolarWorld;
  afterEach(() => world.close());

  it("comes complete out of a transaction", async () => {
    world = await startPolarWorld();
    const uploaded = world.fake.upload(trailRun());
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1, warnings: [] });
    const [run] = world.stored();
    const start = Date.UTC(2026, 6, 4, 15, 30, 0);
    expect(run).toMatchObject({
      source: "polar",
      account: "10579",
      externalId: String(uploaded.id),
      aliases: [uploaded.hashId],
      sport: "running",
      subSport: "trail",
      sourceSport: "TRAIL_RUNNING",
      title: null,
      notes: null,
      startTime: "2026-07-04T15:30:00.000Z",
      utcOffsetS: 10800,
      timezone: null,
      totalElapsedTime: 8,
      totalTimerTime: 6,
      totalMovingTime: null,
      totalDistance: 18.5,
      totalAscent: 3,
      totalDescent: null,
      totalCalories: 2,
      activeCalories: null,
      avgHeartRate: 133,
      maxHeartRate: 137,
      minHeartRate: 129,
      avgSpeed: null,
      maxSpeed: null,
      indoor: null,
      hasGps: true,
      manual: null,
      device: "Polar Pacer Pro",
    });
    expect(run?.hrZones).toEqual([
      { zone: 1, minBpm: 93, maxBpm: 111, seconds: 0, origin: "provider", calcType: "custom" },
      { zone: 2, minBpm: 111, maxBpm: 130, seconds: 1, origin: "provider", calcType: "custom" },
      { zone: 3, minBpm: 130, maxBpm: 148, seconds: 5, origin: "provider", calcType: "custom" },
    ]);
    expect(
      run?.laps.map(({ startTime, totalElapsedTime, lapTrigger }) => [
        startTime,
        totalElapsedTime,
        lapTrigger,
      ]),
    ).toEqual([
      ["2026-07-04T15:30:00.000Z", 4, "manual"],
      ["2026-07-04T15:30:04.000Z", 4, "manual"],
    ]);
    expect(run?.extra).toEqual({
      "running-index": 51,
      "training-load": 0.25,
      "fat-percentage": 40,
      "device-id": "1111AAAA",
      "upload-time": "2026-11-18T07:00:00.000Z",
      "cardio-load": 1.5,
      "muscle-load": 2.25,
      "perceived-load": 3,
      "cardio-load-interpretation": "LOW",
      "muscle-load-interpretation": "NOT_AVAILABLE",
      "perceived-load-interpretation": "UNKNOWN",
      "user-rpe": "RPE_5",
      "rr-intervals": "465,null,455,447",
    });
    const { samples } = run ?? { samples: undefined };
    expect([...(samples?.timestamp ?? [])]).toEqual(
      [0, 1, 2, 3, 4, 5].map((second) => start + second * 1000),
    );
    expect([...(samples?.heartRate ?? [])]).toEqual([Number.NaN, 129, 132, 135, 136, 137]);
    expect([...(samples?.speed ?? [])]).toEqual([0, 3, 11.16 / 3.6, Number.NaN, 11.52 / 3.6, 3.5]);
    expect([...(samples?.altitude ?? [])]).toEqual([41, 41.1, 41.1, 41.3, Number.NaN, 41.5]);
    // One leg on foot: the median of 82, 83, 83, 84, 84 is below 120.
    expect([...(samples?.cadence ?? [])]).toEqual([0, 164, 166, 166, 168, 168]);
    expect([...(samples?.distance ?? [])]).toEqual([0, 3, 6.1, 9.2, 12.4, 18.5]);
    // A transaction has no route: positions are the FIT's.
    expect(samples?.positionLat?.[1]).toBeCloseTo(60.17003, 6);
    expect(samples?.positionLong?.[3]).toBeCloseTo(24.94, 6);
    expect(samples?.positionLat?.[4]).toBeNaN();
    expect(
      run === undefined ? [] : world.store.payloads.kinds({ ...run, externalId: run.externalId }),
    ).toEqual([
      "exercise",
      "fit",
      "heart-rate-zones",
      "samples",
      "samples/0",
      "samples/1",
      "samples/10",
      "samples/11",
      "samples/3",
      "samples/8",
    ]);
  });

  it("says the same out of the list, with its own positions", async () => {
    world = await startPolarWorld();
    world.fake.upload(trailRun());
    await world.sync();
    const [transaction] = world.stored();
    await world.close();

    world = await startPolarWorld();
    world.fake.retired = 404;
    const uploaded = world.fake.upload(trailRun());
    await world.sync();
    const [list] = world.stored();
    expect(list).toMatchObject({ externalId: uploaded.hashId, aliases: [] });
    // Three route points, each joined to the second it belongs to.
    expect([...(list?.samples.positionLat ?? [])]).toEqual([
      60.17,
      60.17003,
      60.17006,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    const alike = (activity: typeof list) =>
      activity && {
        ...activity,
        externalId: "",
        aliases: [],
        samples: { ...activity.samples, positionLat: undefined, positionLong: undefined },
      };
    expect(alike(list)).toEqual(alike(transaction));
  });

  it("invents nothing indoors", async () => {
    world = await startPolarWorld();
    world.fake.upload(strengthTraining());
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1, warnings: [] });
    const [activity] = world.stored();
    expect(activity).toMatchObject({
      sport: "training",
      subSport: "strength_training",
      startTime: "2026-01-14T14:00:03.000Z",
      utcOffsetS: 37800,
      totalElapsedTime: null,
      totalTimerTime: 2710.5,
      totalDistance: null,
      // Polar says nothing: from the samples 112, 115, 118.
      avgHeartRate: 115,
      maxHeartRate: 118,
      minHeartRate: 112,
      avgCadence: null,
      hasGps: false,
      laps: [],
      pauses: [],
      hrZones: [],
    });
    expect(Object.keys(activity?.samples ?? {}).sort()).toEqual(["heartRate", "timestamp"]);
    expect([...(activity?.samples.timestamp ?? [])]).toEqual(
      [2, 3, 4].map((s) => Date.UTC(2026, 0, 14, 14, 0, 3 + s)),
    );
  });
});

describe("files other than FIT", () => {
  const tcx = `<?xml version="1.0"?><TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>
    <Activity Sport="Running"><Id>2026-07-04T15:30:00.000Z</Id>
    <Lap StartTime="2026-07-04T15:30:00.000Z"><TotalTimeSeconds>4.0</TotalTimeSeconds><DistanceMeters>12.5</DistanceMeters>
    <Calories>1</Calories><Intensity>Active</Intensity><TriggerMethod>Manual</TriggerMethod><Track>
    <Trackpoint><Time>2026-07-04T15:30:01.000Z</Time><Position><LatitudeDegrees>1.5</LatitudeDegrees><LongitudeDegrees>-150.0</LongitudeDegrees></Position><Cadence>80</Cadence></Trackpoint>
    <Trackpoint><Time>2026-07-04T15:30:09.000Z</Time><HeartRateBpm><Value>130</Value></HeartRateBpm></Trackpoint>
    </Track></Lap></Activity></Activities></TrainingCenterDatabase>`;

  it("takes laps, elapsed time and positions from a TCX", () => {
    const { activity } = toActivity(
      [
        exercise({
          "start-time": "2026-07-04T18:30:00",
          "start-time-utc-offset": 180,
          "detailed-sport-info": "RUNNING",
        }),
        { kind: "tcx", bytes: Buffer.from(tcx) },
      ],
      ID,
    );
    expect(activity).toMatchObject({ totalElapsedTime: 9, totalTimerTime: 600, hasGps: true });
    expect(activity.laps).toHaveLength(1);
    expect(activity.laps[0]).toMatchObject({
      startTime: "2026-07-04T15:30:00.000Z",
      totalTimerTime: 4,
      totalDistance: 12.5,
      lapTrigger: "manual",
      intensity: "active",
    });
    expect([...activity.samples.timestamp]).toEqual([
      Date.UTC(2026, 6, 4, 15, 30, 1),
      Date.UTC(2026, 6, 4, 15, 30, 9),
    ]);
    expect([...(activity.samples.cadence ?? [])]).toEqual([160, Number.NaN]);
    expect([...(activity.samples.positionLat ?? [])]).toEqual([1.5, Number.NaN]);
  });

  it("keeps the session when its file is damaged", () => {
    const { activity, oddities } = toActivity(
      [
        exercise({ "start-time": "2026-07-04T18:30:00", "start-time-utc-offset": 180 }),
        { kind: "fit", bytes: Buffer.from("no FIT") },
      ],
      ID,
    );
    expect(activity).toMatchObject({
      startTime: "2026-07-04T15:30:00.000Z",
      totalElapsedTime: null,
      laps: [],
    });
    expect(oddities.map(({ code }) => code)).toEqual(["file-damaged"]);
  });
});

describe("numbers that are none", () => {
  it("leaves out what has another type, and keeps the rest", () => {
    const { activity } = mapped({
      "start-time": "2026-07-04T18:30:00",
      "start-time-utc-offset": 180,
      calories: "530",
      distance: "far",
      "heart-rate": { average: 0, maximum: "147" },
      "running-index": null,
      "has-route": "maybe",
      "training-load-pro": "NOT_AVAILABLE",
      duration: "a while",
    });
    expect(activity).toMatchObject({
      totalCalories: 530,
      totalDistance: null,
      avgHeartRate: null,
      maxHeartRate: 147,
      totalTimerTime: null,
      hasGps: false,
      extra: {},
    });
  });
});
