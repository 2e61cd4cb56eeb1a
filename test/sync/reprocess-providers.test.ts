import { expect, onTestFinished, test } from "vitest";
import type { Provider } from "../../src/providers/types.ts";
import { createFitbit } from "../../src/providers/fitbit/index.ts";
import type { Store } from "../../src/store/index.ts";
import { type ReprocessingProvider, reprocessSource } from "../../src/sync/reprocess.ts";
import { exercisePoint, pulseOf } from "../fakes/google.ts";
import { ride, strengthTraining, trailRun } from "../fakes/polar-sessions.ts";
import { startWorld } from "../providers/fitbit/world.ts";
import { startPolarWorld } from "../providers/polar/polar-world.ts";

// What every provider promises: what it stored maps to the same again, without asking anybody.

const again = (provider: Provider, store: Store) =>
  reprocessSource(provider as ReprocessingProvider, store, {
    what: "everything",
    dryRun: false,
    signal: new AbortController().signal,
    now: () => Date.UTC(2030, 0, 1),
  });

test("Polar", async () => {
  const world = await startPolarWorld();
  onTestFinished(() => world.close());
  for (const session of [trailRun(), strengthTraining(), ride(1)]) world.fake.upload(session);
  await world.sync();
  const before = world.stored();
  const asked = world.fake.server.requests.length;
  const result = await again(world.provider, world.store);
  expect(result).toMatchObject({ added: 0, updated: 0, unchanged: 3, failed: 0, without_raw: 0 });
  expect(world.stored()).toEqual(before);
  expect(world.fake.server.requests.length).toBe(asked);
});

test("Fitbit", async () => {
  const world = await startWorld();
  for (const [id, start] of [
    ["one", "2026-11-10T08:00:00Z"],
    ["two", "2026-11-11T23:55:00Z"],
  ] as const) {
    const from = Date.parse(start);
    const point = exercisePoint({ id, start, end: new Date(from + 600_000).toISOString(), offset: 3600 });
    world.google.add({ point }, pulseOf(from, 60));
  }
  await world.sync();
  const before = world.activities();
  const asked = world.google.server.requests.length;
  const result = await again(createFitbit(world.google.urls), world.store);
  expect(result).toMatchObject({ added: 0, updated: 0, unchanged: 2, failed: 0, without_raw: 0 });
  expect(world.activities()).toEqual(before);
  expect(world.google.server.requests.length).toBe(asked);
});
