const PREFIX = "https://www.googleapis.com/auth/googlehealth.";

/** The exercises themselves: nothing works without it. */
export const ACTIVITY_SCOPE = `${PREFIX}activity_and_fitness.readonly`;
/** Heart rate and its zones. */
export const METRICS_SCOPE = `${PREFIX}health_metrics_and_measurements.readonly`;
/** Routes, together with the activities. */
export const LOCATION_SCOPE = `${PREFIX}location.readonly`;

/** What a person who left boxes unticked will miss, in words; null when nothing. */
export function missingWithout(scopes: readonly string[]): string | null {
  const missing = [
    ...(scopes.includes(METRICS_SCOPE) ? [] : ["no heart rate and no zone limits (health metrics)"]),
    ...(scopes.includes(LOCATION_SCOPE) ? [] : ["no routes (location)"]),
  ];
  return missing.length === 0 ? null : missing.join(" and ");
}
