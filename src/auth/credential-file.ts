import { randomBytes } from "node:crypto";
import { access, chmod, constants, open, readFile, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { makeFolder } from "../folders.ts";
import {
  decodeCredentials,
  encodeCredentials,
  type AcquireLock,
  type CredentialPlace,
  type Credentials,
  type CredentialStore,
} from "./credentials.ts";

const documentSchema = z.object({
  version: z.literal(1),
  credentials: z.record(z.string(), z.unknown()),
  /** Providers whose credentials went to the keychain: so that a run without one can say what is wrong. */
  in_keychain: z.array(z.string()).default([]),
});

type Document = z.infer<typeof documentSchema>;

export interface CredentialFileOptions {
  /** Holds `credentials.json`; made private (0700) when it is not. */
  readonly configDir: string;
  readonly acquireLock: AcquireLock;
  /** Called with a sentence when the file was readable by others and has been repaired. */
  readonly warn: (text: string) => void;
}

/** `credentials.json`: 0600 in a folder of 0700. Replaced whole and fsynced, so a crash leaves the old or the new. */
export class CredentialFile implements CredentialStore {
  readonly path: string;
  readonly #options: CredentialFileOptions;

  constructor(options: CredentialFileOptions) {
    this.#options = options;
    this.path = join(options.configDir, "credentials.json");
  }

  async check(): Promise<void> {
    await this.#change(() => false);
    try {
      await access(this.#options.configDir, constants.W_OK);
    } catch (error) {
      throw unusable(this.path, error);
    }
  }

  async get(provider: string): Promise<Credentials | undefined> {
    const value = (await this.#read()).credentials[provider];
    return value === undefined ? undefined : decodeCredentials(provider, value, this.path);
  }

  async set(credentials: Credentials): Promise<CredentialPlace> {
    await this.#change((document) => {
      document.credentials[credentials.provider] = encodeCredentials(credentials);
      return true;
    });
    return this.#place();
  }

  async delete(provider: string): Promise<boolean> {
    return this.#change((document) => {
      const existed = Object.hasOwn(document.credentials, provider);
      delete document.credentials[provider];
      return existed;
    });
  }

  async list(): Promise<readonly string[]> {
    return Object.keys((await this.#read()).credentials).sort();
  }

  async locate(provider: string): Promise<CredentialPlace | undefined> {
    return Object.hasOwn((await this.#read()).credentials, provider) ? this.#place() : undefined;
  }

  /** The providers whose credentials were put into the keychain from here. */
  async inKeychain(): Promise<readonly string[]> {
    return (await this.#read()).in_keychain;
  }

  /** Remembers that this provider's credentials are in the keychain, or are no longer. */
  async noteKeychain(provider: string, present: boolean): Promise<void> {
    await this.#change((document) => {
      if (document.in_keychain.includes(provider) === present) return false;
      const others = document.in_keychain.filter((name) => name !== provider);
      document.in_keychain = present ? [...others, provider].sort() : others;
      return true;
    });
  }

  #place(): CredentialPlace {
    return { kind: "file", name: this.path };
  }

  async #read(): Promise<Document> {
    let text: string;
    try {
      await this.#repairMode(this.path, 0o600);
      text = await readFile(this.path, "utf8");
    } catch (error) {
      if (isMissing(error)) return { version: 1, credentials: {}, in_keychain: [] };
      if (error instanceof ConfigError) throw error;
      throw unusable(this.path, error);
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // No cause: the parser's message quotes the file.
      throw this.#damaged();
    }
    const parsed = documentSchema.safeParse(value);
    if (!parsed.success) throw this.#damaged();
    return parsed.data;
  }

  #damaged(): ConfigError {
    return new ConfigError(
      "CREDENTIALS_DAMAGED",
      `the credentials file is damaged, or of a newer version: ${this.path}`,
      {
        hint: "move the file away and run fitglue connect again",
      },
    );
  }

  /** Reads, changes and replaces under a lock; writes nothing when `change` returns false. */
  async #change(change: (document: Document) => boolean): Promise<boolean> {
    const { configDir, acquireLock } = this.#options;
    try {
      makeFolder(configDir, 0o700);
      await this.#repairMode(configDir, 0o700);
    } catch (error) {
      throw error instanceof ConfigError ? error : unusable(configDir, error);
    }
    const lock = await acquireLock(`${this.path}.lock`, { waitMs: 10_000 });
    try {
      const document = await this.#read();
      if (!change(document)) return false;
      await this.#replace(document);
      return true;
    } finally {
      lock.release();
    }
  }

  async #replace(document: Document): Promise<void> {
    // Where the file is a link into somebody's dotfiles, the link stays.
    const target = await realpath(this.path).catch(() => this.path);
    const temporary = join(dirname(target), `.credentials.${randomBytes(6).toString("hex")}.tmp`);
    try {
      const file = await open(temporary, "wx", 0o600);
      try {
        await file.writeFile(`${JSON.stringify(document, null, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, target);
      await syncFolder(dirname(target));
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw unusable(target, error);
    }
  }

  async #repairMode(path: string, mode: number): Promise<void> {
    // Windows has no such modes; its profile folders are private by their access lists.
    if (process.platform === "win32") return;
    const found = (await stat(path)).mode & 0o777;
    if ((found & ~mode) === 0) return;
    try {
      await chmod(path, mode);
    } catch (error) {
      throw new ConfigError(
        "CREDENTIALS_EXPOSED",
        `others may open ${path} (mode ${found.toString(8)}), and that cannot be changed`,
        { hint: "set FITGLUE_CONFIG_DIR to a folder of your own", cause: error },
      );
    }
    this.#options.warn(
      `${path} was open to others (mode ${found.toString(8)}) and is now ${mode.toString(8)}; if somebody may have read it, connect again`,
    );
  }
}

async function syncFolder(path: string): Promise<void> {
  // A folder cannot be opened for this on Windows, where the rename is durable by itself.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function unusable(path: string, cause: unknown): ConfigError {
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return new ConfigError("CREDENTIALS_UNUSABLE", `${path} cannot be used for credentials${code}`, {
    hint: "set FITGLUE_CONFIG_DIR to a folder that you can write",
    cause,
  });
}
