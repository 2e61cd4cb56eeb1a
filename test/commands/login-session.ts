import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { startCli, type CliOptions, type CliResult } from "../cli.ts";

/** A port of this machine that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}

/** What the person at the terminal can do once the URL has been printed. */
export interface Person {
  readonly url: string;
  /** Consents (or refuses) at the provider; where the browser is sent then. */
  consent(): Promise<string>;
  /** The browser follows to fitglue's callback; its status and page. */
  visit(url: string): Promise<{ status: number; page: string }>;
  paste(text: string): void;
  interrupt(): void;
}

/** Runs `fitglue connect …` in the real binary while `act` plays the person. */
export async function connectAs(
  args: readonly string[],
  options: CliOptions,
  act: (person: Person) => Promise<void>,
): Promise<CliResult> {
  const { child, result } = startCli(["connect", ...args], { ...options, keepInputOpen: true });
  const url = new Promise<string>((resolve) => {
    let text = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const match = /^open this URL: (.+)\n/m.exec(text);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
  });
  const ended = result.then(() => undefined);
  const printed = await Promise.race([url, ended]);
  if (printed === undefined) return result;
  await act({
    url: printed,
    async consent() {
      const answer = await fetch(printed, { redirect: "manual" });
      return answer.headers.get("location") ?? `status ${answer.status}: ${await answer.text()}`;
    },
    async visit(to) {
      const answer = await fetch(to, { redirect: "manual" });
      return { status: answer.status, page: await answer.text() };
    },
    paste: (text) => void child.stdin?.write(text),
    interrupt: () => void child.kill("SIGINT"),
  });
  return result;
}

/** Every file below a folder with its content, as text. */
export function filesBelow(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, entry);
    if (statSync(path).isFile()) files.set(path, readFileSync(path, "latin1"));
  }
  return files;
}
