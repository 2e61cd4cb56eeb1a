import { ExitCode } from "./exit-codes.ts";

export interface ErrorOptions {
  /** The remedy: the next command to run, or the page to open. One line. */
  readonly hint?: string;
  /** What went wrong beneath. Never dropped. */
  readonly cause?: unknown;
  /** The provider this happened with, where there is one. */
  readonly provider?: string;
}

/**
 * Every failure that fitglue foresees. The class says what the caller does with it
 * ({@link dispositionOf}), `code` is stable for scripts, `exitCode` for shells.
 *
 * `message` says what failed, then why: lower case, no full stop, no secret and no health data.
 */
export abstract class FitglueError extends Error {
  /** Stable and upper case, for the JSON error line: `AUTH_REQUIRED`, `STORE_LOCKED`, … */
  readonly code: string;
  abstract readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly provider: string | undefined;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.provider = options.provider;
    this.name = new.target.name;
  }
}

/** The command was called wrongly (exit 2). */
export class UsageError extends FitglueError {
  readonly exitCode = ExitCode.USAGE;
}

/** The person has to log in or consent again (exit 4). Stops the provider, not the run. */
export class AuthError extends FitglueError {
  readonly exitCode = ExitCode.AUTH;
}

/** The same call may work later: offline, time-out, 5xx (exit 5). */
export class TemporaryError extends FitglueError {
  readonly exitCode = ExitCode.TEMPORARY;
}

/** The source asked us to wait longer than a run waits. The sync loop remembers `retryAt` across runs. */
export class RateLimitError extends TemporaryError {
  /** Unix milliseconds before which no request should be made. */
  readonly retryAt: number;

  constructor(code: string, message: string, retryAt: number, options: ErrorOptions = {}) {
    super(code, message, options);
    this.retryAt = retryAt;
  }
}

/** The source answered something that its own description does not allow: HTML, cut JSON, another shape (exit 5). */
export class ProtocolError extends TemporaryError {}

/** A file is not what it should be, or nothing in it could be read (exit 6). */
export class InputError extends FitglueError {
  readonly exitCode = ExitCode.INPUT;
}

/** The database cannot be used: locked, full, newer, damaged (exit 7). Stops the whole run. */
export class StoreError extends FitglueError {
  readonly exitCode = ExitCode.STORE;
}

/** Configuration or client registration is missing or wrong (exit 8). */
export class ConfigError extends FitglueError {
  readonly exitCode = ExitCode.CONFIG;
}

/** The person or the system asked us to stop (exit 130). Stops the whole run, after the current batch. */
export class InterruptedError extends FitglueError {
  readonly exitCode = ExitCode.INTERRUPTED;

  constructor(options: ErrorOptions = {}) {
    super("INTERRUPTED", "interrupted", options);
  }
}

/** One item could not be understood. It is kept raw, counted and shown; the run goes on. */
export class ItemError extends FitglueError {
  readonly exitCode = ExitCode.PARTIAL;
}

/** What a loop over items and providers does with an error. */
export type Disposition = "skip-item" | "stop-provider" | "stop-all";

/** The one answer to "what now?" for any error; see the classes above. */
export function dispositionOf(error: unknown): Disposition {
  if (error instanceof ItemError) return "skip-item";
  if (error instanceof StoreError || error instanceof InterruptedError) return "stop-all";
  if (error instanceof FitglueError) return "stop-provider";
  return "stop-all";
}
