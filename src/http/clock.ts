import { setTimeout as delay } from "node:timers/promises";
import { InterruptedError } from "../errors.ts";

/** Time as the network code knows it: injected, so that tests neither wait nor depend on the hour. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Resolves after `ms`; rejects with `InterruptedError` when the signal aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw new InterruptedError({ cause: error });
    }
  },
};
