// `npm run test:generated`: the generated requests of `test:deep` alone, DEEP_RUNS (10,000) to each group of operations, and the
// section that says what they met.
import { beginRuns, writeRuns } from "../support/generated/runs.ts";

process.env.WRITE_BENCHMARKS = "1";
process.argv.splice(2, 0, "deep", "generated-requests", "generated-sign-ins", "raw-requests");
beginRuns();
await import("../../infra/build/run-tests.ts");
if (process.exitCode === 0) writeRuns();
