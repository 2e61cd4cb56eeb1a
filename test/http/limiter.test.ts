import { expect, test } from "vitest";
import { InterruptedError } from "../../src/errors.ts";
import { createLimiter } from "../../src/http/limiter.ts";
import { FakeClock } from "../fakes/clock.ts";

test("a burst goes at once, the rest at the rate", async () => {
  const clock = new FakeClock(1_000_000);
  const limiter = createLimiter({ perSecond: 2.5, burst: 3, clock });
  const at: number[] = [];
  for (let i = 0; i < 6; i++) {
    const release = await limiter.acquire();
    at.push(clock.now() - 1_000_000);
    release();
  }
  expect(at).toEqual([0, 0, 0, 400, 800, 1200]);
  // A pause fills the bucket, but never above the burst.
  clock.time += 60_000;
  const later: number[] = [];
  for (let i = 0; i < 5; i++) {
    (await limiter.acquire())();
    later.push(clock.now() - 1_061_200);
  }
  expect(later).toEqual([0, 0, 0, 400, 800]);
});

test("no more than the concurrency is under way, first come first served", async () => {
  const limiter = createLimiter({ perSecond: Infinity, concurrency: 2 });
  const first = await limiter.acquire();
  const second = await limiter.acquire();
  const order: string[] = [];
  const third = limiter.acquire().then((release) => (order.push("third"), release));
  const fourth = limiter.acquire().then((release) => (order.push("fourth"), release));
  await Promise.resolve();
  expect(order).toEqual([]);
  first();
  first();
  await third;
  await Promise.resolve();
  expect(order).toEqual(["third"]);
  second();
  (await fourth)();
  (await third)();
  expect(order).toEqual(["third", "fourth"]);
});

test("an abort while waiting frees the queue", async () => {
  const limiter = createLimiter({ perSecond: Infinity });
  const release = await limiter.acquire();
  const controller = new AbortController();
  const waiting = limiter.acquire(controller.signal);
  const patient = limiter.acquire();
  controller.abort();
  await expect(waiting).rejects.toBeInstanceOf(InterruptedError);
  release();
  (await patient)();
});
