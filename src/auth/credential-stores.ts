import { ConfigError } from "../errors.ts";
import { CredentialFile, type CredentialFileOptions } from "./credential-file.ts";
import type { CredentialPlace, Credentials, CredentialStore } from "./credentials.ts";
import { Keychain, KeychainUnavailableError } from "./keychain.ts";

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
  const keychain = options.keychain ?? new Keychain();
  return options.mode === "keychain" ? keychain : new AutoStore(keychain, file);
}

class AutoStore implements CredentialStore {
  readonly #keychain: CredentialStore;
  readonly #file: CredentialFile;

  constructor(keychain: CredentialStore, file: CredentialFile) {
    this.#keychain = keychain;
    this.#file = file;
  }

  async check(): Promise<void> {
    // Even what goes to the keychain is noted here.
    await this.#file.check();
  }

  async get(provider: string): Promise<Credentials | undefined> {
    return (await this.#file.get(provider)) ?? (await this.#fromKeychain(provider));
  }

  async set(credentials: Credentials): Promise<CredentialPlace> {
    const { provider } = credentials;
    if ((await this.#file.locate(provider)) !== undefined) return this.#file.set(credentials);
    try {
      const place = await this.#keychain.set(credentials);
      await this.#file.noteKeychain(provider, true);
      return place;
    } catch (error) {
      if (!(error instanceof KeychainUnavailableError)) throw error;
      return { ...(await this.#file.set(credentials)), insteadOf: error.message };
    }
  }

  async delete(provider: string): Promise<boolean> {
    const inFile = await this.#file.delete(provider);
    const noted = (await this.#file.inKeychain()).includes(provider);
    let inKeychain = false;
    try {
      inKeychain = await this.#keychain.delete(provider);
    } catch (error) {
      // Secrets that are known to be there must not stay unnoticed.
      if (noted || !(error instanceof KeychainUnavailableError)) throw error;
    }
    if (noted) await this.#file.noteKeychain(provider, false);
    return inFile || inKeychain;
  }

  async list(): Promise<readonly string[]> {
    const names = new Set([...(await this.#file.list()), ...(await this.#file.inKeychain())]);
    try {
      for (const name of await this.#keychain.list()) names.add(name);
    } catch (error) {
      if (!(error instanceof KeychainUnavailableError)) throw error;
    }
    return [...names].sort();
  }

  async locate(provider: string): Promise<CredentialPlace | undefined> {
    const inFile = await this.#file.locate(provider);
    if (inFile !== undefined) return inFile;
    try {
      return await this.#keychain.locate(provider);
    } catch (error) {
      if (!(error instanceof KeychainUnavailableError)) throw error;
      return (await this.#file.inKeychain()).includes(provider)
        ? { kind: "keychain", name: "the system keychain" }
        : undefined;
    }
  }

  async #fromKeychain(provider: string): Promise<Credentials | undefined> {
    try {
      return await this.#keychain.get(provider);
    } catch (error) {
      if (!(error instanceof KeychainUnavailableError)) throw error;
      if (!(await this.#file.inKeychain()).includes(provider)) return undefined;
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
}
