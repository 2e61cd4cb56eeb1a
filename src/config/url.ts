import { ConfigError } from "../errors.ts";
import { isLoopbackHost } from "../loopback.ts";

/**
 * The URL of a service from the environment or the config file: https, or http to a loopback address; without
 * credentials, query or fragment. `name` is the variable or setting, for the message.
 *
 * Throws `ConfigError` (exit 8) for anything else, without repeating the value: it may hold a password.
 */
export function parseServiceUrl(name: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined) throw refused(name, "is not a URL");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopbackHost(url.hostname))) {
    throw refused(name, "must be https, or http to a loopback address");
  }
  if (url.username !== "" || url.password !== "")
    throw refused(name, "must not hold a user name or a password");
  if (url.search !== "" || url.hash !== "") throw refused(name, "must not hold a query or a fragment");
  return url;
}

function refused(name: string, why: string): ConfigError {
  return new ConfigError("BAD_URL", `${name} ${why}`, {
    hint: `set ${name} to a URL like https://example.org`,
  });
}
