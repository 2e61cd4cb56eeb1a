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

const SECOND = `<Workout workoutActivityType="HKWorkoutActivityTypeYoga" sourceName="Watch" startDate="2024-01-03 08:00:00 +0100" endDate="2024-01-03 08:00:30 +0100"><WorkoutStatistics type="HKQuantityTypeIdentifierActiveEnergyBurned" sum="1\u00000" unit="kcal"/></Workout>`;

const MAIN = { name: "apple_health_export/export.xml", content: XML };
const PART = { name: `apple_health_export/workout-routes/${ROUTE}`, content: GPX };
const EXPORT = buildZip([MAIN, PART]);

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
  {
    name: "backslashes in an archive's names",
    files: {
      "windows.zip": buildZip([
        { name: "apple_health_export\\export.xml", content: XML },
        { name: `apple_health_export\\workout-routes\\${ROUTE}`, content: GPX },
      ]),
    },
    code: 0,
    activities: 1,
    samples: 2,
  },
  {
    name: "the same export twice in one archive is one export",
    files: { "twice.zip": buildZip([MAIN, MAIN, PART]) },
    code: 0,
    activities: 1,
    samples: 2,
  },
  {
    name: "something in front of an archive",
    files: { "mail.zip": Buffer.concat([Buffer.from("Content-Type: application/zip\r\n\r\n"), EXPORT]) },
    code: 0,
    activities: 1,
    samples: 2,
    warnings: ["archive-extra-bytes 1"],
  },
  {
    name: "a stored entry whose packed size is wrong",
    files: { "short.zip": buildZip([{ ...MAIN, method: 0, compressedSize: 5 }, PART]) },
    code: 0,
    activities: 1,
    samples: 2,
  },
  {
    name: "sizes that were never filled in",
    files: { "sizeless.zip": buildZip([{ ...MAIN, size: 0, compressedSize: 0 }, PART]) },
    code: 3,
    activities: 1,
    samples: 2,
    warnings: ["archive-damaged 1"],
  },
  {
    name: "an archive cut before its first byte of XML",
    files: { "cut.zip": EXPORT.subarray(0, 60) },
    code: 6,
    error: "the archive is damaged, and no export could be found in what is left of it",
  },
  {
    name: "an archive cut before the first complete element",
    files: {
      "begun.zip": buildZip(
        [{ ...MAIN, method: 0, content: XML.slice(0, XML.indexOf("<ExportDate") + 20), size: XML.length }],
        { directory: false },
      ),
    },
    code: 6,
    // 39 bytes of XML declaration, 23 and 3 of document type, 28 of HealthData, one of space.
    error:
      "nothing in apple_health_export/export.xml could be read, though it begins as an Apple Health export: the file ends in the middle of an element, at byte 94",
  },
  ...["", "<Record type=", " <!-- a comment", " unexpected </HealthData>"].map((rest) => ({
    name: `an export that begins, and then ${JSON.stringify(rest)}`,
    files: { "begun.xml": `<HealthData locale="en_GB">${rest}` },
    code: 6,
    error: `nothing in begun.xml could be read, though it begins as an Apple Health export: ${
      rest.includes("unexpected")
        ? "something that is no element, at byte 28"
        : rest === ""
          ? "the file ends before </HealthData>, at byte 27"
          : `the file ends in the middle of an element, at byte ${rest.startsWith(" ") ? 28 : 27}`
    }`,
  })),
  {
    name: "an export without any workout is whole",
    files: { "empty.xml": `<HealthData locale="en_GB"></HealthData>` },
    code: 0,
  },
  {
    name: "an export that is cut behind its first element has been read",
    files: { "date.xml": `<HealthData><ExportDate value="2025-03-01 10:00:00 +0100"/>` },
    code: 3,
    warnings: ["truncated 1"],
  },
  {
    name: "names that would leave the folder",
    files: {
      "slip.zip": buildZip([
        { ...MAIN, name: "../../../../export.xml" },
        { ...PART, name: `/etc/../workout-routes/${ROUTE}` },
      ]),
    },
    code: 0,
    activities: 1,
    samples: 2,
  },
  {
    name: "a point without a time cannot be placed, and is told",
    files: {
      "untimed.zip": buildZip([
        MAIN,
        { ...PART, content: GPX.replace("</trkseg>", '<trkpt lon="2.27" lat="48.7"/></trkseg>') },
      ]),
    },
    code: 3,
    activities: 1,
    samples: 2,
    warnings: ["route-untimed 1"],
  },
  {
    name: "a route file that is none",
    files: { "page.zip": buildZip([MAIN, { ...PART, content: "<html><body>404</body></html>" }]) },
    code: 3,
    activities: 1,
    warnings: ["route-damaged 1"],
  },
  {
    name: "a workout that has lost its beginning and another a number",
    files: {
      "damage.zip": buildZip([
        {
          ...MAIN,
          content: XML.replace("<Workout ", "<W\u0000rkout ").replace("</Health", `${SECOND}</Health`),
        },
        PART,
      ]),
    },
    code: 3,
    activities: 1,
    warnings: ["broken-element 1", "broken-workout 1", "unreadable-value 1"],
  },
  {
    name: "a picture that calls itself an export",
    files: { "export.zip": Buffer.from("ffd8ffe000104a464946000101", "hex") },
    code: 6,
    error: "the file is a JPEG picture, not an export: export.zip",
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
