/**
 * What a process exit says to a script. The numbers are a contract: `docs/exit-codes.md`
 * explains them to people, and a test keeps the two alike.
 */
export const ExitCode = {
  /** Done; nothing new included. */
  OK: 0,
  /** Unexpected: a bug in fitglue. */
  FAILED: 1,
  /** Bad flag, unknown provider, a prompt needed without a terminal. */
  USAGE: 2,
  /** Something was stored, something failed or was left out. */
  PARTIAL: 3,
  /** Not connected, consent revoked, refresh rejected, scope missing. */
  AUTH: 4,
  /** Offline, time-out, 5xx, rate limit: the same command later may work. */
  TEMPORARY: 5,
  /** The file is not an export, or nothing in it could be read. */
  INPUT: 6,
  /** Locked by another run, disk full, newer schema, damaged. */
  STORE: 7,
  /** Configuration or client id missing or invalid. */
  CONFIG: 8,
  /** SIGINT or SIGTERM, after the current batch. */
  INTERRUPTED: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
