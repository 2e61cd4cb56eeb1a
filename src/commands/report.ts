import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { UsageError } from "../errors.ts";
import { writeAtomically } from "../export/atomic-file.ts";
import { jsonText } from "../output/json.ts";
import type { ReportActivity } from "../output/report/activity.ts";
import type { ActivityFilter } from "../store/index.ts";
import { prepareOutFile } from "./out-file.ts";
import type { CommandContext } from "./context.ts";
import type { FilterFlags } from "./filters.ts";
import { addFilterOptions, hasFilters, parseFilters, parseId, unknownActivity } from "./filters.ts";

/** Points that all charts of a page have together at most: what a phone still draws quickly. */
const POINTS = 60_000;
/** Points of one activity's charts, at most and at least. */
const MOST_POINTS = 3000;
const LEAST_POINTS = 300;
/** How many activities of a page have charts and a map: the newest. */
const DRAWN = 200;

export interface ReportCommandOptions {
  readonly context: CommandContext;

  /** These, else what the filter leaves, else the newest. */
  readonly ids: readonly number[];
  readonly filter: ActivityFilter | undefined;
  /** A file, or `-` for stdout. */
  readonly out: string;
  readonly open: boolean;
  /** Opens a URL in the browser of whoever sits there. */
  readonly openUrl?: (url: string) => Promise<void>;
}

/** `fitglue report [id…]`. */
export function newReportCommand(context: CommandContext): Command {
  return addFilterOptions(new Command("report"))
    .argument("[id...]", "numbers in `fitglue list`; else what the filters leave; else the newest")
    .option("--out <file>", "the page to write; - for stdout", "fitglue-report.html")
    .option("--open", "open it in the browser", false)
    .action(async (ids: string[], flags: FilterFlags & { out: string; open: boolean }) => {
      if (ids.length > 0 && hasFilters(flags)) {
        throw new UsageError("USAGE", "numbers and filters contradict each other", {
          hint: "give one or the other",
        });
      }
      if (flags.open && flags.out === "-") {
        throw new UsageError("USAGE", "stdout cannot be opened in a browser", { hint: "--out FILE --open" });
      }
      await runReport({
        context,
        ids: [...new Set(ids.map(parseId))],
        filter: hasFilters(flags) ? parseFilters(flags) : undefined,
        out: flags.out,
        open: flags.open,
      });
    });
}

/** Writes the page. It is health data: the file is private. */
export async function runReport(options: ReportCommandOptions): Promise<void> {
  const { context, out } = options;
  const [{ reportActivity }, { reportPage }] = await Promise.all([
    import("../output/report/activity.ts"),
    import("../output/report/page.ts"),
  ]);
  const store = context.store("read");
  const ids = options.ids.length > 0 ? options.ids : store.ids(options.filter ?? { limit: 1 });
  if (ids.length === 0) {
    throw new UsageError(
      "UNKNOWN_ACTIVITY",
      options.filter === undefined ? "there are no activities yet" : "no activity matches",
      {
        hint:
          options.filter === undefined
            ? "fitglue import export.zip, or: fitglue connect polar"
            : "fitglue list",
      },
    );
  }
  const drawn = Math.min(ids.length, DRAWN);
  const points = Math.min(MOST_POINTS, Math.max(LEAST_POINTS, Math.floor(POINTS / drawn)));
  const activities: ReportActivity[] = [];
  ids.forEach((id, at) => {
    const stored = store.get(id, { samples: at < DRAWN });
    if (stored === undefined) throw unknownActivity(id);
    activities.push(reportActivity(stored, points));
  });
  const page = reportPage(activities, { now: context.now(), undrawn: ids.length - drawn });
  if (out === "-") {
    context.io.stdout.write(page);
    return;
  }
  const path = resolve(out);
  prepareOutFile(context, path);
  writeAtomically(path, page, 0o600);
  if (context.globals.json) {
    context.io.stdout.write(
      `${jsonText({ file: path, activities: ids.length, bytes: Buffer.byteLength(page) })}\n`,
    );
  } else {
    context.say(`${path}: ${ids.length === 1 ? "1 activity" : `${ids.length} activities`}\n`);
  }
  if (!options.open) return;
  const openUrl = options.openUrl ?? (await context.browser());
  if (openUrl === undefined) context.say("no browser can be opened here: open the file yourself\n");
  else await openUrl(pathToFileURL(path).href);
}
