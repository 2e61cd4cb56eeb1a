import type { Sport, SportMapping, SubSport } from "../../model/index.ts";

/**
 * All 175 values of `detailed-sport-info` (AccessLink v3, appendix "Detailed sport info values") in FIT's words, one by
 * one on purpose. Where Polar's own table of sports in its FIT files says GENERIC but FIT has a better word, that word
 * is taken; where Polar says less than the name does, so do we. Spellings are Polar's: `CROSS-COUNTRY_SKIING` has a
 * hyphen, `GYMNASTICK` a k.
 */
export const POLAR_SPORTS = {
  AEROBICS: ["training", "cardio_training"],
  AGILITY: ["generic"],
  AMERICAN_FOOTBALL: ["american_football"],
  AQUATICS: ["water_sport"],
  BACKCOUNTRY_SKIING: ["cross_country_skiing", "backcountry"],
  BADMINTON: ["racket", "badminton"],
  BALLET_DANCING: ["dance"],
  BALLROOM_DANCING: ["dance"],
  BASEBALL: ["baseball"],
  BASKETBALL: ["basketball"],
  BEACH_TENNIS: ["tennis"],
  BEACH_VOLLEYBALL: ["volleyball"],
  BIATHLON: ["cross_country_skiing"],
  BODY_AND_MIND: ["training"],
  BOOTCAMP: ["training"],
  BOXING: ["boxing"],
  CALISTHENICS: ["training", "strength_training"],
  CIRCUIT_TRAINING: ["training"],
  CLIMBING: ["rock_climbing"],
  CORE: ["training", "strength_training"],
  CRICKET: ["cricket"],
  CROSS_COUNTRY_RUNNING: ["running", "backcountry"],
  "CROSS-COUNTRY_SKIING": ["cross_country_skiing"],
  CROSS_TRAINER: ["fitness_equipment", "elliptical"],
  CURLING: ["winter_sport"],
  CYCLING: ["cycling"],
  DANCING: ["dance"],
  DOWNHILL_SKIING: ["alpine_skiing", "downhill"],
  DUATHLON: ["multisport", "duathlon"],
  DUATHLON_CYCLING: ["cycling"],
  DUATHLON_RUNNING: ["running"],
  E_BIKE: ["e_biking"],
  ESPORTS: ["video_gaming", "esport"],
  FIELD_HOCKEY: ["hockey", "field"],
  FINNISH_BASEBALL: ["baseball"],
  FITNESS_BOXING: ["boxing"],
  FITNESS_DANCING: ["dance"],
  FITNESS_MARTIAL_ARTS: ["mixed_martial_arts"],
  FITNESS_RACING: ["training"],
  FITNESS_STEP: ["training", "cardio_training"],
  FLOORBALL: ["team_sport"],
  FREE_MULTISPORT: ["multisport"],
  FRISBEEGOLF: ["disc_golf"],
  FUNCTIONAL_TRAINING: ["training"],
  FUTSAL: ["soccer"],
  GOLF: ["golf"],
  GRAVEL: ["cycling", "gravel_cycling"],
  GROUP_EXERCISE: ["training"],
  GYMNASTICK: ["training"],
  HANDBALL: ["team_sport"],
  HIIT: ["hiit"],
  HIKING: ["hiking"],
  ICE_HOCKEY: ["hockey", "ice"],
  ICE_SKATING: ["ice_skating"],
  INDOOR_CYCLING: ["cycling", "indoor_cycling"],
  INDOOR_ROWING: ["rowing", "indoor_rowing"],
  INLINE_SKATING: ["inline_skating"],
  JAZZ_DANCING: ["dance"],
  JOGGING: ["running"],
  JUDO_MARTIAL_ARTS: ["mixed_martial_arts"],
  JUMP_ROPE: ["jump_rope"],
  KETTLEBELL: ["training", "strength_training"],
  KICKBIKE: ["cycling"],
  KICKBOXING_MARTIAL_ARTS: ["mixed_martial_arts"],
  LATIN_DANCING: ["dance"],
  LES_MILLS_BARRE: ["training"],
  LES_MILLS_BODYATTACK: ["training", "cardio_training"],
  LES_MILLS_BODYBALANCE: ["training", "flexibility_training"],
  LES_MILLS_BODYCOMBAT: ["training", "cardio_training"],
  LES_MILLS_BODYJAM: ["dance"],
  LES_MILLS_BODYPUMP: ["training", "strength_training"],
  LES_MILLS_BODYSTEP: ["training", "cardio_training"],
  LES_MILLS_CXWORKS: ["training", "strength_training"],
  LES_MILLS_GRIT_ATHLETIC: ["hiit"],
  LES_MILLS_GRIT_CARDIO: ["hiit"],
  LES_MILLS_GRIT_STRENGTH: ["hiit"],
  LES_MILLS_RPM: ["cycling", "spin"],
  LES_MILLS_SHBAM: ["dance"],
  LES_MILLS_SPRINT: ["cycling", "spin"],
  LES_MILLS_TONE: ["training"],
  LES_MILLS_TRIP: ["cycling", "spin"],
  MOBILITY_DYNAMIC: ["mobility"],
  MOBILITY_STATIC: ["mobility"],
  MODERN_DANCING: ["dance"],
  MOTORSPORTS_CAR_RACING: ["motor_sports"],
  MOTORSPORTS_ENDURO: ["motorcycling", "enduro"],
  MOTORSPORTS_HARD_ENDURO: ["motorcycling", "enduro"],
  MOTORSPORTS_MOTOCROSS: ["motorcycling", "motocross"],
  MOTORSPORTS_ROADRACING: ["motorcycling"],
  MOTORSPORTS_SNOCROSS: ["snowmobiling"],
  MOUNTAIN_BIKING: ["cycling", "mountain"],
  NORDIC_WALKING: ["walking"],
  OBSTACLE_COURSE_RACING: ["running", "obstacle"],
  OFFROADDUATHLON: ["multisport", "duathlon"],
  OFFROADDUATHLON_CYCLING: ["cycling", "mountain"],
  OFFROADDUATHLON_RUNNING: ["running", "trail"],
  OFFROADTRIATHLON: ["multisport", "triathlon"],
  OFFROADTRIATHLON_CYCLING: ["cycling", "mountain"],
  OFFROADTRIATHLON_RUNNING: ["running", "trail"],
  OFFROADTRIATHLON_SWIMMING: ["swimming", "open_water"],
  OPEN_WATER_SWIMMING: ["swimming", "open_water"],
  ORIENTEERING: ["running", "navigate"],
  ORIENTEERING_MTB: ["cycling", "mountain"],
  ORIENTEERING_SKI: ["cross_country_skiing", "navigate"],
  OTHER_INDOOR: ["generic"],
  OTHER_OUTDOOR: ["generic"],
  PADEL: ["racket", "padel"],
  PARASPORTS_HAND_CYCLING: ["cycling", "hand_cycling"],
  PARASPORTS_SLED_HOCKEY: ["hockey", "ice"],
  PARASPORTS_WATER_SKIING: ["water_skiing"],
  PARASPORTS_WHEELCHAIR: ["wheelchair_push_run"],
  PARASPORTS_WHEELCHAIR_BASKETBALL: ["basketball"],
  PARASPORTS_WHEELCHAIR_TENNIS: ["tennis"],
  PICKLEBALL: ["racket", "pickleball"],
  PILATES: ["training", "pilates"],
  POOL_SWIMMING: ["swimming", "lap_swimming"],
  RIDING: ["horseback_riding"],
  RINGETTE: ["team_sport", "ice"],
  ROAD_BIKING: ["cycling", "road"],
  ROAD_RUNNING: ["running", "street"],
  ROLLER_BLADING: ["inline_skating"],
  ROLLER_SKIING_CLASSIC: ["cross_country_skiing"],
  ROLLER_SKIING_FREESTYLE: ["cross_country_skiing", "skate_skiing"],
  ROWING: ["rowing"],
  RUCKING: ["walking", "rucking"],
  RUGBY: ["rugby"],
  RUNNING: ["running"],
  SHOOTING_SPORT_INDOOR: ["shooting"],
  SHOOTING_SPORT_OUTDOOR: ["shooting"],
  SHOW_DANCING: ["dance"],
  SKATEBOARDING: ["generic"],
  SKATING: ["ice_skating"],
  SKIERG: ["fitness_equipment", "indoor_skiing"],
  SNOWBOARDING: ["snowboarding"],
  SNOWSHOE_TREKKING: ["snowshoeing"],
  SOCCER: ["soccer"],
  SPINNING: ["cycling", "spin"],
  SQUASH: ["racket", "squash"],
  STAIR_WORKOUT: ["fitness_equipment", "stair_climbing"],
  STREET_DANCING: ["dance"],
  STRENGTH_TRAINING: ["training", "strength_training"],
  STRETCHING: ["training", "flexibility_training"],
  SUP: ["stand_up_paddleboarding"],
  SWIMMING: ["swimming"],
  TABLE_TENNIS: ["racket", "table_tennis"],
  TAEKWONDO_MARTIAL_ARTS: ["mixed_martial_arts"],
  TELEMARK_SKIING: ["alpine_skiing"],
  TENNIS: ["tennis"],
  TRACK_AND_FIELD_RUNNING: ["running", "track"],
  TRAIL_RUNNING: ["running", "trail"],
  TREADMILL_RUNNING: ["running", "treadmill"],
  TRIATHLON: ["multisport", "triathlon"],
  TRIATHLON_CYCLING: ["cycling"],
  TRIATHLON_RUNNING: ["running"],
  TRIATHLON_SWIMMING: ["swimming", "open_water"],
  TROTTING: ["horseback_riding"],
  ULTIMATE: ["team_sport", "ultimate"],
  ULTRARUNNING_RUNNING: ["running", "ultra"],
  VERTICALSPORTS_OUTCLIMBING: ["rock_climbing"],
  VERTICALSPORTS_WALLCLIMBING: ["rock_climbing", "indoor_climbing"],
  VOLLEYBALL: ["volleyball"],
  WALKING: ["walking"],
  WATER_EXERCISE: ["water_sport"],
  WATER_RUNNING: ["water_sport"],
  WATERSPORTS_CANOEING: ["canoeing"],
  WATERSPORTS_KAYAKING: ["kayaking"],
  WATERSPORTS_KITESURFING: ["kitesurfing"],
  WATERSPORTS_SAILING: ["sailing"],
  WATERSPORTS_SURFING: ["surfing"],
  WATERSPORTS_WAKEBOARDING: ["wakeboarding"],
  WATERSPORTS_WATERSKI: ["water_skiing"],
  WATERSPORTS_WINDSURFING: ["windsurfing"],
  XC_SKIING_CLASSIC: ["cross_country_skiing"],
  XC_SKIING_FREESTYLE: ["cross_country_skiing", "skate_skiing"],
  YOGA: ["training", "yoga"],
} as const satisfies Record<string, SportMapping>;

/** Where the name itself says so; everything else is unknown. */
const INDOOR: ReadonlySet<string> = new Set([
  "CROSS_TRAINER",
  "INDOOR_CYCLING",
  "INDOOR_ROWING",
  "OTHER_INDOOR",
  "SHOOTING_SPORT_INDOOR",
  "SKIERG",
  "SPINNING",
  "TREADMILL_RUNNING",
  "VERTICALSPORTS_WALLCLIMBING",
]);
const OUTDOOR: ReadonlySet<string> = new Set([
  "OPEN_WATER_SWIMMING",
  "OTHER_OUTDOOR",
  "SHOOTING_SPORT_OUTDOOR",
  "VERTICALSPORTS_OUTCLIMBING",
]);

const MAPPINGS: ReadonlyMap<string, SportMapping> = new Map(Object.entries(POLAR_SPORTS));

/** Sports whose cadence is steps. */
const ON_FOOT: ReadonlySet<Sport> = new Set(["running", "walking", "hiking", "snowshoeing"]);

/** FIT's words for what Polar said. */
export interface PolarSport {
  readonly sport: Sport;
  readonly subSport: SubSport | null;
  /** What Polar said, untouched: the detailed value, else the coarse one. */
  readonly sourceSport: string | null;
  readonly indoor: boolean | null;
  readonly onFoot: boolean;
}

/**
 * Maps `detailed-sport-info`, else the coarse `sport`. An unknown value is `generic` with `sourceSport` kept, unless the
 * coarse value is one that we know. Case, and hyphen or underscore, do not matter.
 */
export function polarSport(detailed: string | null, coarse: string | null): PolarSport {
  const mapping = mappingOf(detailed) ?? mappingOf(coarse) ?? ["generic"];
  const [sport, subSport = null] = mapping;
  const key = detailed?.toUpperCase() ?? "";
  return {
    sport,
    subSport,
    sourceSport: detailed ?? coarse,
    indoor: INDOOR.has(key) ? true : OUTDOOR.has(key) ? false : null,
    onFoot: ON_FOOT.has(sport),
  };
}

function mappingOf(value: string | null): SportMapping | undefined {
  if (value === null) return undefined;
  const key = value.trim().toUpperCase();
  return MAPPINGS.get(key) ?? MAPPINGS.get(key.replaceAll("-", "_")) ?? MAPPINGS.get(key.replace("_", "-"));
}
