import { FitglueError, StoreError } from "../errors.ts";
import {
  databaseExists,
  isRunLocked,
  runLockPath,
  importRecords,
  integrityErrors,
  networkFileSystem,
  SCHEMA_VERSION,
  sourceCounts,
  sqliteVersion,
  type Store,
} from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { counted } from "./facts.ts";
import { attention, fine, type Finding } from "./finding.ts";

/** A run that has held the lock for longer than this hangs. */
const LONG_RUN_MS = 6 * 3_600_000;

/** Everything about the database. A database that cannot be opened is a finding and no error; `store` is undefined then. */
export async function checkStore(
  context: CommandContext,
): Promise<{ findings: Finding[]; store: Store | undefined }> {
  const { databasePath, journalMode } = context.settings();
  const findings: Finding[] = [];
  try {
    if (!databaseExists(databasePath)) {
      findings.push(fine("database", `not there yet: ${databasePath}`));
      return { findings, store: context.store("read") };
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    findings.push(attention("database", error.message, error.hint ?? "check --db"));
    return { findings, store: undefined };
  }
  const network = networkFileSystem(databasePath);
  if (network !== null) {
    findings.push(
      journalMode === "delete"
        ? fine("file-system", `${network}, with journal_mode delete`)
        : attention(
            "file-system",
            `the database is on a network file system (${network}), where the write-ahead log loses data`,
            'keep it on a local disk (--db), or set "journal_mode": "delete" in config.json',
          ),
    );
  } else findings.push(fine("file-system", "local"));
  let store: Store;
  try {
    store = context.store("read");
    findings.push(fine("sqlite", `SQLite ${sqliteVersion(store.db)}, schema ${SCHEMA_VERSION}`));
    const [error] = integrityErrors(store.db, "quick_check");
    findings.push(
      error === undefined
        ? fine("database", `sound: ${databasePath}`)
        : attention("database", `damaged: ${error}`, "fitglue verify, then restore a backup"),
    );
    const isLocked = await isRunLocked(databasePath);
    findings.push(checkLock(store, databasePath, isLocked, context.now()));
    findings.push(...checkContents(store, isLocked));
  } catch (error) {
    const failure = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!(error instanceof StoreError) && !failure.startsWith("SQLITE_")) throw error;
    const known = error instanceof FitglueError ? error : undefined;
    findings.push(
      attention(
        "database",
        known?.message ?? `cannot be read (${failure}): ${databasePath}`,
        known?.hint ?? "fitglue verify, then restore a backup",
      ),
    );
    return { findings, store: undefined };
  }
  return { findings, store };
}

/** The lock is the system's: a dead process cannot leave it held, so a held one is a run under way or one that hangs. */
function checkLock(store: Store, databasePath: string, isLocked: boolean, now: number): Finding {
  if (!isLocked) return fine("lock", "no run under way");
  const starts = store.syncState.all().map(({ lastStartedAt }) => lastStartedAt ?? "");
  const { last } = importRecords(store.db);
  if (last?.status === "running") starts.push(last.startedAt);
  const latest = Date.parse(starts.toSorted().at(-1) ?? "");
  return now - latest > LONG_RUN_MS
    ? attention(
        "lock",
        "a run has been holding the lock for more than six hours",
        `see which process it is, and end it: fuser ${runLockPath(databasePath)}`,
      )
    : fine("lock", "a run is under way");
}

function checkContents(store: Store, isLocked: boolean): Finding[] {
  const counts = sourceCounts(store.db);
  const total = (field: "activities" | "skipped" | "pendingReceipts"): number =>
    counts.reduce((sum, row) => sum + row[field], 0);
  const findings: Finding[] = [fine("activities", `${total("activities")} stored`)];
  const receipts = total("pendingReceipts");
  findings.push(
    receipts === 0
      ? fine("receipts", "none pending")
      : attention("receipts", `${receipts} stored but not acknowledged at the source`, "fitglue sync"),
  );
  const skipped = total("skipped");
  findings.push(
    skipped === 0
      ? fine("skipped", "nothing was left out")
      : attention(
          "skipped",
          `${counted(skipped, "item")} could not be understood; their bytes are kept`,
          "fitglue skipped, and after an update fitglue skipped --retry",
        ),
  );
  const { last, interrupted } = importRecords(store.db);
  // While a run holds the lock, an import that began last may be that run.
  const cutOff = isLocked && last?.status === "running" ? interrupted.slice(0, -1) : interrupted;
  for (const { name, startedAt } of cutOff) {
    findings.push(
      attention("imports", `the import of ${name} on ${startedAt} did not end`, "fitglue import it again"),
    );
  }
  return findings;
}
