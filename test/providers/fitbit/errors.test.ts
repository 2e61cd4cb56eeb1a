import { describe, expect, test } from "vitest";
import { createApiClient, createTransport } from "../../../src/http/index.ts";
import { createFitbit, GOOGLE_PACE, GOOGLE_URLS } from "../../../src/providers/fitbit/index.ts";
import { exercisePoint, FakeGoogle, GOOGLE_CLIENT, GOOGLE_SCOPES, type Trouble } from "../../fakes/google.ts";
import { startWorld } from "./world.ts";

const LIST = "/v4/users/me/dataTypes/exercise/dataPoints";

describe("each error is a sentence of its own", () => {
  const troubles: readonly (readonly [Trouble, number, string, string, string])[] = [
    [
      "api-disabled",
      8,
      "API_NOT_ENABLED",
      `the Google Health API is not enabled in your Google Cloud project 271828182845 (403 from ${LIST})`,
      "open https://console.cloud.google.com/apis/library/health.googleapis.com?project=271828182845, press Enable, wait five minutes, sync again",
    ],
    [
      "not-linked",
      8,
      "ACCOUNT_NOT_LINKED",
      `this Google account has no Fitbit or Google Health profile (400 from ${LIST})`,
      "open https://fitbit.google.com/auth/signup with that account; or fitglue connect fitbit with the account that your tracker uses",
    ],
    [
      "legacy-account",
      8,
      "LEGACY_ACCOUNT",
      `this is an old Fitbit account that was never moved to a Google account (403 from ${LIST})`,
      "move it: https://support.google.com/fitbit/answer/14237024; then fitglue connect fitbit",
    ],
    [
      "not-ready",
      5,
      "PROFILE_NOT_READY",
      `the Google Health profile of this account is not ready yet (412 from ${LIST})`,
      "open the Google Health app, finish its set-up, and sync again later",
    ],
    [
      "mint-scope",
      4,
      "SCOPE_MISSING",
      `Google says that a permission was not granted (403 from ${LIST})`,
      "fitglue connect fitbit, and leave every box of the consent page ticked",
    ],
  ];
  test.each(troubles)("%s: exit %i", async (trouble, exitCode, code, message, hint) => {
    const world = await startWorld();
    world.google.trouble = trouble;
    const { status, error } = await world.sync();
    expect(status).toBe("failed");
    expect(error).toMatchObject({ exitCode, code, message, hint, provider: "fitbit" });
  });

  const answers: readonly (readonly [string, { status: number; body: string }, number, string, string])[] = [
    [
      "a filter that Google does not take",
      {
        status: 400,
        body: '{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"secret","details":[{"reason":"INVALID_DATA_POINT_FILTER","metadata":{"detailedReasons":"INVALID_DATA_POINT_FILTER_DATA_TYPE_MEMBER"}}]}}',
      },
      5,
      "REQUEST_REFUSED",
      `Google refused the request: INVALID_ARGUMENT, INVALID_DATA_POINT_FILTER, INVALID_DATA_POINT_FILTER_DATA_TYPE_MEMBER (400 from ${LIST})`,
    ],
    [
      "another 403",
      { status: 403, body: '{"error":{"code":403,"status":"PERMISSION_DENIED"}}' },
      4,
      "FORBIDDEN",
      `Google refuses access to this account's data (403 from ${LIST})`,
    ],
    ["410", { status: 410, body: "gone" }, 8, "API_GONE", `this API was switched off (410 from ${LIST})`],
    [
      "a page for people",
      { status: 404, body: "<!DOCTYPE html><title>Error 404</title>" },
      5,
      "BAD_RESPONSE",
      `got a web page instead of data (404 from ${LIST})`,
    ],
    [
      "nothing",
      { status: 404, body: "" },
      5,
      "REQUEST_REFUSED",
      `Google refused the request (404 from ${LIST})`,
    ],
    ["503", { status: 503, body: "" }, 5, "UNAVAILABLE", `the service is out of order (503 from ${LIST})`],
    ["504", { status: 504, body: "" }, 5, "TIMEOUT", `the service did not finish in time (504 from ${LIST})`],
    [
      "an error link that leads elsewhere",
      {
        status: 400,
        body: '{"error":{"details":[{"reason":"ACCOUNT_NOT_LINKED","metadata":{"redirect_uri":"https://evil.example/"}}]}}',
      },
      8,
      "ACCOUNT_NOT_LINKED",
      `this Google account has no Fitbit or Google Health profile (400 from ${LIST})`,
    ],
  ];
  test.each(answers)("%s", async (_, answer, exitCode, code, message) => {
    const world = await startWorld();
    world.google.server.fail(LIST, { kind: "status", ...answer }, Infinity);
    const { error } = await world.sync();
    world.google.server.clearFaults();
    expect(error).toMatchObject({ exitCode, code, message });
    expect(`${error?.message} ${error?.hint}`).not.toMatch(/secret|evil/);
  });

  test("the quota: waited for within a run's patience, else 5 and remembered", async () => {
    const world = await startWorld();
    const point = exercisePoint({ id: "1", start: "2026-11-18T10:00:00Z", end: "2026-11-18T10:10:00Z" });
    world.google.add({ point });
    world.google.quota = { limit: 2, windowMs: 3_600_000 };
    world.google.retryAfter = 1800;
    const first = await world.sync();
    expect(first.error).toMatchObject({ code: "RATE_LIMITED", exitCode: 5 });
    expect(world.google.server.requests).toHaveLength(3);
    world.google.quota = undefined;
    const second = await world.sync();
    expect(second.error).toMatchObject({ code: "RATE_LIMITED", exitCode: 5 });
    expect(world.google.server.requests).toEqual([]);
    world.now += 1801 * 1000;
    expect(await world.sync()).toMatchObject({ status: "ok", added: 1 });
  });
});

describe("connecting", () => {
  test("asks for three read-only scopes, offline, with PKCE, on 127.0.0.1", () => {
    const { oauth } = createFitbit();
    expect(oauth).toMatchObject({
      authorizeUrl: "https://accounts.google.com/o/oauth2/v2/auth",
      tokenUrl: "https://oauth2.googleapis.com/token",
      revokeUrl: "https://oauth2.googleapis.com/revoke",
      scopes: [
        "https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly",
        "https://www.googleapis.com/auth/googlehealth.health_metrics_and_measurements.readonly",
        "https://www.googleapis.com/auth/googlehealth.location.readonly",
      ],
      requiredScopes: ["https://www.googleapis.com/auth/googlehealth.activity_and_fitness.readonly"],
      pkce: true,
      clientAuth: "body",
      redirectHost: "127.0.0.1",
      authorizeParams: { access_type: "offline", prompt: "consent" },
    });
    expect(oauth.clientHelp("http://127.0.0.1:8484/callback")).toContain("--client-file");
  });

  async function identify(google: FakeGoogle, token: Record<string, unknown>) {
    const transport = createTransport();
    try {
      const api = createApiClient({
        provider: "fitbit",
        baseUrl: new URL(google.urls.apiUrl),
        transport,
        authorize: async () => `Bearer ${String(token["access_token"])}`,
        userAgent: "fitglue-test",
      });
      return await createFitbit(google.urls).oauth.identify(api, token, undefined);
    } finally {
      await transport.close();
    }
  }

  test("a published app with every box ticked: nothing to say", async () => {
    const google = await FakeGoogle.start({ healthUserId: "1618033988749894848" });
    expect(await identify(google, await google.login())).toEqual({ id: "1618033988749894848", notices: [] });
    await google.close();
  });

  test("an app in testing: the day is told, and how to end it; so is what will be missing", async () => {
    const google = await FakeGoogle.start({ refreshExpiresIn: 604_799 });
    const account = await identify(
      google,
      await google.login([GOOGLE_SCOPES.activity, GOOGLE_SCOPES.metrics]),
    );
    expect(account.notices).toEqual([
      "there will be no routes (location); fitglue connect fitbit asks again",
      "this login ends in 7 days: the Google app is still in testing. To end that for good: https://console.cloud.google.com/auth/audience, Publish app, then fitglue connect fitbit once more",
    ]);
    await google.close();
  });

  test("an account that cannot be asked for its id gets the same sentences", async () => {
    const google = await FakeGoogle.start();
    google.trouble = "not-linked";
    const token = await google.login();
    await expect(identify(google, token)).rejects.toMatchObject({ code: "ACCOUNT_NOT_LINKED", exitCode: 8 });
    await google.close();
  });
});

describe("the Fitbit Web API", () => {
  test("is never called: an address of it is refused where it would be used", async () => {
    const old = createFitbit({
      ...GOOGLE_URLS,
      apiUrl: "https://api.fitbit.com",
      authorizeUrl: "https://www.fitbit.com/oauth2/authorize",
      tokenUrl: "https://api.fitbit.com/oauth2/token",
    });
    const ended = {
      code: "FITBIT_WEB_API_ENDED",
      exitCode: 8,
      message: "the Fitbit Web API ended on 2 November 2026, and its client ids and tokens with it",
    };
    const used: (() => unknown)[] = [() => old.oauth.authorizeUrl, () => old.oauth.tokenUrl];
    used.push(() => old.oauth.checkClientId?.("23QWXY"));
    expect(() => old.oauth.checkClientId?.(GOOGLE_CLIENT.id)).not.toThrow();
    for (const use of used) expect(use).toThrow(expect.objectContaining(ended));
    const nothing = new Proxy({}, { get: () => expect.unreachable() });
    const batches = old.remote?.pull(nothing as never, undefined);
    await expect(batches?.next()).rejects.toMatchObject(ended);
    await expect(old.oauth.identify(nothing as never, {}, undefined)).rejects.toMatchObject(ended);
  });
});

test("the pace stays under 2.5 requests a second, over a second as over a minute", () => {
  const { perSecond, burst = 1 } = GOOGLE_PACE;
  expect(perSecond).toBeLessThan(2.5);
  expect(burst - 1).toBeLessThan(1);
});
