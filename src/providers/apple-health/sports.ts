import type { SportMapping, SubSport } from "../../model/index.ts";

/**
 * Every `HKWorkoutActivityType` of Apple's SDK: raw value, name, FIT's words. Where FIT has no word of its own, the
 * nearest one that is true, else `generic`: the source's own word is kept beside it anyway.
 */
const TYPES: readonly (readonly [value: number, name: string, mapping: SportMapping])[] = [
  [1, "AmericanFootball", ["american_football"]],
  [2, "Archery", ["archery"]],
  [3, "AustralianFootball", ["team_sport"]],
  [4, "Badminton", ["racket", "badminton"]],
  [5, "Baseball", ["baseball"]],
  [6, "Basketball", ["basketball"]],
  [7, "Bowling", ["generic"]],
  [8, "Boxing", ["boxing"]],
  [9, "Climbing", ["rock_climbing"]],
  [10, "Cricket", ["cricket"]],
  [11, "CrossTraining", ["training"]],
  [12, "Curling", ["winter_sport"]],
  [13, "Cycling", ["cycling"]],
  [14, "Dance", ["dance"]],
  [15, "DanceInspiredTraining", ["dance"]],
  [16, "Elliptical", ["fitness_equipment", "elliptical"]],
  [17, "EquestrianSports", ["horseback_riding"]],
  [18, "Fencing", ["generic"]],
  [19, "Fishing", ["fishing"]],
  [20, "FunctionalStrengthTraining", ["training", "strength_training"]],
  [21, "Golf", ["golf"]],
  [22, "Gymnastics", ["generic"]],
  [23, "Handball", ["team_sport"]],
  [24, "Hiking", ["hiking"]],
  [25, "Hockey", ["hockey"]],
  [26, "Hunting", ["hunting"]],
  [27, "Lacrosse", ["lacrosse"]],
  [28, "MartialArts", ["mixed_martial_arts"]],
  [29, "MindAndBody", ["meditation"]],
  [30, "MixedMetabolicCardioTraining", ["training", "cardio_training"]],
  [31, "PaddleSports", ["paddling"]],
  [32, "Play", ["generic"]],
  [33, "PreparationAndRecovery", ["mobility"]],
  [34, "Racquetball", ["racket", "racquetball"]],
  [35, "Rowing", ["rowing"]],
  [36, "Rugby", ["rugby"]],
  [37, "Running", ["running"]],
  [38, "Sailing", ["sailing"]],
  // Ice, inline or board: the type does not say which.
  [39, "SkatingSports", ["generic"]],
  [40, "SnowSports", ["winter_sport"]],
  [41, "Soccer", ["soccer"]],
  [42, "Softball", ["team_sport"]],
  [43, "Squash", ["racket", "squash"]],
  [44, "StairClimbing", ["fitness_equipment", "stair_climbing"]],
  [45, "SurfingSports", ["surfing"]],
  [46, "Swimming", ["swimming"]],
  [47, "TableTennis", ["racket", "table_tennis"]],
  [48, "Tennis", ["tennis"]],
  // Jumps and throws; what is run is written as Running.
  [49, "TrackAndField", ["generic"]],
  [50, "TraditionalStrengthTraining", ["training", "strength_training"]],
  [51, "Volleyball", ["volleyball"]],
  [52, "Walking", ["walking"]],
  [53, "WaterFitness", ["water_sport"]],
  [54, "WaterPolo", ["water_sport"]],
  [55, "WaterSports", ["water_sport"]],
  [56, "Wrestling", ["generic"]],
  [57, "Yoga", ["training", "yoga"]],
  [58, "Barre", ["training"]],
  [59, "CoreTraining", ["training", "strength_training"]],
  [60, "CrossCountrySkiing", ["cross_country_skiing"]],
  [61, "DownhillSkiing", ["alpine_skiing"]],
  [62, "Flexibility", ["training", "flexibility_training"]],
  [63, "HighIntensityIntervalTraining", ["hiit"]],
  [64, "JumpRope", ["jump_rope"]],
  [65, "Kickboxing", ["mixed_martial_arts"]],
  [66, "Pilates", ["training", "pilates"]],
  [67, "Snowboarding", ["snowboarding"]],
  [68, "Stairs", ["floor_climbing"]],
  [69, "StepTraining", ["training", "cardio_training"]],
  [70, "WheelchairWalkPace", ["wheelchair_push_walk"]],
  [71, "WheelchairRunPace", ["wheelchair_push_run"]],
  [72, "TaiChi", ["training"]],
  [73, "MixedCardio", ["training", "cardio_training"]],
  [74, "HandCycling", ["cycling", "hand_cycling"]],
  [75, "DiscSports", ["generic"]],
  [76, "FitnessGaming", ["video_gaming"]],
  [77, "CardioDance", ["dance"]],
  [78, "SocialDance", ["dance"]],
  [79, "Pickleball", ["racket", "pickleball"]],
  [80, "Cooldown", ["training"]],
  [82, "SwimBikeRun", ["multisport"]],
  [83, "Transition", ["transition"]],
  [84, "UnderwaterDiving", ["diving"]],
  [3000, "Other", ["generic"]],
];

const PREFIX = "HKWorkoutActivityType";

// A phone that is older than the type writes the raw value.
const BY_NAME: ReadonlyMap<string, SportMapping> = new Map(
  TYPES.flatMap(([value, name, mapping]) => [[name, mapping] as const, [String(value), mapping] as const]),
);

/** What a workout's metadata says about where it was done. */
export interface Setting {
  /** `HKIndoorWorkout`. */
  readonly indoor: boolean | null;
  /** `HKSwimmingLocationType`: 1 pool, 2 open water. */
  readonly swimmingLocation: number | null;
  /** Whether there is an `HKLapLength`: only pools have one. */
  readonly lapLength: boolean;
}

// Pool or lake, road or treadmill is metadata at Apple and a sub-sport at FIT. By the type's name, since rowing on
// the machine stays rowing while FIT files it under equipment.
const INDOOR: ReadonlyMap<string, SubSport> = new Map([
  ["Running", "treadmill"],
  ["Walking", "indoor_walking"],
  ["Cycling", "indoor_cycling"],
  ["HandCycling", "indoor_hand_cycling"],
  ["Rowing", "indoor_rowing"],
  ["Climbing", "indoor_climbing"],
  ["DownhillSkiing", "indoor_skiing"],
  ["WheelchairWalkPace", "indoor_wheelchair_walk"],
  ["WheelchairRunPace", "indoor_wheelchair_run"],
]);

const NAME_OF = new Map(TYPES.map(([value, name]) => [String(value), name]));

/** A workout type in FIT's words, or null for one that nobody knows yet: that is `generic`. */
export function mapSport(activityType: string, setting: Setting): SportMapping | null {
  const written = activityType.startsWith(PREFIX) ? activityType.slice(PREFIX.length) : activityType;
  const mapping = BY_NAME.get(written);
  if (mapping === undefined) return null;
  const name = NAME_OF.get(written) ?? written;
  let subSport = mapping[1];
  if (setting.indoor === true) subSport = INDOOR.get(name) ?? subSport;
  if (name === "Swimming") {
    if (setting.swimmingLocation === 2) subSport = "open_water";
    else if (setting.swimmingLocation === 1 || setting.lapLength) subSport = "lap_swimming";
  }
  return subSport === undefined ? [mapping[0]] : [mapping[0], subSport];
}
