import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CredentialFile } from "../../src/auth/credential-file.ts";
import { createCredentialStore } from "../../src/auth/credential-stores.ts";
import type { CredentialStore } from "../../src/auth/credentials.ts";
import { Keychain, KeychainUnavailableError } from "../../src/auth/keychain.ts";
import { ConfigError, StoreError } from "../../src/errors.ts";
import { acquireFileLock } from "../../src/store/lock.ts";
import { sampleCredentials } from "./sample.ts";

const acquireLock = (path: string, { waitMs }: { waitMs: number }) =>
  acquireFileLock(path, { waitMs, held: () => new StoreError("STORE_LOCKED", "held") });

let folder: string;
let configDir: string;
let warnings: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fitglue-credentials-"));
  configDir = join(folder, "config", "fitglue");
  warnings = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const fileStore = () => new CredentialFile({ configDir, acquireLock, warn: (text) => warnings.push(text) });

/** What every store promises. */
function contract(make: () => CredentialStore): void {
  test("gives back exactly what was stored, to another instance too", async () => {
    const stored = sampleCredentials();
    await make().set(stored);
    expect(await make().get("fitbit")).toEqual(stored);
    expect(await make().list()).toEqual(["fitbit"]);
  });

  test("knows nothing at first", async () => {
    const store = make();
    expect(await store.get("fitbit")).toBeUndefined();
    expect(await store.list()).toEqual([]);
    expect(await store.locate("fitbit")).toBeUndefined();
    expect(await store.delete("fitbit")).toBe(false);
  });

  test("replaces, and keeps providers apart", async () => {
    const store = make();
    await store.set(sampleCredentials());
    await store.set(sampleCredentials({ provider: "polar", refreshToken: null, expiresAt: null }));
    await store.set(sampleCredentials({ accessToken: "secret-second" }));
    expect((await store.get("fitbit"))?.accessToken).toBe("secret-second");
    expect(await store.get("polar")).toMatchObject({ refreshToken: null, expiresAt: null });
    expect(await store.list()).toEqual(["fitbit", "polar"]);
    expect(await store.delete("fitbit")).toBe(true);
    expect(await store.delete("fitbit")).toBe(false);
    expect(await store.list()).toEqual(["polar"]);
  });

  test("says where it keeps them", async () => {
    const store = make();
    const place = await store.set(sampleCredentials());
    expect(await store.locate("fitbit")).toEqual(place);
  });
}

describe("the private file", () => {
  contract(fileStore);

  test("is 0600 in a folder of 0700, with nothing beside it but its lock", async () => {
    const place = await fileStore().set(sampleCredentials());
    expect(place).toEqual({ kind: "file", name: join(configDir, "credentials.json") });
    expect((await stat(place.name)).mode & 0o777).toBe(0o600);
    expect((await stat(configDir)).mode & 0o777).toBe(0o700);
    expect((await readdir(configDir)).sort()).toEqual(["credentials.json", "credentials.json.lock"]);
    expect((await stat(`${place.name}.lock`)).mode & 0o777).toBe(0o600);
    expect(warnings).toEqual([]);
  });

  test("that was open to others is repaired, and told", async () => {
    const { name } = await fileStore().set(sampleCredentials());
    await chmod(name, 0o644);
    await chmod(configDir, 0o755);
    expect(await fileStore().get("fitbit")).toBeDefined();
    expect((await stat(name)).mode & 0o777).toBe(0o600);
    expect(warnings).toEqual([
      `${name} was open to others (mode 644) and is now 600; if somebody may have read it, connect again`,
    ]);
    await fileStore().set(sampleCredentials());
    expect((await stat(configDir)).mode & 0o777).toBe(0o700);
    expect(warnings).toHaveLength(2);
  });

  test("that is a link stays one", async () => {
    const { name } = await fileStore().set(sampleCredentials());
    const elsewhere = join(folder, "dotfiles.json");
    await writeFile(elsewhere, await readFile(name), { mode: 0o600 });
    await rm(name);
    await symlink(elsewhere, name);
    await fileStore().set(sampleCredentials({ provider: "polar" }));
    expect(JSON.parse(await readFile(elsewhere, "utf8"))).toHaveProperty("credentials.polar");
  });

  test.each([
    ["cut", '{"version":1,"credentials":{"fitbit":{"access_token":"secret-cut'],
    ["not an object", '["secret-x"]'],
    ["of a newer version", '{"version":2,"credentials":{"fitbit":"secret-x"}}'],
    ["empty", ""],
  ])("that is %s is refused without repeating it, and never overwritten", async (_name, text) => {
    const { name } = await fileStore().set(sampleCredentials());
    await writeFile(name, text);
    for (const attempt of [fileStore().get("fitbit"), fileStore().set(sampleCredentials())]) {
      const error = await attempt.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({ code: "CREDENTIALS_DAMAGED", exitCode: 8 });
      for (let at = error; at instanceof Error; at = at.cause) expect(at.message).not.toContain("secret");
    }
    expect(await readFile(name, "utf8")).toBe(text);
  });

  test("with one damaged entry still gives the others", async () => {
    const { name } = await fileStore().set(sampleCredentials({ provider: "polar" }));
    const document = JSON.parse(await readFile(name, "utf8")) as { credentials: Record<string, unknown> };
    document.credentials["fitbit"] = { access_token: "secret-half" };
    await writeFile(name, JSON.stringify(document));
    expect(await fileStore().get("polar")).toBeDefined();
    await expect(fileStore().get("fitbit")).rejects.toMatchObject({
      code: "CREDENTIALS_DAMAGED",
      hint: "fitglue connect fitbit",
    });
  });

  test("loses nothing when many write at once", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `provider-${index}`);
    await Promise.all(names.map((provider) => fileStore().set(sampleCredentials({ provider }))));
    expect(await fileStore().list()).toEqual(names);
  });

  test("in a place that cannot be written says so", async () => {
    await writeFile(join(folder, "config"), "a file where a folder should be");
    await expect(fileStore().set(sampleCredentials())).rejects.toMatchObject({
      code: "CREDENTIALS_UNUSABLE",
      exitCode: 8,
    });
  });
});

// oxlint-disable-next-line no-restricted-properties
const withKeychain = process.env["FITGLUE_TEST_KEYCHAIN"] === "1";

/** `scripts/with-keyring.sh` runs this against a real Secret Service. */
describe.runIf(withKeychain)("the system keychain", () => {
  let service: string;
  const keychain = () => new Keychain({ service, timeoutMs: 15_000 });

  beforeEach(() => {
    service = `fitglue-test-${randomUUID()}`;
  });

  afterEach(async () => {
    for (const name of await keychain().list()) await keychain().delete(name);
  });

  contract(keychain);

  test("serves auto, and the file notes only that it does", async () => {
    const store = createCredentialStore({
      mode: "auto",
      configDir,
      acquireLock,
      warn: (text) => warnings.push(text),
      keychain: keychain(),
    });
    expect(await store.set(sampleCredentials())).toEqual({ kind: "keychain", name: "the system keychain" });
    expect(await store.get("fitbit")).toEqual(sampleCredentials());
    expect(JSON.parse(await readFile(join(configDir, "credentials.json"), "utf8"))).toEqual({
      version: 1,
      credentials: {},
      in_keychain: ["fitbit"],
    });
    expect(await store.delete("fitbit")).toBe(true);
    expect(await store.list()).toEqual([]);
  });
});

describe("a keychain that cannot be used", () => {
  /** As under cron: nobody answers. */
  const dead = () => new Keychain({ timeoutMs: 1 });

  test("says so within its time", async () => {
    await expect(dead().get("fitbit")).rejects.toBeInstanceOf(KeychainUnavailableError);
    await expect(dead().get("fitbit")).rejects.toMatchObject({
      message: "the system keychain cannot be used: it gave no answer within 0.001 s",
      exitCode: 8,
    });
  });

  test("is left behind when it never answers", async () => {
    const path = join(folder, "bus");
    const bus = createServer((socket) => socket.on("error", () => undefined).resume());
    await new Promise<void>((resolve) => bus.listen(path, resolve));
    const environment = { PATH: process.env["PATH"], DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` };
    await expect(new Keychain({ environment, timeoutMs: 1500 }).get("fitbit")).rejects.toMatchObject({
      message: "the system keychain cannot be used: it gave no answer within 1.5 s",
    });
    await new Promise<void>((resolve) => bus.close(() => resolve()));
  });

  const auto = (keychain: CredentialStore) =>
    createCredentialStore({
      mode: "auto",
      configDir,
      acquireLock,
      warn: (text) => warnings.push(text),
      keychain,
    });

  test("makes auto fall back to the file, told with the reason", async () => {
    const store = auto(dead());
    expect(await store.get("fitbit")).toBeUndefined();
    expect(await store.set(sampleCredentials())).toEqual({
      kind: "file",
      name: join(configDir, "credentials.json"),
      insteadOf: "the system keychain cannot be used: it gave no answer within 0.001 s",
    });
    expect(await store.get("fitbit")).toEqual(sampleCredentials());
    expect(await store.delete("fitbit")).toBe(true);
  });

  test("is named when the credentials are known to be in it", async () => {
    await fileStore().noteKeychain("fitbit", true);
    await expect(auto(dead()).get("fitbit")).rejects.toMatchObject({
      code: "KEYCHAIN_UNAVAILABLE",
      exitCode: 8,
      hint: "FITGLUE_CREDENTIALS=file fitglue connect fitbit, for use under cron",
    });
    expect(await auto(dead()).list()).toEqual(["fitbit"]);
    await expect(auto(dead()).delete("fitbit")).rejects.toBeInstanceOf(KeychainUnavailableError);
    // Another provider is simply not connected.
    expect(await auto(dead()).get("polar")).toBeUndefined();
  });
});

test("auto keeps using a file that has the credentials already, for cron's sake", async () => {
  await fileStore().set(sampleCredentials());
  const untouchable = new Proxy({} as CredentialStore, {
    get: (_target, name) => () => {
      throw new Error(`the keychain was asked to ${String(name)}`);
    },
  });
  const store = createCredentialStore({
    mode: "auto",
    configDir,
    acquireLock,
    warn: () => {},
    keychain: untouchable,
  });
  expect(await store.get("fitbit")).toEqual(sampleCredentials());
  expect(await store.set(sampleCredentials({ accessToken: "secret-2" }))).toEqual({
    kind: "file",
    name: join(configDir, "credentials.json"),
  });
});
