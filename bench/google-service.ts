import { exercisePoint, FakeGoogle, tcxDocument } from "../test/fakes/google.ts";

/** A fake Google in a process of its own: prints where it is and a token, answers until it is ended. */
const SECONDS = 1200;
const [count = 1000, gpsEvery = 2] = process.argv.slice(2).map(Number);
const now = Date.now();
const google = await FakeGoogle.start();
google.emptyPageFirst = false;
for (let index = 0; index < count; index++) {
  // Three a week, back from yesterday.
  const from =
    Math.floor(now / 86_400_000 - 1 - (index * 7) / 3) * 86_400_000 + 6 * 3_600_000 + (index % 3) * 7_200_000;
  const hasGps = index % gpsEvery === 0;
  const point = exercisePoint({
    id: String(10_000 + index),
    start: new Date(from).toISOString(),
    end: new Date(from + SECONDS * 1000).toISOString(),
    hasGps,
    more: {
      metricsSummary: { steps: "3000", heartRateZoneDurations: { lightTime: "600s", peakTime: "60s" } },
    },
  });
  const pulse = Array.from({ length: SECONDS }, (_, second) => ({
    t: from + second * 1000,
    bpm: 100 + (second % 60),
  }));
  google.add(hasGps ? { point, tcx: tcxDocument(from, SECONDS) } : { point }, pulse);
  google.zones.set(new Date(from).toISOString().slice(0, 10), [
    [30, 110],
    [111, 135],
    [136, 160],
    [161, 220],
  ]);
}
const token = await google.login();
const oldest = new Date(Math.floor(now / 86_400_000 - 2 - (count * 7) / 3) * 86_400_000)
  .toISOString()
  .slice(0, 10);
const hello = { urls: google.urls, account: google.healthUserId, token, oldest };
process.stdout.write(`${JSON.stringify(hello)}\n`);
process.on("message", () => {
  process.send?.({ asked: google.asked(), refused: google.refusals.length });
  google.server.forget();
});
process.on("disconnect", () => void google.close());
