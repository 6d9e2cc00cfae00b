import { defineConfig } from "vitest/config";

const fixedSeeds = "test/support/fixed-seeds.ts";

/**
 * All tests but those in a browser and on DynamoDB Local. Test files share a process (`isolate: false`), which halves the CPU
 * time: a test that changes module state or the environment restores it.
 */
export default defineConfig({
  test: {
    silent: "passed-only",
    slowTestThreshold: 10_000,
    isolate: false,
    maxWorkers: "100%",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The default of 1 s fails on a busy machine.
    expect: { poll: { timeout: 60_000 } },
    setupFiles: ["test/support/keep-output-of-failures.ts"],
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/unit/**/*.test.ts"], setupFiles: [fixedSeeds] },
      },
      {
        extends: true,
        test: {
          name: "protocols",
          include: ["test/{property,sim}/**/*.test.ts"],
          setupFiles: [fixedSeeds],
        },
      },
      { extends: true, test: { name: "service", include: ["test/{integration,twin}/**/*.test.ts"] } },
      // Whole stacks as child processes: each takes free ports.
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
        },
      },
    ],
  },
});
