import { Command } from "commander";
import { UsageError } from "../errors.ts";
import type { Json, StoredActivity } from "../model/index.ts";
import { activityJson, instantWithin, SAMPLE_NAMES, sampleFieldsOf } from "../model/index.ts";
import { jsonText } from "../output/json.ts";
import { lookOf } from "../output/look.ts";
import { tabSeparated } from "../output/table.ts";
import type { Store } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { parseId, unknownActivity } from "./filters.ts";

export interface ShowOptions {
  readonly context: CommandContext;

  /** The newest when not given. */
  readonly id: number | undefined;
  /** With `--json`: the samples too. Without: the samples instead, tab-separated. */
  readonly samples: boolean;
}

/** `fitglue show [id]`. */
export function newShowCommand(context: CommandContext): Command {
  return new Command("show")
    .argument("[id]", "the activity's number in `fitglue list`; the newest when left out")
    .option("--samples", "every recorded sample: in the document with --json, else tab-separated", false)
    .action(async (id: string | undefined, flags: { samples: boolean }) => {
      await runShow({ context, id: id === undefined ? undefined : parseId(id), samples: flags.samples });
    });
}

/** Writes one activity: drawn on a terminal, as `path<TAB>value` lines in a pipe, as a document with `--json`. */
export async function runShow({ context, id, samples }: ShowOptions): Promise<void> {
  const { stdout } = context.io;
  const store = context.store("read");
  const look = lookOf(context.io);
  const { json } = context.globals;
  const wantsSamples = samples || (look !== null && !json);
  const activity = store.get(id ?? newestId(store), { samples: wantsSamples });
  if (activity === undefined) throw unknownActivity(id ?? 0);
  if (json) {
    stdout.write(`${jsonText(activityJson(activity, { samples }))}\n`);
  } else if (samples) {
    writeSamples(activity, (line) => stdout.write(`${line}\n`));
  } else if (look === null) {
    for (const line of plainLines("", activityJson(activity, { samples: false }))) stdout.write(`${line}\n`);
  } else {
    const { activityView } = await import("../output/activity-view.ts");
    const duplicateOf = store.activities.originalOf(activity)?.id ?? null;
    stdout.write(`${activityView(activity, { duplicateOf }, look).join("\n")}\n`);
  }
}

function newestId(store: Store): number {
  const newest = store.ids({ limit: 1 })[0];
  if (newest === undefined) {
    throw new UsageError("UNKNOWN_ACTIVITY", "there are no activities yet", {
      hint: "fitglue import export.zip, or: fitglue connect polar",
    });
  }
  return newest;
}

/** One line per value: `laps.0.total_distance<TAB>1000`. Nothing is rounded; unknown is empty. */
function* plainLines(path: string, value: Json): Generator<string> {
  if (value === null || typeof value !== "object") {
    yield tabSeparated([path, value]);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    yield* plainLines(path === "" ? key : `${path}.${key}`, inner);
  }
}

function writeSamples(activity: StoredActivity, write: (line: string) => void): void {
  const { samples } = activity;
  const fields = sampleFieldsOf(samples);
  write(tabSeparated(["timestamp", ...fields.map((field) => SAMPLE_NAMES[field])]));
  samples.timestamp.forEach((time, at) => {
    const values = fields.map((field) => {
      const value = samples[field]?.[at] ?? Number.NaN;
      return Number.isNaN(value) ? null : value;
    });
    write(tabSeparated([instantWithin(activity.startTime, time), ...values]));
  });
}
