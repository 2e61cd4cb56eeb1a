/** A year: whoever asks for more does not mean it, and a date must come of it. */
const LONGEST_MS = 366 * 86_400_000;

/** `Retry-After` (RFC 9110 §10.2.3), seconds or an HTTP date, as Unix milliseconds; undefined when absent or unreadable. */
export function retryAfter(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const value = headers["retry-after"]?.trim();
  if (value === undefined || value === "") return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return now + Math.min(Number(value) * 1000, LONGEST_MS);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(date, now);
}

/**
 * When the windows of `RateLimit-Usage`, `RateLimit-Limit` and `RateLimit-Reset` allow another request, as Unix
 * milliseconds; undefined when none of them is used up. Polar sends two windows in each header, short then long, reset
 * in seconds (polar.md §7.1); any number of windows is understood.
 */
export function windowReset(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const usage = numbers(headers["ratelimit-usage"]);
  const limit = numbers(headers["ratelimit-limit"]);
  const reset = numbers(headers["ratelimit-reset"]);
  let until: number | undefined;
  for (const [index, used] of usage.entries()) {
    const allowed = limit[index];
    const seconds = reset[index];
    if (allowed === undefined || seconds === undefined || used < allowed) continue;
    until = Math.max(until ?? 0, now + Math.min(seconds * 1000, LONGEST_MS));
  }
  return until;
}

function numbers(value: string | undefined): number[] {
  if (value === undefined) return [];
  const parsed = value.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  return parsed.every((number) => Number.isFinite(number) && number >= 0) ? parsed : [];
}

/** The upper limits of the pauses before the second, third … attempt, in milliseconds. */
export const BACKOFF_MS: readonly number[] = [400, 1200, 3600];

/** Full jitter above a small floor: clients that failed together do not come back together. */
export function jittered(ceilingMs: number, random: () => number): number {
  const floor = Math.min(50, ceilingMs);
  return Math.round(floor + random() * (ceilingMs - floor));
}
