import { describe, expect, it } from "vitest";
import { SPORTS, SUB_SPORTS } from "../../../src/model/index.ts";
import { POLAR_SPORTS, polarSport } from "../../../src/providers/polar/sports.ts";

describe("Polar's sports", () => {
  it("are all 175 of them, in words that FIT knows", () => {
    const entries: [string, readonly string[]][] = Object.entries(POLAR_SPORTS);
    expect(entries).toHaveLength(175);
    const subSports = ["none", ...Object.keys(SUB_SPORTS)];
    for (const [key, [sport = "", subSport = "none"]] of entries) {
      expect(key).toMatch(/^[A-Z][A-Z_-]+$/);
      expect(Object.keys(SPORTS), key).toContain(sport);
      expect(subSports, key).toContain(subSport);
    }
  });

  it.each<[string, string, string | null, boolean | null]>([
    ["RUNNING", "running", null, null],
    ["TRAIL_RUNNING", "running", "trail", null],
    ["TREADMILL_RUNNING", "running", "treadmill", true],
    ["ROAD_RUNNING", "running", "street", null],
    ["CROSS-COUNTRY_SKIING", "cross_country_skiing", null, null],
    ["CROSS_COUNTRY_RUNNING", "running", "backcountry", null],
    ["XC_SKIING_FREESTYLE", "cross_country_skiing", "skate_skiing", null],
    ["OPEN_WATER_SWIMMING", "swimming", "open_water", false],
    ["POOL_SWIMMING", "swimming", "lap_swimming", null],
    ["INDOOR_CYCLING", "cycling", "indoor_cycling", true],
    ["STRENGTH_TRAINING", "training", "strength_training", null],
    ["GYMNASTICK", "training", null, null],
    ["PADEL", "racket", "padel", null],
    ["WATERSPORTS_WATERSKI", "water_skiing", null, null],
    ["TRIATHLON", "multisport", "triathlon", null],
    ["OTHER_INDOOR", "generic", null, true],
    ["OTHER_OUTDOOR", "generic", null, false],
  ])("%s is %s/%s", (key, sport, subSport, indoor) => {
    expect(polarSport(key, "OTHER")).toMatchObject({ sport, subSport, indoor, sourceSport: key });
  });

  it("keeps an unknown one as it is, and never fails", () => {
    expect(polarSport("QUIDDITCH", "OTHER")).toMatchObject({ sport: "generic", sourceSport: "QUIDDITCH" });
    expect(polarSport("NEW_KIND_OF_RUNNING", "RUNNING")).toMatchObject({
      sport: "running",
      sourceSport: "NEW_KIND_OF_RUNNING",
    });
    expect(polarSport(null, "WALKING")).toMatchObject({ sport: "walking", sourceSport: "WALKING" });
    expect(polarSport(null, null)).toMatchObject({ sport: "generic", sourceSport: null });
    expect(polarSport("constructor", "__proto__")).toMatchObject({ sport: "generic" });
  });

  it("does not mind case or the hyphen", () => {
    expect(polarSport("cross_country_skiing", null).sport).toBe("cross_country_skiing");
    expect(polarSport("Trail-Running", null).subSport).toBe("trail");
  });
});
