/** One line of a diagnosis. */
export interface Finding {
  /** What was looked at, kebab-case and stable: `file-modes`, `clock`, `polar`. */
  readonly check: string;
  readonly status: "ok" | "attention";
  /** What was found. No secret. */
  readonly detail: string;
  /** What to do about it, on one line; null when nothing is to be done. */
  readonly remedy: string | null;
}

/** Something that is as it should be. */
export function fine(check: string, detail: string): Finding {
  return { check, status: "ok", detail, remedy: null };
}

/** Something that wants attention, and the remedy. */
export function attention(check: string, detail: string, remedy: string): Finding {
  return { check, status: "attention", detail, remedy };
}
