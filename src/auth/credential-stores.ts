import { ConfigError } from "../errors.ts";
import { CredentialFile, type CredentialFileOptions } from "./credential-file.ts";
import type { CredentialPlace, Credentials, CredentialStore } from "./credentials.ts";
import { Keychain, KEYCHAIN_PLACE, KeychainUnavailableError } from "./keychain.ts";

export interface CredentialStoresOptions extends CredentialFileOptions {
  /** `FITGLUE_CREDENTIALS`. */
  readonly mode: "auto" | "keychain" | "file";
  /** For tests. */
  readonly keychain?: CredentialStore;
}

/**
 * The store that the settings ask for. `auto` is the keychain, else the file. Whatever is in the file stays there and is
 * looked for there first: a cron job has no keychain, so the file is the place that works everywhere.
 */
export function createCredentialStore(options: CredentialStoresOptions): CredentialStore {
  const file = new CredentialFile(options);
  if (options.mode === "file") return file;
  const keychain = new NotedKeychain(options.keychain ?? new Keychain(), file);
  return options.mode === "keychain" ? keychain : new AutoStore(keychain, file);
}

/**
 * The keychain, and in the file a note of whose credentials are in it, but no secret. The note spares a run that needs
 * no keychain the question, and lets one that cannot reach it say what is wrong instead of "not connected".
 */
class NotedKeychain implements CredentialStore {
  readonly #keychain: CredentialStore;
  readonly #file: CredentialFile;

  constructor(keychain: CredentialStore, file: CredentialFile) {
    this.#keychain = keychain;
    this.#file = file;
  }

  async check(): Promise<void> {
    await this.#file.check();
    await this.#keychain.check();
  }

  async get(provider: string): Promise<Credentials | undefined> {
    if (!(await this.#isNoted(provider))) return undefined;
    try {
      return await this.#keychain.get(provider);
    } catch (error) {
      if (!(error instanceof KeychainUnavailableError)) throw error;
      throw new ConfigError(
        "KEYCHAIN_UNAVAILABLE",
        `the credentials are in the system keychain, which cannot be reached from here (${error.message})`,
        {
          provider,
          hint: `FITGLUE_CREDENTIALS=file fitglue connect ${provider}, for use under cron`,
          cause: error,
        },
      );
    }
  }

  async set(credentials: Credentials): Promise<CredentialPlace> {
    const place = await this.#keychain.set(credentials);
    // One home for each secret.
    await this.#file.delete(credentials.provider);
    await this.#file.noteKeychain(credentials.provider, true);
    return place;
  }

  async delete(provider: string): Promise<boolean> {
    if (!(await this.#isNoted(provider))) return false;
    const deleted = await this.#keychain.delete(provider);
    await this.#file.noteKeychain(provider, false);
    return deleted;
  }

  async list(): Promise<readonly string[]> {
    return this.#file.inKeychain();
  }

  async locate(provider: string): Promise<CredentialPlace | undefined> {
    return (await this.#isNoted(provider)) ? KEYCHAIN_PLACE : undefined;
  }

  async #isNoted(provider: string): Promise<boolean> {
    return (await this.#file.inKeychain()).includes(provider);
  }
}

class AutoStore implements CredentialStore {
  readonly #keychain: CredentialStore;
  readonly #file: CredentialStore;

  constructor(keychain: CredentialStore, file: CredentialStore) {
    this.#keychain = keychain;
    this.#file = file;
  }

  async check(): Promise<void> {
    await this.#file.check();
  }

  async get(provider: string): Promise<Credentials | undefined> {
    return (await this.#file.get(provider)) ?? (await this.#keychain.get(provider));
  }

  async set(credentials: Credentials): Promise<CredentialPlace> {
    if ((await this.#file.locate(credentials.provider)) !== undefined) return this.#file.set(credentials);
    try {
      return await this.#keychain.set(credentials);
    } catch (error) {
      if (!(error instanceof KeychainUnavailableError)) throw error;
      return { ...(await this.#file.set(credentials)), insteadOf: error.message };
    }
  }

  async delete(provider: string): Promise<boolean> {
    const inFile = await this.#file.delete(provider);
    return (await this.#keychain.delete(provider)) || inFile;
  }

  async list(): Promise<readonly string[]> {
    return [...new Set([...(await this.#file.list()), ...(await this.#keychain.list())])].sort();
  }

  async locate(provider: string): Promise<CredentialPlace | undefined> {
    return (await this.#file.locate(provider)) ?? (await this.#keychain.locate(provider));
  }
}
