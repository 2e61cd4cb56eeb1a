import type { Environment } from "./settings.ts";

/** Which proxy requests go through, as curl and most programs read it: lower case wins, `ALL_PROXY` is for both. */
export interface ProxySettings {
  readonly httpProxy: string | undefined;
  readonly httpsProxy: string | undefined;
  readonly noProxy: string | undefined;
}

/** Undefined when no proxy is set. */
export function proxySettings(environment: Environment): ProxySettings | undefined {
  const value = (name: string): string | undefined =>
    [environment[name.toLowerCase()], environment[name]].find((text) => text !== undefined && text !== "");
  const all = value("ALL_PROXY");
  const settings = {
    httpProxy: value("HTTP_PROXY") ?? all,
    httpsProxy: value("HTTPS_PROXY") ?? all,
    noProxy: value("NO_PROXY"),
  };
  return settings.httpProxy === undefined && settings.httpsProxy === undefined ? undefined : settings;
}
