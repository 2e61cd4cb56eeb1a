import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/global-setup.ts"],
    reporters: ["default", "./test/summary-reporter.ts"],
    // A golden file that is missing or differs is a failure, here as in CI; `vitest run -u` writes it anew.
    update: "none",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Much of the suite waits for processes of its own: a worker for every core, not for every core but one.
    maxWorkers: "100%",
    // An odd zone, so that nothing can lean on the host's by accident.
    env: { TZ: "Pacific/Chatham" },
  },
});
