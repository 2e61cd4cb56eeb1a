/**
 * `src/` as CommonJS in `dist/`: one file for what is loaded together, one for each module that is loaded when it is needed. The
 * sources are ES modules, but Node takes 8 ms for the machinery of those and a millisecond for each, which is what a command
 * would mostly wait for (`docs/performance.md`). Packages stay packages, but for commander, which every command waits for.
 */
import { readFile } from "node:fs/promises";
import { build } from "rolldown";

/** What commander starts other programs with, which have none of ours. It brings half of Node's network along. */
const PROCESSES = "node:child_process";
const isOfCommander = (importer) => /[\\/]commander[\\/]lib[\\/]/.test(importer ?? "");

await build({
  input: "./src/main.ts",
  platform: "node",
  // By name, which a path is not, on Windows either.
  external: (id, importer) =>
    /^(?:node:|@?[a-z][a-z0-9-]*(?:\/|$))/.test(id) &&
    id !== "commander" &&
    !(id === PROCESSES && isOfCommander(importer)),
  output: {
    dir: "dist",
    cleanDir: true,
    format: "cjs",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    // V8 reads them too.
    comments: false,
    // What most commands need is one file: each costs a quarter of a millisecond.
    codeSplitting: {
      groups: [{ name: "common", minShareCount: 4, test: /src.(?:config|errors|model|output|package)/ }],
    },
  },
  plugins: [
    {
      name: "package-type",
      generateBundle() {
        this.emitFile({ type: "asset", fileName: "package.json", source: '{ "type": "commonjs" }\n' });
      },
    },
    {
      name: "commander",
      resolveId: (id, importer) => (id === PROCESSES && isOfCommander(importer) ? `\0${id}` : null),
      load: (id) => (id === `\0${PROCESSES}` ? "export {};" : null),
      async generateBundle() {
        const source = await readFile("node_modules/commander/LICENSE", "utf8");
        this.emitFile({ type: "asset", fileName: "commander.LICENSE", source });
      },
    },
  ],
});
