import { zoneLimits } from "../bars.ts";
import { duplicateOf } from "../../model/index.ts";
import {
  averageSpeed,
  effortKind,
  formatDistance,
  formatDuration,
  formatEffort,
  formatNumber,
  weekday,
  workTime,
} from "../format.ts";
import { plainText } from "../text.ts";
import type { ReportActivity, ReportMap } from "./activity.ts";
import type { Markup } from "./html.ts";
import { html } from "./html.ts";

/** One activity: open and with a headline when it is alone on its page, else folded behind one line. */
export function activitySection(report: ReportActivity, alone: boolean): Markup {
  const { activity, start } = report;
  const name = plainText(activity.title ?? report.sport);
  const sport = plainText(report.sport);
  const when = `${weekday(start.date)} ${start.date} ${start.time}`;
  const zone = start.readersZone ? " (the time zone of whoever made this page: the source tells none)" : "";
  const key = [
    formatDistance(activity.totalDistance, activity.sport),
    formatDuration(workTime(activity)),
    formatEffort(averageSpeed(activity), effortKind(activity.sport)),
  ].filter((value) => value !== null);
  const flags = [
    ...(duplicateOf(activity) === null ? [] : ["possible duplicate"]),
    ...(activity.deletedAt === null ? [] : ["gone at its source"]),
  ].map((flag) => html`<span class="flag">${flag}</span>`);
  const body = html`<p class="when">
      ${when}${zone} · ${activity.title === null ? null : `${sport} · `}${activity.source} ${flags}
    </p>
    ${numbers(report)}
    <div class="over-time" data-activity="${activity.id}">
      ${report.map === null ? null : routeMap(report.map)}
      ${
        report.charts === null
          ? null
          : html`<div class="charts">
              <p class="readout" aria-live="off">&nbsp;</p>
              <noscript>The charts need JavaScript.</noscript>
            </div>`
      }
    </div>
    ${
      report.charts === null || report.charts.step === 1
        ? null
        : html`<p class="note">The charts show the mean of every ${report.charts.step} seconds.</p>`
    }
    ${zoneBars(report)} ${lapTable(report)} ${notes(report)} ${extras(report)}`;
  if (alone)
    return html`<article id="a${activity.id}">
      <h1>${name}</h1>
      ${body}
    </article>`;
  return html`<details id="a${activity.id}">
    <summary>
      <span class="date">${start.date}</span> <b>${name}</b> <span class="key">${key.join(" · ")}</span>
    </summary>
    ${body}
  </details>`;
}

function numbers({ activity }: ReportActivity): Markup {
  const kind = effortKind(activity.sport);
  const rows: [string, string | null][] = [
    ["Distance", formatDistance(activity.totalDistance, activity.sport)],
    ["Time", formatDuration(workTime(activity))],
    ["Moving", formatDuration(activity.totalMovingTime)],
    [
      "Start to end",
      activity.totalElapsedTime === workTime(activity) ? null : formatDuration(activity.totalElapsedTime),
    ],
    [kind === "speed" ? "Speed" : "Pace", formatEffort(averageSpeed(activity), kind)],
    [kind === "speed" ? "Top speed" : "Best pace", formatEffort(activity.maxSpeed, kind)],
    ["Heart rate", formatNumber(activity.avgHeartRate, "bpm")],
    ["Highest", formatNumber(activity.maxHeartRate, "bpm")],
    ["Climb", formatNumber(activity.totalAscent, "m")],
    ["Descent", formatNumber(activity.totalDescent, "m")],
    ["Energy", formatNumber(activity.totalCalories, "kcal")],
    ["Active energy", formatNumber(activity.activeCalories, "kcal")],
    ["Power", formatNumber(activity.avgPower, "W")],
    ["Cadence", formatNumber(activity.avgCadence, kind === "pace" ? "spm" : "rpm")],
    ["Device", activity.device === null ? null : plainText(activity.device)],
  ];
  return html`<dl class="numbers">
    ${rows
      .filter(([, value]) => value !== null)
      .map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
  </dl>`;
}

/** North up; the marks keep their size whatever the route's. */
function routeMap(map: ReportMap): Markup {
  const air = 40;
  const width = Math.max(map.width, 300);
  const height = Math.max(map.height, 200);
  const [left, top] = [(map.width - width) / 2 - air, (map.height - height) / 2 - air];
  const most = map.metresPerUnit * 300;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((step) => step * power).find((length) => length <= most) ?? power;
  const bottom = top + height + 2 * air + 30;
  const units = Math.round(metres / map.metresPerUnit);
  const label = metres < 1000 ? `${metres} m` : `${metres / 1000} km`;
  return html`<svg
    class="map"
    viewBox="${left} ${top} ${width + 2 * air} ${height + 2 * air + 50}"
    role="img"
    aria-label="Map of the route"
  >
    <path class="route" d="${map.path}" />
    <circle class="finish" cx="${map.finish[0]}" cy="${map.finish[1]}" r="13"><title>finish</title></circle>
    <circle class="start" cx="${map.start[0]}" cy="${map.start[1]}" r="13"><title>start</title></circle>
    <circle class="here" cx="${map.start[0]}" cy="${map.start[1]}" r="17" />
    <path class="scale" d="M${left + 20} ${bottom - 12}v12h${units}v-12" />
    <text x="${left + 30 + units}" y="${bottom}">${label}</text>
  </svg>`;
}

function zoneBars({ zones }: ReportActivity): Markup | null {
  const total = zones.reduce((sum, zone) => sum + (zone.seconds ?? 0), 0);
  if (total <= 0) return null;
  const longest = Math.max(...zones.map((zone) => zone.seconds ?? 0));
  const rows = zones
    .toSorted((a, b) => b.zone - a.zone)
    .map((zone) => {
      const percent = ((zone.seconds ?? 0) / total) * 100;
      return html`<tr>
        <th>Z${zone.zone}</th>
        <td>${zoneLimits(zone)}</td>
        <td>${formatDuration(zone.seconds)}</td>
        <td class="wide">
          <svg
            class="zone z${Math.min(5, zone.zone)}"
            viewBox="0 0 100 8"
            preserveAspectRatio="none"
            aria-hidden="true"
          >
            <rect width="${(((zone.seconds ?? 0) / longest) * 100).toFixed(2)}" height="8" />
          </svg>
        </td>
        <td>${percent.toFixed(0)}%</td>
      </tr>`;
    });
  return html`<h3>Heart-rate zones</h3>
    <div class="scroll">
      <table class="zones">
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>`;
}

function lapTable({ activity, laps }: ReportActivity): Markup | null {
  if (laps.length === 0) return null;
  const kind = effortKind(activity.sport);
  const known = (value: (typeof laps)[number]["totalCalories"][]): boolean =>
    value.some((each) => each !== null);
  const heart = known(laps.map((lap) => lap.avgHeartRate));
  const energy = known(laps.map((lap) => lap.totalCalories));
  const column = (shown: boolean, cell: Markup): Markup | null => (shown ? cell : null);
  return html`<h3>Laps</h3>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Lap</th>
            <th>Time</th>
            <th>Distance</th>
            <th>${kind === "speed" ? "Speed" : "Pace"}</th>
            ${column(
              heart,
              html`<th>HR</th>
                <th>max</th>`,
            )}${column(energy, html`<th>kcal</th>`)}
          </tr>
        </thead>
        <tbody>
          ${laps.map(
            (lap, at) =>
              html`<tr>
                <th>${at + 1}</th>
                <td>${formatDuration(workTime(lap))}</td>
                <td>${formatDistance(lap.totalDistance, activity.sport)}</td>
                <td>${formatEffort(averageSpeed(lap), kind)}</td>
                ${column(
                  heart,
                  html`<td>${formatNumber(lap.avgHeartRate)}</td>
                    <td>${formatNumber(lap.maxHeartRate)}</td>`,
                )}${column(energy, html`<td>${formatNumber(lap.totalCalories)}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function notes({ activity }: ReportActivity): Markup | null {
  return activity.notes === null
    ? null
    : html`<h3>Notes</h3>
        <p class="notes">${activity.notes.split(/\r?\n/).map((line) => html`${plainText(line)}<br />`)}</p>`;
}

function extras({ activity }: ReportActivity): Markup | null {
  const rows = Object.entries(activity.extra);
  if (rows.length === 0) return null;
  return html`<h3>More from ${activity.source}</h3>
    <div class="scroll">
      <table class="extra">
        <tbody>
          ${rows.map(
            ([name, value]) =>
              html`<tr>
                <th>${plainText(name)}</th>
                <td>${extraValue(plainText(typeof value === "string" ? value : JSON.stringify(value)))}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

/** A value longer than some lines (the beat intervals of an hour) is folded. */
function extraValue(text: string): Markup | string {
  if (text.length <= FOLDED_FROM) return text;
  return html`<details class="plain">
    <summary>${text.slice(0, FOLDED_FROM / 4)}… (${text.length} characters)</summary>
    ${text}
  </details>`;
}

const FOLDED_FROM = 400;
