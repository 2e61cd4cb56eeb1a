import { StoreError } from "../errors.ts";

/** The environment, as `process.env` has it. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Where text goes. */
export interface OutputStream {
  write(data: string | Uint8Array): void;
  readonly isTTY: boolean;
  /** The terminal's width; 80 where there is none. */
  readonly columns: number;
}

/** The terminal, pipes and files that a command sees. Injected; tests use buffers and settable flags. */
export interface Io {
  /** Data. */
  readonly stdout: OutputStream;
  /** Everything else. */
  readonly stderr: OutputStream;
  readonly stdin: {
    readonly isTTY: boolean;
    /** Lines as they come; ends with the input or with the signal. */
    lines(signal: AbortSignal): AsyncIterable<string>;
  };
  /** Whether ANSI colours may be used on a stream that is a terminal. */
  readonly color: boolean;
  /** Whether characters beyond ASCII may be drawn. */
  readonly unicode: boolean;
  /** Whether a question may be asked. */
  readonly interactive: boolean;
}

/** Thrown by a write to a pipe whose reader has gone: the program ends quietly with 0. */
export class ClosedPipeError extends Error {}

/** Resolves when what was written has left the process. */
export interface ProcessIo extends Io {
  /** Waits until the streams have taken everything. Throws `StoreError` when some of the data could not be written. */
  flush(): Promise<void>;
}

/** The real terminal. `environment` decides colour (NO_COLOR, FORCE_COLOR, TERM) and Unicode (locale). */
export function processIo(environment: Environment): ProcessIo {
  const state: { closed: boolean; lost: StoreError | undefined } = { closed: false, lost: undefined };
  const opened: NodeJS.WriteStream[] = [];
  /** Node makes a stream when it is first asked for; most commands never write to stderr. */
  const output = (name: "stdout" | "stderr"): OutputStream => {
    const isData = name === "stdout";
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === "EPIPE") state.closed = true;
      else if (isData) state.lost ??= unwritable(error);
      // A log that cannot be written is no reason to stop: the work itself may succeed.
    };
    let made: NodeJS.WriteStream | undefined;
    const stream = (): NodeJS.WriteStream => {
      if (made === undefined) opened.push((made = process[name].on("error", onError)));
      return made;
    };
    return {
      write(data) {
        if (state.closed) throw new ClosedPipeError();
        if (isData && state.lost !== undefined) throw state.lost;
        if (!stream().destroyed) stream().write(data);
      },
      get isTTY() {
        return stream().isTTY === true;
      },
      get columns() {
        return stream().columns || 80;
      },
    };
  };
  const drained = (stream: NodeJS.WriteStream): Promise<void> =>
    new Promise((resolve) => {
      if (state.closed || stream.destroyed || stream.writableLength === 0) resolve();
      else stream.write("", () => resolve());
    });
  return {
    stdout: output("stdout"),
    stderr: output("stderr"),
    stdin: {
      get isTTY() {
        return isTerminal(0);
      },
      async *lines(signal) {
        const { createInterface } = await import("node:readline");
        const reader = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
        const stop = (): void => reader.close();
        signal.addEventListener("abort", stop, { once: true });
        try {
          if (!signal.aborted) yield* reader;
        } finally {
          signal.removeEventListener("abort", stop);
          reader.close();
          process.stdin.pause();
          process.stdin.unref?.();
        }
      },
    },
    color: useColor(environment),
    unicode: useUnicode(environment),
    get interactive() {
      return isTerminal(0) && isTerminal(2);
    },
    async flush() {
      await Promise.all(opened.map(drained));
      // A file tells what is wrong with it one turn after the write.
      await new Promise((resolve) => setImmediate(resolve));
      if (state.lost !== undefined) throw state.lost;
    },
  };
}

/** `node:tty` brings the network with it, and most commands never ask. */
function isTerminal(descriptor: number): boolean {
  return process.getBuiltinModule("node:tty").isatty(descriptor);
}

function unwritable(error: NodeJS.ErrnoException): StoreError {
  const full = error.code === "ENOSPC" || error.code === "EDQUOT";
  return new StoreError(
    full ? "DISK_FULL" : "OUTPUT_FAILED",
    `cannot write the output: ${full ? "the disk is full" : (error.code ?? error.message)}`,
    { cause: error, ...(full ? { hint: "free some space, or write to another place" } : {}) },
  );
}

/** <https://no-color.org>, <https://force-color.org>; a dumb terminal has none. */
export function useColor(environment: Environment): boolean {
  if ((environment["NO_COLOR"] ?? "") !== "") return false;
  const force = environment["FORCE_COLOR"];
  if (force !== undefined) return force !== "0" && force !== "false";
  return environment["TERM"] !== "dumb";
}

/** The locale's encoding: the first of LC_ALL, LC_CTYPE and LANG that is set decides, as in setlocale(3). */
export function useUnicode(environment: Environment): boolean {
  if (process.platform === "win32") return true;
  if (environment["TERM"] === "linux") return false;
  const locale = [environment["LC_ALL"], environment["LC_CTYPE"], environment["LANG"]].find(
    (value) => value !== undefined && value !== "",
  );
  return locale === undefined ? process.platform === "darwin" : /utf-?8/i.test(locale);
}
