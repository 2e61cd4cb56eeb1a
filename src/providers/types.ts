import type { LimiterOptions } from "../http/limiter.ts";
import type { ApiClient } from "../http/types.ts";
import type {
  Activity,
  Batch,
  Bookmark,
  EpochMs,
  ProviderId,
  Receipt,
  StoredActivity,
} from "../model/index.ts";

/**
 * A source of activities: a record of what it can do. A capability is the presence of a member, so it cannot be
 * claimed without the code for it.
 */
export interface Provider {
  readonly id: ProviderId;
  /** For people: `Polar`, `Fitbit (Google Health)`, `Apple Health`. */
  readonly name: string;
  /** Present: `connect` and `disconnect` work. */
  readonly oauth?: OAuthSpec;
  /** Where its API is and how fast it may be asked. Present together with `remote`. */
  readonly service?: ServiceSpec;
  /** Present: `sync` works. */
  readonly remote?: RemoteSource;
  /** Present: `import` works. */
  readonly file?: FileSource;
  /** Present: `reprocess` works. Grows whenever the same raw payloads would map to other values. */
  readonly parserVersion: number;
  /**
   * The key of `extra` under which the source counts the states of a session, which it may rewrite. Where copies are merged, the
   * values of the higher one stand.
   */
  readonly revisionKey?: string;
  /**
   * Maps one item's stored raw payloads again, with no network: the same mapping that `pull` or `read` uses.
   * `stored` gives what was never in the payloads (an Apple workout's joined samples). Throws `ItemError`.
   */
  reprocess?(payloads: readonly StoredPayload[], stored: StoredItem): Promise<Activity> | Activity;
}

/** A remote source's API. */
export interface ServiceSpec {
  /** https, or http to a loopback address. */
  readonly apiUrl: string;
  /** Its own limits, with a margin. */
  readonly pace: LimiterOptions;
}

/** How a person's consent is asked for and ended. Flow details are the provider's; the machinery is `src/auth`. */
export interface OAuthSpec {
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly revokeUrl?: string;
  readonly scopes: readonly string[];
  /** Scopes without which nothing can be synced. The others may be unticked by the person. */
  readonly requiredScopes: readonly string[];
  /** RFC 7636 with S256. Polar does not describe it, so it is not sent there. */
  readonly pkce: boolean;
  /** Where the client's credentials go in a token request (RFC 6749 §2.3.1). */
  readonly clientAuth: "basic" | "body";
  /** The host of the loopback redirect URI; Polar registers `localhost`, Google wants `127.0.0.1`. */
  readonly redirectHost: "localhost" | "127.0.0.1";
  /** Why logins end at this provider, most likely first: what an ended one is explained with. */
  readonly loginEnds?: readonly string[];
  /** Added to the authorization request: Google's `access_type` and `prompt`. */
  readonly authorizeParams?: Readonly<Record<string, string>>;
  /** Throws `ConfigError` for a client id that is known not to work any more, before anybody is sent anywhere. */
  checkClientId?(clientId: string): void;
  /** What the prompt for the client id explains: where to get one, which redirect URL to register. */
  clientHelp(redirectUri: string): string;
  /**
   * The account behind fresh tokens, and whatever the source wants done once per login (Polar's registration).
   * `token` is the whole token response.
   */
  identify(
    api: ApiClient,
    token: Readonly<Record<string, unknown>>,
    previous: ConnectedAccount | undefined,
  ): Promise<ConnectedAccount>;
  /** Ends the registration at the source, where that is another thing than revoking the token (Polar). */
  deregister?(api: ApiClient, account: ConnectedAccount): Promise<void>;
}

/** Whose data it is, and what to tell the person who has just connected. */
export interface ConnectedAccount {
  /** The provider's own user id: `account` in every key. */
  readonly id: string;
  /** Kept with the credentials for later calls: Polar's member id. No secrets. */
  readonly details?: Readonly<Record<string, string>>;
  /** Sentences for the person: the thirty days, the seven-day trap. */
  readonly notices?: readonly string[];
}

/** A source that is asked over the network. */
export interface RemoteSource {
  /** Days for which the source keeps what nobody has fetched, where it forgets: a longer break loses sessions. */
  readonly retentionDays?: number;
  /**
   * Oldest first. Called again with the same bookmark it yields at least the same items. The consumer makes each batch
   * durable and confirms its receipt before it asks for the next, so `session.known` is up to date at every step. A receipt that
   * the source could not take is thrown at the `yield` that handed it out (and stays pending): a source that has another
   * way to its data catches that and goes on.
   * Checks `session.signal` between requests. Throws what `ApiClient` throws; an item that cannot be mapped goes to
   * `skipped` and never fails the batch.
   */
  pull(session: Session, since: Bookmark | undefined): AsyncGenerator<Batch, void, void>;
  /**
   * Only for sources that forget what was handed over. Called after the batch is durable, maybe twice, maybe in another
   * process; `gone` means that the source does not know the receipt any more and has given its data back.
   */
  confirm?(session: Session, receipt: Receipt): Promise<"confirmed" | "gone">;
}

/** What a pull may use. */
export interface Session {
  /** The provider's own user id. */
  readonly account: string;
  /** As `ConnectedAccount.details`. */
  readonly details: Readonly<Record<string, string>>;
  /** The scopes that were granted. */
  readonly scopes: readonly string[];
  readonly api: ApiClient;
  readonly known: Known;
  readonly signal: AbortSignal;
  /** The injected clock. */
  now(): EpochMs;
  /** `--since`: a local date, inclusive. */
  readonly since: string | undefined;
  /** `--full`: read everything again and update it. */
  readonly full: boolean;
  warn(warning: Warning): void;
  /** Something for the progress line: `activity 3 of 12`. Never needed for correctness. */
  progress(text: string): void;
  /** A sentence that `status` keeps showing ("transactions are retired; the list is used"); null removes it. */
  note(text: string | null): void;
}

/** A read-only view of what is stored for this source and account. */
export interface Known {
  /** By external id or alias; `undefined` when never stored. */
  get(externalId: string): KnownActivity | undefined;
  /** Those whose start instant is within `toleranceMs` of `startMs`, nearest first. */
  startingNear(startMs: EpochMs, toleranceMs: number): readonly KnownActivity[];
  /** The latest start stored. */
  newest(): KnownActivity | undefined;
  /** Whether the store holds this id among the skipped items. */
  isSkipped(externalId: string): boolean;
}

export interface KnownActivity {
  readonly externalId: string;
  readonly aliases: readonly string[];
  readonly startTime: string;
  readonly utcOffsetS: number | null;
  readonly totalElapsedTime: number | null;
  readonly totalTimerTime: number | null;
  readonly providerUpdatedAt: string | null;
  readonly parserVersion: number;
  readonly deletedAt: string | null;
  /** The kinds of raw payload stored with it. */
  payloadKinds(): readonly string[];
  /** The plain bytes of one of them. */
  payload(kind: string): Buffer | undefined;
}

/** Something the person should know. Grouped by `code`, with a count and one example, in every summary. */
export interface Warning {
  /** Stable, kebab-case: `route-missing`, `truncated`. */
  readonly code: string;
  /** One example in words, with the place (byte offset, path) where there is one. No health data. */
  readonly message: string;
  /** True when something of the source did not reach the store: the run ends `partial` (exit 3). */
  readonly loss: boolean;
}

/** A source that is a file of the person's. */
export interface FileSource {
  /** By content, reading the head only. Never throws for a file that is merely something else. */
  recognizes(file: ImportFile): Promise<boolean>;
  /**
   * Yields everything in the file. Throws `InputError` when nothing in it can be read; damage that leaves something
   * readable is a warning with `loss`.
   */
  read(file: ImportFile, session: ImportSession): AsyncGenerator<Batch, void, void>;
}

/** A path that the person gave. */
export interface ImportFile {
  readonly path: string;
  readonly isDirectory: boolean;
  /** Bytes; 0 for a folder. */
  readonly size: number;
  /** The first bytes (up to 4 KiB); empty for a folder. */
  readonly head: Buffer;
  /**
   * Files of the database, by `fileIdentity`. They must not even be opened: closing any descriptor of a file takes all locks of this
   * process from it (fcntl(2)), SQLite's own included, and another run could write meanwhile.
   */
  readonly untouchable: ReadonlySet<string>;
}

export interface ImportSession {
  readonly signal: AbortSignal;
  readonly stored: StoredSessions;
  /** `--timezone`, checked: an IANA name for sessions whose source does not tell one. */
  readonly timezone: string | undefined;
  now(): EpochMs;
  warn(warning: Warning): void;
  progress(progress: ImportProgress): void;
  /** One more distinct route file was read. */
  routeRead(): void;
}

/** What is stored of any source: to recognise a session that comes back in a file. */
export interface StoredSessions {
  /** Those whose start instant is within `toleranceMs` of `startMs`, nearest first. */
  startingNear(startMs: EpochMs, toleranceMs: number): readonly StoredSession[];
  /** Whether these very bytes are kept as a raw payload of the session. */
  holds(session: StoredSession, bytes: Uint8Array): boolean;
}

export interface StoredSession {
  readonly source: string;
  readonly account: string;
  readonly externalId: string;
  readonly aliases: readonly string[];
  readonly startTime: string;
  readonly totalElapsedTime: number | null;
  readonly totalTimerTime: number | null;
  /** Its `extra.possible_duplicate_of`. */
  readonly possibleDuplicateOf: string | null;
  /** The kinds of raw payload stored with it. */
  payloadKinds(): readonly string[];
}

/** Cumulative since the start of the file; a file that is read once more begins again. */
export interface ImportProgress {
  /** Plain (uncompressed) bytes read. */
  readonly bytes: number;
  /** Plain bytes in all, where the container tells. */
  readonly totalBytes?: number | undefined;
  readonly activities: number;
  /** Records of any kind seen. */
  readonly records: number;
  /** For people: `reading`, `reading around damage`, `joining`. */
  readonly phase: string;
}

/** A raw payload as the store gives it back. */
export interface StoredPayload {
  readonly kind: string;
  readonly mediaType: string;
  /** The plain bytes. */
  readonly bytes: Buffer;
}

/** What `reprocess` may keep of the stored item. */
export interface StoredItem {
  readonly externalId: string;
  readonly account: string;
  /** Undefined for a skipped item that never became an activity. */
  readonly activity: StoredActivity | undefined;
}
