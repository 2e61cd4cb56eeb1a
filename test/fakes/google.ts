import { createHash } from "node:crypto";
import { FakeOAuth } from "./oauth-server.ts";
import { FakeServer, type FakeReply, type FakeRequest } from "./http-server.ts";

const SCOPE = "https://www.googleapis.com/auth/googlehealth.";
/** What fitglue asks for. */
export const GOOGLE_SCOPES = {
  activity: `${SCOPE}activity_and_fitness.readonly`,
  metrics: `${SCOPE}health_metrics_and_measurements.readonly`,
  location: `${SCOPE}location.readonly`,
} as const;

/** A Google Cloud client of the type Desktop app, invented. */
export const GOOGLE_CLIENT = {
  id: "314159265358-fitglue.apps.googleusercontent.com",
  secret: "invented-desktop-secret",
} as const;

export interface FakeExercise {
  /** The data point as Google writes it, `name` included. */
  readonly point: Readonly<Record<string, unknown>>;
  /** What the TCX export answers; a text is a document, absent is 404. */
  tcx?: string | FakeReply;
}

/** One heart-rate sample; `t` in Unix milliseconds. */
export interface FakePulse {
  readonly t: number;
  readonly bpm: number;
  /** Default `FITBIT`. */
  readonly platform?: string;
}

/** Something about the whole account that is in the way. */
export type Trouble = "api-disabled" | "not-linked" | "legacy-account" | "not-ready" | "mint-scope";

/** How much may be asked: at most `limit` requests in any `windowMs`. */
export interface Quota {
  readonly limit: number;
  readonly windowMs: number;
}

interface Walk {
  /** Everything but the token, which must come again unchanged. */
  readonly params: string;
  readonly offset: number;
  /** False for a token that was made with small exercise pages. */
  readonly resumable: boolean;
}

export interface FakeGoogleOptions {
  readonly healthUserId?: string;
  readonly port?: number;
  readonly latencyMs?: number;
  /** `refresh_token_expires_in` of an app in testing. */
  readonly refreshExpiresIn?: number;
}

/**
 * The Google Health API v4 and Google's OAuth on loopback, with memory. It refuses what the real one refuses
 * (`refusals` lists what it had to refuse) and has the real one's odd habits: newest first, empty pages with a token,
 * int64 as text, zeros left out.
 */
export class FakeGoogle {
  readonly healthUserId: string;
  readonly oauth: FakeOAuth;
  readonly exercises: FakeExercise[] = [];
  readonly pulse: FakePulse[] = [];
  /** Local date → LIGHT to PEAK as [min, max]. */
  readonly zones = new Map<string, readonly (readonly [min: number, max: number])[]>();
  /** Whether `daily-heart-rate-zones` can be listed; `:reconcile` has it in any case. */
  zonesListable = true;
  /** An empty page with a token comes before the first page of every list. */
  emptyPageFirst = true;
  /** The server cuts larger pages of samples to this. */
  samplePageCap = 5000;
  /** Pages of samples larger than this take too long: 504. */
  deadlineAbove = Infinity;
  trouble: Trouble | undefined;
  quota: Quota | undefined;
  /** How long a 429 asks to wait; Google does not document the header. */
  retryAfter: number | undefined;
  /** Every refusal but those of the quota, as `status METHOD target`. */
  readonly refusals: string[] = [];
  #server: FakeServer | undefined;
  readonly #walks = new Map<string, Walk>();
  #tokens = 0;
  #sortedPulses = 0;
  #recent: number[] = [];

  private constructor(options: FakeGoogleOptions) {
    this.healthUserId = options.healthUserId ?? "2718281828459045235";
    this.oauth = new FakeOAuth({
      clientId: GOOGLE_CLIENT.id,
      clientSecret: GOOGLE_CLIENT.secret,
      redirectUris: "loopback",
      clientAuth: "body",
      scopes: Object.values(GOOGLE_SCOPES),
      pkce: true,
      refresh: "keep",
      offlineOnly: true,
      expiresIn: 3599,
      ...(options.refreshExpiresIn === undefined ? {} : { refreshExpiresIn: options.refreshExpiresIn }),
      paths: { authorize: "/o/oauth2/v2/auth", token: "/token", revoke: "/revoke" },
    });
  }

  static async start(options: FakeGoogleOptions = {}): Promise<FakeGoogle> {
    const google = new FakeGoogle(options);
    google.#server = await FakeServer.start((request) => google.#handle(request), {
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    });
    return google;
  }

  get server(): FakeServer {
    if (this.#server === undefined) throw new Error("not started");
    return this.#server;
  }

  /** Where the API and OAuth are, in the words of `FitbitUrls`. */
  get urls(): { apiUrl: string; authorizeUrl: string; tokenUrl: string; revokeUrl: string } {
    const { url } = this.server;
    return {
      apiUrl: url,
      authorizeUrl: `${url}${this.oauth.authorizePath}`,
      tokenUrl: `${url}${this.oauth.tokenPath}`,
      revokeUrl: `${url}${this.oauth.revokePath}`,
    };
  }

  /** The environment that points the real binary here. */
  get env(): Record<string, string> {
    const urls = this.urls;
    return {
      FITGLUE_FITBIT_API_URL: urls.apiUrl,
      FITGLUE_FITBIT_AUTHORIZE_URL: urls.authorizeUrl,
      FITGLUE_FITBIT_TOKEN_URL: urls.tokenUrl,
      FITGLUE_FITBIT_REVOKE_URL: urls.revokeUrl,
      FITGLUE_FITBIT_CLIENT_ID: GOOGLE_CLIENT.id,
      FITGLUE_FITBIT_CLIENT_SECRET: GOOGLE_CLIENT.secret,
    };
  }

  /** Goes through the consent as a browser would; gives the token response. `ticked`: the boxes left ticked. */
  async login(ticked?: readonly string[]): Promise<Record<string, unknown>> {
    this.oauth.ticked = ticked;
    const verifier = "an-invented-verifier-of-at-least-forty-three-characters";
    const redirectUri = "http://127.0.0.1:8484/callback";
    const authorize = new URL(this.urls.authorizeUrl);
    authorize.search = new URLSearchParams({
      response_type: "code",
      client_id: GOOGLE_CLIENT.id,
      redirect_uri: redirectUri,
      scope: Object.values(GOOGLE_SCOPES).join(" "),
      access_type: "offline",
      prompt: "consent",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    }).toString();
    const consent = await fetch(authorize, { redirect: "manual" });
    const code = new URL(consent.headers.get("location") ?? "").searchParams.get("code") ?? "";
    const answer = await fetch(this.urls.tokenUrl, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code,
        client_id: GOOGLE_CLIENT.id,
        client_secret: GOOGLE_CLIENT.secret,
        redirect_uri: redirectUri,
        code_verifier: verifier,
      }),
    });
    this.server.forget();
    return (await answer.json()) as Record<string, unknown>;
  }

  /** Adds an exercise, and its pulse if any. */
  add(exercise: FakeExercise, pulse: readonly FakePulse[] = []): void {
    this.exercises.push(exercise);
    this.pulse.push(...pulse);
  }

  /** Requests to the API, as `list exercise`, `list heart-rate`, `tcx`, `identity`. */
  asked(): string[] {
    return this.server.requests
      .filter((request) => request.path.startsWith("/v4/"))
      .map((request) => {
        const { path } = request;
        if (path.endsWith("/identity")) return "identity";
        if (path.endsWith(":exportExerciseTcx")) return "tcx";
        const type = /\/dataTypes\/([^/]+)\//.exec(path)?.[1] ?? path;
        return `${path.endsWith(":reconcile") ? "reconcile" : "list"} ${type}`;
      });
  }

  async close(): Promise<void> {
    await this.server.close();
  }

  #handle(request: FakeRequest): FakeReply {
    const oauth = this.oauth.handle(request);
    if (oauth !== undefined) return oauth;
    const reply = this.#api(request);
    const status = reply.status ?? 200;
    if (status >= 400 && status !== 429) this.refusals.push(`${status} ${request.method} ${request.target}`);
    return reply;
  }

  #api(request: FakeRequest): FakeReply {
    const { path, query, method } = request;
    // An encoded colon is another path, and unrouted paths answer a page for people.
    if (!path.startsWith("/v4/") || method !== "GET" || /%3a/i.test(path)) return notRouted(path);
    if (query.has("key") || query.has("access_token")) {
      return refusal(
        401,
        "UNAUTHENTICATED",
        "API keys are not supported by this API.",
        "CREDENTIALS_MISSING",
      );
    }
    if (request.headers["authorization"] === undefined) {
      return refusal(
        401,
        "UNAUTHENTICATED",
        "Request is missing required authentication credential.",
        "CREDENTIALS_MISSING",
      );
    }
    const scopes = this.oauth.scopesOf(request);
    if (scopes === undefined) {
      return {
        ...refusal(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
        headers: { "www-authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"' },
      };
    }
    const over = this.#overQuota();
    if (over !== undefined) return over;
    const trouble = this.#troubled();
    if (trouble !== undefined) return trouble;

    if (path === "/v4/users/me/identity") {
      return { json: { name: "users/me/identity", legacyUserId: "9ZZZZ9", healthUserId: this.healthUserId } };
    }
    const export_ = /^\/v4\/users\/me\/dataTypes\/exercise\/dataPoints\/([^/:]+):exportExerciseTcx$/.exec(
      path,
    );
    if (export_ !== null) return this.#tcx(decodeURIComponent(export_[1] ?? ""), query, scopes);
    const list = /^\/v4\/users\/me\/dataTypes\/([a-z-]+)\/dataPoints(:reconcile)?$/.exec(path);
    const type = list?.[1] ?? "";
    if (list === null || !Object.hasOwn(TYPES, type)) return notRouted(path);
    return this.#list(type as DataType, list[2] !== undefined, query, scopes);
  }

  #overQuota(): FakeReply | undefined {
    if (this.quota === undefined) return undefined;
    const now = Date.now();
    const { limit, windowMs } = this.quota;
    this.#recent = this.#recent.filter((at) => at > now - windowMs);
    if (this.#recent.length < limit) {
      this.#recent.push(now);
      return undefined;
    }
    return {
      ...refusal(
        429,
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute per user'.",
        "RATE_LIMIT_EXCEEDED",
      ),
      ...(this.retryAfter === undefined ? {} : { headers: { "retry-after": String(this.retryAfter) } }),
    };
  }

  #troubled(): FakeReply | undefined {
    switch (this.trouble) {
      case "api-disabled":
        return refusal(
          403,
          "PERMISSION_DENIED",
          "Google Health API has not been used in project 271828182845 before or it is disabled.",
          "SERVICE_DISABLED",
          { service: "health.googleapis.com", consumer: "projects/271828182845" },
        );
      case "not-linked":
        return refusal(
          400,
          "FAILED_PRECONDITION",
          "The account is not linked to Google Health.",
          "ACCOUNT_NOT_LINKED",
          {
            redirect_uri: "https://fitbit.google.com/auth/signup",
          },
        );
      case "legacy-account":
        return refusal(
          403,
          "PERMISSION_DENIED",
          "The caller does not have permission. Could not mint UberMint from GaiaMint",
        );
      case "not-ready":
        return refusal(412, "FAILED_PRECONDITION", "Precondition check failed.");
      case "mint-scope":
        return scopeMissing("MISSING_OAUTH_SCOPE");
      case undefined:
        return undefined;
      default:
        return this.trouble satisfies never;
    }
  }

  #tcx(id: string, query: URLSearchParams, scopes: readonly string[]): FakeReply {
    if (!scopes.includes(GOOGLE_SCOPES.activity) || !scopes.includes(GOOGLE_SCOPES.location))
      return scopeMissing();
    const exercise = this.exercises.find(({ point }) => idOf(point) === id);
    const tcx = exercise?.tcx;
    if (tcx === undefined) return refusal(404, "NOT_FOUND", "Requested entity was not found.");
    if (typeof tcx !== "string") return tcx;
    if (query.get("alt") !== "media") return { json: { tcxData: tcx } };
    return { headers: { "content-type": "application/vnd.garmin.tcx+xml" }, body: tcx };
  }

  #list(type: DataType, reconciled: boolean, query: URLSearchParams, scopes: readonly string[]): FakeReply {
    const rules = TYPES[type];
    if (!scopes.includes(rules.scope)) return scopeMissing();
    for (const name of query.keys()) {
      if (!["filter", "pageSize", "pageToken"].includes(name)) {
        return refusal(400, "INVALID_ARGUMENT", `Invalid JSON payload received. Unknown name "${name}".`);
      }
    }
    if (type === "daily-heart-rate-zones" && !reconciled && !this.zonesListable) {
      return refusal(
        400,
        "INVALID_ARGUMENT",
        "Listing is not supported for this data type.",
        "UNSUPPORTED_DATA_TYPE",
      );
    }
    const range = parseFilter(type, query.get("filter") ?? "");
    if (isRefusal(range)) return range;
    const asked = query.get("pageSize") === null ? rules.defaultPage : Number(query.get("pageSize"));
    if (!Number.isInteger(asked) || asked < 0) return refusal(400, "INVALID_ARGUMENT", "Invalid page size.");
    if (type !== "exercise" && asked > this.deadlineAbove) {
      return refusal(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.");
    }
    const cap = type === "exercise" ? rules.maxPage : Math.min(rules.maxPage, this.samplePageCap);
    const size = Math.min(asked === 0 ? rules.defaultPage : asked, cap);
    const params = `${type}${reconciled ? ":r" : ""}?${query.get("filter") ?? ""}&${query.get("pageSize") ?? ""}`;

    let offset = 0;
    const token = query.get("pageToken");
    if (token !== null && token !== "") {
      const walk = this.#walks.get(token);
      if (walk === undefined || walk.params !== params || !walk.resumable) {
        return refusal(400, "INVALID_ARGUMENT", "Invalid page token");
      }
      offset = walk.offset;
    }
    const resumable = type !== "exercise" || size === rules.maxPage;
    const all = this.#points(type, range);
    const next = (at: number): string => {
      const name = `page-${++this.#tokens}`;
      this.#walks.set(name, { params, offset: at, resumable });
      return name;
    };
    if (this.emptyPageFirst && token === null && all.length > 0) return { json: { nextPageToken: next(0) } };
    const page = all.slice(offset, offset + size).map((point) => (reconciled ? reconcile(point) : point));
    const more = offset + size < all.length ? { nextPageToken: next(offset + size) } : {};
    return { json: page.length === 0 ? more : { dataPoints: page, ...more } };
  }

  /** The samples in [from, to), oldest first. A bench has a million of them, so they are sorted once. */
  #pulseFrom(from: number, to: number): FakePulse[] {
    if (this.#sortedPulses !== this.pulse.length) {
      this.pulse.sort((a, b) => a.t - b.t);
      this.#sortedPulses = this.pulse.length;
    }
    const before = (t: number): number => {
      let [low, high] = [0, this.pulse.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((this.pulse[middle]?.t ?? Infinity) < t) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    return this.pulse.slice(before(from), before(to));
  }

  /** Newest first. */
  #points(type: DataType, range: Range): Record<string, unknown>[] {
    const inside = (key: string): boolean =>
      (range.from ?? "") <= key && (range.to === undefined || key < range.to);
    const keyed: (readonly [key: string, point: Record<string, unknown>])[] = [];
    if (type === "exercise") {
      for (const { point } of this.exercises) keyed.push([civilStartOf(point), point]);
    } else if (type === "heart-rate") {
      const to = range.to === undefined ? Infinity : Date.parse(range.to);
      const inRange = this.#pulseFrom(range.from === undefined ? -Infinity : Date.parse(range.from), to);
      return inRange.toReversed().map(pulsePoint);
    } else {
      for (const [date, limits] of this.zones) keyed.push([date, zonesPoint(date, limits)]);
    }
    return keyed
      .filter(([key]) => inside(key))
      .toSorted(([a], [b]) => (a < b ? 1 : -1))
      .map(([, point]) => point);
  }
}

const TYPES = {
  exercise: {
    prefix: "exercise",
    civil: "exercise.interval.civil_start_time",
    physical: undefined,
    scope: GOOGLE_SCOPES.activity,
    defaultPage: 25,
    maxPage: 25,
  },
  "heart-rate": {
    prefix: "heart_rate",
    civil: "heart_rate.sample_time.civil_time",
    physical: "heart_rate.sample_time.physical_time",
    scope: GOOGLE_SCOPES.metrics,
    defaultPage: 1440,
    maxPage: 10_000,
  },
  "daily-heart-rate-zones": {
    prefix: "daily_heart_rate_zones",
    civil: "daily_heart_rate_zones.date",
    physical: undefined,
    scope: GOOGLE_SCOPES.metrics,
    defaultPage: 1440,
    maxPage: 10_000,
  },
} as const;

type DataType = keyof typeof TYPES;

interface Range {
  readonly from?: string;
  readonly to?: string;
}

const CIVIL = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function parseFilter(type: DataType, filter: string): Range | FakeReply {
  const { prefix, civil, physical } = TYPES[type];
  const bad = (detail: string, message: string): FakeReply =>
    refusal(400, "INVALID_ARGUMENT", message, "INVALID_DATA_POINT_FILTER", {
      detailedReasons: `INVALID_DATA_POINT_FILTER_${detail}`,
    });
  const range: { from?: string; to?: string } = {};
  const members = new Set<string>();
  for (const part of filter === "" ? [] : filter.split(" AND ")) {
    const match = /^([\w.-]+) (\S+) "([^"]*)"$/.exec(part);
    if (match === null) return bad("EXPRESSION_STRUCTURE", "The filter cannot be parsed.");
    const [, member = "", comparator = "", literal = ""] = match;
    if (member.split(".")[0] !== prefix)
      return bad("COLLECTION_MISMATCH", `Collection of '${member}' does not match.`);
    if (member !== civil && member !== physical) {
      return bad("DATA_TYPE_MEMBER", `Member '${member}' is not supported for filtering.`);
    }
    if (comparator !== ">=" && comparator !== "<") {
      return bad("RESTRICTION_COMPARATOR", `Comparator '${comparator}' is not supported.`);
    }
    const form = member === physical ? RFC3339 : type === "daily-heart-rate-zones" ? DATE : CIVIL;
    if (!form.test(literal)) return bad("EXPRESSION_STRUCTURE", `Literal "${literal}" has the wrong form.`);
    members.add(member);
    if (comparator === ">=") range.from = literal;
    else range.to = literal;
  }
  if (members.size > 1) return bad("MIXED_TIME_RESTRICTIONS", "Physical and civil time cannot be mixed.");
  if (range.from !== undefined && range.to !== undefined && range.from >= range.to) {
    return bad("INVALID_TIME_RANGE", "The start must be before the end.");
  }
  return range;
}

function isRefusal(result: Range | FakeReply): result is FakeReply {
  return "status" in result;
}

function refusal(
  code: number,
  status: string,
  message: string,
  reason?: string,
  metadata: Readonly<Record<string, string>> = { service: "health.googleapis.com" },
): FakeReply {
  const details =
    reason === undefined
      ? {}
      : {
          details: [
            {
              "@type": "type.googleapis.com/google.rpc.ErrorInfo",
              reason,
              domain: "googleapis.com",
              metadata,
            },
          ],
        };
  return { status: code, json: { error: { code, message, status, ...details } } };
}

function scopeMissing(reason = "ACCESS_TOKEN_SCOPE_INSUFFICIENT"): FakeReply {
  return refusal(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", reason);
}

function notRouted(path: string): FakeReply {
  return {
    status: 404,
    headers: { "content-type": "text/html; charset=UTF-8" },
    body: `<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title><p>The requested URL <code>${path}</code> was not found on this server.</html>`,
  };
}

function idOf(point: Readonly<Record<string, unknown>>): string {
  const name = point["name"];
  return typeof name === "string" ? name.slice(name.lastIndexOf("/") + 1) : "";
}

function civilStartOf(point: Readonly<Record<string, unknown>>): string {
  const interval = (
    point["exercise"] as { interval?: { startTime?: string; startUtcOffset?: string } } | undefined
  )?.interval;
  const start = Date.parse(interval?.startTime ?? "");
  // A point that fitglue cannot read has to be listed somewhere all the same.
  if (Number.isNaN(start)) return interval?.startTime ?? "2026-01-01T00:00:00";
  const offset = Number((interval?.startUtcOffset ?? "0s").slice(0, -1)) * 1000;
  return new Date(start + offset).toISOString().slice(0, 19);
}

function reconcile(point: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { name, dataSource: _, ...rest } = point;
  return name === undefined ? rest : { dataPointName: name, ...rest };
}

function pulsePoint({ t, bpm, platform }: FakePulse): Record<string, unknown> {
  return {
    dataSource: {
      recordingMethod: "PASSIVELY_MEASURED",
      device: { displayName: "Charge 6" },
      platform: platform ?? "FITBIT",
    },
    heartRate: {
      sampleTime: { physicalTime: new Date(t).toISOString().replace(".000Z", "Z"), utcOffset: "0s" },
      beatsPerMinute: String(bpm),
      metadata: { motionContext: "ACTIVE" },
    },
  };
}

function zonesPoint(date: string, limits: readonly (readonly [number, number])[]): Record<string, unknown> {
  const [year, month, day] = date.split("-").map(Number);
  return {
    dataSource: { recordingMethod: "DERIVED", platform: "FITBIT" },
    dailyHeartRateZones: {
      date: { year, month, day },
      heartRateZones: ["LIGHT", "MODERATE", "VIGOROUS", "PEAK"].map((heartRateZoneType, index) => ({
        heartRateZoneType,
        minBeatsPerMinute: String(limits[index]?.[0]),
        maxBeatsPerMinute: String(limits[index]?.[1]),
      })),
    },
  };
}

/** What an invented exercise is made of; the rest follows Google's habits. */
export interface ExerciseSketch {
  readonly id: string;
  /** UTC, RFC 3339. */
  readonly start: string;
  readonly end: string;
  /** Seconds; the end's is the start's unless it says otherwise. */
  readonly offset?: number;
  readonly endOffset?: number;
  readonly type?: string;
  readonly platform?: string;
  readonly updateTime?: string;
  readonly hasGps?: boolean;
  /** Further members of `exercise`. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A data point in Google's words: durations with an `s`, `hasGps` left out when false. */
export function exercisePoint(
  sketch: ExerciseSketch,
  healthUserId = "2718281828459045235",
): FakeExercise["point"] {
  const { offset = 0, endOffset = offset } = sketch;
  const seconds = (Date.parse(sketch.end) - Date.parse(sketch.start)) / 1000;
  return {
    name: `users/${healthUserId}/dataTypes/exercise/dataPoints/${sketch.id}`,
    dataSource: {
      recordingMethod: "ACTIVELY_MEASURED",
      platform: sketch.platform ?? "FITBIT",
      ...(sketch.platform === undefined
        ? { device: { displayName: "Charge 6", manufacturer: "Fitbit" } }
        : {}),
    },
    exercise: {
      interval: {
        startTime: sketch.start,
        startUtcOffset: `${offset}s`,
        endTime: sketch.end,
        endUtcOffset: `${endOffset}s`,
      },
      exerciseType: sketch.type ?? "RUNNING",
      displayName: "Run",
      activeDuration: `${seconds}s`,
      metricsSummary: {},
      exerciseMetadata: sketch.hasGps === true ? { hasGps: true } : {},
      createTime: sketch.updateTime ?? sketch.end,
      updateTime: sketch.updateTime ?? sketch.end,
      ...sketch.more,
    },
  };
}

/** One sample a second, from `from` (Unix milliseconds) on. */
export function pulseOf(from: number, seconds: number, bpm = 120): FakePulse[] {
  return Array.from({ length: seconds }, (_, index) => ({ t: from + index * 1000, bpm: bpm + (index % 40) }));
}

/** A TCX document with one trackpoint a second going north; times in UTC. */
export function tcxDocument(from: number, seconds: number): string {
  const time = (index: number): string => new Date(from + index * 1000).toISOString();
  const points = Array.from(
    { length: seconds },
    (_, index) =>
      `<Trackpoint><Time>${time(index)}</Time><Position><LatitudeDegrees>${(47 + index / 10_000).toFixed(6)}</LatitudeDegrees>` +
      `<LongitudeDegrees>8.500000</LongitudeDegrees></Position><AltitudeMeters>${400 + (index % 10)}</AltitudeMeters>` +
      `<DistanceMeters>${index * 3}</DistanceMeters></Trackpoint>`,
  );
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>' +
    `<Activity Sport="Running"><Id>${time(0)}</Id><Lap StartTime="${time(0)}"><TotalTimeSeconds>${seconds}</TotalTimeSeconds>` +
    `<DistanceMeters>${(seconds - 1) * 3}</DistanceMeters><Calories>0</Calories><Intensity>Active</Intensity>` +
    `<TriggerMethod>Manual</TriggerMethod><Track>${points.join("")}</Track></Lap></Activity></Activities></TrainingCenterDatabase>`
  );
}
