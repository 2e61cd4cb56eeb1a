/** What remains of the time that one run waits for rate limits; shared by all of it that waits. */
export interface Patience {
  leftMs: number;
}

/** A run waits this long for rate limits, in total; beyond it the run ends and remembers (`docs/exit-codes.md`). */
export const RATE_LIMIT_PATIENCE_MS = 60_000;
