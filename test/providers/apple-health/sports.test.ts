import { expect, test } from "vitest";
import { SPORTS, SUB_SPORTS } from "../../../src/model/index.ts";
import { mapSport } from "../../../src/providers/apple-health/sports.ts";
import type { Setting } from "../../../src/providers/apple-health/sports.ts";

const NOWHERE: Setting = { indoor: null, swimmingLocation: null, lapLength: false };

// Raw value, name and meaning of all 84 types.
const TYPES = `
1 AmericanFootball american_football
2 Archery archery
3 AustralianFootball team_sport
4 Badminton racket/badminton
5 Baseball baseball
6 Basketball basketball
7 Bowling generic
8 Boxing boxing
9 Climbing rock_climbing
10 Cricket cricket
11 CrossTraining training
12 Curling winter_sport
13 Cycling cycling
14 Dance dance
15 DanceInspiredTraining dance
16 Elliptical fitness_equipment/elliptical
17 EquestrianSports horseback_riding
18 Fencing generic
19 Fishing fishing
20 FunctionalStrengthTraining training/strength_training
21 Golf golf
22 Gymnastics generic
23 Handball team_sport
24 Hiking hiking
25 Hockey hockey
26 Hunting hunting
27 Lacrosse lacrosse
28 MartialArts mixed_martial_arts
29 MindAndBody meditation
30 MixedMetabolicCardioTraining training/cardio_training
31 PaddleSports paddling
32 Play generic
33 PreparationAndRecovery mobility
34 Racquetball racket/racquetball
35 Rowing rowing
36 Rugby rugby
37 Running running
38 Sailing sailing
39 SkatingSports generic
40 SnowSports winter_sport
41 Soccer soccer
42 Softball team_sport
43 Squash racket/squash
44 StairClimbing fitness_equipment/stair_climbing
45 SurfingSports surfing
46 Swimming swimming
47 TableTennis racket/table_tennis
48 Tennis tennis
49 TrackAndField generic
50 TraditionalStrengthTraining training/strength_training
51 Volleyball volleyball
52 Walking walking
53 WaterFitness water_sport
54 WaterPolo water_sport
55 WaterSports water_sport
56 Wrestling generic
57 Yoga training/yoga
58 Barre training
59 CoreTraining training/strength_training
60 CrossCountrySkiing cross_country_skiing
61 DownhillSkiing alpine_skiing
62 Flexibility training/flexibility_training
63 HighIntensityIntervalTraining hiit
64 JumpRope jump_rope
65 Kickboxing mixed_martial_arts
66 Pilates training/pilates
67 Snowboarding snowboarding
68 Stairs floor_climbing
69 StepTraining training/cardio_training
70 WheelchairWalkPace wheelchair_push_walk
71 WheelchairRunPace wheelchair_push_run
72 TaiChi training
73 MixedCardio training/cardio_training
74 HandCycling cycling/hand_cycling
75 DiscSports generic
76 FitnessGaming video_gaming
77 CardioDance dance
78 SocialDance dance
79 Pickleball racket/pickleball
80 Cooldown training
82 SwimBikeRun multisport
83 Transition transition
84 UnderwaterDiving diving
3000 Other generic`
  .trim()
  .split("\n")
  .map((line) => line.split(" ") as [string, string, string]);

test("there are 84 workout types", () => {
  expect(TYPES).toHaveLength(84);
});

test.each(TYPES)("%s %s is %s", (value, name, expected) => {
  const mapping = mapSport(`HKWorkoutActivityType${name}`, NOWHERE);
  expect(mapping?.join("/")).toBe(expected);
  expect(mapSport(value, NOWHERE)).toEqual(mapping);
  expect(mapSport(`HKWorkoutActivityType${value}`, NOWHERE)).toEqual(mapping);
  expect(SPORTS).toHaveProperty(mapping?.[0] ?? "");
  expect(SUB_SPORTS).toHaveProperty(mapping?.[1] ?? "generic");
});

test.each([
  ["Running", "running/treadmill"],
  ["Walking", "walking/indoor_walking"],
  ["Cycling", "cycling/indoor_cycling"],
  ["HandCycling", "cycling/indoor_hand_cycling"],
  ["Rowing", "rowing/indoor_rowing"],
  ["Climbing", "rock_climbing/indoor_climbing"],
  ["WheelchairRunPace", "wheelchair_push_run/indoor_wheelchair_run"],
  ["Yoga", "training/yoga"],
  ["Tennis", "tennis"],
])("indoors, %s is %s", (name, expected) => {
  const setting = { ...NOWHERE, indoor: true };
  expect(mapSport(`HKWorkoutActivityType${name}`, setting)?.join("/")).toBe(expected);
  const outdoors = mapSport(`HKWorkoutActivityType${name}`, { ...NOWHERE, indoor: false });
  expect(outdoors).toEqual(mapSport(`HKWorkoutActivityType${name}`, NOWHERE));
});

test("water is told apart by its metadata", () => {
  const swim = (setting: Partial<Setting>) =>
    mapSport("HKWorkoutActivityTypeSwimming", { ...NOWHERE, ...setting })?.join("/");
  expect(swim({})).toBe("swimming");
  expect(swim({ swimmingLocation: 1 })).toBe("swimming/lap_swimming");
  expect(swim({ swimmingLocation: 2 })).toBe("swimming/open_water");
  expect(swim({ lapLength: true })).toBe("swimming/lap_swimming");
  expect(swim({ swimmingLocation: 2, lapLength: true })).toBe("swimming/open_water");
});

test.each(["HKWorkoutActivityTypeHoverboarding", "81", "", "constructor", "HKWorkoutActivityType"])(
  "%j is unknown",
  (type) => {
    expect(mapSport(type, NOWHERE)).toBeNull();
  },
);
