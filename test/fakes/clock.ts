import { InterruptedError } from "../../src/errors.ts";
import type { Clock } from "../../src/http/clock.ts";

/** A clock that moves only when somebody sleeps, and never waits. */
export class FakeClock implements Clock {
  /** Unix milliseconds. */
  time: number;
  /** Every pause that was asked for, in milliseconds. */
  readonly sleeps: number[] = [];

  constructor(time = Date.UTC(2026, 10, 20, 12)) {
    this.time = time;
  }

  now(): number {
    return this.time;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    // Sleepers side by side sleep at the same time.
    const until = this.time + ms;
    await Promise.resolve();
    if (signal?.aborted === true) throw new InterruptedError();
    this.sleeps.push(ms);
    this.time = Math.max(this.time, until);
  }
}
