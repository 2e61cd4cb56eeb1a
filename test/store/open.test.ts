import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { connect } from "../../src/store/driver.ts";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { StoreError } from "../../src/errors.ts";
import { networkFileSystem } from "../../src/store/file-system.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "../../src/store/migrations.ts";
import { type OpenOptions, openDatabase } from "../../src/store/open.ts";
import { tempDir } from "../temp.ts";

const create: OpenOptions = { ifMissing: "create" };

function failure(work: () => unknown): StoreError {
  try {
    work();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error("expected a StoreError");
}

function pragmas(path: string, options: OpenOptions): Record<string, unknown> {
  const db = openDatabase(path, options);
  try {
    return Object.fromEntries(
      ["journal_mode", "synchronous", "foreign_keys", "busy_timeout", "user_version", "application_id"].map(
        (name) => [name, db.pragma(name, { simple: true })],
      ),
    );
  } finally {
    db.close();
  }
}

describe("a database is durable however it is opened", () => {
  const durable = {
    journal_mode: "wal",
    synchronous: 2, // FULL
    foreign_keys: 1,
    busy_timeout: 5000,
    user_version: SCHEMA_VERSION,
    application_id: APPLICATION_ID,
  };

  test("when it is made and migrated, and when it is opened again", () => {
    const path = join(tempDir(), "fitglue.db");
    expect(pragmas(path, create)).toEqual(durable);
    expect(pragmas(path, create)).toEqual(durable);
    expect(pragmas(path, { ifMissing: "empty" })).toEqual(durable);
  });

  test("without WAL the journal's removal is synced too (EXTRA)", () => {
    const path = join(tempDir(), "fitglue.db");
    const options: OpenOptions = { ifMissing: "create", journalMode: "delete" };
    expect(pragmas(path, options)).toEqual({ ...durable, journal_mode: "delete", synchronous: 3 });
    expect(pragmas(path, options)).toMatchObject({ journal_mode: "delete", synchronous: 3 });
    expect(pragmas(path, create)).toEqual(durable);
  });
});

test("a backup is read and not changed; who writes to it makes it durable", () => {
  const path = join(tempDir(), "backup.db");
  openDatabase(path, { ...create, journalMode: "delete" }).close();
  const before = readFileSync(path);
  expect(pragmas(path, { ifMissing: "empty" })).toMatchObject({ journal_mode: "delete", synchronous: 3 });
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(join(path, ".."))).toEqual(["backup.db"]);
  expect(pragmas(path, create)).toMatchObject({ journal_mode: "wal", synchronous: 2 });
});

describe("a database is private", () => {
  test("file 0600 in a folder 0700, whatever the umask", () => {
    const umask = process.umask(0);
    try {
      const path = join(tempDir(), "data", "fitglue", "fitglue.db");
      const db = openDatabase(path, create);
      db.exec("INSERT INTO sync_state (source, account) VALUES ('polar', '1')");
      for (const name of readdirSync(join(path, ".."))) {
        expect([name, statSync(join(path, "..", name)).mode & 0o777]).toEqual([name, 0o600]);
      }
      expect(readdirSync(join(path, ".."))).toContain("fitglue.db-wal");
      expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
      db.close();
    } finally {
      process.umask(umask);
    }
  });

  test("a file that others could read is closed to them", () => {
    const path = join(tempDir(), "fitglue.db");
    openDatabase(path, create).close();
    chmodSync(path, 0o644);
    const db = openDatabase(path, create);
    db.exec("INSERT INTO sync_state (source, account) VALUES ('polar', '1')");
    for (const name of readdirSync(join(path, ".."))) {
      expect([name, statSync(join(path, "..", name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    db.close();
  });
});

describe("a folder that was there before", () => {
  const modeAfter = (options: OpenOptions, file = "fitglue.db"): number => {
    const folder = join(tempDir(), "fitglue");
    mkdirSync(folder);
    openDatabase(join(folder, "fitglue.db"), create).close();
    chmodSync(folder, 0o755);
    openDatabase(join(folder, file), options).close();
    return statSync(folder).mode & 0o777;
  };

  test("is closed to others if it is fitglue's own, by who writes", () => {
    expect(modeAfter({ ...create, isFolderOwn: true })).toBe(0o700);
    expect(modeAfter({ ...create, isFolderOwn: true }, "new.db")).toBe(0o700);
    expect(modeAfter({ ifMissing: "empty", isFolderOwn: true })).toBe(0o755);
  });

  test("is left alone if somebody chose it", () => {
    expect(modeAfter(create)).toBe(0o755);
    expect(modeAfter(create, "new.db")).toBe(0o755);
  });

  test("is left alone where there are no such modes", () => {
    vi.spyOn(process, "platform", "get").mockReturnValue("win32");
    onTestFinished(() => void vi.restoreAllMocks());
    expect(modeAfter({ ...create, isFolderOwn: true })).toBe(0o755);
  });
});

test("reading a database that is not there makes nothing", () => {
  const folder = tempDir();
  const db = openDatabase(join(folder, "sub", "fitglue.db"), { ifMissing: "empty" });
  expect(db.prepare("SELECT count(*) FROM activities").pluck().get()).toBe(0);
  db.close();
  expect(readdirSync(folder)).toEqual([]);
});

describe("a database that is not ours is refused and not touched", () => {
  test("nor is its mode, be it a database, another file or a folder", () => {
    const folder = tempDir();
    const [places, text, inner] = ["places.sqlite", "notes.txt", "folder"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    const db = connect(places);
    db.exec("CREATE TABLE places (id INTEGER)");
    db.close();
    writeFileSync(text, "training diary, 2026\n".repeat(300));
    mkdirSync(inner);
    for (const [path, mode] of [
      [places, 0o644],
      [text, 0o664],
      [inner, 0o755],
    ] as const) {
      chmodSync(path, mode);
      expect(failure(() => openDatabase(path, create)).exitCode).toBe(7);
      expect([path, statSync(path).mode & 0o777]).toEqual([path, mode]);
    }
  });

  test("a newer schema", () => {
    const path = join(tempDir(), "fitglue.db");
    const db = openDatabase(path, create);
    db.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    const before = readFileSync(path);
    const error = failure(() => openDatabase(path, create));
    expect([error.code, error.exitCode]).toEqual(["STORE_NEWER", 7]);
    expect(error.message).toContain(`schema ${SCHEMA_VERSION + 1}, this one knows ${SCHEMA_VERSION}`);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("a schema before the first is damage, and nothing to migrate", () => {
    const path = join(tempDir(), "fitglue.db");
    openDatabase(path, create).close();
    const db = connect(path);
    db.pragma("user_version = -16777215");
    db.close();
    const before = readFileSync(path);
    expect(failure(() => openDatabase(path, create)).code).toBe("STORE_DAMAGED");
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("another program's database", () => {
    const path = join(tempDir(), "places.sqlite");
    const db = connect(path);
    db.exec("CREATE TABLE places (id INTEGER)");
    db.close();
    const before = readFileSync(path);
    expect(failure(() => openDatabase(path, create)).code).toBe("STORE_FOREIGN");
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("a file that is no database", () => {
    const path = join(tempDir(), "fitglue.db");
    writeFileSync(path, "training diary, 2026\n".repeat(300), { mode: 0o600 });
    expect(failure(() => openDatabase(path, create)).code).toBe("STORE_DAMAGED");
    expect(readFileSync(path, "utf8")).toMatch(/^training diary/);
  });

  test("a folder in its place, and a folder that cannot be made", () => {
    const folder = tempDir();
    mkdirSync(join(folder, "fitglue.db"));
    expect(failure(() => openDatabase(join(folder, "fitglue.db"), create)).exitCode).toBe(7);
    writeFileSync(join(folder, "file"), "");
    expect(failure(() => openDatabase(join(folder, "file", "fitglue.db"), create)).code).toBe(
      "STORE_UNUSABLE",
    );
  });
});

test(
  "a folder that its parent denies to be there is an error, and no endless loop",
  { skip: process.platform !== "linux" },
  () => {
    expect(failure(() => openDatabase("/proc/1x/a/fitglue.db", create))).toMatchObject({
      code: "STORE_UNUSABLE",
      exitCode: 7,
    });
  },
);

describe("what cannot be looked at is not missing", () => {
  const empty = { ifMissing: "empty" } as const;

  test("a path through a file, a link to nothing, a link to itself, a device", () => {
    const folder = tempDir();
    writeFileSync(join(folder, "file"), "");
    symlinkSync(join(folder, "away"), join(folder, "dangling"));
    symlinkSync(join(folder, "loop"), join(folder, "loop"));
    const paths = ["file/sub/x.db", "dangling", "loop"].map((name) => join(folder, name));
    for (const path of [...paths, "/dev/null"]) {
      expect([path, failure(() => openDatabase(path, empty))]).toMatchObject([
        path,
        { code: "STORE_UNUSABLE", exitCode: 7 },
      ]);
      expect(failure(() => openDatabase(path, create)).exitCode).toBe(7);
    }
    expect(readdirSync(folder).toSorted()).toEqual(["dangling", "file", "loop"]);
  });
});

describe("network file systems", () => {
  const nfs = { magic: () => 0x6969, mounts: () => "" };

  test("WAL is refused with the reason and the two ways out; nothing is made", () => {
    const folder = tempDir();
    const error = failure(() => openDatabase(join(folder, "fitglue.db"), { ...create, fileSystem: nfs }));
    expect(error.code).toBe("STORE_NETWORK");
    expect(error.message).toContain("(NFS)");
    expect(error.hint).toBe('keep it on a local disk (--db), or set "journal_mode": "delete" in config.json');
    expect(readdirSync(folder)).toEqual([]);
  });

  test("journal_mode = delete is allowed there", () => {
    const path = join(tempDir(), "fitglue.db");
    openDatabase(path, { ...create, journalMode: "delete", fileSystem: nfs }).close();
    expect(statSync(path).size).toBeGreaterThan(0);
  });

  test("what links lead to counts: of the file, and of a folder", () => {
    const [local, share] = [tempDir(), tempDir()];
    const probe = {
      magic: (folder: string) => (folder === realpathSync(share) ? 0x6969 : 0xef53),
      mounts: () => "",
    };
    writeFileSync(join(share, "fitglue.db"), "");
    symlinkSync(join(share, "fitglue.db"), join(local, "file.db"));
    symlinkSync(share, join(local, "folder"));
    for (const path of ["file.db", "folder/fitglue.db", "folder/new.db"]) {
      expect(networkFileSystem(join(local, path), probe)).toBe("NFS");
    }
    expect(networkFileSystem(join(local, "new.db"), probe)).toBeNull();
  });

  test("FUSE is told apart by the type of the innermost mount", () => {
    const fuse = (mounts: string) => ({ magic: () => 0x65735546, mounts: () => mounts });
    const mounts =
      "/dev/sda1 / ext4 rw 0 0\nhost:/ /home/a/nas fuse.sshfs rw 0 0\nx /home/a/my\\040disk fuseblk rw 0 0\n";
    expect(networkFileSystem("/home/a/nas/fitglue.db", fuse(mounts))).toBe("fuse.sshfs");
    expect(networkFileSystem("/home/a/my disk/fitglue.db", fuse(mounts))).toBeNull();
    expect(networkFileSystem("/home/a/nasty/fitglue.db", fuse(mounts))).toBeNull();
  });
});
