// Writes an invented Apple Health export, the same one every time: node scripts/demo-export.mjs export.zip
//
// Nothing in it was ever measured. It has what a real one has: dates with the phone's offset at the time of the export
// (even for the hike in Nepal), metadata written twice, a heart rate every five seconds under the watch's own name, routes
// at one point a second, and a second app that writes the run once more.

import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { crc32, deflateRawSync } from "node:zlib";

const EXPORT_OFFSET = 3600;
const WATCH = "Robin’s Apple\u00a0Watch";
const DEVICE =
  "<<HKDevice: 0x30219c5a0>, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch7,5, software:12.1>";

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Noise that wanders: each value remembers the one before. */
function wander(next, memory, amplitude) {
  let value = 0;
  return () => (value = value * memory + (next() * 2 - 1) * amplitude * Math.sqrt(1 - memory * memory));
}

/**
 * A closed path of a given length: a circle with bays and capes, as the shore of a lake has them.
 * Returns the position and the height at a distance from the start.
 */
function loop({ latitude, longitude, length, shape, height, hills }) {
  const steps = 4000;
  const radiusAt = (angle) =>
    1 + shape.reduce((sum, [times, size, turn]) => sum + size * Math.cos(times * angle + turn), 0);
  const points = Array.from({ length: steps + 1 }, (_, step) => {
    const angle = (step / steps) * 2 * Math.PI;
    return [Math.sin(angle) * radiusAt(angle) * 0.7, Math.cos(angle) * radiusAt(angle)];
  });
  const walked = [0];
  for (let step = 1; step <= steps; step++) {
    const [y0, x0] = points[step - 1];
    const [y1, x1] = points[step];
    walked.push(walked[step - 1] + Math.hypot(y1 - y0, x1 - x0));
  }
  const scale = length / walked[steps];
  const metresPerDegree = 111_320;
  return (distance) => {
    const share = (distance / length) % 1;
    const target = share * walked[steps];
    let low = 0;
    for (let high = steps; low + 1 < high;) {
      const middle = (low + high) >> 1;
      if (walked[middle] <= target) low = middle;
      else high = middle;
    }
    const part = (target - walked[low]) / (walked[low + 1] - walked[low]);
    const y = (points[low][0] + (points[low + 1][0] - points[low][0]) * part - points[0][0]) * scale;
    const x = (points[low][1] + (points[low + 1][1] - points[low][1]) * part - points[0][1]) * scale;
    const angle = share * 2 * Math.PI;
    return {
      latitude: latitude + y / metresPerDegree,
      longitude: longitude + x / (metresPerDegree * Math.cos((latitude * Math.PI) / 180)),
      altitude: height + hills.reduce((sum, [times, size]) => sum + size * (1 - Math.cos(times * angle)), 0),
    };
  };
}

/**
 * Goes through a session second by second. `speedAt` and `effortAt` (0 to 1) say how hard; the heart follows with delay.
 */
function simulate({ seed, seconds, speedAt, effortAt, pauses = [], path, resting = 62, highest = 186 }) {
  const next = random(seed);
  const speedNoise = wander(next, 0.97, 0.16);
  const heartNoise = wander(next, 0.9, 2.2);
  const drift = [wander(next, 0.99, 1.8), wander(next, 0.99, 1.8), wander(next, 0.995, 0.8)];
  const track = [];
  let distance = 0;
  let heart = resting + 22;
  for (let second = 0; second <= seconds; second++) {
    const paused = pauses.some(([from, to]) => second >= from && second < to);
    const speed = paused ? 0 : Math.max(0, speedAt(second) * (1 + speedNoise()));
    const target = resting + (highest - resting) * (paused ? 0.3 : effortAt(second));
    heart += (target - heart) / (target > heart ? 42 : 60);
    const place = path?.(distance);
    const [north, east, up] = drift.map((wobble) => wobble());
    track.push({
      second,
      speed,
      distance,
      paused,
      heartRate: Math.round(heart + heartNoise()),
      ...(place === undefined
        ? {}
        : {
            latitude: place.latitude + north / 111_320,
            longitude: place.longitude + east / (111_320 * Math.cos((place.latitude * Math.PI) / 180)),
            altitude: place.altitude + up,
            level: place.altitude,
          }),
    });
    distance += speed;
  }
  return track;
}

const escapeXml = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** `2026-11-14 08:12:05 +0100`: always with the offset of the export. */
function date(ms) {
  const hours = String(EXPORT_OFFSET / 3600).padStart(2, "0");
  return `${new Date(ms + EXPORT_OFFSET * 1000).toISOString().slice(0, 19).replace("T", " ")} +${hours}00`;
}

const attributes = (values) =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");

function record(type, unit, ms, value, duration = 0) {
  return ` <Record${attributes({
    type: `HKQuantityTypeIdentifier${type}`,
    sourceName: WATCH,
    sourceVersion: "12.1",
    device: DEVICE,
    unit,
    creationDate: date(ms + 4000),
    startDate: date(ms),
    endDate: date(ms + duration * 1000),
    value,
  })}/>`;
}

const heartRates = (start, track, every = 5) =>
  track
    .filter(({ second }) => second % every === 0)
    .map(({ second, heartRate }) => record("HeartRate", "count/min", start + second * 1000, heartRate));

/** A workout element with its metadata before and after everything else, as HealthKit writes it. */
function workout({
  type,
  start,
  seconds,
  timer = seconds,
  source = WATCH,
  device = DEVICE,
  metadata = {},
  events = [],
  statistics = {},
  route,
}) {
  const end = start + seconds * 1000;
  const entries = Object.entries(metadata).map(
    ([key, value]) => `  <MetadataEntry${attributes({ key, value })}/>`,
  );
  const lines = [
    ` <Workout${attributes({
      workoutActivityType: `HKWorkoutActivityType${type}`,
      duration: timer / 60,
      durationUnit: "min",
      sourceName: source,
      sourceVersion: device === null ? "1.0" : "12.1",
      device,
      creationDate: date(end + 3000),
      startDate: date(start),
      endDate: date(end),
    })}>`,
    ...entries,
    ...events.map(({ event, at, duration, ...own }) => {
      const head = `  <WorkoutEvent${attributes({
        type: `HKWorkoutEventType${event}`,
        date: date(start + at * 1000),
        duration: duration === undefined ? undefined : duration / 60,
        durationUnit: duration === undefined ? undefined : "min",
      })}`;
      const inner = Object.entries(own).map(
        ([key, value]) => `<MetadataEntry${attributes({ key, value })}/>`,
      );
      return inner.length === 0 ? `${head}/>` : `${head}>${inner.join("")}</WorkoutEvent>`;
    }),
    ...Object.entries(statistics).map(
      ([kind, values]) =>
        `  <WorkoutStatistics${attributes({ type: `HKQuantityTypeIdentifier${kind}`, startDate: date(start), endDate: date(end), ...values })}/>`,
    ),
  ];
  if (route !== undefined) {
    lines.push(
      `  <WorkoutRoute${attributes({ sourceName: source, sourceVersion: "12.1", creationDate: date(end + 5000), startDate: date(start), endDate: date(end) })}>`,
      `   <FileReference path="/workout-routes/${route}"/>`,
      "  </WorkoutRoute>",
    );
  }
  return [...lines, ...entries, " </Workout>"].join("\n");
}

function gpx(start, track) {
  const points = track.map(({ second, latitude, longitude, altitude, speed }) => {
    const time = new Date(start + second * 1000).toISOString().replace(".000", "");
    return `   <trkpt lon="${longitude.toFixed(6)}" lat="${latitude.toFixed(6)}"><ele>${altitude.toFixed(3)}</ele><time>${time}</time><extensions><speed>${speed.toFixed(3)}</speed><course>0.0</course><hAcc>3.2</hAcc><vAcc>2.4</vAcc></extensions></trkpt>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="Apple Health Export" xmlns="http://www.topografix.com/GPX/1/1">
 <metadata><time>2026-11-15T19:00:00Z</time></metadata>
 <trk><name>Route</name>
  <trkseg>
${points.join("\n")}
  </trkseg>
 </trk>
</gpx>
`;
}

const last = (track) => track[track.length - 1];
const ascent = (track) =>
  track.reduce((sum, { level }, index) => sum + Math.max(0, level - (track[index - 1]?.level ?? level)), 0);

function heartRateStatistic(track) {
  const values = track.filter(({ second }) => second % 5 === 0).map(({ heartRate }) => heartRate);
  return {
    average: (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(4),
    minimum: Math.min(...values),
    maximum: Math.max(...values),
    unit: "count/min",
  };
}

const energy = (active, basal) => ({
  ActiveEnergyBurned: { sum: active, unit: "kcal" },
  BasalEnergyBurned: { sum: basal, unit: "kcal" },
});

const weather = (fahrenheit, percent) => ({
  HKWeatherTemperature: `${fahrenheit} degF`,
  HKWeatherHumidity: `${percent * 100} %`,
});

/** A run around a lake, with a stop at a crossing. */
function run({ seed, at, seconds, pace, stop, name, degrees, lake }) {
  const start = Date.parse(at);
  const track = simulate({
    seed,
    seconds,
    path: loop(lake),
    pauses: [stop],
    speedAt: (second) => (1000 / pace) * (second > seconds - 420 ? 1.12 : second < 300 ? 0.93 : 1),
    effortAt: (second) =>
      second < 300 ? 0.58 : second > seconds - 420 ? 0.88 : 0.7 + 0.05 * Math.sin(second / 240),
  });
  const metres = last(track).distance;
  const timer = seconds - (stop[1] - stop[0]);
  const moving = track.filter(({ paused, second }) => !paused && second % 4 === 0);
  const kilometres = Array.from({ length: Math.floor(metres / 1000) }, (_, index) => {
    const from = track.findIndex(({ distance }) => distance >= index * 1000);
    const to = track.findIndex(({ distance }) => distance >= (index + 1) * 1000);
    return { event: "Segment", at: from, duration: to - from };
  });
  const power = ({ speed }) => Math.round(speed * 72 + 8);
  return {
    heartRate: heartRates(start, track),
    other: [
      ...moving.map((point) =>
        record("RunningSpeed", "km/hr", start + point.second * 1000, (point.speed * 3.6).toFixed(4), 4),
      ),
      ...moving.map((point) => record("RunningPower", "W", start + point.second * 1000, power(point), 4)),
    ],
    workouts: [
      workout({
        type: "Running",
        start,
        seconds,
        timer,
        route: name,
        events: [...kilometres, { event: "Pause", at: stop[0] }, { event: "Resume", at: stop[1] }],
        metadata: {
          HKIndoorWorkout: 0,
          HKTimeZone: "Europe/Berlin",
          HKAverageMETs: "10.4 kcal/hr·kg",
          HKElevationAscended: `${Math.round(ascent(track) * 100)} cm`,
          ...degrees,
        },
        statistics: {
          HeartRate: heartRateStatistic(track),
          DistanceWalkingRunning: { sum: (metres / 1000).toFixed(6), unit: "km" },
          RunningSpeed: {
            average: ((metres / timer) * 3.6).toFixed(4),
            maximum: (Math.max(...moving.map(({ speed }) => speed)) * 3.6).toFixed(4),
            unit: "km/hr",
          },
          RunningPower: {
            average: (moving.reduce((sum, point) => sum + power(point), 0) / moving.length).toFixed(2),
            maximum: Math.max(...moving.map(power)),
            unit: "W",
          },
          StepCount: { sum: Math.round(timer * 2.78), unit: "count" },
          ...energy(Math.round(metres * 0.069), Math.round((seconds / 3600) * 78)),
        },
      }),
    ],
    files: { [name]: gpx(start, track) },
    start,
    seconds,
    metres,
  };
}

const LAKE = {
  latitude: 53.5686,
  longitude: 9.9946,
  length: 7410,
  height: 6,
  shape: [
    [2, 0.32, 0.4],
    [3, 0.1, 1.1],
    [5, 0.05, 2],
  ],
  hills: [
    [2, 2.5],
    [5, 1.2],
  ],
};

function autumnRun() {
  const session = run({
    seed: 11,
    at: "2026-11-14T07:12:05Z",
    seconds: 2642,
    pace: 338,
    stop: [1260, 1338],
    name: "route_2026-11-14_8.56am.gpx",
    degrees: weather(43, 81),
    lake: LAKE,
  });
  // The same run by an app that got it from the watch and passed on little.
  session.workouts.push(
    workout({
      type: "Running",
      start: session.start - 2000,
      seconds: session.seconds + 1,
      source: "Pacer Club",
      device: null,
      statistics: { DistanceWalkingRunning: { sum: (session.metres / 1000).toFixed(2), unit: "km" } },
    }),
  );
  return session;
}

const summerRun = () =>
  run({
    seed: 23,
    at: "2026-09-27T16:31:40Z",
    seconds: 1871,
    pace: 352,
    stop: [640, 671],
    name: "route_2026-09-27_7.02pm.gpx",
    degrees: weather(66, 58),
    lake: {
      ...LAKE,
      length: 5240,
      shape: [
        [2, 0.25, 1.4],
        [3, 0.12, 0.3],
      ],
    },
  });

/** 1,000 m in a 25 m pool: a lap event for each length, with a rest after every eighth. */
function swim() {
  const start = Date.parse("2026-11-12T17:40:00Z");
  const next = random(31);
  const events = [];
  let second = 8;
  for (let length = 0; length < 40; length++) {
    const stroke = length % 8 === 7 ? 4 : length % 8 === 3 ? 3 : 2;
    const duration = 27 + (stroke === 4 ? 8 : stroke === 3 ? 5 : 0) + length * 0.06 + next() * 2.5;
    const SWOLF = Math.round(duration + 19 + next() * 3);
    events.push({
      event: "Lap",
      at: Math.round(second),
      duration,
      HKSwimmingStrokeStyle: stroke,
      HKSWOLFScore: SWOLF,
    });
    second += duration + (length % 8 === 7 ? 38 : 0);
  }
  const seconds = Math.ceil(second);
  const resting = (at) => !events.some((lap) => at >= lap.at && at < lap.at + lap.duration);
  const track = simulate({
    seed: 32,
    seconds,
    speedAt: () => 0,
    effortAt: (at) => (resting(at) ? 0.42 : 0.66),
  });
  return {
    heartRate: heartRates(start, track),
    other: [],
    workouts: [
      workout({
        type: "Swimming",
        start,
        seconds,
        events,
        metadata: {
          HKTimeZone: "Europe/Berlin",
          HKSwimmingLocationType: 1,
          HKLapLength: "25 m",
          HKAverageMETs: "8.1 kcal/hr·kg",
        },
        statistics: {
          HeartRate: heartRateStatistic(track),
          DistanceSwimming: { sum: 1000, unit: "m" },
          SwimmingStrokeCount: { sum: 782, unit: "count" },
          ...energy(238, 32),
        },
      }),
    ],
    files: {},
  };
}

/** Sets and rests. */
function strength() {
  const start = Date.parse("2026-11-10T18:05:30Z");
  const seconds = 2580;
  const track = simulate({
    seed: 41,
    seconds,
    speedAt: () => 0,
    effortAt: (second) => (second < 240 ? 0.3 : second % 165 < 50 ? 0.68 : 0.3),
  });
  return {
    heartRate: heartRates(start, track),
    other: [],
    workouts: [
      workout({
        type: "TraditionalStrengthTraining",
        start,
        seconds,
        metadata: { HKIndoorWorkout: 1, HKTimeZone: "Europe/Berlin", HKAverageMETs: "4.7 kcal/hr·kg" },
        statistics: { HeartRate: heartRateStatistic(track), ...energy(232, 56) },
      }),
    ],
    files: {},
  };
}

/** Five times four minutes hard, on a bicycle that goes nowhere. */
function indoorRide() {
  const start = Date.parse("2026-11-08T09:02:10Z");
  const seconds = 2700;
  const isHard = (second) => second >= 600 && second < 2400 && (second - 600) % 360 < 240;
  const next = random(51);
  const noise = wander(next, 0.6, 9);
  const track = simulate({
    seed: 52,
    seconds,
    speedAt: (second) => (isHard(second) ? 9.9 : 7.6),
    effortAt: (second) => (isHard(second) ? 0.86 : second < 300 ? 0.45 : 0.55),
  }).map((point) => ({
    ...point,
    power: Math.round((isHard(point.second) ? 262 : 138) + noise()),
    cadence: Math.round((isHard(point.second) ? 93 : 84) + noise() / 5),
  }));
  const mean = (name) => (track.reduce((sum, point) => sum + point[name], 0) / track.length).toFixed(2);
  const most = (name) => Math.max(...track.map((point) => point[name]));
  return {
    heartRate: heartRates(start, track),
    other: [
      ...track.map((point) => record("CyclingPower", "W", start + point.second * 1000, point.power)),
      ...track.map((point) =>
        record("CyclingCadence", "count/min", start + point.second * 1000, point.cadence),
      ),
    ],
    workouts: [
      workout({
        type: "Cycling",
        start,
        seconds,
        metadata: { HKIndoorWorkout: 1, HKTimeZone: "Europe/Berlin", HKAverageMETs: "9.6 kcal/hr·kg" },
        statistics: {
          HeartRate: heartRateStatistic(track),
          DistanceCycling: { sum: (last(track).distance / 1000).toFixed(5), unit: "km" },
          CyclingPower: { average: mean("power"), maximum: most("power"), unit: "W" },
          CyclingCadence: { average: mean("cadence"), maximum: most("cadence"), unit: "count/min" },
          ...energy(455, 59),
        },
      }),
    ],
    files: {},
  };
}

/** Up to a viewpoint and down again, where clocks are five hours and three quarters ahead. */
function hike() {
  const start = Date.parse("2026-10-21T01:48:20Z");
  const seconds = 5820;
  const track = simulate({
    seed: 61,
    seconds,
    pauses: [[2950, 3370]],
    path: loop({
      latitude: 27.7392,
      longitude: 85.5204,
      length: 6150,
      height: 1745,
      shape: [
        [2, 0.22, 0.9],
        [3, 0.16, 2.2],
        [7, 0.06, 0.2],
      ],
      hills: [
        [1, 168],
        [4, 9],
      ],
    }),
    speedAt: (second) => (second < 2950 ? 1.0 : 1.3),
    effortAt: (second) => (second < 2950 ? 0.62 + 0.06 * Math.sin(second / 300) : 0.42),
  });
  return {
    heartRate: heartRates(start, track),
    other: [],
    workouts: [
      workout({
        type: "Hiking",
        start,
        seconds,
        timer: seconds - 420,
        route: "route_2026-10-21_9.10am.gpx",
        events: [
          { event: "Pause", at: 2950 },
          { event: "Resume", at: 3370 },
        ],
        metadata: {
          HKIndoorWorkout: 0,
          HKTimeZone: "Asia/Kathmandu",
          HKAverageMETs: "5.9 kcal/hr·kg",
          HKElevationAscended: `${Math.round(ascent(track) * 100)} cm`,
          ...weather(57, 72),
        },
        statistics: {
          HeartRate: heartRateStatistic(track),
          DistanceWalkingRunning: { sum: (last(track).distance / 1000).toFixed(5), unit: "km" },
          StepCount: { sum: 8964, unit: "count" },
          FlightsClimbed: { sum: 112, unit: "count" },
          ...energy(612, 126),
        },
      }),
    ],
    files: { "route_2026-10-21_9.10am.gpx": gpx(start, track) },
  };
}

/** A zip archive with these texts. */
function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const plain = Buffer.from(text, "utf8");
    const packed = deflateRawSync(plain, { level: 9 });
    const path = Buffer.from(name, "utf8");
    // Version, flags (names in UTF-8), deflate, 2026-11-15 20:00.
    const common = Buffer.alloc(26);
    [20, 0x0800, 8, 0xa000, 0x5d6f].forEach((value, index) => common.writeUInt16LE(value, index * 2));
    [crc32(plain), packed.length, plain.length].forEach((value, index) =>
      common.writeUInt32LE(value, 10 + index * 4),
    );
    common.writeUInt16LE(path.length, 22);
    parts.push(Buffer.from("PK\u0003\u0004"), common, path, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\u0001\u0002\u0014\u0000"), common, tail, path);
    offset += 4 + common.length + path.length + packed.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  const count = Object.keys(files).length;
  end.writeUInt16LE(count, 4);
  end.writeUInt16LE(count, 6);
  end.writeUInt32LE(index.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, index, Buffer.from("PK\u0005\u0006"), end]);
}

/** The bytes of the invented export.zip. */
export function demoExport() {
  const sessions = [summerRun(), hike(), indoorRide(), strength(), swim(), autumnRun()];
  const xml = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<!DOCTYPE HealthData [",
    "<!-- HealthKit Export Version: 14 -->",
    "<!ELEMENT HealthData ANY>",
    "]>",
    '<HealthData locale="en_DE">',
    ` <ExportDate value="${date(Date.parse("2026-11-15T19:00:00Z"))}"/>`,
    ' <Me HKCharacteristicTypeIdentifierDateOfBirth="" HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexNotSet" HKCharacteristicTypeIdentifierBloodType="HKBloodTypeNotSet" HKCharacteristicTypeIdentifierFitzpatrickSkinType="HKFitzpatrickSkinTypeNotSet" HKCharacteristicTypeIdentifierCardioFitnessMedicationsUse="None"/>',
    ...sessions.flatMap(({ heartRate }) => heartRate),
    ...sessions.flatMap(({ other }) => other),
    ...sessions.flatMap(({ workouts }) => workouts),
    "</HealthData>",
    "",
  ].join("\n");
  const files = { "apple_health_export/export.xml": xml };
  for (const session of sessions) {
    for (const [name, text] of Object.entries(session.files)) {
      files[`apple_health_export/workout-routes/${name}`] = text;
    }
  }
  return zip(files);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const path = process.argv[2] ?? "export.zip";
  writeFileSync(path, demoExport());
  console.log(`an invented Apple Health export: ${path}`);
}
