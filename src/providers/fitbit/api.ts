import {
  dispositionOf,
  InterruptedError,
  ProtocolError,
  RateLimitError,
  TemporaryError,
} from "../../errors.ts";
import type { ApiClient, ApiResponse } from "../../http/types.ts";
import { isScopeMissing, isWebPage, refusalOf, statusOf } from "./errors.ts";
import { type Page, parseIdentity, parseJson, parsePage } from "./wire.ts";

/** Google's own maximum for exercises; tokens that were made with smaller pages cannot be resumed there. */
const EXERCISE_PAGE_SIZE = 25;
/** Google's maximum; it may cut pages to about half of it. */
const SAMPLE_PAGE_SIZE = 10_000;
/** What a page that timed out is divided by, and where it ends. */
const SMALLER = 4;
const SMALLEST_PAGE_SIZE = 100;
/** Empty pages with a token are normal, but a list of nothing else is none. */
const MAX_EMPTY_PAGES = 200;

/** A page as it came, with its whole body for the raw payloads. */
export interface Answer extends Page {
  readonly body: Buffer;
}

/** What the export of a route gave. */
export type RouteAnswer =
  | { readonly kind: "tcx"; readonly body: Buffer }
  /** There is none, and asking again will not change that. */
  | { readonly kind: "refused"; readonly status: number; readonly mediaType: string; readonly body: Buffer }
  | { readonly kind: "scope-missing" };

/** The requests that fitglue makes to the Google Health API, v4. Errors are those of `ApiClient` and `refusalOf`. */
export interface GoogleHealth {
  /** Local dates, from inclusive, to exclusive; newest first, as Google sorts. */
  exercises(from: string, to: string): Promise<Answer[]>;
  /** Every page of the samples in [start, end); Unix milliseconds. */
  heartRates(start: number, end: number): Promise<Answer[]>;
  /** Zone limits of local dates, from inclusive, to exclusive; undefined when the API does not list them. */
  zones(from: string, to: string): Promise<Answer[] | undefined>;
  route(id: string): Promise<RouteAnswer>;
  /** The health user id behind the token. */
  identity(): Promise<string>;
}

const POINTS = (type: string): string => `/v4/users/me/dataTypes/${type}/dataPoints`;

type Query = Readonly<Record<string, string | number>>;

/** Speaks to Google through an authorised client. `signal` is looked at between requests. */
export function createGoogleHealth(api: ApiClient, signal?: AbortSignal): GoogleHealth {
  async function send(path: string, query: Query, accept?: string): Promise<ApiResponse> {
    if (signal?.aborted === true) throw new InterruptedError({ cause: signal.reason });
    return api.request({ path, query, ...(accept === undefined ? {} : { accept }) });
  }

  /** Follows a list to its end, through empty pages. */
  async function walk(path: string, query: Query, pageSize: number): Promise<Answer[]> {
    const answers: Answer[] = [];
    const tokens = new Set<string>();
    let empty = 0;
    for (let token: string | undefined; ;) {
      const response = await send(path, {
        ...query,
        pageSize,
        ...(token === undefined ? {} : { pageToken: token }),
      });
      if (response.status !== 200) {
        const { status, reason } = statusOf(response);
        if (
          response.status === 400 &&
          token !== undefined &&
          reason === undefined &&
          status === "INVALID_ARGUMENT"
        ) {
          throw new PageTokenRefused(path);
        }
        throw refusalOf(response, path);
      }
      const page = parsePage(response.body, path);
      answers.push({ ...page, body: response.body });
      token = page.nextPageToken;
      if (token === undefined) return answers;
      empty = page.count === 0 ? empty + 1 : 0;
      if (tokens.has(token) || empty > MAX_EMPTY_PAGES) {
        throw new ProtocolError("ENDLESS_LIST", `the list does not come to an end (${path})`, {
          provider: "fitbit",
          hint: "try again later",
        });
      }
      tokens.add(token);
    }
  }

  /** A page token that Google no longer takes costs the walk, once. */
  async function list(path: string, query: Query, pageSize: number): Promise<Answer[]> {
    try {
      return await walk(path, query, pageSize);
    } catch (error) {
      if (!(error instanceof PageTokenRefused)) throw error;
      return walk(path, query, pageSize);
    }
  }

  /** Pages that take Google too long are asked for again smaller, from the start: tokens belong to one page size. */
  async function listBySize(path: string, query: Query): Promise<Answer[]> {
    for (let size = SAMPLE_PAGE_SIZE; ; size = Math.floor(size / SMALLER)) {
      try {
        return await list(path, query, size);
      } catch (error) {
        if (!isTimeout(error) || Math.floor(size / SMALLER) < SMALLEST_PAGE_SIZE) throw error;
      }
    }
  }

  return {
    exercises: (from, to) =>
      list(
        POINTS("exercise"),
        {
          filter: `exercise.interval.civil_start_time >= "${from}" AND exercise.interval.civil_start_time < "${to}"`,
        },
        EXERCISE_PAGE_SIZE,
      ),

    heartRates: (start, end) =>
      listBySize(POINTS("heart-rate"), {
        filter:
          `heart_rate.sample_time.physical_time >= "${new Date(start).toISOString()}"` +
          ` AND heart_rate.sample_time.physical_time < "${new Date(end).toISOString()}"`,
      }),

    async zones(from, to) {
      const filter = `daily_heart_rate_zones.date >= "${from}" AND daily_heart_rate_zones.date < "${to}"`;
      const path = POINTS("daily-heart-rate-zones");
      // Google's descriptions disagree whether this type can be listed; the merged stream has it in any case.
      for (const asked of [path, `${path}:reconcile`]) {
        try {
          return await listBySize(asked, { filter });
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }
      return undefined;
    },

    async route(id) {
      const path = `${POINTS("exercise")}/${encodeURIComponent(id)}:exportExerciseTcx`;
      const response = await send(
        path,
        { alt: "media" },
        "application/vnd.garmin.tcx+xml, application/xml, */*",
      );
      if (response.status === 200 || response.status === 204) return { kind: "tcx", body: response.body };
      if (isScopeMissing(response)) return { kind: "scope-missing" };
      const refusal = refusalOf(response, path);
      // What concerns the account or the request as such is not this exercise's fault.
      if (!(refusal instanceof ProtocolError) || isWebPage(response)) throw refusal;
      return {
        kind: "refused",
        status: response.status,
        mediaType: response.headers["content-type"] ?? "application/octet-stream",
        body: response.body,
      };
    },

    async identity() {
      const path = "/v4/users/me/identity";
      const response = await send(path, {});
      if (response.status !== 200) throw refusalOf(response, path);
      const id = parseIdentity(parseJson(response.body, path));
      if (id === undefined) {
        throw new ProtocolError("UNEXPECTED_SHAPE", `Google did not say whose account it is (${path})`, {
          provider: "fitbit",
          hint: "try again later",
        });
      }
      return id;
    },
  };
}

/** Whether the same request may work for this item later, while others may work now. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof TemporaryError &&
    !(error instanceof RateLimitError) &&
    dispositionOf(error) === "stop-provider"
  );
}

function isTimeout(error: unknown): boolean {
  return error instanceof TemporaryError && error.code === "TIMEOUT";
}

/** 400 for a continuation: the token does not fit any more. */
class PageTokenRefused extends ProtocolError {
  constructor(path: string) {
    super("PAGE_TOKEN", `Google no longer knows the page token that it gave (400 from ${path})`, {
      provider: "fitbit",
      hint: "try again later",
    });
  }
}
