import { Writable } from "node:stream";
import type * as inquirer from "@inquirer/prompts";
import { InterruptedError, UsageError } from "../errors.ts";
import type { Io } from "./io.ts";

/** Questions to the person. They go to stderr: stdout carries data. */
export interface Prompts {
  /** A line of text, never empty. */
  text(question: string): Promise<string>;
  /** The same, without showing what is typed. */
  secret(question: string): Promise<string>;
  /** Yes or no; no when only Enter is pressed. */
  confirm(question: string): Promise<boolean>;
}

/**
 * Questions on the terminal. Throws `UsageError` (exit 2) where nothing may be asked, and `InterruptedError` on Ctrl-C or
 * when the signal aborts.
 */
export function createPrompts(io: Io, signal: AbortSignal): Prompts {
  async function ask<T>(
    question: string,
    put: (
      library: typeof inquirer,
      context: { output: NodeJS.WritableStream; signal: AbortSignal },
    ) => Promise<T>,
  ): Promise<T> {
    if (!io.interactive) {
      throw new UsageError("NO_TERMINAL", `cannot ask "${question}" without a terminal`, {
        hint: "see --help for the flag or the variable that answers it",
      });
    }
    const library = await import("@inquirer/prompts");
    try {
      return await put(library, { output: writable(io), signal });
    } catch (error) {
      if (error instanceof Error && /^(ExitPrompt|AbortPrompt|Cancel)/.test(error.name)) {
        throw new InterruptedError({ cause: error });
      }
      throw error;
    }
  }

  const filled = (text: string): true | string => text.trim() !== "" || "please type something";
  return {
    text: async (message) =>
      (await ask(message, ({ input }, context) => input({ message, validate: filled }, context))).trim(),
    secret: async (message) =>
      (
        await ask(message, ({ password }, context) =>
          password({ message, mask: "*", validate: filled }, context),
        )
      ).trim(),
    confirm: (message) =>
      ask(message, ({ confirm }, context) => confirm({ message, default: false }, context)),
  };
}

/** The injected stderr as a stream that looks like a terminal to readline. */
function writable(io: Io): NodeJS.WritableStream {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      io.stderr.write(chunk.toString());
      done();
    },
  });
  return Object.assign(stream, { isTTY: true, columns: io.stderr.columns });
}
