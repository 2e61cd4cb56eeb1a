import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { packageFile } from "../../package.ts";
import { plainText } from "../text.ts";
import type { ReportActivity } from "./activity.ts";
import { activitySection } from "./activity-section.ts";
import { html, jsonScript, Markup } from "./html.ts";
import { overview } from "./overview.ts";

/** What a page says of itself. */
export interface PageOptions {
  /** Unix milliseconds of its making. */
  readonly now: number;
  /** Activities at the end of the list whose charts and maps were left out, for size. */
  readonly undrawn?: number;
}

/** Scripts and styles that go into a page. */
interface Assets {
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

/**
 * One HTML page that holds everything it needs: no request leaves it, and its content security policy forbids any. Only
 * the scripts and styles with the hashes in that policy run, so that text in the data cannot, even if it got through the
 * escaping.
 */
export function reportPage(activities: readonly ReportActivity[], options: PageOptions): string {
  const { styles, scripts } = readAssets();
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(sourceHash).join(" ")}`,
    `style-src ${styles.map(sourceHash).join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const [only] = activities;
  const one = activities.length === 1 && only !== undefined;
  const title = one ? plainText(only.activity.title ?? only.sport) : "Activities";
  const data = activities.map(({ activity, charts, map }) => ({
    id: activity.id,
    charts,
    map: map === null ? null : { x: map.x, y: map.y },
  }));
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title} - fitglue</title>
        ${styles.map((style) => inline("style", style))}
      </head>
      <body>
        <main>
          ${
            one
              ? null
              : html`<h1>${spanOf(activities)}</h1>
                  ${overview(activities)}
                  <h2>Activities</h2>`
          }
          ${
            (options.undrawn ?? 0) === 0
              ? null
              : html`<p class="note">
                  Charts and maps are here for the first ${activities.length - (options.undrawn ?? 0)} only,
                  or this page would be too heavy.
                </p>`
          }
          ${activities.map((activity) => activitySection(activity, one))}
        </main>
        <footer>
          Made by fitglue on ${new Date(options.now).toISOString().slice(0, 10)} from the data on this
          machine. This page loads nothing from anywhere.
        </footer>
        ${jsonScript("data", data)} ${scripts.map((script) => inline("script", script))}
      </body>
    </html> `;
  return page.text;
}

function spanOf(activities: readonly ReportActivity[]): string {
  const dates = activities.map(({ start }) => start.date).toSorted();
  const [first, last] = [dates[0], dates.at(-1)];
  return first === last ? (first ?? "No activities") : `${first ?? ""} to ${last ?? ""}`;
}

/** Our own files and the chart library's: never data. */
function inline(element: "script" | "style", content: string): Markup {
  if (content.toLowerCase().includes(`</${element}`)) throw new Error(`an asset ends its own <${element}>`);
  return new Markup(`<${element}>${content}</${element}>`);
}

/** CSP Level 3 §2.3.1: the hash of exactly what stands between the tags. */
function sourceHash(content: string): string {
  return `'sha256-${createHash("sha256").update(content).digest("base64")}'`;
}

function readAssets(): Assets {
  const require = createRequire(import.meta.url);
  const uplot = (file: string): string => readFileSync(require.resolve(`uplot/dist/${file}`), "utf8");
  const own = (file: string): string => readFileSync(packageFile(`assets/report/${file}`), "utf8");
  return {
    styles: [uplot("uPlot.min.css"), own("page.css")],
    scripts: [uplot("uPlot.iife.min.js"), own("page.js")],
  };
}
