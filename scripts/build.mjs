/**
 * `src/` as CommonJS in `dist/`: one file for what is loaded together, one for each module that is loaded when it is needed. The
 * sources are ES modules, but Node takes 8 ms for the machinery of those and a millisecond for each, which is what a command
 * would mostly wait for (`docs/performance.md`). Packages stay packages.
 */
import { build } from "rolldown";

await build({
  input: "./src/main.ts",
  platform: "node",
  // By name, which a path is not, on Windows either.
  external: /^(?:node:|@?[a-z][a-z0-9-]*(?:\/|$))/,
  output: {
    dir: "dist",
    cleanDir: true,
    format: "cjs",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
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
  ],
});
