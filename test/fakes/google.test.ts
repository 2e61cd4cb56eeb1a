import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exercisePoint, FakeGoogle, GOOGLE_CLIENT, GOOGLE_SCOPES, tcxDocument } from "./google.ts";

/** The fake is only worth something as long as it refuses what the real Google refuses (google-health.md §2). */
describe("the fake Google refuses", () => {
  let google: FakeGoogle;
  let bearer: string;

  beforeEach(async () => {
    google = await FakeGoogle.start();
    bearer = `Bearer ${String((await google.login())["access_token"])}`;
    for (let index = 0; index < 30; index++) {
      const start = new Date(Date.parse("2026-11-01T00:00:00Z") + index * 3_600_000).toISOString();
      const end = new Date(Date.parse(start) + 60_000).toISOString();
      google.add({
        point: exercisePoint({ id: String(index), start, end, hasGps: true }),
        tcx: tcxDocument(Date.parse(start), 3),
      });
    }
  });
  afterEach(() => google.close());

  async function get(
    path: string,
    query: Record<string, string> = {},
    authorization: string | undefined = bearer,
  ) {
    const url = new URL(`${google.server.url}/v4/users/me/${path}`);
    url.search = new URLSearchParams(query).toString();
    const answer = await fetch(url, authorization === "" ? {} : { headers: { authorization } });
    const text = await answer.text();
    const body = text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {};
    const error = body["error"] as {
      message: string;
      details?: { reason: string; metadata?: Record<string, string> }[];
    };
    const { reason, metadata } = error?.details?.[0] ?? {};
    return {
      status: answer.status,
      body,
      message: error?.message,
      why: metadata?.["detailedReasons"] ?? reason,
    };
  }
  const EXERCISES = "dataTypes/exercise/dataPoints";
  const list = (filter: string) => get(EXERCISES, { filter });

  test.each([
    ['exercise.interval.start_time >= "2026-11-01T00:00:00Z"', "DATA_TYPE_MEMBER"],
    ['heart-rate.sample_time.physical_time >= "2026-11-01T00:00:00Z"', "COLLECTION_MISMATCH"],
    ['Exercise.interval.civil_start_time >= "2026-11-01"', "COLLECTION_MISMATCH"],
    ['exercise.interval.civilStartTime >= "2026-11-01"', "DATA_TYPE_MEMBER"],
    ['exercise.interval.civil_start_time > "2026-11-01"', "RESTRICTION_COMPARATOR"],
    ['exercise.interval.civil_start_time >= "2026-11-01T00:00:00Z"', "EXPRESSION_STRUCTURE"],
    ["exercise.interval.civil_start_time >= 2026-11-01", "EXPRESSION_STRUCTURE"],
    [
      'exercise.interval.civil_start_time >= "2026-11-01" AND exercise.interval.civil_start_time < "2026-11-01"',
      "INVALID_TIME_RANGE",
    ],
  ])("%s", async (filter, detail) => {
    expect(await list(filter)).toMatchObject({ status: 400, why: `INVALID_DATA_POINT_FILTER_${detail}` });
  });

  test("physical and civil time in one filter", async () => {
    const filter =
      'heart_rate.sample_time.physical_time >= "2026-11-01T00:00:00Z" AND heart_rate.sample_time.civil_time < "2026-11-02"';
    expect(await get("dataTypes/heart-rate/dataPoints", { filter })).toMatchObject({
      status: 400,
      why: "INVALID_DATA_POINT_FILTER_MIXED_TIME_RESTRICTIONS",
    });
  });

  test("more than 25 a page, tokens with other parameters, tokens of smaller pages", async () => {
    google.emptyPageFirst = false;
    const first = await get(EXERCISES, { pageSize: "1000" });
    expect(first.body["dataPoints"]).toHaveLength(25);
    const pageToken = String(first.body["nextPageToken"]);
    const refused = { status: 400, message: "Invalid page token" };
    expect(await get(EXERCISES, { pageSize: "25", pageToken })).toMatchObject(refused);
    const second = await get(EXERCISES, { pageSize: "1000", pageToken });
    expect(second.body["dataPoints"]).toHaveLength(5);
    expect(second.body["nextPageToken"]).toBeUndefined();
    const small = await get(EXERCISES, { pageSize: "10" });
    expect(small.body["dataPoints"]).toHaveLength(10);
    const smallToken = String(small.body["nextPageToken"]);
    expect(await get(EXERCISES, { pageSize: "10", pageToken: smallToken })).toMatchObject(refused);
  });

  test("an API key, no token, an unknown token", async () => {
    expect(await get("identity", { key: "AIza" })).toMatchObject({ status: 401 });
    expect(await get("identity", {}, "")).toMatchObject({ status: 401, why: "CREDENTIALS_MISSING" });
    expect(await get("identity", {}, "Bearer no")).toMatchObject({ status: 401 });
  });

  test("a percent-encoded colon, and paths that it does not have", async () => {
    expect(await get(`${EXERCISES}/1%3AexportExerciseTcx`, { alt: "media" })).toMatchObject({
      status: 404,
      body: {},
    });
    expect(await get("devices")).toMatchObject({ status: 404, body: {} });
  });

  test("a TCX without the location scope, or without alt=media as a file", async () => {
    const path = `${EXERCISES}/1:exportExerciseTcx`;
    expect((await get(path)).body).toHaveProperty("tcxData");
    const ticked = [GOOGLE_SCOPES.activity, GOOGLE_SCOPES.metrics];
    const poorer = `Bearer ${String((await google.login(ticked))["access_token"])}`;
    expect(await get(path, { alt: "media" }, poorer)).toMatchObject({
      status: 403,
      why: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    });
  });

  test("what is over the quota", async () => {
    google.quota = { limit: 1, windowMs: 60_000 };
    expect(await get("identity")).toMatchObject({ status: 200 });
    expect(await get("identity")).toMatchObject({ status: 429, why: "RATE_LIMIT_EXCEEDED" });
  });

  test("an authorization without a challenge, and a code without its verifier", async () => {
    const authorize = new URL(google.urls.authorizeUrl);
    const params = {
      response_type: "code",
      client_id: GOOGLE_CLIENT.id,
      redirect_uri: "http://127.0.0.1:9999/callback",
      scope: GOOGLE_SCOPES.activity,
    };
    authorize.search = new URLSearchParams(params).toString();
    expect((await fetch(authorize, { redirect: "manual" })).status).toBe(400);
    authorize.search = new URLSearchParams({
      ...params,
      code_challenge: "c".repeat(43),
      code_challenge_method: "S256",
    }).toString();
    const consent = await fetch(authorize, { redirect: "manual" });
    const code = new URL(consent.headers.get("location") ?? "").searchParams.get("code") ?? "";
    const answer = await fetch(google.urls.tokenUrl, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code,
        client_id: GOOGLE_CLIENT.id,
        client_secret: GOOGLE_CLIENT.secret,
        redirect_uri: params.redirect_uri,
      }),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: "invalid_grant" });
  });

  test("and lists newest first, behind an empty page", async () => {
    const empty = await list('exercise.interval.civil_start_time >= "2026-11-01"');
    expect(Object.keys(empty.body)).toEqual(["nextPageToken"]);
    const page = await get(EXERCISES, {
      filter: 'exercise.interval.civil_start_time >= "2026-11-01"',
      pageToken: String(empty.body["nextPageToken"]),
    });
    const names = (page.body["dataPoints"] as { name: string }[]).map(({ name }) => name.split("/").at(-1));
    expect(names.slice(0, 2)).toEqual(["29", "28"]);
  });
});
