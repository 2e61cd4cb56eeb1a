import { Command, InvalidArgumentError } from "commander";
import { readClientFile } from "../auth/client-file.ts";
import type { CredentialPlace, Credentials } from "../auth/credentials.ts";
import { login, redirectUriOf } from "../auth/login.ts";
import type { OAuthClient, Tokens } from "../auth/oauth.ts";
import { requireScopes, scopeName } from "../auth/scopes.ts";
import type { Connections } from "../connections.ts";
import { ConfigError, FitglueError, InterruptedError, UsageError } from "../errors.ts";
import { plainText } from "../output/text.ts";
import type { OAuthSpec, Provider } from "../providers/types.ts";
import { isoInstant } from "../model/index.ts";
import type { CommandContext } from "./context.ts";

/** A provider that one can log in to. */
export type OAuthProvider = Provider & { readonly oauth: OAuthSpec };

export interface ConnectOptions {
  readonly context: CommandContext;

  readonly provider: string;
  readonly clientId: string | undefined;
  readonly clientSecretStdin: boolean;
  readonly clientFile: string | undefined;
  readonly port: number;
  readonly browser: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** `fitglue connect <polar|fitbit>`. */
export function newConnectCommand(context: CommandContext): Command {
  return new Command("connect")
    .argument("<provider>", "polar or fitbit")
    .option("--client-id <id>", "your client's id (FITGLUE_POLAR_CLIENT_ID, FITGLUE_FITBIT_CLIENT_ID)")
    .option("--client-secret-stdin", "read the client's secret from the first line of stdin", false)
    .option("--client-file <file>", "the JSON that Google's console gives for a desktop client")
    .option("--port <n>", "port of the callback on this machine", wholeNumber(1, 65_535), 8484)
    .option("--no-browser", "only print the URL; the answer may be pasted")
    .option("--timeout <s>", "seconds to wait for your consent", wholeNumber(1, 86_400), 300)
    .action(async (provider: string, flags: Omit<ConnectOptions, "context" | "provider">) => {
      await runConnect({
        ...flags,
        context,
        provider,
        clientId: flags.clientId,
        clientFile: flags.clientFile,
      });
    });
}

/** Logs in, learns whose account it is, and stores the credentials. Says everything on stderr. */
export async function runConnect(options: ConnectOptions): Promise<void> {
  const { context } = options;
  const provider = await oauthProvider(context, options.provider);
  if (options.clientFile !== undefined && (options.clientId !== undefined || options.clientSecretStdin)) {
    throw new UsageError("USAGE", "--client-file already holds the client's id and secret", {
      hint: "leave out --client-id and --client-secret-stdin",
    });
  }
  const connections = await context.connections();
  // Before the person goes through a consent that could not be kept.
  await connections.credentials.check();
  const previous = await previousLogin(connections, provider);
  const ended = new AbortController();
  const lines = oneReader(context, AbortSignal.any([ended.signal, context.signal]));
  try {
    const client = await chooseClient(options, provider, previous, lines);
    provider.oauth.checkClientId?.(client.clientId);
    const browser = options.browser ? await context.browser() : undefined;
    const done = await login(
      {
        service: { provider: provider.id, ...provider.oauth },
        redirectHost: provider.oauth.redirectHost,
        client,
        port: options.port,
        timeoutMs: options.timeout * 1000,
        openBrowser: browser,
        pasted: () => lines,
        // Even with --quiet: without it nobody could consent.
        tell: (line) => context.io.stderr.write(`${line}\n`),
        // Only to somebody who sits there.
        ...(browser === undefined && context.io.interactive ? { invitation: INVITATION } : {}),
        transport: connections.transport,
        signal: context.signal,
      },
      (tokens) => settle(context, connections, provider, client, tokens, previous),
    );
    report(context, provider, done);
  } finally {
    ended.abort();
  }
}

const MONTH_MS = 30 * 86_400_000;

const INVITATION =
  "on this machine or any other; if the page you end up at does not load, paste its address here";

/** The provider of this name, if one can log in to it. Throws `UsageError`. */
export async function oauthProvider(context: CommandContext, name: string): Promise<OAuthProvider> {
  const providers = await context.providers();
  const known = providers.filter((provider): provider is OAuthProvider => provider.oauth !== undefined);
  const found = known.find(({ id }) => id === name);
  if (found !== undefined) return found;
  const other = providers.find(({ id }) => id === name);
  throw new UsageError(
    "UNKNOWN_PROVIDER",
    other === undefined ? `unknown provider "${name}"` : `${other.name} has nothing to connect to`,
    {
      hint:
        other?.file === undefined ? `one of: ${known.map(({ id }) => id).join(", ")}` : "fitglue import PATH",
    },
  );
}

interface Done {
  readonly credentials: Credentials;
  readonly place: CredentialPlace;
  readonly previous: Credentials | undefined;
  readonly notices: readonly string[];
}

/** From tokens to stored credentials. */
async function settle(
  context: CommandContext,
  connections: Connections,
  provider: OAuthProvider,
  client: OAuthClient,
  tokens: Tokens,
  previous: Credentials | undefined,
): Promise<Done> {
  const { oauth } = provider;
  const scopes = tokens.scopes ?? oauth.scopes;
  requireScopes(provider.id, oauth.requiredScopes, scopes);
  const api = connections.api(provider, async () => `Bearer ${tokens.accessToken}`);
  const account = await oauth.identify(
    api,
    tokens.response,
    previous === undefined ? undefined : { id: previous.account, details: previous.details },
  );
  const now = context.now();
  const later = (seconds: number | null): number | null => (seconds === null ? null : now + seconds * 1000);
  const credentials: Credentials = {
    provider: provider.id,
    account: account.id,
    ...client,
    accessToken: tokens.accessToken,
    // Of this login only: an older one's refresh token belongs to other scopes, maybe to another person.
    refreshToken: tokens.refreshToken,
    expiresAt: later(tokens.expiresIn),
    refreshTokenExpiresAt: later(tokens.refreshTokenExpiresIn),
    scopes,
    obtainedAt: now,
    details: account.details ?? {},
  };
  const place = await connections.exclusively(provider, () => connections.credentials.set(credentials));
  return { credentials, place, previous, notices: account.notices ?? [] };
}

function report(context: CommandContext, provider: OAuthProvider, done: Done): void {
  const { credentials, place, previous } = done;
  const { id, oauth } = provider;
  const say = (text: string): void => context.say(`${plainText(text)}\n`);
  say(`${id}: connected as ${credentials.account}`);
  if (previous !== undefined && previous.account !== credentials.account) {
    say(`${id}: before it was ${previous.account}; the activities of both stay apart`);
  }
  const missing = oauth.scopes.filter((scope) => !credentials.scopes.includes(scope));
  if (missing.length > 0) say(`${id}: not permitted: ${missing.map(scopeName).join(", ")}`);
  for (const notice of done.notices) say(`${id}: ${notice}`);
  if (credentials.refreshToken === null && (credentials.expiresAt ?? Infinity) < context.now() + MONTH_MS) {
    say(`${id}: no refresh token was given, so this login ends at ${isoInstant(credentials.expiresAt ?? 0)}`);
  }
  if (place.insteadOf !== undefined) say(`${id}: ${place.insteadOf}`);
  say(`${id}: the credentials are in ${place.name}${place.kind === "file" ? ", readable only by you" : ""}`);
  if (place.kind === "keychain" && process.platform !== "win32") {
    say(
      `${id}: a cron job cannot reach the keychain; to sync from cron: FITGLUE_CREDENTIALS=file fitglue connect ${id}`,
    );
  }
  say(`next: fitglue sync ${id}`);
}

/**
 * The client to log in with: from the flags, else the environment or the config file, else the earlier connection, else
 * asked for. Throws `ConfigError` (exit 8) when there is none and nothing may be asked.
 */
async function chooseClient(
  options: ConnectOptions,
  provider: OAuthProvider,
  previous: Credentials | undefined,
  lines: AsyncIterableIterator<string>,
): Promise<OAuthClient> {
  const { context } = options;
  if (options.clientFile !== undefined) return readClientFile(options.clientFile);
  const settings = clientSettings(context, provider.id);
  let explained = false;
  const explain = (): void => {
    if (explained || context.globals.json) return;
    explained = true;
    const redirectUri = redirectUriOf(provider.oauth.redirectHost, options.port);
    context.io.stderr.write(`${provider.oauth.clientHelp(redirectUri)}\n`);
  };
  const ask = async (what: "text" | "secret", question: string): Promise<string> => {
    explain();
    if (context.io.interactive) return (await context.prompts())[what](question);
    const variable = `FITGLUE_${provider.id.toUpperCase()}_CLIENT_${what === "text" ? "ID" : "SECRET"}`;
    throw new ConfigError("CLIENT_MISSING", `no ${question}`, {
      provider: provider.id,
      hint: `fitglue connect ${provider.id} --client-id ID --client-secret-stdin, or set ${variable}`,
    });
  };
  const clientId =
    options.clientId ?? settings.clientId ?? previous?.clientId ?? (await ask("text", "client id"));
  if (options.clientSecretStdin) {
    const first = await lines.next();
    if (context.signal.aborted) throw new InterruptedError();
    const clientSecret = first.done === true ? "" : first.value.trim();
    if (clientSecret !== "") return { clientId, clientSecret };
    throw new ConfigError("CLIENT_MISSING", "no client secret on stdin", { provider: provider.id });
  }
  const known = previous?.clientId === clientId ? previous.clientSecret : undefined;
  return { clientId, clientSecret: settings.clientSecret ?? known ?? (await ask("secret", "client secret")) };
}

function clientSettings(
  context: CommandContext,
  id: string,
): { readonly clientId: string | undefined; readonly clientSecret: string | undefined } {
  const { services } = context.settings();
  return id === "polar" || id === "fitbit" ? services[id] : { clientId: undefined, clientSecret: undefined };
}

/** What is stored of an earlier login; what cannot be read is replaced by this one. */
async function previousLogin(
  connections: Connections,
  provider: OAuthProvider,
): Promise<Credentials | undefined> {
  try {
    return await connections.credentials.get(provider.id);
  } catch (error) {
    if (error instanceof FitglueError && error.provider === provider.id) return undefined;
    throw error;
  }
}

/** One reader for all that is read of stdin: first the secret, then what is pasted. Opened on first use. */
async function* oneReader(context: CommandContext, signal: AbortSignal): AsyncIterableIterator<string> {
  yield* context.io.stdin.lines(signal);
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`a whole number from ${min} to ${max} is wanted.`);
  };
}
