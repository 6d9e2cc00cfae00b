import { defineConfig } from "vitest/config";

/** Whole stacks as child processes: one file at a time, and time to start and stop. */
export default defineConfig({
  test: {
    include: ["test/e2e/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
