import type { Provider } from "./types.ts";

/** All providers, in the order in which they are asked to recognise a file. */
export function createProviders(): readonly Provider[] {
  return [];
}
