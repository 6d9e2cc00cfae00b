import { defineConfig } from "vitest/config";

/** The integration tests on AWS's own DynamoDB Local in place of dynalite. It needs Java. */
export default defineConfig({
  test: {
    include: ["test/integration/**/*.test.ts"],
    // These files stop their DynamoDB during the tests.
    exclude: ["test/integration/*storage-outage.test.ts"],
    globalSetup: ["test/support/dynamodb-local-setup.ts"],
    setupFiles: ["test/support/keep-output-of-failures.ts"],
    silent: "passed-only",
    slowTestThreshold: 10_000,
    isolate: false,
    maxWorkers: "100%",
    // As in vitest.config.ts.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
