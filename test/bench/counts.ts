// `npm run bench:calls` and `bench:path`: the tests that count what the page says, writing their sections for once.
process.env.WRITE_BENCHMARKS = "1";
await import("../../infra/build/run-tests.ts");
