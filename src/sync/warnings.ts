import type { Warning } from "../providers/types.ts";

/** The warnings of one code. */
export interface WarningGroup {
  readonly code: string;
  readonly count: number;
  readonly example: string;
}

/** Collects warnings by code, with a count and the first example of each: a damaged file may cause millions. */
export class WarningGroups {
  readonly #groups = new Map<string, { count: number; example: string }>();
  #loss = false;

  add(warning: Warning): void {
    const group = this.#groups.get(warning.code);
    if (group === undefined) this.#groups.set(warning.code, { count: 1, example: warning.message });
    else group.count++;
    this.#loss ||= warning.loss;
  }

  /** Whether any of them means that something did not reach the store. */
  get loss(): boolean {
    return this.#loss;
  }

  list(): WarningGroup[] {
    return [...this.#groups].map(([code, { count, example }]) => ({ code, count, example }));
  }
}
