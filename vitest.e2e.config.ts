import { defineConfig } from "vitest/config";

/** Whole stacks as child processes, two test files at a time: each stack takes free ports. */
export default defineConfig({
  test: {
    include: ["test/e2e/**/*.test.ts"],
    silent: "passed-only",
    slowTestThreshold: 30_000,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
