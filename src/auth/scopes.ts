import { AuthError } from "../errors.ts";

/** Throws `AuthError` when a scope was not granted without which the provider gives no activities. */
export function requireScopes(
  provider: string,
  required: readonly string[],
  granted: readonly string[],
): void {
  const missing = required.filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return;
  throw new AuthError(
    "SCOPE_MISSING",
    `not permitted, and nothing works without it: ${missing.map(scopeName).join(", ")}`,
    { provider, hint: `fitglue connect ${provider}, and leave that box ticked` },
  );
}

/** What tells a scope from others: the last part of a URL, the whole of anything else. */
export function scopeName(scope: string): string {
  return scope.slice(scope.lastIndexOf("/") + 1);
}
