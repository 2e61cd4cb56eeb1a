import { createServer, type AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { proxySettings } from "../../src/config/proxy.ts";
import { createTransport, TransportError, type Transport } from "../../src/http/transport.ts";
import { FakeServer } from "../fakes/http-server.ts";

let transports: Transport[];
let asked: string[];
let proxy: ReturnType<typeof createServer>;
let proxyUrl: string;

beforeEach(async () => {
  transports = [];
  asked = [];
  // A proxy that notes what it is asked for, and refuses it.
  proxy = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (chunk: Buffer) => {
      asked.push(chunk.toString().split("\r\n")[0] ?? "");
      socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const transport of transports) await transport.close();
  await new Promise<void>((resolve) => proxy.close(() => resolve()));
});

function through(environment: Record<string, string>): Transport {
  const transport = createTransport({ proxy: proxySettings(environment) });
  transports.push(transport);
  return transport;
}

const get = (transport: Transport, url: string) =>
  transport.send({ url: new URL(url), method: "GET", headers: { authorization: "Bearer sesame" } });

test.each([
  [{ HTTPS_PROXY: "" }, { https_proxy: "" }],
  [{ ALL_PROXY: "" }, { all_proxy: "" }],
])("a service is asked through the proxy of %o or %o", async (...environments) => {
  for (const environment of environments) {
    const [name = ""] = Object.keys(environment);
    const error = await get(through({ [name]: proxyUrl }), "https://api.invalid/v3/x").catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(TransportError);
    expect(String(error)).not.toContain("sesame");
  }
  expect(asked).toEqual(["CONNECT api.invalid:443 HTTP/1.1", "CONNECT api.invalid:443 HTTP/1.1"]);
});

test("a loopback address is never asked through a proxy", async () => {
  const server = await FakeServer.start(() => ({ json: { direct: true } }));
  const transport = through({ HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl });
  expect((await get(transport, `${server.url}/x`)).status).toBe(200);
  expect((await get(transport, `http://localhost:${server.port}/x`)).status).toBe(200);
  // Nobody listens there, on a machine that has only 127.0.0.1 not even the interface: but a proxy would have been asked.
  await get(transport, `http://127.8.7.6:1/x`).catch(() => undefined);
  expect(asked).toEqual([]);
  await server.close();
});

test.each(["api.invalid", ".invalid", "*"])("NO_PROXY=%s is respected", async (noProxy) => {
  const transport = createTransport({
    proxy: proxySettings({ HTTPS_PROXY: proxyUrl, NO_PROXY: noProxy }),
    connectTimeoutMs: 200,
  });
  transports.push(transport);
  // Nothing has this name, so it fails; but not by way of the proxy.
  await expect(
    transport.send({ url: new URL("https://api.invalid/x"), method: "GET", headers: {}, timeoutMs: 500 }),
  ).rejects.toBeInstanceOf(TransportError);
  expect(asked).toEqual([]);
});

test("no proxy is set without one in the environment", () => {
  expect(proxySettings({ HTTPS_PROXY: "", NO_PROXY: "x" })).toBeUndefined();
  expect(proxySettings({ https_proxy: "http://lower.example", HTTPS_PROXY: "http://upper.example" })).toEqual(
    {
      httpProxy: undefined,
      httpsProxy: "http://lower.example",
      noProxy: undefined,
    },
  );
});
