import { ItemError } from "../../errors.ts";
import type { Json } from "../../model/index.ts";
import type { Provider } from "../types.ts";
import { polarOAuth, type PolarUrls } from "./registration.ts";

export { POLAR_URLS, type PolarUrls } from "./registration.ts";

/**
 * Grows whenever the same raw payloads would map to other values.
 *
 * 1. The first.
 */
const PARSER_VERSION = 1;

/**
 * Polar AccessLink v3. Its transactions forget what is acknowledged, so `confirm` comes only after the batch is
 * durable; the plain list of exercises is the net beneath.
 */
export function createPolar(urls: PolarUrls): Provider {
  return {
    id: "polar",
    name: "Polar",
    parserVersion: PARSER_VERSION,
    oauth: polarOAuth(urls),
    remote: {
      // Polar says 30 days in one place and 28 in another: the shorter one counts (polar.md §9.2).
      retentionDays: 28,
      async *pull(session, bookmark) {
        const { pull } = await import("./pull.ts");
        yield* pull(session, bookmark);
      },
      async confirm(session, receipt) {
        const { AccessLink } = await import("./api.ts");
        return new AccessLink(session.api, session.signal).commit(pathOf(receipt.data));
      },
    },
    async reprocess(payloads, stored) {
      const { toActivity } = await import("./map.ts");
      const identity = { externalId: stored.externalId, aliases: stored.activity?.aliases ?? [] };
      return toActivity(payloads, identity).activity;
    },
  };
}

function pathOf(data: Json): string {
  const path = (data as { readonly path?: Json } | null)?.path;
  if (typeof path === "string" && path.startsWith("/v3/")) return path;
  throw new ItemError("BAD_RECEIPT", "a stored receipt names no transaction", { provider: "polar" });
}
