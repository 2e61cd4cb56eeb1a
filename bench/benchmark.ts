/** A benchmark: one file in this folder, named in `run.ts`. */
export interface Benchmark {
  /** `npm run bench -- NAME` runs only this one. */
  readonly name: string;
  /** What it measures, in a line. */
  readonly title: string;
  run(options: BenchOptions): Promise<BenchTable>;
}

export interface BenchOptions {
  /** `--size`, in bytes; each benchmark has its own default and may ignore it. */
  readonly size: number | undefined;
  /** Folder for generated input, kept between runs; git ignores it. */
  readonly cache: string;
  /** The repository's root, built. */
  readonly root: string;
  /** A line for whoever waits. */
  readonly progress: (text: string) => void;
}

/** The first row are the column names. */
export interface BenchTable {
  readonly rows: readonly (readonly string[])[];
  /** How it was measured, what was estimated. */
  readonly notes: readonly string[];
}

/** `2.41 s`, `830 ms`. */
export function seconds(value: number): string {
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(2)} s`;
}

/** Bytes as `1.00 GB`, `230 MB`: powers of ten, as speeds have. */
export function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
}
