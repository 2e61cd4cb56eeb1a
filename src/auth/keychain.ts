import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { ConfigError } from "../errors.ts";
import {
  damaged,
  decodeCredentials,
  encodeCredentials,
  type CredentialPlace,
  type Credentials,
  type CredentialStore,
} from "./credentials.ts";

export interface KeychainOptions {
  /** Milliseconds for one question, starting the process included. Default 3 s, as gh gives it. */
  readonly timeoutMs?: number;
  /** The name under which entries are kept; tests use their own. Default `fitglue`. */
  readonly service?: string;
  /** The environment of the session it is asked from. Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The keychain cannot be used here and now: no library, no D-Bus session, locked, or no answer in time. */
export class KeychainUnavailableError extends ConfigError {}

type Question =
  | { readonly do: "get"; readonly account: string }
  | { readonly do: "set"; readonly account: string; readonly secret: string }
  | { readonly do: "delete"; readonly account: string }
  | { readonly do: "list" };

/**
 * What runs in the process of its own: one question on stdin, one answer on stdout. A process, because a keychain that
 * waits for somebody to type a password, or a D-Bus that never answers, blocks the thread that asked it for as long as it
 * likes; a process can be ended. Secrets travel through the pipes and never through arguments.
 */
const PROGRAM = `
const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk));
process.stdin.on("end", async () => {
  try {
    const { library, service, question } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const keytar = require(library);
    const answer =
      question.do === "get" ? await keytar.getPassword(service, question.account)
      : question.do === "set" ? await keytar.setPassword(service, question.account, question.secret)
      : question.do === "delete" ? await keytar.deletePassword(service, question.account)
      : (await keytar.findCredentials(service)).map((entry) => entry.account);
    process.stdout.write(JSON.stringify({ answer: answer ?? null }));
  } catch (error) {
    process.stdout.write(JSON.stringify({ error: String(error && error.message) }));
  }
});
`;

/** The system's keychain through keytar: one JSON entry per provider. */
export class Keychain implements CredentialStore {
  readonly #timeoutMs: number;
  readonly #service: string;
  readonly #environment: KeychainOptions["environment"];

  constructor(options: KeychainOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? 3000;
    this.#service = options.service ?? "fitglue";
    this.#environment = options.environment;
  }

  async check(): Promise<void> {
    await this.list();
  }

  async get(provider: string): Promise<Credentials | undefined> {
    const secret = await this.#ask({ do: "get", account: provider });
    if (secret === null) return undefined;
    let value: unknown;
    try {
      value = typeof secret === "string" ? JSON.parse(secret) : undefined;
    } catch {
      throw damaged(provider, NAME);
    }
    return decodeCredentials(provider, value, NAME);
  }

  async set(credentials: Credentials): Promise<CredentialPlace> {
    const { provider } = credentials;
    const secret = JSON.stringify(encodeCredentials(credentials));
    await this.#ask({ do: "set", account: provider, secret });
    // Some keychains cut long entries (Windows at 2,560 bytes) or forget them: believe only what comes back.
    if ((await this.#ask({ do: "get", account: provider })) !== secret) {
      await this.#ask({ do: "delete", account: provider });
      throw unavailable("it does not give back what was stored");
    }
    return KEYCHAIN_PLACE;
  }

  async delete(provider: string): Promise<boolean> {
    return (await this.#ask({ do: "delete", account: provider })) === true;
  }

  async list(): Promise<readonly string[]> {
    const accounts = await this.#ask({ do: "list" });
    return Array.isArray(accounts) ? accounts.map(String).sort() : [];
  }

  async locate(provider: string): Promise<CredentialPlace | undefined> {
    return (await this.list()).includes(provider) ? KEYCHAIN_PLACE : undefined;
  }

  async #ask(question: Question): Promise<unknown> {
    const require = createRequire(import.meta.url);
    let library: string;
    try {
      library = require.resolve("keytar");
    } catch {
      throw unavailable("its library is not installed");
    }
    const output = await run(
      JSON.stringify({ library, service: this.#service, question }),
      this.#timeoutMs,
      this.#environment,
    );
    let parsed: { answer?: unknown; error?: string };
    try {
      parsed = JSON.parse(output) as typeof parsed;
    } catch {
      throw unavailable("its library does not run here");
    }
    if (parsed.error !== undefined) throw unavailable(reason(parsed.error));
    return parsed.answer;
  }
}

const NAME = "the system keychain";
/** Where the keychain keeps them. */
export const KEYCHAIN_PLACE: CredentialPlace = { kind: "keychain", name: NAME };

function run(input: string, timeoutMs: number, environment: KeychainOptions["environment"]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--input-type=commonjs", "-e", PROGRAM], {
      stdio: ["pipe", "pipe", "ignore"],
      ...(environment === undefined ? {} : { env: environment }),
    });
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(unavailable(`it gave no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    child.on("error", () => {
      clearTimeout(timer);
      reject(unavailable("its process cannot be started"));
    });
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString("utf8"));
    });
    // A process that dies before it has read its question says so by closing.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

/** The first line of what the library says, without what could hide or forge output. */
function reason(message: string): string {
  // oxlint-disable-next-line no-control-regex
  const line = (message.split("\n")[0] ?? "").replace(/[\u0000-\u001f\u007f-\u009f]/g, " ").trim();
  return line === "" ? "no reason given" : line.slice(0, 160);
}

function unavailable(why: string): KeychainUnavailableError {
  return new KeychainUnavailableError("KEYCHAIN_UNAVAILABLE", `${NAME} cannot be used: ${why}`, {
    hint: "FITGLUE_CREDENTIALS=file keeps credentials in a private file",
  });
}
