import { Command } from "commander";
import type { Credentials } from "../auth/credentials.ts";
import { revokeToken } from "../auth/oauth.ts";
import type { Connections } from "../connections.ts";
import { AuthError, FitglueError, InterruptedError, UsageError } from "../errors.ts";
import { oauthProvider, type OAuthProvider } from "./connect.ts";
import type { CommandContext } from "./context.ts";

export interface DisconnectOptions {
  readonly context: CommandContext;

  readonly provider: string;
  readonly deregister: boolean;
  readonly yes: boolean;
}

/** `fitglue disconnect <provider>`. */
export function newDisconnectCommand(context: CommandContext): Command {
  return new Command("disconnect")
    .argument("<provider>", "polar or fitbit")
    .option("--deregister", "also end the registration at the provider (Polar)", false)
    .option("-y, --yes", "do not ask before --deregister", false)
    .action(async (provider: string, flags: { deregister: boolean; yes: boolean }) => {
      await runDisconnect({ context, provider, ...flags });
    });
}

/** Ends the login at the provider where that is possible, and deletes the credentials in any case. Activities stay. */
export async function runDisconnect(options: DisconnectOptions): Promise<void> {
  const { context } = options;
  const provider = await oauthProvider(context, options.provider);
  const say = (text: string): void => context.say(`${provider.id}: ${text}\n`);
  if (options.deregister && provider.oauth.deregister === undefined) {
    throw new UsageError("USAGE", `${provider.name} has no registration to end`, {
      hint: `fitglue disconnect ${provider.id}`,
    });
  }
  const connections = await context.connections();
  const credentials = await readable(connections, provider);
  if (options.deregister && !(await deregister(options, connections, provider, credentials))) {
    say("nothing was changed");
    return;
  }
  const deleted = await connections.exclusively(provider, async () => {
    if (credentials !== undefined && !options.deregister)
      await revoke(options, connections, provider, credentials);
    return connections.credentials.delete(provider.id);
  });
  if (!deleted) {
    say("was not connected");
    return;
  }
  say("disconnected; the activities stay");
  if (!options.deregister && provider.oauth.deregister !== undefined) {
    say(`the registration at ${provider.name} stays; connect again to end it with --deregister`);
  }
}

/** The credentials; undefined when there are none, or none that can be understood: those are deleted all the same. */
async function readable(connections: Connections, provider: OAuthProvider): Promise<Credentials | undefined> {
  try {
    return await connections.credentials.get(provider.id);
  } catch (error) {
    if (
      error instanceof FitglueError &&
      error.code === "CREDENTIALS_DAMAGED" &&
      error.provider !== undefined
    ) {
      return undefined;
    }
    throw error;
  }
}

/** Warns, asks and ends the registration. False when the person would rather not. */
async function deregister(
  options: DisconnectOptions,
  connections: Connections,
  provider: OAuthProvider,
  credentials: Credentials | undefined,
): Promise<boolean> {
  const { context } = options;
  const { id, oauth } = provider;
  if (credentials === undefined) {
    throw new AuthError("AUTH_REQUIRED", "not connected, so the registration cannot be ended from here", {
      provider: id,
      hint: `fitglue connect ${id}`,
    });
  }
  context.io.stderr.write(
    `${id}: this ends the registration at ${provider.name}: sessions that are not synced yet are lost to fitglue, ` +
      `and a new registration sees only what is uploaded after it. Run fitglue sync ${id} first.\n`,
  );
  if (!options.yes) {
    if (!context.io.interactive) {
      throw new UsageError("NO_TERMINAL", "--deregister asks first, and there is no terminal to ask on", {
        hint: `fitglue disconnect ${id} --deregister --yes`,
      });
    }
    const prompts = await context.prompts();
    if (!(await prompts.confirm(`End the registration at ${provider.name}?`))) return false;
  }
  const connection = await connections.connection(provider);
  await oauth.deregister?.(connection.api, { id: credentials.account, details: credentials.details });
  return true;
}

/** Revokes at the provider; that it failed is told and stops nothing. */
async function revoke(
  options: DisconnectOptions,
  connections: Connections,
  provider: OAuthProvider,
  credentials: Credentials,
): Promise<void> {
  const { revokeUrl } = provider.oauth;
  if (revokeUrl === undefined) return;
  const { context } = options;
  try {
    await revokeToken(
      { provider: provider.id, ...provider.oauth, revokeUrl },
      credentials.refreshToken ?? credentials.accessToken,
      connections.transport,
      context.signal,
    );
  } catch (error) {
    if (!(error instanceof FitglueError) || error instanceof InterruptedError) throw error;
    context.say(
      `${provider.id}: ${error.message}; remove fitglue's access on the pages of your ${provider.name} account yourself\n`,
    );
  }
}
