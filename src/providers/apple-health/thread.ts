import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, type MessagePort, parentPort, Worker, workerData } from "node:worker_threads";
import {
  AuthError,
  ConfigError,
  FitglueError,
  InputError,
  InterruptedError,
  ItemError,
  ProtocolError,
  StoreError,
  TemporaryError,
  UsageError,
} from "../../errors.ts";
import type { Batch, Item, PackedPayload, RawPayload, Samples, Skipped } from "../../model/index.ts";
import type { ImportFile, ImportProgress, Warning } from "../types.ts";
import { openExport } from "./archive.ts";
import type { ExportFiles } from "./elements.ts";
import type { ReadingSession } from "./reading.ts";

/** Plain bytes of the main XML from which on a thread gains more than its start costs. */
const LARGE = 32 << 20;
/** Most of what a thread makes lives for one route or one piece of XML; a small nursery keeps its garbage small, too. */
const NURSERY_MB = 3;

/** Progress is told once in so many plain bytes: every telling wakes the other thread. */
const PROGRESS_STEP = 4 << 20;

/**
 * Batches that may be made and not yet be taken. One takes longer to make and another to store; with only one of them the threads
 * would wait for each other in turns.
 */
const AHEAD = 2;

/** What the thread is told. */
interface Order {
  readonly task: "apple-health";
  readonly file: ImportFile;
  readonly timezone: string | undefined;
}

/** The classes with the usual constructor; what an import throws is among them. */
const ERRORS = {
  AuthError,
  ConfigError,
  InputError,
  ItemError,
  ProtocolError,
  StoreError,
  TemporaryError,
  UsageError,
};

/** An error on its way between threads, which know no classes. */
interface PortableError {
  readonly name: keyof typeof ERRORS | "InterruptedError";
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly provider: string | undefined;
  readonly cause: unknown;
}

/** What the thread tells. It makes no more than `AHEAD` batches that have not been answered. */
type Message =
  | { readonly kind: "batch"; readonly batch: Batch }
  | { readonly kind: "warn"; readonly warning: Warning }
  | { readonly kind: "progress"; readonly progress: ImportProgress }
  | { readonly kind: "route" }
  | { readonly kind: "end" }
  | { readonly kind: "failed"; readonly error: PortableError }
  | { readonly kind: "crashed"; readonly error: unknown };

/** Whether an export is large enough to be read in a thread. Only built code can be loaded by one. */
export function isWorthThread(files: ExportFiles): boolean {
  return import.meta.url.endsWith(".js") && (files.mainBytes ?? LARGE) >= LARGE;
}

/**
 * What `readFiles` gives, read and mapped in a thread of its own while the caller stores what came before. The same
 * batches, warnings and errors in the same order. A batch's buffers are the caller's until it asks
 * for the next one. The thread ends with the generator.
 */
export async function* readInThread(
  file: ImportFile,
  session: ReadingSession,
): AsyncGenerator<Batch, void, void> {
  const order: Order = { task: "apple-health", file, timezone: session.timezone };
  const worker = new Worker(new URL(import.meta.url), {
    workerData: order,
    // The parent may have been started with flags that a thread refuses.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
  });
  // What has been stored goes back to the thread, whose small nursery is rid of it soon; here it would wait for seconds.
  let spent: ArrayBuffer[] = [];
  const told: Message[] = [];
  let wake = (): void => {};
  const tell = (message: Message): void => {
    told.push(message);
    wake();
  };
  const onAbort = (): void => wake();
  worker.on("message", tell);
  worker.on("messageerror", (error) => tell({ kind: "crashed", error }));
  worker.on("error", (error) => tell({ kind: "crashed", error }));
  worker.on("exit", () => tell({ kind: "crashed", error: new Error("the reading thread ended early") }));
  session.signal.addEventListener("abort", onAbort);
  try {
    for (;;) {
      if (session.signal.aborted) throw new InterruptedError({ cause: session.signal.reason });
      const message = told.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      switch (message.kind) {
        case "batch": {
          worker.postMessage("more", spent);
          yield message.batch;
          spent = transferOf(message.batch).list;
          break;
        }
        case "warn":
          session.warn(message.warning);
          break;
        case "progress":
          session.progress(message.progress);
          break;
        case "route":
          session.routeRead();
          break;
        case "end":
          return;
        case "failed":
          throw rebuilt(message.error);
        case "crashed":
          throw message.error;
      }
    }
  } finally {
    session.signal.removeEventListener("abort", onAbort);
    await end(worker);
  }
}

/** Milliseconds that the thread has to end by itself. */
const GRACE_MS = 2000;

/** Ends the thread, which is asked to first: V8 now and then aborts the process when a thread is terminated that is just compiling. */
async function end(worker: Worker): Promise<void> {
  // Nothing of it is left.
  if (worker.threadId < 0) return;
  const ended = new Promise<boolean>((resolve) => worker.once("exit", () => resolve(true)));
  worker.postMessage("stop");
  const isOver = await Promise.race([ended, sleep(GRACE_MS, false, { ref: false })]);
  if (!isOver) await worker.terminate();
}

function isPortable(name: string): name is PortableError["name"] {
  return name === "InterruptedError" || Object.hasOwn(ERRORS, name);
}

function rebuilt({ name, code, message, hint, provider, cause }: PortableError): FitglueError {
  const options = {
    ...(hint === undefined ? {} : { hint }),
    ...(provider === undefined ? {} : { provider }),
    ...(cause === undefined ? {} : { cause }),
  };
  if (name === "InterruptedError") return new InterruptedError(options);
  return new ERRORS[name](code, message, options);
}

/** A batch whose buffers can be handed over, and these. */
function transferOf(batch: Batch): { readonly batch: Batch; readonly list: ArrayBuffer[] } {
  const transfer = new Transfer();
  return { batch: transfer.batch(batch), list: transfer.list };
}

/** Collects what can be handed over instead of copied. */
class Transfer {
  readonly list: ArrayBuffer[] = [];
  readonly #taken = new Set<ArrayBufferLike>();

  batch(batch: Batch): Batch {
    return {
      ...batch,
      items: batch.items.map((item) => this.#item(item)),
      ...(batch.skipped === undefined
        ? {}
        : {
            skipped: batch.skipped.map((one): Skipped => ({
              ...one,
              raw: one.raw.map((raw) => this.#plain(raw)),
            })),
          }),
    };
  }

  #item({ activity, raw }: Item): Item {
    const samples = Object.fromEntries(
      Object.entries(activity.samples).map(([field, column]) => [field, this.#numbers(column)]),
    ) as unknown as Samples;
    return {
      activity: { ...activity, samples },
      raw: raw.map((one) => ("deflated" in one ? this.#packed(one) : this.#plain(one))),
    };
  }

  #plain(raw: RawPayload): RawPayload {
    return { ...raw, bytes: this.#bytes(raw.bytes) };
  }

  #packed(raw: PackedPayload): PackedPayload {
    return { ...raw, deflated: this.#bytes(raw.deflated), sha256: this.#bytes(raw.sha256) };
  }

  #numbers(column: Float64Array): Float64Array {
    const own = this.#isOwn(column) ? column : column.slice();
    this.#take(own.buffer);
    return own;
  }

  #bytes(bytes: Uint8Array): Uint8Array {
    const own = this.#isOwn(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
    this.#take(own.buffer);
    return own;
  }

  /**
   * Whether nothing else lies in the view's buffer: it would go along, and a pooled one cannot. What is empty may be a
   * constant, which must not go.
   */
  #isOwn({ buffer, byteLength }: Float64Array | Uint8Array): boolean {
    return byteLength > 0 && byteLength + 64 >= buffer.byteLength && !this.#taken.has(buffer);
  }

  #take(buffer: ArrayBufferLike): void {
    this.#taken.add(buffer);
    this.list.push(buffer as ArrayBuffer);
  }
}

/** The other side of {@link readInThread}. */
async function serve(port: MessagePort, { file, timezone }: Order): Promise<void> {
  let untold: ImportProgress | undefined;
  let toldBytes = 0;
  const tellProgress = (): void => {
    if (untold === undefined) return;
    port.postMessage({ kind: "progress", progress: untold } satisfies Message);
    toldBytes = untold.bytes;
    untold = undefined;
  };
  const post = (message: Message, transfer: readonly ArrayBuffer[] = []): void => {
    tellProgress();
    port.postMessage(message, transfer);
  };
  const stopped = new AbortController();
  const session: ReadingSession = {
    signal: stopped.signal,
    timezone,
    warn: (warning) => post({ kind: "warn", warning }),
    progress: (progress) => {
      untold = progress;
      // Either way: a second reading begins far behind where the first one ended.
      if (Math.abs(progress.bytes - toldBytes) >= PROGRESS_STEP) tellProgress();
    },
    routeRead: () => post({ kind: "route" }),
  };
  let wanted = AHEAD;
  let wake = (): void => {};
  port.on("message", (message) => {
    if (message === "stop") stopped.abort();
    wanted++;
    wake();
  });
  // Nobody is to wait for a thread that has nothing to wait for but this.
  port.unref();
  try {
    // The side that stores need not load what reads.
    const { readFiles } = await import("./reading.ts");
    // A buffer comes out of the passage as a plain array.
    const files = await openExport({ ...file, head: Buffer.from(file.head) });
    try {
      for await (const batch of readFiles(files, session)) {
        const { batch: own, list } = transferOf(batch);
        post({ kind: "batch", batch: own }, list);
        wanted--;
        if (wanted === 0) {
          port.ref();
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          port.unref();
        }
      }
    } finally {
      await files.close();
    }
    post({ kind: "end" });
  } catch (error) {
    const name = error instanceof FitglueError ? error.name : "";
    if (error instanceof FitglueError && isPortable(name)) {
      const { code, message, hint, provider, cause } = error;
      post({ kind: "failed", error: { name, code, message, hint, provider, cause: portable(cause) } });
    } else post({ kind: "crashed", error: portable(error) });
  }
}

/** A cause as far as threads can hand it over. */
function portable(cause: unknown): unknown {
  return cause instanceof Error || typeof cause === "string" ? cause : undefined;
}

if (!isMainThread && parentPort !== null && (workerData as Partial<Order> | null)?.task === "apple-health") {
  void serve(parentPort, workerData as Order);
}
