import type { StoredActivity } from "../model/index.ts";
import { epochMs } from "../model/index.ts";
import { renderZones } from "./bars.ts";
import type { Chart } from "./chart.ts";
import { gutterOf, renderChart } from "./chart.ts";
import {
  averageSpeed,
  effortKind,
  effortUnit,
  effortValue,
  formatDistance,
  formatDuration,
  formatEffort,
  formatNumber,
  localStart,
  sportName,
  weekday,
  workTime,
} from "./format.ts";
import type { Look, Tone } from "./look.ts";
import { paint } from "./look.ts";
import { renderRouteMap } from "./route-map.ts";
import { columnSeries, speedSeries } from "./series.ts";
import { renderTable } from "./table.ts";
import { displayWidth, pad, plainText, truncate, wrap } from "./text.ts";

/** What is known of an activity from elsewhere in the store. */
export interface Surroundings {
  /** The number of the activity that this one possibly doubles. */
  readonly duplicateOf: number | null;
}

/** From this width on the map stands beside the numbers and not beneath them. */
const WIDE = 100;

/** One activity as a person looks at it: lines no wider than the look. Without its own numbers a part is left out. */
export function activityView(activity: StoredActivity, around: Surroundings, look: Look): string[] {
  const map = renderRouteMap(
    activity.samples,
    look.width >= WIDE ? { columns: Math.min(60, look.width - 66), rows: 18 } : { columns: 60, rows: 20 },
    look,
  );
  const numbers = facts(numberFacts(activity), look.width >= WIDE ? 60 : look.width, look);
  const sections: string[][] = [
    head(activity, around, look),
    look.width >= WIDE && map.length > 0 ? beside(numbers, map, 62) : numbers,
    ...charts(activity, look),
    titled("Heart-rate zones", renderZones(activity.hrZones, look), look),
    titled("Laps", lapTable(activity, look), look),
    look.width >= WIDE ? [] : titled("Route", map, look),
    titled("Notes", activity.notes === null ? [] : wrap(plainText(activity.notes), look.width), look),
    titled("More", facts(extraFacts(activity), look.width, look, { maxLines: EXTRA_LINES }), look),
    facts(provenance(activity), look.width, look, { tone: "dim" }),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines, at) => (at === 0 ? lines : ["", ...lines]));
}

function head(activity: StoredActivity, around: Surroundings, look: Look): string[] {
  const start = localStart(activity);
  const zone = start.readersZone
    ? "your own time zone, the source tells none"
    : (activity.timezone ?? offsetText(activity.utcOffsetS));
  const sport = plainText(sportName(activity.sport, activity.subSport, activity.sourceSport));
  const name = activity.title === null ? sport : plainText(activity.title);
  const dot = look.unicode ? " · " : " - ";
  const number = `#${activity.id}  `;
  const lines = [
    paint(look, "dim", number) +
      paint(look, "title", truncate(name, look.width - number.length, look.unicode)),
    truncate(
      [
        `${weekday(start.date)} ${start.date} ${start.time}${zone === null ? "" : ` (${plainText(zone)})`}`,
        ...(activity.title === null ? [] : [sport]),
        activity.source,
      ].join(dot),
      look.width,
      look.unicode,
    ),
  ];
  if (around.duplicateOf !== null)
    lines.push(paint(look, "warn", `possible duplicate of #${around.duplicateOf}`));
  if (activity.deletedAt !== null) {
    lines.push(paint(look, "warn", `gone at its source since ${activity.deletedAt.slice(0, 10)}, kept here`));
  }
  return lines;
}

type Fact = readonly [name: string, value: string | null, tone?: Tone];

function numberFacts(activity: StoredActivity): Fact[] {
  const kind = effortKind(activity.sport);
  const speed = kind === "speed";
  const range = (parts: readonly (readonly [string, string | null])[]): string | null => {
    const known = parts
      .filter(([, value]) => value !== null)
      .map(([word, value]) => `${value} ${word}`.trim());
    return known.length === 0 ? null : known.join(", ");
  };
  const time = workTime(activity);
  return [
    [
      "Time",
      range([
        ["", formatDuration(time)],
        ["moving", formatDuration(activity.totalMovingTime)],
        [
          "from start to end",
          activity.totalElapsedTime === time ? null : formatDuration(activity.totalElapsedTime),
        ],
      ]),
    ],
    ["Distance", formatDistance(activity.totalDistance, activity.sport), "title"],
    [
      speed ? "Speed" : "Pace",
      range([
        ["", formatEffort(averageSpeed(activity), kind)],
        [speed ? "at most" : "at best", formatEffort(activity.maxSpeed, kind)],
      ]),
      "pace",
    ],
    [
      "Heart rate",
      range([
        ["bpm", formatNumber(activity.avgHeartRate)],
        ["at most", formatNumber(activity.maxHeartRate)],
        ["at least", formatNumber(activity.minHeartRate)],
      ]),
      "heart",
    ],
    [
      "Climb",
      range([
        ["up", formatNumber(activity.totalAscent, "m")],
        ["down", formatNumber(activity.totalDescent, "m")],
      ]),
      "height",
    ],
    [
      "Energy",
      range([
        ["", formatNumber(activity.totalCalories, "kcal")],
        ["active", formatNumber(activity.activeCalories, "kcal")],
      ]),
    ],
    [
      "Power",
      range([
        ["", formatNumber(activity.avgPower, "W")],
        ["at most", formatNumber(activity.maxPower, "W")],
      ]),
      "power",
    ],
    [
      "Cadence",
      range([
        [kind === "pace" ? "steps/min" : "rpm", formatNumber(activity.avgCadence)],
        ["at most", formatNumber(activity.maxCadence)],
      ]),
    ],
    ["Device", activity.device === null ? null : plainText(activity.device)],
  ];
}

/** Lines that one of the provider's own values may take: the beat intervals of an hour would fill pages. */
const EXTRA_LINES = 3;

function extraFacts(activity: StoredActivity): Fact[] {
  return Object.entries(activity.extra).map(([name, value]) => [
    plainText(name),
    plainText(typeof value === "string" ? value : JSON.stringify(value)),
  ]);
}

function provenance(activity: StoredActivity): Fact[] {
  return [
    ["Source", plainText(`${activity.source}, account ${activity.account}, ${activity.externalId}`)],
    ["Sport there", activity.sourceSport === null ? null : plainText(activity.sourceSport)],
    ["Kind", kindWords(activity)],
    ["Stored", `${activity.createdAt.slice(0, 16).replace("T", " ")} UTC`],
    [
      "Updated",
      activity.updatedAt === activity.createdAt
        ? null
        : `${activity.updatedAt.slice(0, 16).replace("T", " ")} UTC`,
    ],
  ];
}

function kindWords(activity: StoredActivity): string | null {
  const words: string[] = [];
  if (activity.indoor !== null) words.push(activity.indoor ? "indoor" : "outdoor");
  if (activity.hasGps !== null) words.push(activity.hasGps ? "with GPS" : "without GPS");
  if (activity.manual === true) words.push("entered by hand");
  const samples = activity.samples.timestamp.length;
  if (samples > 0) words.push(`${samples} samples`);
  return words.length === 0 ? null : words.join(", ");
}

interface FactsStyle {
  readonly tone?: Tone;
  /** A value that takes more is cut off, and a line says how long it is. */
  readonly maxLines?: number;
}

/** Names and values in two columns; what is unknown is not there. */
function facts(all: readonly Fact[], width: number, look: Look, style: FactsStyle = {}): string[] {
  const known = all.filter(([, value]) => value !== null && value !== "");
  // Apple's names differ only at their end, after some thirty letters: they may take half of the line and a little.
  const left = Math.min(Math.floor(width * 0.55), Math.max(...known.map(([name]) => displayWidth(name))));
  return known.flatMap(([name, value, own]) => {
    const lines = briefly(value ?? "", Math.max(10, width - left - 2), look, style.maxLines);
    return lines.map((line, at) => {
      const label = at === 0 ? truncate(name, left, look.unicode) : "";
      return `${paint(look, "dim", pad(label, left))}  ${paint(look, own ?? style.tone ?? "plain", line)}`;
    });
  });
}

function briefly(value: string, width: number, look: Look, maxLines: number | undefined): string[] {
  if (maxLines === undefined) return wrap(value, width);
  const head = value.slice(0, width * (maxLines + 2));
  const lines = wrap(head, width);
  // The note takes a line, too: in its place the last one may as well stand.
  if (lines.length <= maxLines + 1 && head.length === value.length) return lines;
  const note = `${look.unicode ? "…" : "..."} ${value.length} characters in all (--json)`;
  return [...lines.slice(0, maxLines), ...wrap(note, width)];
}

function charts(activity: StoredActivity, look: Look): string[][] {
  const { samples } = activity;
  const startMs = epochMs(activity.startTime);
  const last = samples.timestamp.at(-1);
  if (last === undefined) return [];
  const span = Math.max(activity.totalElapsedTime ?? 0, (last - startMs) / 1000);
  const rows = look.width >= WIDE ? 8 : 6;
  const all: Chart[] = [];
  const heart = columnSeries(samples, "heartRate", startMs);
  if (heart !== null) {
    all.push({ title: "Heart rate", unit: "bpm", series: heart, span, rows, leastRange: 20, tone: "heart" });
  }
  const speed = speedSeries(samples, startMs);
  const kind = effortKind(activity.sport);
  if (speed !== null) {
    const common = { unit: effortUnit(kind), series: speed, span, rows, tone: "pace" } as const;
    const convert = (value: number): number => effortValue(value, kind);
    if (kind === "speed") all.push({ title: "Speed", ...common, convert, leastRange: 5 });
    else all.push({ title: "Pace", ...common, convert, scale: "clock", clip: 2, leastRange: 30 });
  }
  const height = columnSeries(samples, "altitude", startMs);
  if (height !== null) {
    all.push({
      title: "Elevation",
      unit: "m",
      series: height,
      span,
      rows,
      leastRange: 20,
      style: "area",
      tone: "height",
    });
  }
  const power = columnSeries(samples, "power", startMs);
  if (power !== null) {
    all.push({ title: "Power", unit: "W", series: power, span, rows, leastRange: 20, tone: "power" });
  }
  const gutter = Math.max(0, ...all.map((chart) => gutterOf(chart, look)));
  return all.map((chart) => renderChart({ ...chart, gutter }, look));
}

function lapTable(activity: StoredActivity, look: Look): string[] {
  if (activity.laps.length === 0) return [];
  const kind = effortKind(activity.sport);
  return renderTable(
    [
      { header: "Lap", align: "right" },
      { header: "Time", align: "right" },
      { header: "Distance", align: "right", tone: "title" },
      { header: kind === "speed" ? "Speed" : "Pace", align: "right", tone: "pace" },
      { header: "HR", align: "right", tone: "heart" },
      { header: "max", align: "right", dispensable: 2 },
      { header: "kcal", align: "right", dispensable: 3 },
      { header: "Ended by", dispensable: 1 },
      { header: "Intensity", dispensable: 4 },
    ],
    activity.laps.map((lap, at) => [
      String(at + 1),
      formatDuration(workTime(lap)),
      formatDistance(lap.totalDistance, activity.sport),
      formatEffort(averageSpeed(lap), kind),
      formatNumber(lap.avgHeartRate),
      formatNumber(lap.maxHeartRate),
      formatNumber(lap.totalCalories),
      lap.lapTrigger?.replaceAll("_", " ") ?? null,
      lap.intensity,
    ]),
    look,
  );
}

function titled(title: string, lines: readonly string[], look: Look): string[] {
  return lines.length === 0 ? [] : [paint(look, "title", title), ...lines];
}

function beside(left: readonly string[], right: readonly string[], column: number): string[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) =>
    `${pad(left[row] ?? "", column)}  ${right[row] ?? ""}`.trimEnd(),
  );
}

function offsetText(utcOffsetS: number | null): string | null {
  if (utcOffsetS === null) return null;
  const minutes = Math.round(Math.abs(utcOffsetS) / 60);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `UTC${utcOffsetS < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
