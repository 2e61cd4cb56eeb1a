import { InterruptedError } from "../errors.ts";
import { systemClock, type Clock } from "./clock.ts";

export interface LimiterOptions {
  /** Requests a second in the long run; `Infinity` leaves only the concurrency. */
  readonly perSecond: number;
  /** Requests that may go at once after a pause: the size of the token bucket. Default 1. */
  readonly burst?: number;
  /** Requests under way at the same time. Default 1. */
  readonly concurrency?: number;
  readonly clock?: Clock;
}

/** A source's own pace. One limiter is shared by everything that talks to the source. */
export interface Limiter {
  /**
   * Resolves when a request may go; what it resolves with gives the place back and must be called once the answer is
   * complete. First come, first served. Rejects with `InterruptedError` on abort.
   */
  acquire(signal?: AbortSignal): Promise<() => void>;
}

/** A token bucket and a limit on what is under way at once. */
export function createLimiter(options: LimiterOptions): Limiter {
  const clock = options.clock ?? systemClock;
  const burst = options.burst ?? 1;
  const perMs = options.perSecond / 1000;
  const waiting: (() => void)[] = [];
  let free = options.concurrency ?? 1;
  // The bucket is kept as the instant at which the next token is due, at most `burst` tokens in the past.
  let due = Number.NEGATIVE_INFINITY;

  async function place(signal: AbortSignal | undefined): Promise<void> {
    if (free > 0) {
      free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const granted = (): void => {
        signal?.removeEventListener("abort", aborted);
        resolve();
      };
      const aborted = (): void => {
        waiting.splice(waiting.indexOf(granted), 1);
        reject(new InterruptedError({ cause: signal?.reason }));
      };
      waiting.push(granted);
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  function release(): void {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  }

  return {
    async acquire(signal) {
      await place(signal);
      try {
        if (perMs < Infinity) {
          const now = clock.now();
          due = Math.max(due, now - (burst - 1) / perMs);
          const wait = due - now;
          due += 1 / perMs;
          if (wait > 0) await clock.sleep(Math.ceil(wait), signal);
        }
      } catch (error) {
        release();
        throw error;
      }
      let released = false;
      return () => {
        if (!released) release();
        released = true;
      };
    },
  };
}
