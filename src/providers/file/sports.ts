import { isSport, type SportMapping, SUB_SPORTS, type SubSport } from "../../model/index.ts";

/** What writers put where a sport belongs, in lower case with underscores, besides FIT's own words. */
const WORDS: Readonly<Record<string, SportMapping>> = {
  biking: ["cycling"],
  bike: ["cycling"],
  bicycle: ["cycling"],
  ride: ["cycling"],
  road_biking: ["cycling", "road"],
  road_cycling: ["cycling", "road"],
  mountain_bike: ["cycling", "mountain"],
  mountain_biking: ["cycling", "mountain"],
  mountain_bike_ride: ["cycling", "mountain"],
  gravel_ride: ["cycling", "gravel_cycling"],
  gravel_cycling: ["cycling", "gravel_cycling"],
  virtual_ride: ["cycling", "virtual_activity"],
  virtualride: ["cycling", "virtual_activity"],
  indoor_cycling: ["cycling", "indoor_cycling"],
  e_bike_ride: ["e_biking"],
  ebikeride: ["e_biking"],
  run: ["running"],
  jogging: ["running"],
  street_running: ["running", "street"],
  trail_run: ["running", "trail"],
  trail_running: ["running", "trail"],
  track_running: ["running", "track"],
  treadmill: ["running", "treadmill"],
  treadmill_running: ["running", "treadmill"],
  virtual_run: ["running", "virtual_activity"],
  virtualrun: ["running", "virtual_activity"],
  walk: ["walking"],
  nordic_walking: ["walking"],
  hike: ["hiking"],
  swim: ["swimming"],
  lap_swimming: ["swimming", "lap_swimming"],
  pool_swimming: ["swimming", "lap_swimming"],
  open_water_swimming: ["swimming", "open_water"],
  nordic_ski: ["cross_country_skiing"],
  nordicski: ["cross_country_skiing"],
  cross_country_ski: ["cross_country_skiing"],
  alpine_ski: ["alpine_skiing"],
  alpineski: ["alpine_skiing"],
  skiing: ["alpine_skiing"],
  backcountry_ski: ["alpine_skiing", "backcountry"],
  snowboard: ["snowboarding"],
  snowshoe: ["snowshoeing"],
  inline_skate: ["inline_skating"],
  inlineskate: ["inline_skating"],
  ice_skate: ["ice_skating"],
  iceskate: ["ice_skating"],
  skating: ["inline_skating"],
  row: ["rowing"],
  canoe: ["canoeing"],
  kayak: ["kayaking"],
  sup: ["stand_up_paddleboarding"],
  elliptical: ["fitness_equipment", "elliptical"],
  strength_training: ["training", "strength_training"],
  weight_training: ["training", "strength_training"],
  weighttraining: ["training", "strength_training"],
  yoga: ["training", "yoga"],
  workout: ["training"],
  // Strava's GPX files have numbers.
  "1": ["cycling"],
  "9": ["running"],
};

/** What a GPX `type` or a TCX `Sport` means: FIT's words (`running/trail`), or a word of the table; else `generic`. */
export function sportOf(text: string | null): SportMapping {
  if (text === null) return ["generic"];
  const [word = "", finer = ""] = text
    .trim()
    .toLowerCase()
    .split("/")
    .map((part) => part.replaceAll(/[\s-]+/g, "_"));
  const sub = Object.hasOwn(SUB_SPORTS, finer) && finer !== "generic" ? (finer as SubSport) : undefined;
  if (isSport(word)) return sub === undefined ? [word] : [word, sub];
  return Object.hasOwn(WORDS, word) ? (WORDS[word] ?? ["generic"]) : ["generic"];
}
