import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ZipWriter } from "./zip-writer.ts";

/** Grows with every change of what is generated, so that nothing stale is measured. */
const GENERATION = 7;

/** An invented export on disk. */
export interface GeneratedExport {
  readonly path: string;
  /** Plain bytes of the main XML. */
  readonly xmlBytes: number;
  readonly routeBytes: number;
  readonly zipBytes: number;
  readonly workouts: number;
  readonly routes: number;
  readonly records: number;
}

/** Per GB of XML: real exports of 3 GB hold some 2,900 workouts, 600 to 1,500 of them with a route. */
const WORKOUTS_PER_GB = 940;
const ROUTES_PER_GB = 300;

/** Share of all records, from a census of a real export of 7.4 million; active energy takes what is left. */
const OTHERS = [
  { type: "BasalEnergyBurned", share: 0.15, unit: "Cal", low: 0.4, high: 25, digits: 6, span: 900 },
  { type: "StepCount", share: 0.08, unit: "count", low: 3, high: 900, digits: 0, span: 420 },
  { type: "DistanceWalkingRunning", share: 0.09, unit: "km", low: 0.002, high: 0.7, digits: 6, span: 420 },
  { type: "AppleStandTime", share: 0.05, unit: "min", low: 1, high: 5, digits: 0, span: 300 },
  {
    type: "EnvironmentalAudioExposure",
    share: 0.06,
    unit: "dBASPL",
    low: 35,
    high: 90,
    digits: 4,
    span: 1800,
  },
  { type: "WalkingSpeed", share: 0.03, unit: "km/hr", low: 2.5, high: 6.5, digits: 3, span: 60 },
  { type: "WalkingStepLength", share: 0.03, unit: "cm", low: 55, high: 85, digits: 0, span: 60 },
  { type: "RunningSpeed", share: 0.015, unit: "km/hr", low: 7, high: 15, digits: 4, span: 3 },
  { type: "RunningPower", share: 0.015, unit: "W", low: 150, high: 330, digits: 0, span: 3 },
] as const;

const HEART_RATE_SHARE = 0.15;
const BYTES_PER_RECORD = 420;
const EPOCH = Date.UTC(2018, 0, 1) / 1000;

/** mulberry32: the same export everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

let cachedDay = Number.NaN;
let cachedDate = "";

/** As Apple writes it: in the phone's one offset at export, an hour ahead here. */
function date(seconds: number): string {
  const local = seconds + 3600;
  const day = Math.floor(local / 86_400);
  if (day !== cachedDay) {
    cachedDay = day;
    cachedDate = new Date(day * 86_400_000).toISOString().slice(0, 10);
  }
  const time = local - day * 86_400;
  const hour = Math.floor(time / 3600);
  const minute = Math.floor((time % 3600) / 60);
  return `${cachedDate} ${two(hour)}:${two(minute)}:${two(Math.floor(time % 60))} +0100`;
}

/** The heart rate of a workout's records: what the workout states of it. */
interface HeartRate {
  minimum: number;
  maximum: number;
  sum: number;
  count: number;
}

interface PlannedWorkout {
  readonly start: number;
  readonly end: number;
  readonly running: boolean;
  readonly route: boolean;
  /** Filled in while the records are written, which come before the workouts. */
  readonly heartRate: HeartRate;
}

function planWorkouts(bytes: number, span: number): PlannedWorkout[] {
  const next = random(7);
  const count = Math.max(4, Math.round((WORKOUTS_PER_GB * bytes) / 1e9));
  const routes = Math.max(2, Math.round((ROUTES_PER_GB * bytes) / 1e9));
  const every = span / count;
  return Array.from({ length: count }, (_, index) => {
    const route = Math.floor(((index + 1) * routes) / count) > Math.floor((index * routes) / count);
    const start = Math.floor(EPOCH + index * every + next() * every * 0.2);
    const length = Math.floor(route ? 1800 + next() * 3600 : 900 + next() * 2400);
    return {
      start,
      end: start + Math.min(length, Math.floor(every * 0.7)),
      running: next() < 0.6,
      route,
      heartRate: { minimum: 999, maximum: 0, sum: 0, count: 0 },
    };
  });
}

const WATCH = 'sourceName="Jo’s Apple\u00a0Watch" sourceVersion="11.6.1"';
const PHONE = 'sourceName="Jo’s iPhone" sourceVersion="18.6"';

/** Differs between records and from export to export, as real ones do. */
function address(record: number): string {
  return `0x${(0xc00000000 + (Math.imul(record, 0x9e3779b1) >>> 0) * 2).toString(16)}`;
}

function watchDevice(pointer: number): string {
  return `&lt;&lt;HKDevice: ${address(pointer)}&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch7,2, software:11.6.1, creation date:2025-08-14 23:49:07 +0000&gt;`;
}

function phoneDevice(pointer: number): string {
  return `&lt;&lt;HKDevice: ${address(pointer)}&gt;, name:iPhone, manufacturer:Apple Inc., model:iPhone, hardware:iPhone16,1, software:18.6&gt;`;
}

/** The main XML in pieces of some 64 KB. */
class XmlWriter {
  readonly #bytes: number;
  readonly #workouts: readonly PlannedWorkout[];
  readonly #span: number;
  records = 0;

  constructor(bytes: number, workouts: readonly PlannedWorkout[], span: number) {
    this.#bytes = bytes;
    this.#workouts = workouts;
    this.#span = span;
  }

  *pieces(): Generator<string> {
    const recordTotal = this.#bytes / BYTES_PER_RECORD;
    let written = 0;
    let piece =
      '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!-- HealthKit Export Version: 14 -->\n<!ELEMENT HealthData (ExportDate,Me,(Record|Workout)*)>\n]>\n<HealthData locale="en_GB">\n <ExportDate value="2026-02-01 10:00:00 +0100"/>\n <Me HKCharacteristicTypeIdentifierDateOfBirth="1980-01-01"/>\n';
    const target =
      this.#bytes - this.#workouts.reduce((sum, workout) => sum + workoutXml(workout).length, 0) - 100;
    function* flush(): Generator<string> {
      written += piece.length;
      yield piece;
      piece = "";
    }
    for (const record of this.#heartRates(recordTotal * HEART_RATE_SHARE)) {
      piece += record;
      if (piece.length > 65_536) yield* flush();
    }
    for (const other of OTHERS) {
      const next = random(other.type.length * 1000);
      const count = recordTotal * other.share;
      for (let index = 0; index < count; index++) {
        const start = Math.floor(EPOCH + (index / count) * this.#span + next() * 300);
        const value = (other.low + (other.high - other.low) * next() ** 2).toFixed(other.digits);
        const phone = other.unit === "count" || other.unit === "cm" ? next() < 0.5 : false;
        const device = phone ? phoneDevice(index) : watchDevice(index);
        piece += ` <Record type="HKQuantityTypeIdentifier${other.type}" ${phone ? PHONE : WATCH} device="${device}" unit="${other.unit}" creationDate="${date(start + other.span + 30 + next() * 600)}" startDate="${date(start)}" endDate="${date(start + other.span * next())}" value="${value}"/>\n`;
        this.records++;
        if (piece.length > 65_536) yield* flush();
      }
    }
    const next = random(99);
    const remaining = Math.max(1, (target - written) / 400);
    for (let index = 0; written + piece.length < target; index++) {
      const start = Math.floor(EPOCH + (index / remaining) * this.#span + next() * 60);
      piece += ` <Record type="HKQuantityTypeIdentifierActiveEnergyBurned" ${WATCH} device="${watchDevice(index)}" unit="Cal" creationDate="${date(start + 90 + next() * 600)}" startDate="${date(start)}" endDate="${date(start + 40 + next() * 30)}" value="${(next() * 4).toFixed(6)}"/>\n`;
      this.records++;
      if (piece.length > 65_536) yield* flush();
    }
    for (const workout of this.#workouts) {
      piece += workoutXml(workout);
      if (piece.length > 65_536) yield* flush();
    }
    piece += "</HealthData>\n";
    yield* flush();
  }

  /** Every 5 s in workouts, every few minutes between them, until there are enough. */
  *#heartRates(enough: number): Generator<string> {
    const next = random(3);
    const inWorkouts = this.#workouts.reduce((sum, { start, end }) => sum + (end - start) / 5, 0);
    // Where the share is too small for 5 s throughout, old workouts are sparser, as condensed ones are.
    const step = 5 * Math.max(1, inWorkouts / (enough * 0.85));
    const between = (this.#span - inWorkouts * 5) / (enough * 0.15);
    let time = EPOCH;
    let bpm = 60;
    for (const workout of this.#workouts) {
      for (; time < workout.start; time += between) {
        bpm = 50 + Math.floor(next() * 40);
        yield this.#heartRate(time, bpm, 1, next());
      }
      for (time = workout.start + 2; time <= workout.end; time += step) {
        bpm = Math.max(85, Math.min(185, bpm + Math.round(next() * 9 - 4)));
        yield this.#heartRate(time + next(), bpm, 2, next());
        const { heartRate } = workout;
        heartRate.minimum = Math.min(heartRate.minimum, bpm);
        heartRate.maximum = Math.max(heartRate.maximum, bpm);
        heartRate.sum += bpm;
        heartRate.count++;
      }
    }
  }

  #heartRate(time: number, bpm: number, motion: number, lag: number): string {
    this.records++;
    const start = date(Math.floor(time));
    return ` <Record type="HKQuantityTypeIdentifierHeartRate" ${WATCH} device="${watchDevice(this.records)}" unit="count/min" creationDate="${date(time + 20 + lag * 300)}" startDate="${start}" endDate="${start}" value="${bpm}">\n  <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="${motion}"/>\n </Record>\n`;
  }
}

function routeName({ end }: PlannedWorkout): string {
  return `route_${new Date(end * 1000).toISOString().slice(0, 16).replace("T", "_").replace(":", ".")}.gpx`;
}

function workoutXml(workout: PlannedWorkout): string {
  const { start, end, running, route, heartRate } = workout;
  const average = (heartRate.sum / Math.max(1, heartRate.count)).toFixed(3);
  const sport = running ? "Running" : "Cycling";
  const distance = running ? "DistanceWalkingRunning" : "DistanceCycling";
  const hours = (end - start) / 3600;
  const dates = `startDate="${date(start)}" endDate="${date(end)}"`;
  const metadata = [
    ["HKIndoorWorkout", route ? "0" : "1"],
    ["HKAverageMETs", `${(7 + hours).toFixed(4)} kcal/hr·kg`],
    ["HKWeatherTemperature", "61.97 degF"],
    ["HKWeatherHumidity", "6400 %"],
    ["HKTimeZone", "Europe/Berlin"],
    ["HKElevationAscended", `${Math.round(hours * 6575)} cm`],
  ]
    .map(([key, value]) => `  <MetadataEntry key="${key}" value="${value}"/>\n`)
    .join("");
  let events = "";
  for (let at = start; at + 360 < end; at += 360) {
    events += `  <WorkoutEvent type="HKWorkoutEventTypeSegment" date="${date(at)}" duration="6.01" durationUnit="min"/>\n`;
  }
  const statistics = [
    [distance, `sum="${(hours * (running ? 10.4 : 24.1)).toFixed(5)}" unit="km"`],
    ["ActiveEnergyBurned", `sum="${(hours * 640).toFixed(3)}" unit="Cal"`],
    ["BasalEnergyBurned", `sum="${(hours * 75).toFixed(3)}" unit="Cal"`],
    [
      "HeartRate",
      `average="${average}" minimum="${heartRate.minimum}" maximum="${heartRate.maximum}" unit="count/min"`,
    ],
    ["StepCount", `sum="${Math.round(hours * 9600)}" unit="count"`],
  ]
    .map(
      ([type, values]) =>
        `  <WorkoutStatistics type="HKQuantityTypeIdentifier${type}" ${dates} ${values}/>\n`,
    )
    .join("");
  const routeXml = route
    ? `  <WorkoutRoute ${WATCH} creationDate="${date(end + 60)}" ${dates}>\n   <MetadataEntry key="HKMetadataKeySyncVersion" value="2"/>\n   <FileReference path="/workout-routes/${routeName(workout)}"/>\n  </WorkoutRoute>\n`
    : "";
  const activity = `  <WorkoutActivity uuid="00000000-0000-4000-8000-${start.toString(16).padStart(12, "0")}" ${dates} duration="${(hours * 60).toFixed(4)}" durationUnit="min">\n   <WorkoutStatistics type="HKQuantityTypeIdentifierActiveEnergyBurned" ${dates} sum="${(hours * 640).toFixed(3)}" unit="Cal"/>\n  </WorkoutActivity>\n`;
  return ` <Workout workoutActivityType="HKWorkoutActivityType${sport}" duration="${(hours * 60).toFixed(4)}" durationUnit="min" ${WATCH} device="${watchDevice(start & 0xfff)}" creationDate="${date(end + 30)}" ${dates}>\n${metadata}${events}${activity}${statistics}${routeXml}${metadata} </Workout>\n`;
}

/** One point a second. */
function* gpx({ start, end }: PlannedWorkout): Generator<string> {
  const next = random(start | 0);
  let latitude = 48 + next();
  let longitude = 9 + next();
  let course = next() * 360;
  let elevation = 200 + next() * 300;
  let piece = `<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Apple Health Export" xmlns="http://www.topografix.com/GPX/1/1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.topografix.com/GPX/1/1 http://www.topografix.com/GPX/1/1/gpx.xsd">\n  <metadata>\n    <time>2026-02-01T09:00:00Z</time>\n  </metadata>\n  <trk>\n    <name>Route</name>\n    <trkseg>\n`;
  for (let time = start; time <= end; time++) {
    const speed = 2.6 + next();
    course = (course + next() * 14 - 7 + 360) % 360;
    latitude += (Math.cos((course * Math.PI) / 180) * speed) / 111_000;
    longitude += (Math.sin((course * Math.PI) / 180) * speed) / 74_000;
    elevation += next() - 0.5;
    const iso = `${new Date(time * 1000).toISOString().slice(0, 19)}Z`;
    piece += `      <trkpt lon="${longitude.toFixed(6)}" lat="${latitude.toFixed(6)}"><ele>${elevation.toFixed(6)}</ele><time>${iso}</time><extensions><speed>${speed.toFixed(6)}</speed><course>${course.toFixed(6)}</course><hAcc>${(2 + next()).toFixed(6)}</hAcc><vAcc>${(1 + next()).toFixed(6)}</vAcc></extensions></trkpt>\n`;
    if (piece.length > 65_536) {
      yield piece;
      piece = "";
    }
  }
  yield `${piece}    </trkseg>\n  </trk>\n</gpx>`;
}

/** Generates an export whose main XML has about `bytes`, or takes the one generated before. */
export async function generateExport(
  cache: string,
  bytes: number,
  progress: (text: string) => void,
): Promise<GeneratedExport> {
  const path = join(cache, `apple-${Math.round(bytes / 1e6)}MB-${GENERATION}.zip`);
  const facts = `${path}.json`;
  if (existsSync(path) && existsSync(facts))
    return JSON.parse(readFileSync(facts, "utf8")) as GeneratedExport;
  rmSync(path, { force: true });
  progress(`generating an export of ${Math.round(bytes / 1e6)} MB of XML, once`);
  // Some 2.5 years of life in a GB.
  const span = (bytes / 1e9) * 2.5 * 365 * 86_400;
  const workouts = planWorkouts(bytes, span);
  const zip = new ZipWriter(path);
  const xml = new XmlWriter(bytes, workouts, span);
  const xmlBytes = await zip.add("apple_health_export/export.xml", xml.pieces());
  let routeBytes = 0;
  let routes = 0;
  for (const workout of workouts) {
    if (!workout.route) continue;
    routes++;
    routeBytes += await zip.add(`apple_health_export/workout-routes/${routeName(workout)}`, gpx(workout));
  }
  zip.close();
  const generated: GeneratedExport = {
    path,
    xmlBytes,
    routeBytes,
    zipBytes: statSync(path).size,
    workouts: workouts.length,
    routes,
    records: xml.records,
  };
  writeFileSync(facts, JSON.stringify(generated));
  return generated;
}
