import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { App } from "../../src/app.ts";
import { runReport } from "../../src/commands/report.ts";
import { ACTIVITIES, HOSTILE_ACTIVITY, RIDE, STRENGTH, TRAIL_RUN } from "../output/activities.ts";
import { databaseOf, demoHome, emptyHome, run } from "./terminal.ts";

/** Waits for a condition in the page. Playwright's own wait evals in there, which the page's policy rightly forbids. */
async function until(page: Page, condition: string): Promise<void> {
  await expect.poll(() => page.evaluate(condition), { timeout: 10_000 }).toBe(true);
}

describe("fitglue report", () => {
  it("writes the newest activity into a private file", async () => {
    const home = await demoHome();
    const out = join(home, "run.html");
    const { code, stdout, stderr } = await run(home, ["report", "--out", out], { columns: 80 });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: `${out}: 1 activity\n` });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const page = readFileSync(out, "utf8");
    expect(page).toContain("<h1>Morning round by the lake</h1>");
    expect(page).not.toMatch(/(?:src|href)="(?!#)/);
  });

  it("writes to stdout, and tells scripts what it wrote", async () => {
    const home = await demoHome();
    const piped = await run(home, ["report", "6", "--out", "-"]);
    expect(piped.stdout).toMatch(/^<!doctype html>/);
    expect(piped.stdout).toContain("<h1>road cycling</h1>");
    expect(piped.stderr).toBe("");
    const out = join(home, "page.html");
    const json = await run(home, ["report", "--from", "2026-11", "--out", out, "--json"]);
    expect(JSON.parse(json.stdout)).toEqual({ file: out, activities: 4, bytes: statSync(out).size });
  });

  it("names sports as they are named elsewhere", async () => {
    const home = await demoHome([RIDE, { ...STRENGTH, sport: "cross_country_skiing", subSport: null }]);
    const { stdout } = await run(home, ["report", "--from", "2026", "--out", "-"]);
    expect(stdout).toContain("<th>cross country skiing</th>");
    expect(stdout).not.toContain("cross_country_skiing</th>");
  });

  it("draws the first two hundred only, and says so", async () => {
    const many = Array.from({ length: 203 }, (_, at) => ({
      ...STRENGTH,
      externalId: `s${at}`,
      startTime: new Date(Date.UTC(2026, 0, 1) + at * 86_400_000).toISOString(),
    }));
    const { stdout } = await run(await demoHome(many), ["report", "--sport", "training", "--out", "-"]);
    expect(stdout).toContain("Charts and maps are here for the first 200 only");
    expect(stdout.match(/<details id="a/g)).toHaveLength(203);
  });

  it("folds a value of the provider's own that would fill pages", async () => {
    const home = await demoHome([
      { ...RIDE, extra: { "rr-intervals": Array(1000).fill(812), short: "a<b" } },
    ]);
    const { stdout } = await run(home, ["report", "--out", "-"]);
    // [ and ], a thousand times 812, and the commas between them.
    expect(stdout).toContain("… (4001 characters)</summary>");
    expect(stdout).toContain(`[${"812,".repeat(999)}812]`);
    expect(stdout).toContain("<td>a&lt;b</td>");
  });

  it.each([
    [["report", "99"], "there is no activity 99", "fitglue list"],
    [["report", "--sport", "rowing"], "no activity matches", "fitglue list"],
    [["report", "7", "--from", "2026"], "numbers and filters contradict each other", "give one or the other"],
    [["report", "--open", "--out", "-"], "stdout cannot be opened in a browser", "--out FILE --open"],
  ])("%j is a usage error", async (argv, message, hint) => {
    const { code, stdout, stderr } = await run(await demoHome([RIDE]), argv);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: `fitglue: ${message}\n  try: ${hint}\n`,
    });
  });

  it("says why a page cannot be written", async () => {
    const home = await demoHome([RIDE]);
    const missing = join(home, "no", "page.html");
    expect((await run(home, ["report", "--out", missing])).stderr).toContain(
      `cannot write to ${missing}: no such folder`,
    );
    mkdirSync(join(home, "folder"));
    const folder = await run(home, ["report", "--out", join(home, "folder")]);
    expect(folder.code).toBe(2);
    expect(folder.stderr).toContain("it is a folder");
    if (existsSync("/dev/full")) {
      const full = await run(home, ["report", "--out", "/dev/full"]);
      expect([full.code, full.stderr]).toEqual([
        7,
        expect.stringContaining("cannot write /dev/full: the disk is full"),
      ]);
    }
    expect((await run(emptyHome(), ["report"])).stderr).toContain("there are no activities yet");
  });

  it("opens the page in the browser when asked", async () => {
    const home = await demoHome([RIDE]);
    const opened: string[] = [];
    const output = { write: () => undefined, isTTY: false, columns: 80 };
    const app = new App({
      io: {
        stdout: output,
        stderr: output,
        stdin: { isTTY: false, lines: async function* () {} },
        color: false,
        unicode: true,
        interactive: false,
      },
      environment: { HOME: home, FITGLUE_DB: databaseOf(home) },
      now: () => Date.UTC(2026, 10, 20),
      version: "0.0.0",
      signal: new AbortController().signal,
    });
    onTestFinished(() => app.close());
    await app.configure(app.globals);
    await runReport({
      context: app,
      ids: [1],
      filter: undefined,
      out: join(home, "a b#.html"),
      open: true,
      openUrl: (url) => {
        opened.push(url);
        return Promise.resolve();
      },
    });
    expect(opened).toEqual([`file://${home}/a%20b%23.html`]);
  });
});

const CHROMIUM = "/usr/bin/chromium";

describe.skipIf(!existsSync(CHROMIUM))("a report page in Chromium", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });
  afterAll(() => browser.close());

  /** Opens the page of a command line from disk; anything it complains of or asks for goes to `complaints`. */
  async function open(
    argv: readonly string[],
    view: { width: number; scheme: "light" | "dark" },
    activities = ACTIVITIES,
  ): Promise<{ page: Page; complaints: string[]; url: string }> {
    const home = await demoHome(activities);
    const out = join(home, "page.html");
    await run(home, ["report", ...argv, "--out", out]);
    const page = await browser.newPage({
      viewport: { width: view.width, height: 800 },
      colorScheme: view.scheme,
    });
    onTestFinished(() => page.close());
    const complaints: string[] = [];
    const url = `file://${out}`;
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => {
      complaints.push(dialog.message());
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      if (request.url().split("#")[0] !== url) complaints.push(request.url());
    });
    await page.goto(url);
    return { page, complaints, url };
  }

  it.each([
    { width: 390, scheme: "light" },
    { width: 390, scheme: "dark" },
    { width: 1280, scheme: "light" },
    { width: 1280, scheme: "dark" },
  ] as const)("is whole at $width pixels, $scheme", async (view) => {
    const { page, complaints } = await open([], view);
    expect(await page.title()).toBe("Morning round by the lake - fitglue");
    expect(await page.locator("canvas").count()).toBe(3);
    // Nothing sticks out sideways.
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(view.width);
    const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(ground).toBe(view.scheme === "dark" ? "rgb(20, 24, 27)" : "rgb(251, 250, 248)");
    expect(complaints).toEqual([]);
  });

  it("has one cursor for all charts, and it moves the dot on the map", async () => {
    const { page, complaints } = await open([], { width: 1280, scheme: "light" });
    const here = page.locator(".here");
    expect(await here.getAttribute("class")).toBe("here");
    const chart = page.locator(".u-over").nth(1);
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    if (box === null) throw new Error("the chart is not shown");
    await page.mouse.move(box.x + 5, box.y + 20);
    await page.mouse.move(box.x + box.width / 4, box.y + 20);
    const readout = () => page.locator(".readout").textContent();
    // A quarter of 3900 s is 975 s: 0:16:15, give or take a pixel.
    await expect.poll(readout).toMatch(/^0:16:[01]\d1\d\d bpm\d:\d\d min\/km\d+\.\d m$/);
    await until(page, "document.querySelector('.here.on') !== null");
    const first = await here.getAttribute("cx");
    const lines = await page
      .locator(".u-cursor-x")
      .evaluateAll((all) =>
        all.map((line) => (line as unknown as { style: { transform: string } }).style.transform),
      );
    expect(new Set(lines).size).toBe(1);
    await page.mouse.move(box.x + box.width / 2.2, box.y + 20);
    await until(page, `document.querySelector('.here').getAttribute('cx') !== '${first ?? ""}'`);
    // In the rest nothing was measured, and nobody was anywhere.
    await page.mouse.move(box.x + (box.width * 2150) / 3900, box.y + 20);
    await until(page, "document.querySelector('.here.on') === null");
    await expect.poll(readout).toMatch(/^0:35:\d\d---$/);
    await page.mouse.move(1, 1);
    await until(page, "document.querySelector('.readout').textContent.startsWith('Point at')");
    expect(complaints).toEqual([]);
  });

  it("follows the reader's change to dark", async () => {
    const { page, complaints } = await open([], { width: 1280, scheme: "light" });
    const pixels = async (): Promise<unknown> =>
      page.evaluate(
        "document.querySelector('canvas').toDataURL().length + document.querySelector('canvas').toDataURL()",
      );
    const light = await pixels();
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(pixels, { timeout: 10_000 }).not.toBe(light);
    expect(complaints).toEqual([]);
  });

  it("shows several with a calendar that unfolds the day's activity", async () => {
    const { page, complaints } = await open(["--from", "2026"], { width: 390, scheme: "dark" });
    expect(await page.title()).toBe("Activities - fitglue");
    expect(await page.locator("details[id]").count()).toBe(7);
    expect(await page.locator("details[id][open]").count()).toBe(0);
    expect(await page.locator("canvas").count()).toBe(0);
    await page.locator('.calendar a[href="#a7"]').click();
    await until(page, "document.querySelectorAll('#a7[open] canvas').length === 3");
    await page.locator("#a7 > summary").click();
    await until(page, "document.querySelectorAll('canvas').length === 0");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    expect(complaints).toEqual([]);
  });

  it("runs nothing that the data says, and asks nobody for anything", async () => {
    const { page, complaints } = await open(["--from", "2026"], { width: 1280, scheme: "light" }, [
      HOSTILE_ACTIVITY,
      { ...TRAIL_RUN, notes: "<img src=http://127.0.0.1:9/x onerror=alert(1)>" },
    ]);
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
    await until(page, "document.querySelectorAll('canvas').length === 4");
    expect(await page.title()).toBe("Activities - fitglue");
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("script").count()).toBe(3);
    expect(await page.locator("#a2 > summary b").textContent()).toContain(
      "</script><script>document.title='pwned'",
    );
    expect(complaints).toEqual([]);
    // Even markup that got through would find the policy in its way.
    await page.evaluate(`
      document.body.insertAdjacentHTML("beforeend", "<details open ontoggle=\\"document.title='pwned'\\">");
      document.body.append(Object.assign(document.createElement("script"), { textContent: "document.title='pwned'" }));
    `);
    await page.waitForTimeout(100);
    expect(await page.title()).toBe("Activities - fitglue");
    expect(complaints.length).toBeGreaterThan(0);
    expect(complaints.every((text) => text.includes("Content Security Policy"))).toBe(true);
  });
});
