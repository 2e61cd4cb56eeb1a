// `npm run demo:polar`: the way from nothing to a list of sessions, without an account. Everything happens on this
// machine, in a folder that is gone at the end: a fake AccessLink plays Polar, and this script plays the person who
// consents in the browser.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { FakeAccessLink } from "../test/fakes/accesslink.ts";
import { ride, strengthTraining, trailRun } from "../test/fakes/polar-sessions.ts";

const BIN = resolve(import.meta.dirname, "../../../../bin/fitglue.js");

const home = mkdtempSync(join(tmpdir(), "fitglue-demo-"));
const port = await freePort();
const fake = await FakeAccessLink.start({ redirectUris: [`http://localhost:${port}/callback`] });

try {
  say("a fake Polar AccessLink runs on this machine; nothing leaves it");
  await fitglue(["connect", "polar", "--no-browser", "--port", String(port)], consent);

  say("the watch uploads a few sessions");
  fake.upload(trailRun());
  fake.upload(strengthTraining());
  for (let i = 0; i < 4; i++) fake.upload(ride(i * 26));
  fake.onCommit = ({ ids }) => say(`Polar is told that ${ids.length} sessions are safe, and forgets them`);
  await fitglue(["sync", "polar", "--verbose"]);
  await fitglue(["list"]);
  await fitglue(["show", "1"]);

  say("again: nothing is new, nothing is doubled, nothing is said");
  await fitglue(["sync", "polar"]);
} finally {
  await fake.close();
  rmSync(home, { recursive: true, force: true });
}

function say(text: string): void {
  console.log(`\n# ${text}`);
}

/** Runs the real program and shows what it shows. `onLine` sees its standard error. */
async function fitglue(args: readonly string[], onLine?: (line: string) => void): Promise<void> {
  console.log(`\n$ fitglue ${args.join(" ")}`);
  const child = spawn(process.execPath, [BIN, ...args], {
    env: {
      PATH: process.env["PATH"],
      HOME: home,
      FITGLUE_CONFIG_DIR: join(home, "config"),
      FITGLUE_DATA_DIR: join(home, "data"),
      FITGLUE_CREDENTIALS: "file",
      ...fake.environment,
    },
    stdio: ["ignore", "inherit", "pipe"],
  });
  let rest = "";
  child.stderr.on("data", (data: Buffer) => {
    process.stderr.write(data);
    const lines = (rest + data.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine?.(line);
  });
  const code = await new Promise<number | null>((done, failed) => {
    child.once("error", failed);
    child.once("close", done);
  });
  if (code !== 0) throw new Error(`fitglue ${args.join(" ")} ended with ${code}`);
}

/** What a person does in the browser: opens the URL, allows it, and is sent back to the callback. */
function consent(line: string): void {
  const url = /^open this URL: (\S+)$/.exec(line)?.[1];
  if (url === undefined) return;
  say("you would log in at Polar in your browser now; here the fake allows it at once");
  fetch(url)
    .then((page) => page.text())
    .catch((error: unknown) => console.error(error));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => {
    server.close(closed);
  });
  return port;
}
