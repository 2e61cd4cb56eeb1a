import { mkdirSync } from "node:fs";
import { cpus } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { appleImport, appleMemory } from "./apple-import.ts";
import type { Benchmark, BenchTable } from "./benchmark.ts";
import { exportFolder } from "./export.ts";
import { fitbitSync } from "./fitbit-sync.ts";
import { polarSync } from "./polar-sync.ts";

/** Run by default, in this order. */
const BENCHMARKS: readonly Benchmark[] = [appleImport, appleMemory, polarSync, fitbitSync, exportFolder];

const UNITS: Readonly<Record<string, number>> = { "": 1, KB: 1e3, MB: 1e6, GB: 1e9 };

function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(KB|MB|GB|)$/i.exec(text);
  const unit = UNITS[(match?.[2] ?? "").toUpperCase()];
  if (match === null || unit === undefined)
    throw new Error(`--size ${text}: give something like 500MB or 1GB`);
  return Number(match[1]) * unit;
}

function print(benchmark: Benchmark, table: BenchTable): void {
  const widths = (table.rows[0] ?? []).map((_, column) =>
    Math.max(...table.rows.map((row) => (row[column] ?? "").length)),
  );
  console.log(`\n${benchmark.name}: ${benchmark.title}\n`);
  table.rows.forEach((row, index) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    console.log(`| ${cells.join(" | ")} |`);
    if (index === 0) console.log(`|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  });
  for (const note of table.notes) console.log(`\n${note}`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { size: { type: "string" }, list: { type: "boolean" } },
  });
  if (values.list === true) {
    for (const { name, title } of BENCHMARKS) console.log(`${name}: ${title}`);
    return;
  }
  const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) throw new Error(`no such benchmark: ${unknown.join(", ")} (--list shows them)`);
  const root = resolve(import.meta.dirname, "../../../..");
  const cache = resolve(root, "bench/.cache");
  mkdirSync(cache, { recursive: true });
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`);
  for (const benchmark of BENCHMARKS) {
    if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
    const table = await benchmark.run({
      size: values.size === undefined ? undefined : parseSize(values.size),
      cache,
      root,
      progress: (text) => process.stderr.write(`  ${text}\n`),
    });
    print(benchmark, table);
  }
}

await main();
