import { existsSync, rmSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { Command, Option } from "commander";
import { InterruptedError, ItemError, StoreError, UsageError } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";
import { AtomicFile, openFolder, syncFolder, writeAtomically } from "../export/atomic-file.ts";
import { ACTIVITY_COLUMNS, activityRow, SAMPLE_COLUMNS, sampleRows } from "../export/csv.ts";
import { fileNameOf } from "../export/file-name.ts";
import {
  activityFile,
  COLLECTIONS,
  EXPORT_FORMATS,
  type ExportFile,
  type ExportFormat,
  type ExportSource,
  needsSamples,
} from "../export/format.ts";
import { activityJson, isoInstant, type StoredActivity } from "../model/index.ts";
import { csvLine } from "../output/csv.ts";
import { jsonText } from "../output/json.ts";
import {
  type ActivityFilter,
  databaseExists,
  type ExportedFile,
  type ExportTarget,
  type Store,
} from "../store/index.ts";
import { prepareOutFile } from "./out-file.ts";
import type { CommandContext } from "./context.ts";
import {
  addFilterOptions,
  type FilterFlags,
  hasFilters,
  parseFilters,
  parseId,
  unknownActivity,
} from "./filters.ts";

export interface ExportOptions {
  readonly context: CommandContext;

  readonly format: ExportFormat;
  /** Empty: the filter chooses. */
  readonly ids: readonly number[];
  readonly filter: ActivityFilter;
  /** Every sample too; for json, ndjson and csv. */
  readonly samples: boolean;
  /** A file or folder; undefined and `-` are stdout. */
  readonly out: string | undefined;
  /** Only what was not exported to this folder before, or has changed since. */
  readonly onlyNew: boolean;
}

interface ExportFlags extends FilterFlags {
  readonly format: ExportFormat;
  readonly samples: boolean;
  readonly out?: string;
  readonly new: boolean;
}

/** `fitglue export [id…]`. */
export function newExportCommand(context: CommandContext): Command {
  const command = new Command("export")
    .argument("[id...]", "numbers as list shows them; default: what the filters leave")
    .addOption(new Option("--format <format>", "what to write").choices(EXPORT_FORMATS).default("json"))
    .option("--out <path>", "a file, a folder (one file per activity) or - for stdout (default: -)")
    .option("--new", "only what was not exported to this folder before, or has changed since", false)
    .option("--samples", "with every sample: json, ndjson; csv: a row per sample", false);
  return addFilterOptions(command).action(async (ids: string[], flags: ExportFlags) => {
    if (ids.length > 0 && hasFilters(flags)) {
      throw new UsageError("USAGE", "ids and filters exclude each other", { hint: "fitglue export --help" });
    }
    context.exit(
      await runExport({
        context,
        format: flags.format,
        ids: [...new Set(ids.map(parseId))],
        filter: parseFilters(flags),
        samples: flags.samples,
        out: flags.out,
        onlyNew: flags.new,
      }),
    );
  });
}

/** Writes the chosen activities, one at a time: memory does not grow with their number. */
export async function runExport(options: ExportOptions): Promise<ExitCode> {
  if (options.samples && !COLLECTIONS.has(options.format)) {
    throw new UsageError("USAGE", `--samples is for json, ndjson and csv; ${options.format} always has them`);
  }
  const place = placeOf(options);
  const { databasePath } = options.context.settings();
  if (place !== "stdout" && !databaseExists(databasePath)) {
    // A mistyped --db must not put nothing in the place of the last good export.
    throw new StoreError("STORE_MISSING", `there is no database to export from: ${databasePath}`, {
      hint: "fitglue status",
    });
  }
  if (place === "folder") return exportToFolder(options, options.out ?? ".");
  if (options.onlyNew) {
    throw new UsageError("USAGE", "--new needs a folder", {
      hint: `fitglue export --new --format ${options.format} --out FOLDER`,
    });
  }
  return COLLECTIONS.has(options.format) ? exportCollection(options, place) : exportOne(options, place);
}

/**
 * What `--out` means: an existing folder, or a path that ends in a slash or belongs to `--new`, is a folder. Of a path that
 * does not exist a name with an extension is a file; without one it is a file for the formats that hold many activities.
 */
function placeOf({ out, format, onlyNew }: ExportOptions): "stdout" | "file" | "folder" {
  if (out === undefined || out === "-") return "stdout";
  if (existsSync(out)) return statSync(out).isDirectory() ? "folder" : "file";
  if (/[/\\]$/.test(out) || onlyNew) return "folder";
  return extname(out) !== "" || COLLECTIONS.has(format) ? "file" : "folder";
}

/** What could not be exported and why, by reason. */
class Omissions {
  readonly #reasons = new Map<string, { count: number; example: number }>();

  add(reason: string, id: number): void {
    const known = this.#reasons.get(reason);
    if (known === undefined) this.#reasons.set(reason, { count: 1, example: id });
    else known.count++;
  }

  get count(): number {
    let count = 0;
    for (const reason of this.#reasons.values()) count += reason.count;
    return count;
  }

  /** One line for people. */
  get text(): string {
    return Array.from(
      this.#reasons,
      ([reason, { count, example }]) =>
        `left out ${count}: ${reason} (${count > 1 ? "for example " : ""}${example})`,
    ).join("; ");
  }

  get documents(): readonly object[] {
    return Array.from(this.#reasons, ([reason, { count, example }]) => ({
      code: "not-in-format",
      reason,
      count,
      example,
    }));
  }
}

async function exportToFolder(options: ExportOptions, out: string): Promise<ExitCode> {
  const { context, format } = options;
  const store = context.store("write");
  const folder = openFolder(out, context.now());
  const target: ExportTarget = { format: options.samples ? `${format}+samples` : format, folder };
  const omissions = new Omissions();
  const files: ExportedFile[] = [];
  let recorded = 0;
  const record = (): void => {
    // First the names on disk, then the memory of them: a crash in between exports a file again, under the same name.
    syncFolder(folder);
    const pending = files.slice(recorded);
    recorded = files.length;
    store.transaction(() => store.exports.record(pending, target, isoInstant(context.now())));
  };
  try {
    const limit = options.filter.limit ?? Number.POSITIVE_INFINITY;
    for (const id of chosenIds(store, options)) {
      await pulse(context);
      if (options.onlyNew && files.length >= limit) break;
      const known = store.exports.find(id, target);
      if (options.onlyNew && known?.current === true) continue;
      const source = sourceOf(store, id, format, options.samples);
      if (source === undefined || (options.onlyNew && source.activity.deletedAt !== null)) continue;
      const file = fileOf(source, options, omissions);
      if (file === null) continue;
      const ownName = fileNameOf(source.activity, file.extension);
      // The name that others know, but for another kind of original than was there before.
      const stays = known !== undefined && extname(known.fileName) === extname(ownName);
      const fileName = stays ? known.fileName : ownName;
      writeAtomically(join(folder, fileName), file.data);
      if (known !== undefined && !stays) rmSync(join(folder, known.fileName), { force: true });
      files.push({ activityId: id, fileName });
      if (files.length - recorded >= RECORD_EVERY) record();
    }
  } finally {
    if (files.length > recorded) record();
  }
  if (context.globals.json) {
    const documents = files.map(({ activityId, fileName }) => ({
      id: activityId,
      path: join(folder, fileName),
    }));
    const summary = { folder, format, exported: files.length, skipped: omissions.count };
    context.io.stdout.write(`${jsonText({ ...summary, files: documents, warnings: omissions.documents })}\n`);
  } else {
    const exported = `${files.length} ${files.length === 1 ? "activity" : "activities"} exported to ${out}`;
    const parts = [files.length > 0 || context.io.stderr.isTTY ? exported : "", omissions.text];
    const line = parts.filter((part) => part !== "").join("; ");
    if (line !== "") context.say(`${line}\n`);
  }
  return exitCodeOf(options, omissions);
}

/** Files between two entries in the database: each costs two syncs of the disk. */
const RECORD_EVERY = 50;

async function exportCollection(options: ExportOptions, place: "stdout" | "file"): Promise<ExitCode> {
  const { context, format, out } = options;
  if (place === "file" && out !== undefined) prepareOutFile(context, out);
  const store = context.store("read");
  const file = place === "file" && out !== undefined ? new AtomicFile(out) : undefined;
  const write = (text: string): void => (file ?? context.io.stdout).write(text);
  let first = true;
  try {
    if (format === "csv") write(csvHeader(options.samples));
    for (const id of chosenIds(store, options)) {
      await pulse(context);
      const activity = store.get(id, { samples: needsSamples(format, options.samples) });
      if (activity === undefined) continue;
      if (format === "csv") csvBody(activity, options.samples, write);
      else {
        const document = jsonText(activityJson(activity, { samples: options.samples }));
        write(format === "ndjson" ? `${document}\n` : `${first ? "[" : ",\n"}${document}`);
      }
      first = false;
    }
    if (format === "json") write(first ? "[]\n" : "]\n");
    file?.commit();
  } finally {
    file?.discard();
  }
  return ExitCode.OK;
}

/** One activity in a format whose files hold one. */
function exportOne(options: ExportOptions, place: "stdout" | "file"): ExitCode {
  const { context, format, out } = options;
  const store = context.store("read");
  const ids = chosenIds(store, options);
  const [id] = ids;
  if (id === undefined || ids.length > 1) {
    const many = `${ids.length === 0 ? "no activity matches" : `${ids.length} activities match`}; ${format} holds one`;
    throw new UsageError("ONE_ACTIVITY", many, {
      hint: ids.length === 0 ? "fitglue list" : `fitglue export --format ${format} --out FOLDER/`,
    });
  }
  const source = sourceOf(store, id, format, false);
  if (source === undefined) throw unknownActivity(id);
  const { data } = activityFile(source, format as Exclude<ExportFormat, "csv">, false);
  if (place === "file" && out !== undefined) {
    prepareOutFile(context, out);
    writeAtomically(out, data);
    return ExitCode.OK;
  }
  if (typeof data !== "string" && context.io.stdout.isTTY) {
    throw new UsageError("BINARY_TO_TERMINAL", "this file is not for a terminal", {
      hint: `fitglue export ${id} --format ${format} --out FILE`,
    });
  }
  context.io.stdout.write(data);
  return ExitCode.OK;
}

/** Lets signals and a closed pipe be heard between two activities. */
async function pulse(context: CommandContext): Promise<void> {
  await turn();
  if (context.signal.aborted) throw new InterruptedError();
}

function chosenIds(store: Store, options: ExportOptions): readonly number[] {
  if (options.ids.length > 0) {
    for (const id of options.ids)
      if (store.get(id, { samples: false }) === undefined) throw unknownActivity(id);
    return options.ids;
  }
  // With --new the limit counts what is new, and a watching program gets the oldest first.
  return store.ids(
    options.onlyNew ? { ...options.filter, limit: undefined, order: "oldest" } : options.filter,
  );
}

function sourceOf(
  store: Store,
  id: number,
  format: ExportFormat,
  samples: boolean,
): ExportSource | undefined {
  const activity = store.get(id, { samples: needsSamples(format, samples) });
  if (activity === undefined) return undefined;
  return { activity, payloads: () => store.rawPayloads(activity, activity.externalId) };
}

/** The file of one activity, or null where the format cannot hold it. */
function fileOf(source: ExportSource, options: ExportOptions, omissions: Omissions): ExportFile | null {
  try {
    if (options.format !== "csv") return activityFile(source, options.format, options.samples);
    const parts = [csvHeader(options.samples)];
    csvBody(source.activity, options.samples, (text) => parts.push(text));
    return { extension: "csv", data: parts.join("") };
  } catch (error) {
    if (!(error instanceof ItemError)) throw error;
    omissions.add(error.message, source.activity.id);
    return null;
  }
}

function csvHeader(samples: boolean): string {
  return csvLine(samples ? SAMPLE_COLUMNS : ACTIVITY_COLUMNS);
}

function csvBody(activity: StoredActivity, samples: boolean, write: (text: string) => void): void {
  if (!samples) {
    write(csvLine(Object.values(activityRow(activity))));
    return;
  }
  for (const row of sampleRows(activity)) write(csvLine(row));
}

/** What was asked for by its number and could not be exported is a failure; of a selection it is a remark. */
function exitCodeOf(options: ExportOptions, omissions: Omissions): ExitCode {
  return options.ids.length > 0 && omissions.count > 0 ? ExitCode.PARTIAL : ExitCode.OK;
}
