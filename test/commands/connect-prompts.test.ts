import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { App } from "../../src/app.ts";
import { runConnect } from "../../src/commands/connect.ts";
import { runDisconnect } from "../../src/commands/disconnect.ts";
import { UsageError } from "../../src/errors.ts";
import type { Io, OutputStream } from "../../src/output/io.ts";
import { createPrompts, type Prompts } from "../../src/output/prompt.ts";
import { FakeAccessLink } from "../fakes/accesslink.ts";
import { tempDir } from "../temp.ts";
import { freePort } from "./login-session.ts";

let home: string;
let port: number;
let polar: FakeAccessLink;
let app: App;
let stderr: string;
let stdout: string;
let asked: string[];

beforeEach(async () => {
  home = tempDir();
  port = await freePort();
  polar = await FakeAccessLink.start({ redirectUris: [`http://localhost:${port}/callback`] });
  const { FITGLUE_POLAR_CLIENT_ID: _id, FITGLUE_POLAR_CLIENT_SECRET: _secret, ...urls } = polar.environment;
  stderr = stdout = "";
  asked = [];
  app = new App({
    io: terminal(true),
    environment: { HOME: home, FITGLUE_CREDENTIALS: "file", ...urls },
    now: () => Date.UTC(2026, 10, 20, 12),
    version: "0.0.0",
    signal: new AbortController().signal,
  });
  app.prompts = async () => person(true);
  // The person's browser consents and follows the redirect.
  app.browser = async () => async (url) => {
    const consent = await fetch(url, { redirect: "manual" });
    void fetch(consent.headers.get("location") ?? "").catch(() => undefined);
  };
});

afterEach(async () => {
  await app.close();
  await polar.close();
});

function terminal(interactive: boolean): Io {
  const stream = (take: (text: string) => void): OutputStream => ({ write: take, isTTY: true, columns: 80 });
  return {
    stdout: stream((text) => (stdout += text)),
    stderr: stream((text) => (stderr += text)),
    stdin: { isTTY: true, lines: async function* () {} },
    color: false,
    unicode: true,
    interactive,
  };
}

/** Somebody who knows the client's id and secret, and says yes or no. */
function person(agrees: boolean): Prompts {
  const answer = <T>(question: string, value: T): Promise<T> => {
    asked.push(question);
    return Promise.resolve(value);
  };
  return {
    text: (question) => answer(question, polar.oauth.options.clientId),
    secret: (question) => answer(question, polar.oauth.options.clientSecret),
    confirm: (question) => answer(question, agrees),
  };
}

const connect = () =>
  runConnect({
    context: app,
    provider: "polar",
    clientId: undefined,
    clientSecretStdin: false,
    clientFile: undefined,
    port,
    browser: true,
    timeout: 20,
  });

test("without a client id the person learns where to get one, and is asked", async () => {
  await connect();
  expect(asked).toEqual(["client id", "client secret"]);
  expect(stderr).toContain(`Authorization redirect URL:  http://localhost:${port}/callback`);
  expect(stderr).toContain("polar: connected as 10579\n");
  expect(stdout).toBe("");
  // The next login remembers.
  asked = [];
  await connect();
  expect(asked).toEqual([]);
});

describe("disconnect --deregister", () => {
  const deregister = () => runDisconnect({ context: app, provider: "polar", deregister: true, yes: false });

  test("asks, and does nothing after a no", async () => {
    await connect();
    app.prompts = async () => person(false);
    await deregister();
    expect(asked.at(-1)).toBe("End the registration at Polar?");
    expect(stderr).toContain("polar: nothing was changed\n");
    expect(polar.registered).toBe(true);
    expect(await app.connected()).toEqual(["polar"]);
  });

  test("ends the registration after a yes", async () => {
    await connect();
    await deregister();
    expect(polar.registered).toBe(false);
    expect(await app.connected()).toEqual([]);
  });

  test("of a login that does not exist says how to get one", async () => {
    await expect(deregister()).rejects.toMatchObject({ code: "AUTH_REQUIRED", exitCode: 4 });
  });
});

test("nothing is asked where nobody can answer", async () => {
  const prompts = createPrompts(terminal(false), new AbortController().signal);
  for (const question of [
    prompts.text("client id"),
    prompts.secret("client id"),
    prompts.confirm("client id"),
  ]) {
    const error = await question.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ exitCode: 2, message: 'cannot ask "client id" without a terminal' });
  }
  expect(stderr).toBe("");
});
