import type { Sport } from "../../model/index.ts";
import { formatDistance, formatDuration, formatNumber, sportName } from "../format.ts";
import type { Totalled, Totals } from "../totals.ts";
import { totalsOf } from "../totals.ts";
import type { ReportActivity } from "./activity.ts";
import type { Markup } from "./html.ts";
import { html } from "./html.ts";

const CELL = 14;
const DAY_MS = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** What several activities have together: sums, a calendar per year, weekly totals. */
export function overview(activities: readonly ReportActivity[]): Markup {
  const all = activities.map(({ activity }) => activity);
  const weeks = totalsOf(all, "week");
  return html`<section class="overview">
    ${tiles(weeks.all)}
    ${
      weeks.duplicates === 0
        ? null
        : html`<p class="note">Possible duplicates are shown but not counted: ${weeks.duplicates}.</p>`
    }
    <h2>Calendar</h2>
    ${calendar(activities)}
    <p class="note">The darker, the longer: up to half an hour, one hour, two hours, more.</p>
    <h2>Weeks</h2>
    ${weekBars(weeks.groups)}
    <details class="plain">
      <summary>Week by week</summary>
      ${totalsTable("Week", weeks.groups)}
    </details>
    <h2>Sports</h2>
    ${totalsTable("Sport", totalsOf(all, "sport").groups)}
  </section>`;
}

function tiles(totals: Totals): Markup {
  const tile = (name: string, value: string | null): Markup | null =>
    value === null ? null : html`<div class="tile"><b>${value}</b><span>${name}</span></div>`;
  return html`<div class="tiles">
    ${tile("activities", String(totals.count))} ${tile("time", formatDuration(totals.time))}
    ${tile("distance", formatDistance(totals.distance, "generic"))}
    ${tile("climb", formatNumber(totals.ascent, "m"))}
    ${tile("energy", formatNumber(totals.calories, "kcal"))}
  </div>`;
}

/** Years, newest first; a column per week, Monday on top; darker is longer. Each day leads to its newest activity. */
function calendar(activities: readonly ReportActivity[]): Markup {
  const days = new Map<string, ReportActivity[]>();
  for (const each of activities) {
    const day = days.get(each.start.date);
    if (day === undefined) days.set(each.start.date, [each]);
    else day.push(each);
  }
  const secondsOf = (day: readonly Totalled[]): number => totalsOf(day, "year").all.time ?? 0;
  const seconds = new Map(
    Array.from(days, ([date, day]) => [date, secondsOf(day.map(({ activity }) => activity))]),
  );
  const years = [...new Set(Array.from(days.keys(), (date) => date.slice(0, 4)))].toSorted().toReversed();
  return html`${years.map((year) => {
    const first = Date.UTC(Number(year), 0, 1);
    const last = Date.UTC(Number(year), 11, 31);
    const monday = first - ((new Date(first).getUTCDay() + 6) % 7) * DAY_MS;
    const place = (ms: number): { x: number; y: number } => {
      const day = Math.round((ms - monday) / DAY_MS);
      return { x: Math.floor(day / 7) * CELL, y: 16 + (day % 7) * CELL };
    };
    const cells: Markup[] = [];
    for (let ms = first; ms <= last; ms += DAY_MS) {
      const date = new Date(ms).toISOString().slice(0, 10);
      const { x, y } = place(ms);
      const day = days.get(date);
      const level = day === undefined ? 0 : levelOf(seconds.get(date) ?? 0);
      const rect = html`<rect
        class="d${level}"
        x="${x}"
        y="${y}"
        width="${CELL - 3}"
        height="${CELL - 3}"
        rx="2"
        >${
          day === undefined
            ? null
            : html`<title>
                ${date}: ${day.map(({ sport }) => sport).join(", ")},
                ${formatDuration(seconds.get(date) ?? null)}
              </title>`
        }</rect
      >`;
      cells.push(day === undefined ? rect : html`<a href="#a${day[0]?.activity.id ?? ""}">${rect}</a>`);
    }
    const names = MONTHS.map((name, month) => {
      const { x } = place(Date.UTC(Number(year), month, 1) + 6 * DAY_MS);
      return html`<text x="${x}" y="10">${name}</text>`;
    });
    const width = place(last).x + CELL;
    return html`<h3>${year}</h3>
      <div class="scroll">
        <svg
          class="calendar"
          viewBox="0 0 ${width} ${16 + 7 * CELL}"
          width="${width}"
          height="${16 + 7 * CELL}"
          role="img"
          aria-label="Training days of ${year}"
        >
          ${names}${cells}
        </svg>
      </div>`;
  })}`;
}

/** 1 to 4: up to half an hour, one hour, two hours, longer; the same for everyone, so that years can be compared. */
function levelOf(seconds: number): number {
  return 1 + [1800, 3600, 7200].filter((limit) => seconds > limit).length;
}

/** Time per week, oldest first; a week without activities is an empty place. */
function weekBars(weeks: readonly Totals[]): Markup | null {
  const dated = weeks.map((week) => ({ week, monday: mondayOf(week.key ?? "") }));
  const [first, last] = [
    Math.min(...dated.map(({ monday }) => monday)),
    Math.max(...dated.map(({ monday }) => monday)),
  ];
  const count = Math.round((last - first) / (7 * DAY_MS)) + 1;
  const longest = Math.max(...weeks.map((week) => week.time ?? 0));
  if (!Number.isFinite(count) || count < 2 || longest <= 0) return null;
  const height = 120;
  const wide = Math.max(3, Math.min(24, Math.floor(700 / count)));
  const bars = dated.map(({ week, monday }) => {
    const x = Math.round((monday - first) / (7 * DAY_MS)) * wide;
    const bar = Math.max(1, Math.round(((week.time ?? 0) / longest) * height));
    return html`<rect
      class="bar"
      x="${x}"
      y="${height - bar}"
      width="${Math.max(2, wide - 2)}"
      height="${bar}"
      ><title>${week.key}: ${formatDuration(week.time) ?? "time unknown"}, ${week.count}</title></rect
    >`;
  });
  const width = count * wide;
  return html`<div class="scroll">
      <svg
        class="weeks"
        viewBox="0 0 ${width} ${height}"
        width="${width}"
        height="${height}"
        role="img"
        aria-label="Time per week, the longest ${formatDuration(longest)}"
      >
        ${bars}
        <line x1="0" x2="${width}" y1="${height}" y2="${height}" />
      </svg>
    </div>
    <p class="note">Time per week; the longest has ${formatDuration(longest)}.</p>`;
}

/** Unix milliseconds of the Monday of an ISO week `2026-W47`. */
function mondayOf(week: string): number {
  const [year, number] = week.split("-W").map(Number);
  const fourth = Date.UTC(year ?? Number.NaN, 0, 4);
  return (
    fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY_MS + ((number ?? Number.NaN) - 1) * 7 * DAY_MS
  );
}

function totalsTable(by: string, groups: readonly Totals[]): Markup {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>${by}</th>
          <th>Count</th>
          <th>Time</th>
          <th>Distance</th>
          <th>Climb</th>
          <th>kcal</th>
        </tr>
      </thead>
      <tbody>
        ${groups.map(
          (group) =>
            html`<tr>
              <th>${by === "Sport" ? sportName((group.key ?? "generic") as Sport, null) : group.key}</th>
              <td>${group.count}</td>
              <td>${formatDuration(group.time)}</td>
              <td>${formatDistance(group.distance, group.key === "swimming" ? "swimming" : "generic")}</td>
              <td>${formatNumber(group.ascent, "m")}</td>
              <td>${formatNumber(group.calories)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
