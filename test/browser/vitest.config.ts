import { defineConfig } from "vitest/config";

/** The pages in a real browser, on one whole stack. */
export default defineConfig({
  test: {
    include: ["test/browser/**/*.test.ts"],
    globalSetup: ["test/browser/start-stack.ts"],
    silent: "passed-only",
    slowTestThreshold: 30_000,
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A page may take seconds on a busy machine; Vitest's default timeout is one second.
    expect: { poll: { timeout: 20_000 } },
  },
});
