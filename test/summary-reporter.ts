import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a run with a line `FAILED: file > test` for each that did, and `N passed, N failed[, N skipped]`, alone on the last line:
 * what scripts look for.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    const failures = errors.length > 0 ? ["FAILED: an error outside the tests\n"] : [];
    for (const module of modules) {
      const failed = [...module.children.allTests("failed")];
      if (module.state() === "failed" && failed.length === 0) {
        count.failed++;
        failures.push(`FAILED: ${module.relativeModuleId}\n`);
      }
      for (const test of failed) failures.push(`FAILED: ${module.relativeModuleId} > ${test.fullName}\n`);
      for (const test of module.children.allTests()) count[test.result().state]++;
    }
    const skipped = count.skipped + count.pending;
    // After the other reporters' own summaries, which are written when the run ends too.
    process.once("exit", () => {
      process.stdout.write(
        `\n${failures.join("")}${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
      );
    });
  }
}
