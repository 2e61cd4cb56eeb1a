import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../cli.ts";
import { buildZip } from "../providers/apple-health/zip-builder.ts";
import { tempDir } from "../temp.ts";

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
]>
<HealthData locale="en_GB">
 <ExportDate value="2025-03-01 10:00:00 +0100"/>
 <Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="0.5" durationUnit="min" sourceName="Watch" startDate="2024-01-02 08:00:00 +0100" endDate="2024-01-02 08:00:30 +0100">
  <WorkoutRoute sourceName="Watch" startDate="2024-01-02 08:00:00 +0100" endDate="2024-01-02 08:00:20 +0100">
   <FileReference path="/workout-routes/route_2024-01-02_8.00am.gpx"/>
  </WorkoutRoute>
 </Workout>
</HealthData>
`;

const GPX = `<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="Apple Health Export"><trk><trkseg>
<trkpt lon="2.25" lat="48.5"><ele>35.5</ele><time>2024-01-02T07:00:01Z</time></trkpt>
<trkpt lon="2.26" lat="48.6"><ele>36.5</ele><time>2024-01-02T07:00:02Z</time></trkpt>
</trkseg></trk></gpx>
`;

const ROUTE = "route_2024-01-02_8.00am.gpx";

/** What a hostile or unlucky container is, and what must become of it. */
interface Attack {
  readonly name: string;
  /** Written below the home; the first is imported. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  readonly path?: string;
  readonly code: number;
  readonly activities?: number;
  readonly samples?: number;
  readonly warnings?: readonly string[];
  readonly error?: string;
}

const ATTACKS: readonly Attack[] = [
  {
    name: "an export packed again without its folders is no archive of recordings",
    files: {
      "flat.zip": buildZip([
        { name: "导出.xml", content: XML },
        { name: ROUTE, content: GPX },
      ]),
    },
    code: 0,
    activities: 1,
    samples: 2,
  },
];

test.each(ATTACKS)(
  "$name",
  async ({ files, path, code, activities = 0, samples = 0, warnings = [], error }) => {
    const home = tempDir();
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(home, name)), { recursive: true });
      writeFileSync(join(home, name), content);
    }
    const target = path ?? Object.keys(files)[0] ?? "";
    const first = await runCli(["import", target, "--json"], { home });
    const [file] = JSON.parse(first.stdout).files;
    expect({
      code: first.code,
      kind: file.kind,
      activities: file.activities,
      added: file.added,
      samples: file.samples,
      warnings: file.warnings.map(
        (warning: { code: string; count: number }) => `${warning.code} ${warning.count}`,
      ),
      error: first.stderr === "" ? undefined : JSON.parse(first.stderr).message,
    }).toEqual({
      code,
      kind: code === 6 ? file.kind : "apple-health",
      activities,
      added: activities,
      samples,
      warnings,
      error,
    });
    if (code === 6) return;
    const again = JSON.parse((await runCli(["import", target, "--json"], { home })).stdout).files[0];
    expect(again).toMatchObject({ added: 0, updated: 0, unchanged: activities });
  },
);
