import { formatBytes } from "../../src/output/format.ts";
import { describe, expect, it } from "vitest";
import type { Io } from "../../src/output/io.ts";
import {
  formatCount,
  importProgressText,
  importProgressTexts,
  plural,
  startProgress,
} from "../../src/output/progress.ts";
import { type ImportOutcome, importLine, importSummary, warningTexts } from "../../src/output/summary.ts";

function io(isTTY: boolean): { io: Io; written: () => string } {
  let text = "";
  const stream = {
    write: (chunk: string) => {
      text += chunk;
    },
    isTTY,
    columns: 30,
  };
  return {
    io: {
      stdout: stream,
      stderr: stream,
      stdin: { isTTY: false, lines: async function* () {} },
      color: false,
      unicode: true,
      interactive: false,
    },
    written: () => text,
  };
}

describe("startProgress", () => {
  it("draws one line that fits, and takes it away", async () => {
    const terminal = io(true);
    const progress = await startProgress(terminal.io, { quiet: false, json: false }, "reading");
    progress.update("a text that is much longer than the terminal is wide");
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    progress.stop();
    const text = terminal.written();
    expect(text).toContain("reading");
    expect(text).toContain("a text that is much longer…");
    expect(text).not.toContain("much longer than");
    // The cursor is back, and the line is empty.
    expect(text.lastIndexOf("\u001b[?25h")).toBeGreaterThan(text.lastIndexOf("\u001b[?25l"));
    expect(text.lastIndexOf("\u001b[2K")).toBeGreaterThan(text.lastIndexOf("much longer"));
    expect(text).not.toContain("\n");
  });

  it.each([
    [false, { quiet: false, json: false }],
    [true, { quiet: true, json: false }],
    [true, { quiet: false, json: true }],
  ])("is silent on a terminal: %s with %j", async (isTTY, wish) => {
    const terminal = io(isTTY);
    const progress = await startProgress(terminal.io, wish, "reading");
    progress.update("more");
    progress.stop();
    expect(terminal.written()).toBe("");
  });
});

describe("importProgressText", () => {
  it.each([
    [
      { bytes: 412e6, totalBytes: 1004e6, activities: 1234, records: 12_345_678, phase: "reading" },
      7100,
      "reading  41%  412 MB of 1.0 GB  58 MB/s  1234 activities  12.3 M records",
    ],
    [{ bytes: 4_200_000, activities: 1, records: 0, phase: "routes" }, 100, "routes  4.2 MB  1 activity"],
    [{ bytes: 0, totalBytes: 0, activities: 0, records: 0, phase: "joining" }, 5000, "joining"],
    // A container may tell too little.
    [
      { bytes: 20, totalBytes: 10, activities: 0, records: 0, phase: "reading" },
      0,
      "reading  100%  20 B of 10 B",
    ],
  ])("%j after %i ms", (step, elapsed, text) => {
    expect(importProgressText(step, elapsed)).toBe(text);
  });

  it("tells the rate of a second reading by itself", () => {
    let now = 1000;
    const textOf = importProgressTexts(() => now);
    const step = { totalBytes: 1e9, activities: 0, records: 0 };
    now = 6000;
    expect(textOf({ ...step, bytes: 500e6, phase: "reading" })).toBe(
      "reading  50%  500 MB of 1.0 GB  100 MB/s",
    );
    now = 8000;
    expect(textOf({ ...step, bytes: 4e6, phase: "again" })).toBe("again  0%  4.0 MB of 1.0 GB");
    now = 10_000;
    expect(textOf({ ...step, bytes: 40e6, phase: "again" })).toBe("again  4%  40 MB of 1.0 GB  20 MB/s");
  });

  it("rounds for reading", () => {
    expect([0, 999, 1000, 9949, 9960, 999_400, 999_500, 3.2e9, 5e15].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "9.9 kB",
      "10 kB",
      "999 kB",
      "1.0 MB",
      "3.2 GB",
      "5000 TB",
    ]);
    expect([9999, 10_000, 999_949, 999_950].map(formatCount)).toEqual(["9999", "10.0 k", "999.9 k", "1.0 M"]);
    expect([plural(1, "route", "routes"), plural(0, "route", "routes")]).toEqual(["1 route", "0 routes"]);
  });
});

describe("the end of an import", () => {
  const result: ImportOutcome = {
    path: "export\u001b[2J.zip",
    kind: "apple-health",
    status: "partial",
    activities: 36,
    added: 20,
    updated: 3,
    unchanged: 12,
    skipped: 1,
    samples: 123_456,
    routes: 1,
    bytes: 2_500_000_000,
    sports: { walking: 4, running: 30, cross_country_skiing: 2 },
    warnings: [{ code: "route-missing", count: 3, example: "route_1.gpx is not there\u0007" }],
  };

  it("is told once on a terminal", () => {
    expect(importSummary(result, 41_000, { width: 80, unicode: true, color: false })).toEqual([
      "export\ufffd[2J.zip  apple-health",
      "  36 activities: 20 added, 3 updated, 12 unchanged, 1 skipped",
      "  30 running, 4 walking, 2 cross country skiing",
      "  123456 samples, 1 route, 2.5 GB read in 0:00:41",
      "  route-missing (3)  route_1.gpx is not there\ufffd",
    ]);
  });

  it("breaks at spaces where the terminal is narrow, and colours the code alone", () => {
    const narrow = importSummary(result, 41_000, { width: 34, unicode: true, color: true });
    expect(narrow.slice(2)).toEqual([
      "  30 running, 4 walking, 2 cross",
      "  country skiing",
      "  123456 samples, 1 route, 2.5 GB read in 0:00:41",
      "  \u001b[33mroute-missing (3)\u001b[0m  route_1.gpx",
      "    is not there\ufffd",
    ]);
  });

  it("is one line in a log, and none when nothing happened", () => {
    expect(importLine(result)).toBe(
      "export\ufffd[2J.zip: 20 added, 3 updated, 12 unchanged, 1 skipped; route-missing (3): route_1.gpx is not there\ufffd",
    );
    const none = { ...result, added: 0, updated: 0, skipped: 0 };
    expect(importLine({ ...none, status: "ok", warnings: [] })).toBeNull();
    expect(warningTexts([])).toEqual([]);
  });

  it("is none either when nothing was changed and only oddities were met, but says why something was lost", () => {
    const odd = { ...result, added: 0, updated: 0, unchanged: 35, skipped: 0 };
    expect(importLine({ ...odd, status: "ok" })).toBeNull();
    const lost =
      "export\ufffd[2J.zip: 0 added, 0 updated, 35 unchanged; route-missing (3): route_1.gpx is not there\ufffd";
    expect(importLine({ ...odd, status: "partial" })).toBe(lost);
    expect(importLine({ ...odd, status: "ok", added: 1, unchanged: 34 })).toContain("1 added");
    // The error that follows says why.
    expect(importLine({ ...odd, status: "failed", unchanged: 0, warnings: [] })).toBeNull();
  });
});
