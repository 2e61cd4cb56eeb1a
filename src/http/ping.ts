import type { Transport } from "./transport.ts";

export interface PingOptions {
  /** Checked already (`parseServiceUrl`). Whoever knows it can ping: its path is never told. */
  readonly url: URL;
  readonly transport: Transport;
  readonly userAgent: string;
  /** Milliseconds for one attempt. Default 5 s. */
  readonly timeoutMs?: number;
  /** A ping that did not arrive; the run goes on all the same. */
  readonly onFailure: (message: string) => void;
}

/** A health check that wants to hear of a job's start and end, in the manner of healthchecks.io. */
export interface Ping {
  /** `URL/start`. */
  start(): Promise<void>;
  /** `URL`, with a report of counts and codes. */
  success(report: string): Promise<void>;
  /** `URL/fail`, likewise. */
  failure(report: string): Promise<void>;
}

/** Every call resolves: what watches a job must not break it. The end is told twice if need be, since a lost one raises an alarm. */
export function createPing(options: PingOptions): Ping {
  const { url, transport } = options;
  async function attempt(suffix: string, body: string): Promise<string | undefined> {
    const target = new URL(url);
    target.pathname = `${url.pathname.replace(/\/+$/, "")}${suffix}`;
    try {
      const { status } = await transport.send({
        url: target,
        method: "POST",
        headers: { "user-agent": options.userAgent, "content-type": "text/plain; charset=utf-8" },
        body,
        timeoutMs: options.timeoutMs ?? 5000,
      });
      return status >= 200 && status < 300 ? undefined : `status ${status}`;
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : "no answer";
    }
  }
  async function send(suffix: string, body: string, attempts: number): Promise<void> {
    let problem: string | undefined;
    for (let count = 0; count < attempts; count++) {
      problem = await attempt(suffix, body);
      if (problem === undefined) return;
    }
    options.onFailure(`the health check at ${url.host} was not reached (${problem})`);
  }
  return {
    start: () => send("/start", "", 1),
    success: (report) => send("", report, 2),
    failure: (report) => send("/fail", report, 2),
  };
}
