/**
 * An invented export that is long enough to be deflated in many blocks, with what a real one has: records by type, in
 * order of creation, from a watch and a phone, and workouts at its end.
 */

const WATCH = 'sourceName="Robin’s Apple\u00a0Watch" sourceVersion="11.6.1"';
const PHONE = 'sourceName="Robin’s iPhone" sourceVersion="18.6"';
const EPOCH = Date.UTC(2021, 2, 1) / 1000;

/** A linear congruential generator: the same export in every run. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function date(seconds: number): string {
  return `${new Date((seconds + 7200) * 1000).toISOString().slice(0, 19).replace("T", " ")} +0200`;
}

/** As many of each as given; some 430 bytes a record, 3 KB a workout. */
export function longExport(records: number, workouts: number): string {
  const next = random(17);
  const device = (name: string, rest: string): string =>
    `device="&lt;&lt;HKDevice: 0x${(0xc00000000 + Math.floor(next() * 0xfffffff)).toString(16)}&gt;, name:${name}, manufacturer:Apple Inc., ${rest}&gt;"`;
  const watch = (): string =>
    `${WATCH} ${device("Apple Watch", "model:Watch, hardware:Watch7,2, software:11.6.1, creation date:2025-08-14 23:49:07 +0000")}`;
  const phone = (): string =>
    `${PHONE} ${device("iPhone", "model:iPhone, hardware:iPhone16,1, software:18.6")}`;
  // Four years, whatever their number.
  const every = Math.floor((4 * 365 * 86_400) / records);
  const lines: string[] = [
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!-- HealthKit Export Version: 14 -->\n<!ELEMENT HealthData (ExportDate,Me,(Record|Workout)*)>\n]>\n',
    '<HealthData locale="en_FR">\n <ExportDate value="2026-06-01 10:00:00 +0200"/>\n',
  ];
  const record = (
    type: string,
    by: string,
    unit: string,
    start: number,
    length: number,
    value: string,
  ): string => {
    const dates = `creationDate="${date(start + length + Math.floor(next() * 400))}" startDate="${date(start)}" endDate="${date(start + length)}"`;
    return ` <Record type="HKQuantityTypeIdentifier${type}" ${by} unit="${unit}" ${dates} value="${value}"`;
  };
  for (let at = 0, time = EPOCH; at < records; at++, time += every + Math.floor(next() * 60)) {
    const open = record("HeartRate", watch(), "count/min", time, 0, String(60 + Math.floor(next() * 110)));
    lines.push(
      `${open}>\n  <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="${Math.floor(next() * 3)}"/>\n </Record>\n`,
    );
  }
  for (let at = 0, time = EPOCH; at < records; at++, time += every + Math.floor(next() * 60)) {
    const steps = String(Math.floor(3 + next() ** 2 * 900));
    lines.push(
      `${record("StepCount", next() < 0.5 ? phone() : watch(), "count", time, 60 + Math.floor(next() * 300), steps)}/>\n`,
    );
  }
  for (let at = 0, time = EPOCH; at < records; at++, time += every + Math.floor(next() * 60)) {
    lines.push(`${record("ActiveEnergyBurned", watch(), "kcal", time, 60, (next() * 9).toFixed(3))}/>\n`);
  }
  for (let at = 0; at < workouts; at++) {
    const start = EPOCH + Math.floor((at * 4 * 365 * 86_400) / workouts);
    lines.push(workout(at, start, 1200 + Math.floor(next() * 3000), next, watch()));
  }
  return `${lines.join("")}</HealthData>\n`;
}

function workout(at: number, start: number, length: number, next: () => number, by: string): string {
  const sport = ["Running", "Cycling", "Swimming", "Yoga"][at % 4];
  const dates = `startDate="${date(start)}" endDate="${date(start + length)}"`;
  const metadata = `  <MetadataEntry key="HKIndoorWorkout" value="${at % 2}"/>\n  <MetadataEntry key="HKTimeZone" value="Europe/Paris"/>\n  <MetadataEntry key="HKElevationAscended" value="${Math.floor(next() * 9000)} cm"/>\n`;
  const statistic = (type: string, values: string): string =>
    `  <WorkoutStatistics type="HKQuantityTypeIdentifier${type}" ${dates} ${values}/>\n`;
  return [
    ` <Workout workoutActivityType="HKWorkoutActivityType${sport}" duration="${(length / 60).toFixed(6)}" durationUnit="min" ${by} creationDate="${date(start + length + 5)}" ${dates}>\n`,
    metadata,
    `  <WorkoutEvent type="HKWorkoutEventTypePause" date="${date(start + 300)}"/>\n`,
    `  <WorkoutEvent type="HKWorkoutEventTypeResume" date="${date(start + 330 + Math.floor(next() * 60))}"/>\n`,
    statistic("ActiveEnergyBurned", `sum="${(next() * 700).toFixed(3)}" unit="kcal"`),
    statistic("BasalEnergyBurned", `sum="${(next() * 90).toFixed(3)}" unit="kcal"`),
    statistic(
      "HeartRate",
      `average="${(120 + next() * 40).toFixed(3)}" minimum="${80 + Math.floor(next() * 20)}" maximum="${160 + Math.floor(next() * 25)}" unit="count/min"`,
    ),
    metadata,
    " </Workout>\n",
  ].join("");
}
