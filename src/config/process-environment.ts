import type { Environment } from "./settings.ts";

/** The one place where `process.env` is read. */
export function environmentOf(process: { readonly env: NodeJS.ProcessEnv }): Environment {
  return process.env;
}
