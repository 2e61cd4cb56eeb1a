import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import { StoreError } from "../errors.ts";

export type { Database } from "better-sqlite3";

let driver: typeof BetterSqlite3 | undefined;

/**
 * Opens a SQLite file with better-sqlite3: 12 is the last that runs on Node 20, and from Node 24.19 on it aborts the process when a
 * statement is collected while no context is entered (`node::ObjectWrap`), so Node 22 and later get 13, which is built on
 * Node-API. Both compile the same SQLite with the same defaults.
 *
 * Throws what better-sqlite3 throws; `StoreError` `STORE_DRIVER` when no build of it fits this Node.
 */
export function connect(path: string, options?: BetterSqlite3.Options): BetterSqlite3.Database {
  driver ??= load();
  return new driver(path, options);
}

function load(): typeof BetterSqlite3 {
  const require = createRequire(import.meta.url);
  const modern = Number(process.versions.node.split(".")[0]) >= 22;
  const failures: unknown[] = [];
  for (const name of modern ? ["better-sqlite3-napi", "better-sqlite3"] : ["better-sqlite3"]) {
    try {
      const found = require(name) as typeof BetterSqlite3;
      // The native part is loaded with the first database.
      new found(":memory:").close();
      return found;
    } catch (error) {
      failures.push(error);
    }
  }
  throw new StoreError("STORE_DRIVER", `SQLite cannot be loaded in Node ${process.versions.node}`, {
    hint: "npm rebuild better-sqlite3, or install fitglue again with this Node",
    cause: failures[0],
  });
}
