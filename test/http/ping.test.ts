import { expect, onTestFinished, test } from "vitest";
import { createPing } from "../../src/http/ping.ts";
import { createTransport } from "../../src/http/transport.ts";
import { FakeServer } from "../fakes/http-server.ts";

async function setup(path = "/uuid", timeoutMs = 200) {
  const server = await FakeServer.start(({ target }) =>
    target.startsWith("/uuid") ? { body: "OK" } : undefined,
  );
  const transport = createTransport();
  onTestFinished(async () => {
    await transport.close();
    await server.close();
  });
  const failures: string[] = [];
  const url = new URL(`${server.url}${path}`);
  const onFailure = (message: string) => void failures.push(message);
  const ping = createPing({ url, transport, userAgent: "fitglue/1.2.3", timeoutMs, onFailure });
  const heard = () => server.requests.map(({ method, target, body }) => [method, target, body.toString()]);
  return { server, ping, failures, heard };
}

test.each(["/uuid", "/uuid/"])("%s: start, success and failure have an address each", async (path) => {
  const { ping, failures, heard, server } = await setup(path);
  await ping.start();
  await ping.success("1 added");
  await ping.failure("no");
  expect(heard()).toEqual([
    ["POST", "/uuid/start", ""],
    ["POST", "/uuid", "1 added"],
    ["POST", "/uuid/fail", "no"],
  ]);
  expect(server.requests[0]?.headers["user-agent"]).toBe("fitglue/1.2.3");
  expect(failures).toEqual([]);
});

test("the end is told twice if the first time is lost; the start is not worth it", async () => {
  const { server, ping, failures, heard } = await setup();
  server.fail("/uuid/start", { kind: "reset" });
  server.fail("/uuid", { kind: "status", status: 503 });
  await ping.start();
  await ping.success("x");
  expect(heard().map(([, target]) => target)).toEqual(["/uuid/start", "/uuid", "/uuid"]);
  expect(failures).toEqual([
    expect.stringMatching(/^the health check at 127\.0\.0\.1:\d+ was not reached \(CONNECTION_LOST\)$/),
  ]);
});

test("one that never answers costs the time-out and no more, and its path is told to nobody", async () => {
  const { server, ping, failures } = await setup();
  server.fail("/uuid/fail", { kind: "stall" }, 2);
  await ping.failure("x");
  expect(failures).toEqual([expect.stringContaining("(TIMEOUT)")]);
  expect(failures[0]).not.toContain("uuid");
});
