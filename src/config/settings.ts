import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import type envPaths from "env-paths";
import { ConfigError } from "../errors.ts";
import { parseServiceUrl } from "./url.ts";

/** The environment, as `process.env` has it; injected in tests. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where secrets are kept. */
export type CredentialsMode = "auto" | "keychain" | "file";

/** Everything that is configured, resolved: flag, environment, config file, default, in that order. */
export interface Settings {
  /** Holds `config.json`, and `credentials.json` when the keychain is not used. */
  readonly configDir: string;
  readonly databasePath: string;
  /** Whether the database lies in the folder that is fitglue's own by default, and in none that somebody has named. */
  readonly isDatabaseFolderOwn: boolean;
  readonly credentials: CredentialsMode;
  /** Whether `credentials` was asked for and is not the default. */
  readonly credentialsExplicit: boolean;
  readonly journalMode: "wal" | "delete";
  /** `FITGLUE_PING_URL`: what a sync calls on start, success and failure; as it was given, not checked. */
  readonly pingUrl: string | undefined;
  /** `FITGLUE_POLAR_…`, `FITGLUE_FITBIT_…`: what is set of client id, client secret and service URLs. */
  readonly services: Readonly<Record<"polar" | "fitbit", ServiceSettings>>;
}

/** What a person may override for one service; undefined is the service's own default. */
export interface ServiceSettings {
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly apiUrl: string | undefined;
  readonly authorizeUrl: string | undefined;
  readonly tokenUrl: string | undefined;
  readonly revokeUrl: string | undefined;
}

/** The keys that `config.json` may have. */
const CONFIG_KEYS = ["db", "credentials", "journal_mode", "ping_url", "polar", "fitbit"] as const;
const SERVICE_KEYS = ["client_id", "api_url", "authorize_url", "token_url", "revoke_url"] as const;

/**
 * Resolves the settings. `flags.db` is `--db`. Opens nothing but `config.json`.
 *
 * Throws `ConfigError`: a config file that cannot be read or has unknown keys, an unknown value.
 */
export function loadSettings(
  environment: Environment,
  flags: { readonly db?: string | undefined },
): Settings {
  const env = (name: string): string | undefined => {
    const value = environment[name];
    return value === undefined || value === "" ? undefined : value;
  };
  const places = process.platform === "linux" ? xdgPlaces(env) : platformPlaces();
  const configDir = resolve(env("FITGLUE_CONFIG_DIR") ?? places.config);
  const dataDir = resolve(env("FITGLUE_DATA_DIR") ?? places.data);
  const config = readConfig(join(configDir, "config.json"));
  const text = (key: string): string | undefined => {
    const value = config[key];
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw invalid(configDir, `"${key}" must be a text`);
    return value;
  };
  const credentials = env("FITGLUE_CREDENTIALS") ?? text("credentials");
  const journalMode = text("journal_mode") ?? "wal";
  if (journalMode !== "wal" && journalMode !== "delete") {
    throw invalid(configDir, '"journal_mode" must be "wal" or "delete"');
  }
  const service = (name: "polar" | "fitbit"): ServiceSettings => {
    const section = config[name] ?? {};
    if (typeof section !== "object" || section === null || Array.isArray(section)) {
      throw invalid(configDir, `"${name}" must be an object`);
    }
    const values = section as Record<string, unknown>;
    for (const key of Object.keys(values)) {
      if (!(SERVICE_KEYS as readonly string[]).includes(key))
        throw invalid(configDir, `unknown key "${name}.${key}"`);
    }
    const value = (key: string): string | undefined => {
      const own = env(`FITGLUE_${name.toUpperCase()}_${key.toUpperCase()}`);
      if (own !== undefined) return own;
      const configured = values[key];
      if (configured !== undefined && typeof configured !== "string") {
        throw invalid(configDir, `"${name}.${key}" must be a text`);
      }
      return configured;
    };
    const url = (key: string): string | undefined => {
      const text = value(key);
      const variable = `FITGLUE_${name.toUpperCase()}_${key.toUpperCase()}`;
      return text === undefined ? undefined : parseServiceUrl(variable, text).href.replace(/\/$/, "");
    };
    return {
      clientId: value("client_id"),
      clientSecret: env(`FITGLUE_${name.toUpperCase()}_CLIENT_SECRET`),
      apiUrl: url("api_url"),
      authorizeUrl: url("authorize_url"),
      tokenUrl: url("token_url"),
      revokeUrl: url("revoke_url"),
    };
  };
  const databasePath = resolve(flags.db ?? env("FITGLUE_DB") ?? text("db") ?? join(dataDir, "fitglue.db"));
  return {
    configDir,
    databasePath,
    isDatabaseFolderOwn: dirname(databasePath) === resolve(places.data),
    credentials: credentialsMode(credentials),
    credentialsExplicit: credentials !== undefined,
    journalMode,
    pingUrl: env("FITGLUE_PING_URL") ?? text("ping_url"),
    services: { polar: service("polar"), fitbit: service("fitbit") },
  };
}

/** Where the system wants a program's files. */
type Places = Readonly<Record<"config" | "data", string>>;

/** The XDG folders; one that is not absolute does not count, as the specification says. */
function xdgPlaces(env: (name: string) => string | undefined): Places {
  // An empty HOME is none, and `homedir` would believe it.
  const home = env("HOME") ?? (homedir() || userInfo().homedir);
  const place = (variable: string, ...fallback: string[]): string => {
    const base = env(variable);
    return join(base !== undefined && base.startsWith("/") ? base : join(home, ...fallback), "fitglue");
  };
  return { config: place("XDG_CONFIG_HOME", ".config"), data: place("XDG_DATA_HOME", ".local", "share") };
}

/** The folders of macOS and Windows. Loaded only there: it takes as long as ten modules of our own. */
function platformPlaces(): Places {
  const library = createRequire(import.meta.url)("env-paths") as { default: typeof envPaths };
  return library.default("fitglue", { suffix: "" });
}

function credentialsMode(value: string | undefined): CredentialsMode {
  if (value === undefined) return "auto";
  if (value === "auto" || value === "keychain" || value === "file") return value;
  throw new ConfigError("CONFIG_INVALID", `FITGLUE_CREDENTIALS is "${value}"`, {
    hint: "use auto, keychain or file",
  });
}

function readConfig(path: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return {};
    throw new ConfigError("CONFIG_UNREADABLE", `the config file cannot be read: ${path}`, { cause: error });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ConfigError("CONFIG_INVALID", `the config file is not JSON: ${path}`, { cause: error });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new ConfigError("CONFIG_INVALID", `the config file is not a JSON object: ${path}`);
  }
  for (const key of Object.keys(parsed)) {
    if (!(CONFIG_KEYS as readonly string[]).includes(key)) {
      throw new ConfigError("CONFIG_INVALID", `the config file has an unknown key "${key}": ${path}`, {
        hint: `known keys: ${CONFIG_KEYS.join(", ")}`,
      });
    }
  }
  return parsed as Record<string, unknown>;
}

function invalid(configDir: string, what: string): ConfigError {
  return new ConfigError("CONFIG_INVALID", `${what} in ${join(configDir, "config.json")}`);
}
