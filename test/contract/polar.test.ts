import { createPolar } from "../../src/providers/polar/index.ts";
import type { Provider, RemoteSource } from "../../src/providers/types.ts";
import { FakeAccessLink } from "../fakes/accesslink.ts";
import { ride, strengthTraining, trailRun } from "../fakes/polar-sessions.ts";
import { describeProviderContract } from "./provider-contract.ts";

describeProviderContract("polar", async () => {
  const fake = await FakeAccessLink.start({ registered: true, pageSize: 3 });
  const sessions = [trailRun(), strengthTraining(), ride(1), ride(2), ride(3)].map((session) =>
    fake.upload(session),
  );
  const provider = createPolar({
    authorizeUrl: `${fake.server.url}/oauth2/authorization`,
    tokenUrl: `${fake.server.url}/v2/oauth2/token`,
  });
  return {
    provider: provider as Provider & { remote: RemoteSource },
    server: fake.server,
    account: String(fake.userId),
    scopes: ["accesslink.read_all"],
    offered: sessions.length,
    authorization: fake.authorization,
    now: Date.UTC(2026, 10, 20, 12),
    confirmations: () => fake.commitRequests,
    spoilOne: () => {
      const [first] = sessions;
      if (first !== undefined) first.spoiled = { "start-time": "half past six" };
    },
    close: () => fake.close(),
  };
});
