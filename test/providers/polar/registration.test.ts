import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createApiClient, createTransport, type Transport } from "../../../src/http/index.ts";
import { createPolar, POLAR_URLS } from "../../../src/providers/polar/index.ts";
import type { ConnectedAccount, OAuthSpec } from "../../../src/providers/types.ts";
import { FakeAccessLink, type FakeAccessLinkOptions } from "../../fakes/accesslink.ts";
import { ride } from "../../fakes/polar-sessions.ts";

let fake: FakeAccessLink;
let transport: Transport;
beforeEach(() => {
  transport = createTransport();
});
afterEach(async () => {
  await transport.close();
  await fake.close();
});

const TOKEN = { access_token: "t", token_type: "bearer", x_user_id: 10579 };

async function start(options: FakeAccessLinkOptions = {}): Promise<void> {
  // A token, and nothing registered yet.
  fake = await FakeAccessLink.start({ registered: true, ...options });
  fake.registered = false;
}

function spec(): OAuthSpec {
  const { oauth } = createPolar(POLAR_URLS);
  if (oauth === undefined) throw new Error("Polar has a login");
  return oauth;
}

const api = () =>
  createApiClient({
    provider: "polar",
    baseUrl: new URL(fake.server.url),
    transport,
    authorize: async () => fake.authorization,
    userAgent: "fitglue-test",
  });

const identify = (token: Readonly<Record<string, unknown>> = TOKEN, previous?: ConnectedAccount) =>
  spec().identify(api(), token, previous);

describe("the registration", () => {
  it("speaks to Polar's own addresses, without PKCE and with the one scope", async () => {
    await start();
    expect(spec()).toMatchObject({
      authorizeUrl: "https://flow.polar.com/oauth2/authorization",
      tokenUrl: "https://polarremote.com/v2/oauth2/token",
      scopes: ["accesslink.read_all"],
      requiredScopes: ["accesslink.read_all"],
      pkce: false,
      clientAuth: "basic",
      redirectHost: "localhost",
    });
    const help = spec().clientHelp("http://localhost:8484/callback");
    expect(help).toContain("https://admin.polaraccesslink.com");
    expect(help).toContain("http://localhost:8484/callback");
  });

  it.each([200, 201])("takes %d for registered, and makes data visible from then on", async (status) => {
    await start({ registrationStatus: status });
    const before = fake.upload(ride(1));
    const account = await identify();
    const after = fake.upload(ride(2));
    expect([before.hidden, after.hidden]).toEqual([true, false]);
    expect(account.id).toBe("10579");
    expect(account.details?.["memberId"]).toMatch(/^fitglue-[0-9a-f-]{36}$/);
    expect(fake.memberId).toBe(account.details?.["memberId"]);
    const told = account.notices?.join(" ") ?? "";
    expect(told).toMatch(/from now on/);
    expect(told).toMatch(/30 days/);
    expect(told).toMatch(/export file/);
  });

  it("takes 409 for registered already only when the person is found", async () => {
    await start();
    fake.registered = true;
    expect(await identify()).toMatchObject({ id: "10579" });
    expect(fake.server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v3/users",
      "GET /v3/users/10579",
    ]);
  });

  it("takes another member id when the first one is taken by somebody else", async () => {
    await start();
    let first: string | undefined;
    fake.takenMemberId = (memberId) => memberId === (first ??= memberId);
    const account = await identify();
    expect(account.details?.["memberId"]).not.toBe(first);
    expect(fake.memberId).toBe(account.details?.["memberId"]);
  });

  it("gives up when Polar neither registers nor knows the person", async () => {
    await start();
    fake.takenMemberId = () => true;
    await expect(identify()).rejects.toMatchObject({ code: "NOT_REGISTERED", exitCode: 4 });
  });

  it("keeps the member id of the same person, and makes a new one for another", async () => {
    await start();
    const previous = { id: "10579", details: { memberId: "fitglue-kept" } };
    expect((await identify(TOKEN, previous)).details?.["memberId"]).toBe("fitglue-kept");
    fake.registered = false;
    expect((await identify(TOKEN, { ...previous, id: "1" })).details?.["memberId"]).not.toBe("fitglue-kept");
  });

  it("names the consents page for a 403", async () => {
    await start();
    fake.consents = false;
    await expect(identify()).rejects.toMatchObject({
      code: "CONSENT_MISSING",
      exitCode: 4,
      hint: "accept the consents at https://account.polar.com, then: fitglue connect polar",
    });
  });

  it.each([[{}], [{ x_user_id: "10579/../1" }], [{ x_user_id: null }], [{ x_user_id: 1.5 }]])(
    "refuses a token answer that names no user: %j",
    async (token) => {
      await start();
      await expect(identify(token)).rejects.toMatchObject({ code: "BAD_RESPONSE" });
      expect(fake.server.requests).toEqual([]);
    },
  );

  it("ends with DELETE, and every token with it", async () => {
    await start();
    const account = await identify();
    await spec().deregister?.(api(), account);
    expect(fake.registered).toBe(false);
    expect(fake.oauth.liveTokens).toBe(0);
  });
});
