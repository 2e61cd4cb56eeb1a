import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { activityJson } from "../../src/model/index.ts";
import { outdoorRun, START, storedActivity, strengthTraining, treadmillRun } from "./stored-activity.ts";

const schema = JSON.parse(
  readFileSync(new URL("../../docs/activity.schema.json", import.meta.url), "utf8"),
) as Record<string, unknown> & { properties: Record<string, unknown> };
const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);

function faultsOf(document: unknown): unknown {
  return validate(JSON.parse(JSON.stringify(document))) ? null : validate.errors;
}

describe("activityJson", () => {
  it.each([
    ["a full activity", outdoorRun()],
    ["a treadmill run", treadmillRun()],
    ["one without samples", strengthTraining()],
    ["one of which nothing is known", storedActivity()],
    ["one in local time of an unknown zone", storedActivity({ startTime: "2026-11-18T06:42:10" })],
  ])("is what docs/activity.schema.json says: %s", (_name, activity) => {
    expect(faultsOf(activityJson(activity, { samples: false }))).toBeNull();
    expect(faultsOf(activityJson(activity, { samples: true }))).toBeNull();
  });

  it("has every field always, and no field that the schema does not describe", () => {
    const described = Object.keys(schema.properties);
    expect(Object.keys(activityJson(storedActivity(), { samples: true })).toSorted()).toEqual(
      described.toSorted(),
    );
    expect(Object.keys(activityJson(outdoorRun(), { samples: false }))).toEqual(
      described.filter((name) => name !== "samples"),
    );
  });

  it("is refused by the schema when a field is missing or of another type", () => {
    const { title: _, ...rest } = activityJson(storedActivity(), { samples: false });
    expect(faultsOf(rest)).not.toBeNull();
    expect(faultsOf({ ...rest, title: null, indoor: 1 })).not.toBeNull();
    expect(faultsOf({ ...rest, title: null })).toBeNull();
  });

  it("gives exact values", () => {
    expect(
      activityJson(outdoorRun({ samples: { timestamp: new Float64Array(0) } }), { samples: true }),
    ).toMatchObject({
      schema: "fitglue.activity/1",
      id: 42,
      source: "polar",
      account: "10579",
      external_id: "abc",
      sub_sport: "trail",
      start_time: "2026-11-18T05:42:10.000Z",
      utc_offset_s: 7200,
      local_start_time: "2026-11-18T07:42:10.000",
      total_timer_time: 51,
      indoor: false,
      has_gps: true,
      laps: [
        { lap_index: 0, lap_trigger: "manual" },
        { lap_index: 1, intensity: "cooldown" },
      ],
      pauses: [{ start_time: "2026-11-18T05:42:31.000Z", end_time: "2026-11-18T05:42:40.000Z" }],
      hr_zones: [
        { zone: 1, min_bpm: 95, max_bpm: 114, seconds: 10.5, origin: "provider", calc_type: "custom" },
      ],
      extra: { "running-index": 51 },
      samples: { timestamp: [] },
    });
  });

  it("gives samples by column, missing is null and an empty column is left out", () => {
    const timestamp = Float64Array.of(START, START + 1000);
    const samples = { timestamp, heartRate: Float64Array.of(101, Number.NaN) };
    expect(activityJson(storedActivity({ samples }), { samples: true })["samples"]).toEqual({
      timestamp: [START, START + 1000],
      heart_rate: [101, null],
    });
  });

  it("shows a local text of unknown zone as local, and no local time where the offset is unknown", () => {
    const local = activityJson(storedActivity({ startTime: "2026-11-18T06:42:10" }), { samples: false });
    expect(local["local_start_time"]).toBe("2026-11-18T06:42:10.000");
    expect(activityJson(storedActivity(), { samples: false })["local_start_time"]).toBeNull();
  });
});
