import { FakeOAuth } from "./oauth-server.ts";
import { FakeServer, type FakeReply, type FakeRequest, type FakeServerOptions } from "./http-server.ts";

/** One training session as a watch uploads it. Times as Polar means them: local, without a zone. */
export interface FakeSession {
  readonly startTime: string;
  /** Minutes; undefined: the field is left out, as for old devices. */
  readonly utcOffset?: number | undefined;
  readonly duration: string;
  readonly sport?: string;
  readonly detailedSport?: string;
  readonly device?: string;
  readonly distance?: number;
  readonly calories?: number;
  readonly heartRate?: { readonly average: number; readonly maximum: number };
  readonly hasRoute?: boolean;
  readonly trainingLoad?: number;
  readonly runningIndex?: number;
  readonly fatPercentage?: number;
  readonly trainingLoadPro?: Readonly<Record<string, unknown>>;
  readonly zones?: readonly { readonly lower: number; readonly upper: number; readonly inZone: string }[];
  /** By sample type: recording rate in seconds (null for RR) and the comma-separated data. */
  readonly samples?: Readonly<Record<string, { readonly rate: number | null; readonly data: string }>>;
  readonly route?: readonly {
    readonly latitude: number;
    readonly longitude: number;
    readonly time: string;
  }[];
  readonly fit?: Uint8Array;
  readonly tcx?: string | Uint8Array;
  readonly gpx?: string;
}

/** A session as the fake holds it: two ids, one for each world. */
export interface UploadedSession {
  readonly id: number;
  readonly hashId: string;
  /** Changed in place by tests: what both worlds tell from then on. */
  session: FakeSession;
  /** Which fields of its own document are replaced by nonsense. */
  spoiled: Readonly<Record<string, unknown>> | undefined;
  /** Uploaded before the registration, or longer ago than thirty days: never shown. */
  hidden: boolean;
  committed: boolean;
  /** The person has deleted it in Flow: 204 in an open transaction, and out of the list. */
  deleted: boolean;
  /** Not in the list world (a session of the phone app). */
  unlisted: boolean;
}

export interface FakeAccessLinkOptions extends FakeServerOptions {
  readonly userId?: number;
  readonly redirectUris?: readonly string[];
  /** Whether the person is registered from the start, with {@link FakeAccessLink.authorization} as a valid token. */
  readonly registered?: boolean;
  /**
   * What opening does while another transaction is open; Polar does not say. `same` gives that one again, `new` replaces
   * it, `busy` answers 204 until it expires.
   */
  readonly reopen?: "same" | "new" | "busy";
  /** Sessions per transaction; Polar's is 50. */
  readonly pageSize?: number;
  /** Requests allowed in fifteen minutes and in a day; Polar's are 520 and 5100 for one user. */
  readonly limits?: readonly [short: number, long: number];
  /** Status of a successful registration: 200 by the description, 201 as observed. */
  readonly registrationStatus?: number;
}

interface Transaction {
  readonly id: number;
  readonly sessions: readonly UploadedSession[];
  /** Requests that may still come before it expires, for tests of expiry. */
  life: number;
}

/** What the fake tells before it acts on a commit. */
export interface CommitNotice {
  readonly transactionId: number;
  /** Ids of the transaction world, as text. */
  readonly ids: readonly string[];
  readonly sessions: readonly UploadedSession[];
}

const API = "https://www.polaraccesslink.com";

/**
 * AccessLink v3 with memory, on a real HTTP server: OAuth with single-use codes and exact redirect URIs, registration
 * before data, one open transaction of at most fifty sessions, gone once committed and back when not, empty 204s, keys
 * in kebab-case there and in snake_case here, another id in each world, rate-limit headers, Basic and Bearer each in
 * its place. Anything else is refused; a path that Polar does not have is an unexpected request.
 */
export class FakeAccessLink {
  readonly server: FakeServer;
  readonly oauth: FakeOAuth;
  readonly userId: number;
  readonly sessions: UploadedSession[] = [];
  /** A token that works without a login, when the person is registered from the start. */
  readonly authorization: string;
  /** Called when a commit has arrived and before it takes effect: whatever it throws fails `close()`. */
  onCommit: ((notice: CommitNotice) => void | Promise<void>) | undefined;
  /** Transaction ids whose commit took effect. */
  readonly commits: number[] = [];
  /** Every PUT on a transaction. */
  commitRequests = 0;
  registered: boolean;
  memberId: string | undefined;
  /** False: the person has not accepted all consents, so everything is a 403. */
  consents = true;
  /** Another user of this client has that member id: 409 until another one comes. */
  takenMemberId: ((memberId: string) => boolean) | undefined;
  /** The transaction endpoints are gone for good. */
  retired: 404 | 405 | 410 | undefined;
  reopen: "same" | "new" | "busy";
  pageSize: number;
  /** Of transactions opened from now on: requests until they expire. */
  transactionLife = Infinity;
  limits: readonly [short: number, long: number];
  readonly #registrationStatus: number;
  #open: Transaction | undefined;
  #nextId = 1_937_000_001;
  #nextTransaction = 179_001;
  #used = 0;

  private constructor(server: FakeServer, oauth: FakeOAuth, options: FakeAccessLinkOptions) {
    this.server = server;
    this.oauth = oauth;
    this.userId = options.userId ?? 10_579;
    this.registered = options.registered ?? false;
    this.reopen = options.reopen ?? "new";
    this.pageSize = options.pageSize ?? 50;
    this.limits = options.limits ?? [100_000, 1_000_000];
    this.#registrationStatus = options.registrationStatus ?? 200;
    this.authorization = `Bearer ${this.registered ? this.#login() : "none"}`;
  }

  static async start(options: FakeAccessLinkOptions = {}): Promise<FakeAccessLink> {
    const userId = options.userId ?? 10_579;
    const oauth = new FakeOAuth({
      clientId: "0d1f2c3b-0000-4000-8000-00000000cafe",
      clientSecret: "polar-client-secret-of-the-fake",
      redirectUris: options.redirectUris ?? ["http://localhost:8484/callback"],
      clientAuth: "basic",
      scopes: ["accesslink.read_all"],
      refresh: "none",
      expiresIn: 315_359_999,
      tokenFields: { x_user_id: userId },
      tellScopes: false,
      invalidClientStatus: 400,
      paths: { authorize: "/oauth2/authorization", token: "/v2/oauth2/token" },
    });
    const server = await FakeServer.start((request) => fake.handle(request), options);
    const fake = new FakeAccessLink(server, oauth, options);
    return fake;
  }

  /** What fitglue needs in its environment to talk to this fake. */
  get environment(): Record<string, string> {
    return {
      FITGLUE_POLAR_API_URL: this.server.url,
      FITGLUE_POLAR_AUTHORIZE_URL: `${this.server.url}/oauth2/authorization`,
      FITGLUE_POLAR_TOKEN_URL: `${this.server.url}/v2/oauth2/token`,
      FITGLUE_POLAR_CLIENT_ID: this.oauth.options.clientId,
      FITGLUE_POLAR_CLIENT_SECRET: this.oauth.options.clientSecret,
    };
  }

  /** A watch uploads a session. Before the registration it is invisible for ever. */
  upload(session: FakeSession): UploadedSession {
    const id = this.#nextId++;
    const uploaded: UploadedSession = {
      id,
      hashId: `h${(id * 7919).toString(36).toUpperCase()}`,
      session,
      spoiled: undefined,
      hidden: !this.registered,
      committed: false,
      deleted: false,
      unlisted: false,
    };
    this.sessions.push(uploaded);
    return uploaded;
  }

  /** The open transaction ends by itself, as one does whose owner never came back. */
  expireTransaction(): void {
    this.#open = undefined;
  }

  /** Forgets what the rate limit has counted. */
  resetUsage(): void {
    this.#used = 0;
  }

  async close(): Promise<void> {
    await this.server.close();
  }

  async handle(request: FakeRequest): Promise<FakeReply | undefined> {
    const login = this.oauth.handle(request);
    if (login !== undefined) return login;
    const reply = await this.#api(request);
    if (reply === undefined) return undefined;
    const [short, long] = this.limits;
    const headers = {
      "ratelimit-usage": `${this.#used}, ${this.#used}`,
      "ratelimit-limit": `${short}, ${long}`,
      "ratelimit-reset": "840, 80000",
    };
    return { ...reply, headers: { ...headers, ...reply.headers } };
  }

  async #api(request: FakeRequest): Promise<FakeReply | undefined> {
    const { path, method } = request;
    if (!/^\/v3\/(users|exercises)(\/|$)/.test(path)) return undefined;
    if (this.oauth.scopesOf(request) === undefined) return { status: 401 };
    this.#used++;
    if (this.#used > Math.min(...this.limits)) return { status: 429 };
    if (!this.consents)
      return failure(403, "consents_not_accepted", "User has not accepted all mandatory consents");
    if (path === "/v3/users") return method === "POST" ? this.#register(request) : undefined;

    const [, user, rest = ""] = /^\/v3\/users\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    if (user !== undefined && user !== String(this.userId)) return failure(403, "forbidden", "not this user");
    if (user !== undefined && rest === "") return this.#user(method);
    if (!this.registered) return failure(403, "not_registered", "User is not registered");
    if (user !== undefined) return this.#transactions(request, rest);
    return method === "GET" ? this.#exercises(request) : undefined;
  }

  #login(): string {
    const { clientId, clientSecret, redirectUris } = this.oauth.options;
    const redirectUri = redirectUris[0] ?? "";
    const query = new URLSearchParams({
      client_id: clientId,
      response_type: "code",
      redirect_uri: redirectUri,
    });
    const location = this.oauth.handle(asked("GET", "/oauth2/authorization", {}, query))?.headers?.[
      "location"
    ];
    const code = new URL(location ?? "").searchParams.get("code") ?? "";
    const form = new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: redirectUri });
    const headers = {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    };
    const token = this.oauth.handle(asked("POST", "/v2/oauth2/token", headers, form))?.json;
    return (token as { access_token: string }).access_token;
  }

  #register(request: FakeRequest): FakeReply {
    const body = request.json() as { readonly "member-id"?: unknown } | undefined;
    const memberId = body?.["member-id"];
    if (
      request.headers["content-type"]?.startsWith("application/json") !== true ||
      typeof memberId !== "string"
    ) {
      return failure(400, "bad_request", "member-id is missing");
    }
    if (this.registered || this.takenMemberId?.(memberId) === true) return { status: 409 };
    this.registered = true;
    this.memberId = memberId;
    return { status: this.#registrationStatus, json: this.#person() };
  }

  #user(method: string): FakeReply | undefined {
    if (method === "DELETE") {
      this.registered = false;
      for (const session of this.sessions) session.hidden = true;
      this.#open = undefined;
      this.oauth.revokeAll();
      return { status: 204 };
    }
    if (method !== "GET") return undefined;
    return this.registered ? { json: this.#person() } : { status: 204 };
  }

  #person(): object {
    return {
      "polar-user-id": this.userId,
      "member-id": this.memberId ?? "registered-from-the-start",
      "registration-date": "2026-11-01T08:00:00.000Z",
    };
  }

  async #transactions(request: FakeRequest, rest: string): Promise<FakeReply | undefined> {
    const base = `/v3/users/${this.userId}/exercise-transactions`;
    const match = /^\/exercise-transactions(?:\/(\d+)(?:\/exercises\/(\d+)(\/.*)?)?)?$/.exec(rest);
    if (match === null) return undefined;
    if (this.retired !== undefined) return failure(this.retired, "gone", "This resource is gone");
    const [, transactionId, exerciseId, part = ""] = match;
    if (transactionId === undefined) {
      if (request.method !== "POST") return { status: 405 };
      if (request.body.length > 0) return failure(400, "bad_request", "the body must be empty");
      return this.#openTransaction(base);
    }
    const open = this.#open;
    const known = open !== undefined && String(open.id) === transactionId && open.life-- > 0;
    if (known && open.life <= 0) this.#open = undefined;
    if (request.method === "PUT" && exerciseId === undefined) {
      this.commitRequests++;
      return known ? this.#commit(open) : failure(404, "not_found", "No transaction was found");
    }
    if (request.method !== "GET") return undefined;
    // An expired transaction has no data, and Polar says so with 204.
    if (!known) return { status: 204 };
    if (exerciseId === undefined) {
      const links = open.sessions.map(({ id }) => `${API}${base}/${open.id}/exercises/${id}`);
      return { json: { exercises: links } };
    }
    const uploaded = open.sessions.find(({ id }) => String(id) === exerciseId);
    if (uploaded === undefined) return undefined;
    if (uploaded.deleted) return { status: 204 };
    return this.#exercise(request, uploaded, open, part, `${API}${base}/${open.id}/exercises/${uploaded.id}`);
  }

  #openTransaction(base: string): FakeReply {
    if (this.#open !== undefined && this.reopen === "busy") return { status: 204 };
    if (this.#open === undefined || this.reopen === "new") {
      const sessions = this.sessions
        .filter(({ hidden, committed, deleted }) => !hidden && !committed && !deleted)
        .slice(0, this.pageSize);
      if (sessions.length === 0) {
        this.#open = undefined;
        return { status: 204 };
      }
      this.#open = { id: this.#nextTransaction++, sessions, life: this.transactionLife };
    }
    const { id } = this.#open;
    return { status: 201, json: { "transaction-id": id, "resource-uri": `${API}${base}/${id}` } };
  }

  async #commit(transaction: Transaction): Promise<FakeReply> {
    const { id, sessions } = transaction;
    await this.onCommit?.({ transactionId: id, ids: sessions.map((one) => String(one.id)), sessions });
    for (const session of sessions) session.committed = true;
    this.commits.push(id);
    this.#open = undefined;
    return { status: 200 };
  }

  #exercise(
    request: FakeRequest,
    uploaded: UploadedSession,
    transaction: Transaction,
    part: string,
    link: string,
  ): FakeReply | undefined {
    const { session } = uploaded;
    switch (part) {
      case "":
        return {
          json: {
            id: uploaded.id,
            "transaction-id": transaction.id,
            ...keyed(this.#summary(session), "-"),
            ...uploaded.spoiled,
          },
        };
      case "/heart-rate-zones":
        return session.zones === undefined ? { status: 204 } : { json: { zone: zonesOf(session) } };
      case "/samples": {
        const types = Object.keys(session.samples ?? {});
        if (types.length === 0) return { status: 204 };
        return { json: { samples: types.map((type) => `${link}/samples/${type}`) } };
      }
      case "/fit":
      case "/tcx":
      case "/gpx":
        return file(request, session, part.slice(1)) ?? { status: 204 };
      default: {
        const type = /^\/samples\/(\d+)$/.exec(part)?.[1];
        if (type === undefined) return undefined;
        const series = samplesOf(session).find((one) => one["sample-type"] === type);
        return series === undefined ? { status: 204 } : { json: series };
      }
    }
  }

  #exercises(request: FakeRequest): FakeReply | undefined {
    const listed = this.sessions.filter(({ hidden, deleted, unlisted }) => !hidden && !deleted && !unlisted);
    if (request.path === "/v3/exercises") {
      return { json: listed.map((one) => this.#listed(one, request.query)) };
    }
    const [, hashId, part] = /^\/v3\/exercises\/([^/]+)(?:\/(fit|tcx|gpx))?$/.exec(request.path) ?? [];
    if (hashId === undefined) return undefined;
    const uploaded = listed.find((one) => one.hashId === hashId);
    if (uploaded === undefined) return failure(404, "not_found", "Exercise not found");
    if (part !== undefined)
      return file(request, uploaded.session, part) ?? failure(404, "not_found", "Exercise not found");
    return { json: this.#listed(uploaded, request.query) };
  }

  #listed(uploaded: UploadedSession, query: URLSearchParams): object {
    const { session } = uploaded;
    const summary = this.#summary(session);
    const asks = (name: string): boolean => query.get(name) === "true";
    return {
      id: uploaded.hashId,
      ...keyed(summary, "_"),
      // Of all its keys, this one keeps its dash there too.
      ...(session.runningIndex === undefined ? {} : { "running-index": session.runningIndex }),
      ...(asks("zones") && session.zones !== undefined ? { heart_rate_zones: zonesOf(session) } : {}),
      ...(asks("samples") && session.samples !== undefined ? { samples: samplesOf(session) } : {}),
      ...(asks("route") && session.route !== undefined
        ? { route: session.route.map((point) => ({ ...point, satellites: 9, fix: 2 })) }
        : {}),
      ...Object.fromEntries(
        Object.entries(uploaded.spoiled ?? {}).map(([key, value]) => [key.replaceAll("-", "_"), value]),
      ),
    };
  }

  /** In words with spaces, so that each world can join them in its own way. */
  #summary(session: FakeSession): Readonly<Record<string, unknown>> {
    return {
      "upload time": "2026-11-18T07:00:00.000Z",
      "polar user": `${API}/v3/users/${this.userId}`,
      device: session.device ?? "Polar Vantage V2",
      "device id": "1111AAAA",
      "start time": session.startTime,
      "start time utc offset": session.utcOffset,
      duration: session.duration,
      calories: session.calories,
      distance: session.distance,
      "heart rate": session.heartRate,
      "training load": session.trainingLoad,
      sport: session.sport ?? "OTHER",
      "has route": session.hasRoute,
      "detailed sport info": session.detailedSport,
      "fat percentage": session.fatPercentage,
      "running index": session.runningIndex,
      "training load pro": session.trainingLoadPro,
    };
  }
}

/** Missing things are left out, not null. */
function keyed(summary: Readonly<Record<string, unknown>>, joint: "-" | "_"): object {
  const entries = Object.entries(summary).filter(
    ([name, value]) => value !== undefined && !(joint === "_" && name === "running index"),
  );
  return Object.fromEntries(entries.map(([name, value]) => [name.replaceAll(" ", joint), value]));
}

function zonesOf(session: FakeSession): object[] {
  return (session.zones ?? []).map(({ lower, upper, inZone }, index) => ({
    index: index + 1,
    "lower-limit": lower,
    "upper-limit": upper,
    "in-zone": inZone,
  }));
}

function samplesOf(
  session: FakeSession,
): { "recording-rate": number | null; "sample-type": string; data: string }[] {
  return Object.entries(session.samples ?? {}).map(([type, { rate, data }]) => ({
    "recording-rate": rate,
    "sample-type": type,
    data,
  }));
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  fit: "application/octet-stream",
  tcx: "application/vnd.garmin.tcx+xml",
  gpx: "application/gpx+xml",
};

function file(request: FakeRequest, session: FakeSession, kind: string): FakeReply | undefined {
  const body = session[kind as "fit" | "tcx" | "gpx"];
  if (body === undefined) return undefined;
  const mediaType = MEDIA_TYPES[kind] ?? "";
  const accept = request.headers["accept"] ?? "";
  if (!accept.includes("*/*") && !accept.includes(mediaType)) return { status: 406 };
  return { headers: { "content-type": mediaType }, body };
}

function failure(status: number, errorType: string, message: string): FakeReply {
  return { status, json: { timestamp: "2026-11-20T12:00:00Z", status, errorType, message, corrId: "0" } };
}

/** A request of the fake to itself, for a token without a login. */
function asked(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  fields: URLSearchParams,
): FakeRequest {
  return {
    index: -1,
    method,
    path,
    query: fields,
    target: path,
    headers,
    body: Buffer.from(fields.toString()),
    form: () => fields,
    json: () => undefined,
  };
}
