import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const BIN = resolve(import.meta.dirname, "../../../../bin/fitglue.js");

/** Where a demo plays: a private home that is gone at the end, and the real program in it. */
export interface Stage {
  /** A line of the story. */
  readonly say: (text: string) => void;
  /** Runs the real program and shows what it shows; throws when it fails. `onLine` sees its standard error. */
  readonly fitglue: (args: readonly string[], onLine?: (line: string) => void) => Promise<void>;
  /** For `fitglue`'s `onLine`: what a person does in the browser, opened by the URL that the program prints. */
  readonly consentAt: (service: string) => (line: string) => void;
  readonly close: () => void;
}

/** `environment` is the fake service's. */
export function openStage(environment: Readonly<Record<string, string>>): Stage {
  const home = mkdtempSync(join(tmpdir(), "fitglue-demo-"));
  const say = (text: string): void => console.log(`\n# ${text}`);
  return {
    say,
    async fitglue(args, onLine) {
      console.log(`\n$ fitglue ${args.join(" ")}`);
      const child = spawn(process.execPath, [BIN, ...args], {
        env: {
          PATH: process.env["PATH"],
          HOME: home,
          FITGLUE_CONFIG_DIR: join(home, "config"),
          FITGLUE_DATA_DIR: join(home, "data"),
          FITGLUE_CREDENTIALS: "file",
          ...environment,
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
    },
    consentAt: (service) => (line) => {
      const url = /^open this URL: (\S+)$/.exec(line)?.[1];
      if (url === undefined) return;
      say(`you would log in at ${service} in your browser now; here the fake allows it at once`);
      fetch(url)
        .then((page) => page.text())
        .catch((error: unknown) => console.error(error));
    },
    close: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
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
