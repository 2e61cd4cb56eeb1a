import { createFitbit } from "../../../src/providers/fitbit/index.ts";
import { describeProviderContract } from "../../contract/provider-contract.ts";
import { exercisePoint, FakeGoogle, pulseOf, tcxDocument } from "../../fakes/google.ts";

describeProviderContract("fitbit", async () => {
  const google = await FakeGoogle.start();
  const token = await google.login();
  for (const [index, start] of [
    "2026-10-02T06:00:00Z",
    "2026-10-30T17:30:00Z",
    "2026-11-18T05:42:10.500Z",
  ].entries()) {
    const from = Date.parse(start);
    const sketch = {
      id: `70000000000000000${index}1`,
      start,
      end: new Date(from + 600_000).toISOString(),
      offset: 3600,
      hasGps: true,
      more: { metricsSummary: { heartRateZoneDurations: { lightTime: "300s", peakTime: "60s" } } },
    };
    google.add({ point: exercisePoint(sketch), tcx: tcxDocument(from, 60) }, pulseOf(from, 30));
    google.zones.set(start.slice(0, 10), [
      [30, 110],
      [111, 135],
      [136, 160],
      [161, 220],
    ]);
  }
  const { remote, ...provider } = createFitbit(google.urls);
  if (remote === undefined) throw new Error("no remote");
  return {
    provider: { ...provider, remote },
    server: google.server,
    account: google.healthUserId,
    scopes: String(token["scope"]).split(" "),
    offered: 3,
    authorization: `Bearer ${String(token["access_token"])}`,
    now: Date.parse("2026-11-20T12:00:00Z"),
    confirmations: () => 0,
    spoilOne() {
      const spoilt = google.exercises[1];
      if (spoilt === undefined) throw new Error("nothing to spoil");
      const exercise = spoilt.point["exercise"] as Record<string, unknown>;
      google.exercises[1] = {
        point: {
          ...spoilt.point,
          exercise: { ...exercise, interval: { startTime: "2026-10-30 half past five" } },
        },
      };
    },
    close: async () => {
      google.server.clearFaults();
      await google.close();
    },
  };
});
