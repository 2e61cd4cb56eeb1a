import type { ProviderId } from "../model/index.ts";
import { appleHealth } from "./apple-health/index.ts";
import { fileProvider } from "./file/index.ts";
import { createFitbit, GOOGLE_PACE, GOOGLE_URLS } from "./fitbit/index.ts";
import { createPolar, POLAR_URLS } from "./polar/index.ts";
import type { Provider } from "./types.ts";

/** What a person may override of a service's addresses; checked URLs. */
export interface ServiceUrls {
  readonly apiUrl: string | undefined;
  readonly authorizeUrl: string | undefined;
  readonly tokenUrl: string | undefined;
  readonly revokeUrl: string | undefined;
}

/**
 * All providers, in the order in which they are asked to recognise a file: the compiler sees to it that every
 * `ProviderId` has one.
 */
export function createProviders(
  services: Readonly<Record<"polar" | "fitbit", ServiceUrls>>,
): readonly Provider[] {
  const polar = overridden(POLAR_URLS, services.polar);
  const fitbit = overridden(GOOGLE_URLS, services.fitbit);
  const providers: Partial<Record<ProviderId, Provider>> = {
    // Polar counts requests over fifteen minutes and tells in each answer how many are left; the client minds that.
    polar: {
      ...createPolar(polar),
      service: { apiUrl: polar.apiUrl, pace: { perSecond: Infinity, concurrency: 4 } },
    },
    fitbit: { ...createFitbit(fitbit), service: { apiUrl: fitbit.apiUrl, pace: GOOGLE_PACE } },
    // Before Apple Health, which takes every zip: this one wants recordings in it.
    file: fileProvider,
    "apple-health": appleHealth,
  };
  return Object.values(providers);
}

function overridden<T extends Partial<Record<keyof ServiceUrls, string>>>(defaults: T, urls: ServiceUrls): T {
  const set = Object.entries(urls).filter(
    ([key, value]) => value !== undefined && Object.hasOwn(defaults, key),
  );
  return { ...defaults, ...(Object.fromEntries(set) as Partial<T>) };
}
