import { AuthError, InterruptedError, ProtocolError, TemporaryError } from "../../errors.ts";
import { pathOfLink } from "../../http/link.ts";
import type { ApiClient, ApiRequest, ApiResponse } from "../../http/types.ts";
import type { RawPayload } from "../../model/index.ts";
import { KIND } from "./map.ts";
import { FILE_KINDS, mayBeFile, type FileKind } from "./track.ts";
import { parseExerciseLinks, parseSampleLinks, parseTransaction } from "./wire.ts";

const PROVIDER = "polar";
/** The page where a person accepts what Polar asks for; without that every request is a 403. */
export const CONSENT_PAGE = "https://account.polar.com";

const ACCEPT: Readonly<Record<FileKind, string>> = {
  fit: "*/*",
  tcx: "application/vnd.garmin.tcx+xml",
  gpx: "application/gpx+xml",
};

/** Statuses of an endpoint that is gone for good. */
const RETIRED: ReadonlySet<number> = new Set([404, 405, 410]);

export interface Transaction {
  readonly id: string;
  readonly path: string;
}

/** What a listing of a transaction says; `gone` when Polar does not know the transaction, or has nothing in it. */
export type Listing = { readonly exercises: readonly ExerciseLink[] } | "gone";

export interface ExerciseLink {
  readonly id: string;
  readonly path: string;
}

/** The answers of one session, its own document first; none at all when Polar has it no more. */
export interface Fetched {
  readonly raw: readonly RawPayload[];
  /**
   * When the last answer was "nothing here", on the count of `AccessLink.aliveAt`; 0 when it was something. An expired
   * transaction answers that to everything, so it is to be believed only if the transaction gave something to a
   * later request.
   */
  readonly nothingAt: number;
  /** Zones or samples could not be read: this is not the whole session. */
  readonly error?: TemporaryError;
  /** The original file may exist but could not be read; everything else was. */
  readonly fileError?: TemporaryError;
}

/** One answer; without a payload when Polar has nothing there. */
interface Answer {
  readonly status: number;
  /** A moment of {@link AccessLink.aliveAt}'s count. */
  readonly sentAt: number;
  readonly payload?: RawPayload;
  readonly json?: unknown;
}

interface FileAnswer extends Answer {
  readonly error?: TemporaryError;
}

/**
 * The requests of AccessLink v3, one at a time. Every answer is kept as it came. Errors: what `ApiClient` throws,
 * `AuthError` for a 403 (a consent is missing), `ProtocolError` for any other status or shape, with path and status.
 */
export class AccessLink {
  readonly #api: ApiClient;
  readonly #signal: AbortSignal | undefined;
  /** Counts requests and answers, to tell what came before what. */
  #moment = 0;
  #aliveAt = 0;

  constructor(api: ApiClient, signal?: AbortSignal) {
    this.#api = api;
    this.#signal = signal;
  }

  /** When the last request was sent that the transactions answered with something. */
  get aliveAt(): number {
    return this.#aliveAt;
  }

  /** Registers the person with this client; only what is uploaded after that is ever visible. */
  async register(memberId: string): Promise<"registered" | "conflict" | "unknown"> {
    const request: ApiRequest = { method: "POST", path: "/v3/users", json: { "member-id": memberId } };
    const response = await this.#send(request);
    if (response.status === 409) return "conflict";
    if (response.status === 204) return "unknown";
    if (response.status < 200 || response.status > 299) throw badStatus(request, response);
    return "registered";
  }

  /** Whether Polar knows the person as registered with this client. */
  async isRegistered(userId: string): Promise<boolean> {
    const request: ApiRequest = { path: `/v3/users/${encodeURIComponent(userId)}` };
    const { status } = await this.#send(request);
    return status === 200;
  }

  /** Ends the registration and every token with it. A person who is not registered any more is no error. */
  async deregister(userId: string): Promise<void> {
    const request: ApiRequest = { method: "DELETE", path: `/v3/users/${encodeURIComponent(userId)}` };
    const response = await this.#send(request);
    const ok = (response.status >= 200 && response.status <= 299) || response.status === 404;
    if (!ok) throw badStatus(request, response);
  }

  /**
   * Opens a transaction over what is new. Undefined when there is nothing (204), `retired` when there are no
   * transactions any more. Opening twice gives nothing away, so it is repeated after a failure.
   */
  async openTransaction(userId: string): Promise<Transaction | "retired" | undefined> {
    const collection = `/v3/users/${encodeURIComponent(userId)}/exercise-transactions`;
    const request: ApiRequest = { method: "POST", path: collection, idempotent: true };
    const response = await this.#send(request);
    if (response.status === 204) return undefined;
    if (RETIRED.has(response.status)) return "retired";
    if (response.status !== 200 && response.status !== 201) throw badStatus(request, response);
    const { id, uri } = parseTransaction(jsonBody(request, response));
    const path = uri === null ? null : linkPath(uri);
    const last = id ?? (path === null ? "" : lastSegment(path));
    if (last === "") throw badShape(request, response);
    return { id: last, path: path ?? `${collection}/${encodeURIComponent(last)}` };
  }

  /** The sessions of an open transaction. */
  async listTransaction(path: string): Promise<Listing> {
    const request: ApiRequest = { path };
    const response = await this.#send(request);
    if (response.status === 204 || response.status === 404 || response.status === 410) return "gone";
    if (response.status !== 200) throw badStatus(request, response);
    const links = parseExerciseLinks(jsonBody(request, response));
    if (links === undefined) throw badShape(request, response);
    const byId = new Map<string, ExerciseLink>();
    for (const link of links) {
      const linked = linkPath(link);
      const id = lastSegment(linked);
      if (id === "") throw badShape(request, response);
      byId.set(id, { id, path: linked });
    }
    return { exercises: [...byId.values()] };
  }

  /** Acknowledges a transaction: Polar forgets its sessions. `gone` when Polar does not know it any more. */
  async commit(path: string): Promise<"confirmed" | "gone"> {
    const request: ApiRequest = { method: "PUT", path };
    const response = await this.#send(request);
    if (response.status === 404 || response.status === 410) return "gone";
    if (response.status !== 200 && response.status !== 204) throw badStatus(request, response);
    return "confirmed";
  }

  /** One session of a transaction with everything that belongs to it. */
  async session(path: string): Promise<Fetched> {
    const raw: RawPayload[] = [];
    let nothingAt = 0;
    const keep = ({ payload, sentAt }: Answer): void => {
      nothingAt = payload === undefined ? this.#moment : 0;
      if (payload === undefined) return;
      raw.push(payload);
      this.#aliveAt = Math.max(this.#aliveAt, sentAt);
    };

    const exercise = await this.#document({ path }, KIND.exercise);
    // Only 204 says so; whatever else has no session in it is no reason to let Polar forget one.
    if (exercise.status !== 204 && exercise.payload === undefined) throw badStatus({ path }, exercise);
    keep(exercise);
    if (exercise.payload === undefined) return { raw, nothingAt };
    try {
      keep(await this.#document({ path: `${path}/heart-rate-zones` }, KIND.zones));
      const links = await this.#document({ path: `${path}/samples` }, KIND.sampleLinks);
      keep(links);
      for (const link of new Set(parseSampleLinks(links.json))) {
        const linked = linkPath(link);
        keep(await this.#document({ path: linked }, `${KIND.samplePrefix}${lastSegment(linked)}`));
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return { raw, nothingAt, error };
    }
    const file = await this.#file(path);
    keep(file);
    return { raw, nothingAt, ...(file.error === undefined ? {} : { fileError: file.error }) };
  }

  /** `GET /v3/exercises`: everything uploaded in the last thirty days, without details. */
  async list(): Promise<{ readonly entries: readonly unknown[]; readonly payload: RawPayload | undefined }> {
    const request: ApiRequest = { path: "/v3/exercises" };
    const response = await this.#send(request);
    if (response.status === 204) return { entries: [], payload: undefined };
    if (response.status !== 200) throw badStatus(request, response);
    const json = jsonBody(request, response);
    if (!Array.isArray(json)) throw badShape(request, response);
    return { entries: json, payload: payloadOf(KIND.list, response, "application/json") };
  }

  /** The details of one session of the list; undefined when Polar has none (which happens for listed ones). */
  async detail(id: string): Promise<RawPayload | undefined> {
    const query = { samples: true, zones: true, route: true };
    const path = `/v3/exercises/${encodeURIComponent(id)}`;
    return (await this.#document({ path, query }, KIND.detail)).payload;
  }

  /** The original file of one session of the list. */
  async file(id: string): Promise<FileAnswer> {
    return this.#file(`/v3/exercises/${encodeURIComponent(id)}`);
  }

  /** FIT, else TCX, else GPX. None at all is normal indoors. */
  async #file(base: string): Promise<FileAnswer> {
    let failure: TemporaryError | undefined;
    let status = 0;
    for (const kind of FILE_KINDS) {
      const request: ApiRequest = { path: `${base}/${kind}`, accept: ACCEPT[kind] };
      const sentAt = ++this.#moment;
      try {
        const response = await this.#send(request);
        ({ status } = response);
        if (status === 204 || status === 404 || status === 410) continue;
        if (status !== 200) throw badStatus(request, response);
        if (response.body.length === 0) continue;
        if (!mayBeFile(kind, response.body)) throw badShape(request, response);
        const mediaType = kind === "fit" ? "application/vnd.ant.fit" : ACCEPT[kind];
        return { status, sentAt, payload: { kind, mediaType, bytes: response.body } };
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        failure ??= error;
      }
    }
    return { status, sentAt: this.#moment, ...(failure === undefined ? {} : { error: failure }) };
  }

  /** A JSON object, or nothing where Polar says so (204, 404, 410). */
  async #document(request: ApiRequest, kind: string): Promise<Answer> {
    const sentAt = ++this.#moment;
    const response = await this.#send(request);
    const { status } = response;
    if (status === 204 || status === 404 || status === 410) return { status, sentAt };
    if (status !== 200) throw badStatus(request, response);
    const json = jsonBody(request, response);
    // An error message with status 200 is an answer that failed, not a session that nobody understands.
    if (!isObject(json) || isErrorMessage(json)) throw badShape(request, response);
    return { status, sentAt, json, payload: payloadOf(kind, response, "application/json") };
  }

  async #send(request: ApiRequest): Promise<ApiResponse> {
    if (this.#signal?.aborted === true) throw new InterruptedError({ cause: this.#signal.reason });
    const response = await this.#api.request(request);
    this.#moment++;
    if (response.status === 403) {
      throw new AuthError("CONSENT_MISSING", `a consent is missing (403 from ${request.path})`, {
        provider: PROVIDER,
        hint: `accept the consents at ${CONSENT_PAGE}, then: fitglue connect polar`,
      });
    }
    return response;
  }
}

/**
 * Whether an error concerns one answer and not the whole pass: retries are used up, or the answer is no sense. Being
 * offline, a certificate or a rate limit concern everything.
 */
export function isUnreadable(error: unknown): error is TemporaryError {
  return error instanceof TemporaryError && !["OFFLINE", "CERTIFICATE", "RATE_LIMITED"].includes(error.code);
}

/**
 * Only the path of a link is used, from `/v3/` on: the token goes to the configured API and nowhere else, whatever host
 * or prefix a link names.
 */
function linkPath(link: string): string {
  const [path = ""] = pathOfLink(link).split("?");
  const begin = path.indexOf("/v3/");
  if (begin < 0) {
    throw new ProtocolError("BAD_LINK", "the answer holds a link that is no AccessLink resource", {
      provider: PROVIDER,
    });
  }
  return path.slice(begin).replace(/\/+$/, "");
}

/** The id at the end of a path, as text; a malformed escape stays as it is. */
function lastSegment(path: string): string {
  const segment = path.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function isObject(json: unknown): json is object {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function payloadOf(kind: string, response: ApiResponse, fallback: string): RawPayload {
  const mediaType = response.headers["content-type"]?.split(";")[0]?.trim() || fallback;
  return { kind, mediaType, bytes: response.body };
}

/** Polar's error object (`status`, `errorType`, `message`) has nothing of a session in it. */
function isErrorMessage(json: object): boolean {
  return "status" in json && ("errorType" in json || "error" in json || "message" in json);
}

function jsonBody(request: ApiRequest, response: ApiResponse): unknown {
  try {
    return JSON.parse(response.body.toString("utf8")) as unknown;
  } catch {
    // No cause: the parser's message quotes the body.
    throw new ProtocolError(
      "BAD_RESPONSE",
      `the answer from ${request.path} is no complete JSON (status ${response.status}, ${response.body.length} bytes)`,
      { provider: PROVIDER },
    );
  }
}

function badStatus(request: ApiRequest, response: { readonly status: number }): ProtocolError {
  return new ProtocolError(
    "BAD_STATUS",
    `unexpected answer from ${request.path} (status ${response.status})`,
    {
      provider: PROVIDER,
    },
  );
}

function badShape(request: ApiRequest, response: ApiResponse): ProtocolError {
  return new ProtocolError(
    "BAD_RESPONSE",
    `the answer from ${request.path} is not what Polar describes (status ${response.status})`,
    { provider: PROVIDER },
  );
}
