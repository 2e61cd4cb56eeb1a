import { FitglueError } from "../../errors.ts";

/** Sessions that are fetched side by side. Polar allows some five hundred requests in a quarter of an hour. */
const CONCURRENCY = 4;

/**
 * A few at a time. The first failure lets what is under way finish and starts nothing more: `stopped` has it, the
 * outcomes so far are kept, for what is stored need not be fetched again.
 */
export async function inParallel<T, R>(
  entries: readonly T[],
  work: (entry: T) => Promise<R>,
): Promise<{ outcomes: R[]; stopped: FitglueError | undefined }> {
  const outcomes: (R | undefined)[] = Array.from({ length: entries.length });
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (failure === undefined && next < entries.length) {
      const at = next++;
      try {
        outcomes[at] = await work(entries[at] as T);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  if (failure !== undefined && !(failure.error instanceof FitglueError)) throw failure.error;
  return {
    outcomes: outcomes.filter((outcome) => outcome !== undefined),
    stopped: failure?.error as FitglueError | undefined,
  };
}
