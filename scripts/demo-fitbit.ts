// `npm run demo:fitbit`: the way from nothing to a list of exercises, without an account. Everything happens on this
// machine, in a folder that is gone at the end: a fake Google plays OAuth and the Health API, and this script plays the
// person who consents in the browser.
import { exercisePoint, FakeGoogle, pulseOf, tcxDocument } from "../test/fakes/google.ts";
import { freePort, openStage } from "./demo-stage.ts";

const DAY_MS = 86_400_000;

const google = await FakeGoogle.start({ refreshExpiresIn: 604_799 });
const { say, fitglue, consentAt, close } = openStage(google.env);

try {
  say("a fake Google runs on this machine; nothing leaves it");
  const port = String(await freePort());
  await fitglue(["connect", "fitbit", "--no-browser", "--port", port], consentAt("Google"));

  say("the watch has recorded a few exercises, and another app has written one of them back");
  record("9001", 9, "TRAIL_RUN", "Trail run", true);
  record("9002", 5, "YOGA", "Yoga", false);
  record("9003", 2, "BIKING", "Bike", true);
  record("9004", 2, "BIKING", "Afternoon ride", false, "HEALTH_CONNECT");
  await fitglue(["sync", "fitbit", "--verbose"]);
  await fitglue(["list"]);
  await fitglue(["show", "1"]);

  say("again: nothing is new, nothing is doubled, nothing is said");
  await fitglue(["sync", "fitbit"]);
} finally {
  await google.close();
  close();
}

function record(
  id: string,
  daysAgo: number,
  type: string,
  name: string,
  hasGps: boolean,
  platform?: string,
): void {
  const from = Math.floor(Date.now() / DAY_MS - daysAgo) * DAY_MS + 6 * 3_600_000;
  const metricsSummary = {
    caloriesKcal: 214,
    averageHeartRateBeatsPerMinute: "139",
    heartRateZoneDurations: { lightTime: "300s", moderateTime: "780s", vigorousTime: "120s" },
    ...(hasGps ? { distanceMillimeters: 3_600_000, averagePaceSecondsPerMeter: 1 / 3 } : {}),
  };
  const point = exercisePoint({
    id,
    start: new Date(from).toISOString(),
    end: new Date(from + 1_200_000).toISOString(),
    offset: 3600,
    type,
    hasGps,
    ...(platform === undefined ? {} : { platform }),
    more: { displayName: name, metricsSummary },
  });
  google.add(hasGps ? { point, tcx: tcxDocument(from, 1200) } : { point }, pulseOf(from, 1200));
  google.zones.set(new Date(from).toISOString().slice(0, 10), [
    [30, 112],
    [113, 137],
    [138, 162],
    [163, 220],
  ]);
}
