import { expect, onTestFinished, test } from "vitest";
import { runStatus } from "../../src/commands/status.ts";
import { ConfigError } from "../../src/errors.ts";
import { isoInstant } from "../../src/model/index.ts";
import type { OAuthSpec, Provider } from "../../src/providers/types.ts";
import { acquireRunLock } from "../../src/store/index.ts";
import { activity } from "../store/activity.ts";
import { fakeContext, type FakeContext, type FakeContextOptions, login, NOW } from "./fake-context.ts";

const POLAR = { source: "polar", account: "10579" };
const HOUR = 3_600_000;

const provider = (id: "polar" | "fitbit" | "file", name: string): Provider => ({
  id,
  name,
  parserVersion: 1,
  ...(id === "file" ? {} : { oauth: {} as OAuthSpec }),
});
const PROVIDERS = [provider("polar", "Polar"), provider("fitbit", "Fitbit"), provider("file", "Files")];

async function filled(options: FakeContextOptions = {}): Promise<FakeContext> {
  const context = fakeContext({ providers: PROVIDERS, connections: [login()], ...options });
  const store = context.store("write");
  const raw = [{ kind: "exercise", mediaType: "application/json", bytes: Buffer.from("{}") }];
  const batch = {
    items: [{ activity: activity(), raw }],
    skipped: [{ externalId: "x", code: "unmappable", reason: "odd", raw }],
    receipt: { id: "t1", data: {} },
  };
  store.write(POLAR, await store.prepare(batch), { parserVersion: 1, now: NOW - HOUR });
  store.transaction(() => {
    store.syncState.started(POLAR, isoInstant(NOW - 2 * HOUR));
    store.syncState.succeeded(POLAR, isoInstant(NOW - 2 * HOUR));
    store.syncState.failed(
      POLAR,
      "RATE_LIMITED",
      "asked to\u001b[2J wait",
      isoInstant(NOW - HOUR),
      NOW + HOUR,
    );
    store.syncState.setNote(POLAR, "transactions are retired; the list is used");
  });
  return context;
}

test("the document tells everything, and unknown is null", async () => {
  const context = await filled({ globals: { json: true } });
  expect(await runStatus({ context })).toBe(0);
  const { databasePath } = context.settings();
  expect(context.json()).toEqual({
    version: "1.2.3",
    database: { path: databasePath, bytes: expect.any(Number) as number, schema_version: 1 },
    connections: [
      {
        provider: "polar",
        name: "Polar",
        connected: true,
        account: "10579",
        stored_in: "file",
        connected_at: "2026-10-01T00:00:00.000Z",
        token_expires_at: null,
        token_refreshable: false,
        login_ends_at: null,
        missing_scopes: [],
        problem: null,
        last_sync_at: "2026-11-20T10:00:00.000Z",
        last_success_at: "2026-11-20T10:00:00.000Z",
        last_error_at: "2026-11-20T11:00:00.000Z",
        last_error_code: "RATE_LIMITED",
        last_error: "asked to\u001b[2J wait",
        cooldown_until: "2026-11-20T13:00:00.000Z",
        note: "transactions are retired; the list is used",
        pending_receipts: 1,
      },
      {
        provider: "fitbit",
        name: "Fitbit",
        connected: false,
        account: null,
        stored_in: null,
        connected_at: null,
        token_expires_at: null,
        token_refreshable: null,
        login_ends_at: null,
        missing_scopes: [],
        problem: null,
        last_sync_at: null,
        last_success_at: null,
        last_error_at: null,
        last_error_code: null,
        last_error: null,
        cooldown_until: null,
        note: null,
        pending_receipts: 0,
      },
    ],
    sources: [
      {
        source: "polar",
        account: "10579",
        activities: 1,
        deleted: 0,
        skipped: 1,
        pending_receipts: 1,
        newest_start_time: "2026-03-29T00:30:00.000Z",
      },
    ],
    last_import: null,
    totals: { activities: 1, skipped: 1, pending_receipts: 1 },
  });
});

test.each([true, false])(
  "an import that is recorded as running is, while a run holds the lock (%s)",
  async (runs) => {
    const context = await filled();
    context
      .store("write")
      .db.exec(
        "INSERT INTO imports (source, name, bytes, started_at, status) VALUES ('apple-health', 'export.zip', 1, '2026-11-20T11:00:00.000Z', 'running')",
      );
    if (runs) {
      const lock = await acquireRunLock(context.settings().databasePath);
      onTestFinished(() => lock.release());
    }
    await runStatus({ context });
    expect(context.out()).toContain(
      `last import\texport.zip\t${runs ? "running" : "interrupted"}, 2026-11-20T11:00:00.000Z\n`,
    );
  },
);

test("for people: aligned, and nothing foreign acts on the terminal", async () => {
  const context = await filled({ terminal: true });
  await runStatus({ context });
  expect(context.out().split("\n").slice(1)).toEqual([
    "",
    "polar   login       account 10579, in the private file",
    "        token       valid, no end told",
    "        last sync   2026-11-20T10:00:00.000Z (2 hours ago)",
    "        last error  RATE_LIMITED asked to�[2J wait, 2026-11-20T11:00:00.000Z (1 hour ago)",
    "        cool-down   until 2026-11-20T13:00:00.000Z",
    "        note        transactions are retired; the list is used",
    "        waiting     1 receipt not acknowledged yet",
    "",
    "fitbit  login       not connected; fitglue connect fitbit",
    "",
    "polar   activities  1, newest 2026-03-29T00:30:00.000Z",
    "        skipped     1; fitglue skipped",
    "",
  ]);
  expect(context.out().split("\n")[0]).toMatch(/^fitglue 1\.2\.3, \/.*fitglue\.db, \d+(\.\d)? kB$/);
});

test("in a pipe: three columns", async () => {
  const context = await filled();
  await runStatus({ context });
  const lines = context
    .out()
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  expect(lines.every((cells) => cells.length === 3)).toBe(true);
  expect(lines).toContainEqual(["polar", "note", "transactions are retired; the list is used"]);
});

const document = async (connections: FakeContextOptions["connections"] & object) => {
  const context = fakeContext({ providers: PROVIDERS, connections, terminal: true });
  await runStatus({ context });
  return context.out();
};

test("a login that ends, one that has ended, and one that cannot be read", async () => {
  const fitbit = { provider: "fitbit", name: "Fitbit", refreshable: true, retentionDays: null };
  expect(
    await document([login({ ...fitbit, accessExpiresAt: NOW + HOUR, loginEndsAt: NOW + 72 * HOUR })]),
  ).toContain(
    "token       renewed by itself; this one ends 2026-11-20T13:00:00.000Z (in 1 hour)\n" +
      "        login ends  2026-11-23T12:00:00.000Z (in 3 days)\n",
  );
  expect(await document([login({ accessExpiresAt: NOW })])).toContain(
    "token      expired; fitglue connect polar",
  );
  const problem = new ConfigError("CREDENTIALS_DAMAGED", "they are damaged", {
    hint: "fitglue connect polar",
  });
  expect(await document([login({ problem })])).toContain(
    "login      they are damaged; fitglue connect polar",
  );
});

test("what a login left behind that is gone is still told", async () => {
  const context = await filled({ globals: { json: true }, connections: [] });
  await runStatus({ context });
  expect((context.json() as { connections: unknown[] }).connections[0]).toMatchObject({
    provider: "polar",
    name: "Polar",
    connected: false,
    account: "10579",
    last_success_at: "2026-11-20T10:00:00.000Z",
    pending_receipts: 1,
  });
});

test("without a database: nothing is made", async () => {
  const context = fakeContext({ globals: { json: true } });
  await runStatus({ context });
  expect(context.json()).toMatchObject({
    database: { bytes: null, schema_version: null },
    connections: [],
    sources: [],
  });
});
