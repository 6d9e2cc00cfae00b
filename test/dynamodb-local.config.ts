import { defineConfig } from "vitest/config";

/** What the integration tests say of dynalite, said again of AWS's own DynamoDB Local. It needs Java. */
export default defineConfig({
  test: {
    include: ["test/integration/**/*.test.ts"],
    // It takes its DynamoDB away.
    exclude: ["test/integration/storage-outage.test.ts"],
    globalSetup: ["test/support/dynamodb-local-setup.ts"],
    testTimeout: 40_000,
    hookTimeout: 60_000,
  },
});
