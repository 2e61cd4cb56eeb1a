import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ImportCommandOptions, runImport } from "../../src/commands/import.ts";
import type { Batch } from "../../src/model/index.ts";
import type { ImportSession } from "../../src/providers/types.ts";
import type { FileProvider } from "../../src/sync/import.ts";
import { activity } from "../store/activity.ts";
import { type FakeContextOptions, fakeContext } from "./fake-context.ts";

/** Two activities a batch, named so that each file has its own. */
function batchOf(name: string, number: number): Batch {
  const ids = [`${name}-${number}-a`, `${name}-${number}-b`];
  return { items: ids.map((externalId) => ({ activity: activity({ externalId }), raw: [] })), mode: "merge" };
}

/** What reading one file does. */
type Reading = (session: ImportSession, stop: () => void) => AsyncGenerator<Batch, void, void>;

/** A home with the named files, a provider that reads each as told, and an import of all of them. */
function setup(readings: Readonly<Record<string, Reading>>, options: FakeContextOptions = {}) {
  const controller = new AbortController();
  const provider: FileProvider = {
    id: "file",
    name: "Files",
    parserVersion: 1,
    file: {
      recognizes: async () => true,
      read: (file, session) => {
        const reading = Object.entries(readings).find(([name]) => file.path.endsWith(`/${name}`))?.[1];
        if (reading === undefined) throw new Error(`nobody reads ${file.path}`);
        return reading(session, () => controller.abort());
      },
    },
  };
  const context = { ...fakeContext({ ...options, providers: [provider] }), signal: controller.signal };
  const paths = Object.keys(readings).map((name) => join(context.home, name));
  for (const path of paths) writeFileSync(path, "x");
  const run = (more: Partial<ImportCommandOptions> = {}) =>
    runImport({ context, paths, timezone: undefined, dryRun: false, ...more });
  const lines = () => context.err().replaceAll(`${context.home}/`, "").trimEnd().split("\n");
  return { context, run, lines };
}

const whole: Reading = async function* (session) {
  session.warn({ code: "odd", message: "an oddity", loss: false });
  yield batchOf("whole", 1);
};

/** Ctrl-C comes while its second batch is made. */
const interrupted: Reading = async function* (session, stop) {
  session.warn({ code: "lost", message: "something is lost", loss: true });
  yield batchOf("interrupted", 1);
  stop();
  yield batchOf("interrupted", 2);
  yield batchOf("interrupted", 3);
};

/** The database takes its first batch and refuses the second. */
const full: Reading = async function* () {
  yield batchOf("full", 1);
  yield batchOf("full", 2);
};
const REFUSAL = `CREATE TRIGGER full BEFORE INSERT ON activities WHEN NEW.external_id LIKE 'full-2-%'
  BEGIN SELECT RAISE(ABORT, 'disk full'); END`;

const nothing: Reading = async function* (_, stop) {
  stop();
  yield* [];
  throw new Error("as an aborted read fails");
};

const never: Reading = async function* () {
  yield* [];
  throw new Error("the run had ended");
};

const NONE = { activities: 0, added: 0, updated: 0, unchanged: 0, skipped: 0 };

describe("an import that is ended early tells what it has stored", () => {
  test.each([
    { name: "interrupted", reading: interrupted, added: 4, code: 130, error: "INTERRUPTED" },
    { name: "full", reading: full, added: 2, code: 7, error: "STORE_FAILED" },
  ])("with --json: $error", async ({ name, reading, added, code, error }) => {
    const { context, run, lines } = setup({ whole, [name]: reading, never }, { globals: { json: true } });
    context.store("write").db.exec(REFUSAL);
    expect(await run()).toBe(code);
    expect(context.json()).toMatchObject({
      files: [
        { status: "ok", activities: 2, added: 2, warnings: [{ code: "odd", count: 1 }], error: null },
        { ...NONE, status: "partial", activities: added, added, error: { code: error, exit_code: code } },
      ],
    });
    expect((context.json() as { files: unknown[] }).files).toHaveLength(2);
    expect(lines()).toHaveLength(1);
    expect(JSON.parse(context.err())).toMatchObject({ type: "error", code: error, exit_code: code });
    expect(context.store("read").count()).toBe(2 + added);
    // What was cut off is told from what ended by the row that is still running.
    expect(context.store("read").db.prepare("SELECT status FROM imports ORDER BY id").pluck().all()).toEqual([
      "ok",
      "running",
    ]);
  });

  test("also when the last thing that is written is refused", async () => {
    const { context, run } = setup({ whole, never }, { globals: { json: true } });
    context
      .store("write")
      .db.exec("CREATE TRIGGER full BEFORE UPDATE ON imports BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    expect(await run()).toBe(7);
    expect(context.json()).toMatchObject({
      files: [{ status: "partial", added: 2, error: { code: "STORE_FAILED" } }],
    });
  });

  test("that is nothing when nothing was stored", async () => {
    const { context, run } = setup({ nothing }, { globals: { json: true } });
    expect(await run()).toBe(130);
    expect(context.json()).toMatchObject({ files: [{ ...NONE, status: "failed", kind: "file" }] });
  });

  test("the error that ended it is the one that is told, whatever failed before", async () => {
    const { context, run, lines } = setup({ interrupted }, { globals: { json: true } });
    const paths = [join(context.home, "absent"), join(context.home, "interrupted")];
    expect(await run({ paths })).toBe(130);
    expect(context.json()).toMatchObject({
      files: [
        { status: "failed", error: { code: "INPUT_MISSING" } },
        { status: "partial", error: { code: "INTERRUPTED" } },
      ],
    });
    expect(lines()).toHaveLength(1);
    expect(JSON.parse(context.err())).toMatchObject({ code: "INTERRUPTED" });
  });

  test("without a terminal in one line, then the error", async () => {
    const { run, lines } = setup({ whole, interrupted, never });
    expect(await run()).toBe(130);
    expect(lines()).toEqual([
      "whole: 2 added, 0 updated, 0 unchanged; odd (1): an oddity; interrupted: 4 added, 0 updated, 0 unchanged; lost (1): something is lost",
      "fitglue: interrupted",
    ]);
  });

  test("without a terminal by the error alone when nothing was stored", async () => {
    const { run, lines } = setup({ nothing });
    expect(await run()).toBe(130);
    expect(lines()).toEqual(["fitglue: interrupted"]);
  });

  test("on a terminal in its summary, then the error", async () => {
    const { context, run } = setup({ interrupted }, { terminal: true });
    expect(await run()).toBe(130);
    expect(context.err()).toContain("  4 activities: 4 added, 0 updated, 0 unchanged\n  4 running\n");
    expect(context.err()).toContain("  lost (1)  something is lost\nfitglue: interrupted\n");
  });

  test("also a rehearsal, which stores nothing", async () => {
    const { context, run } = setup({ interrupted }, { globals: { json: true } });
    context.store("write");
    expect(await run({ dryRun: true })).toBe(130);
    expect(context.json()).toMatchObject({ dry_run: true, files: [{ status: "partial", added: 4 }] });
    expect(context.store("read").count()).toBe(0);
  });
});

describe("a quiet import", () => {
  const lossy: Reading = async function* (session) {
    session.warn({ code: "lost", message: "something is lost", loss: true });
    yield batchOf("lossy", 1);
  };

  test.each([true, false])("says what was lost, and nothing else (on a terminal: %s)", async (terminal) => {
    const { context, run, lines } = setup({ whole, lossy }, { terminal, globals: { quiet: true } });
    expect(await run()).toBe(3);
    expect(lines()).toEqual(["lossy: 2 added, 0 updated, 0 unchanged; lost (1): something is lost"]);
    expect(context.out()).toBe("");
  });

  test("says nothing where nothing was lost", async () => {
    const { context, run } = setup({ whole }, { globals: { quiet: true } });
    expect(await run()).toBe(0);
    expect(context.err()).toBe("");
  });
});
