// `npm test`: unit, integration and property suites, the integration suite again on DynamoDB Local where Java is
// found, then the end-to-end suite, then the pages in a browser where Chromium is found, under the Node that Lambda runs.
// The last line is the sum: `N passed, N failed[, N skipped]`. Arguments narrow the suites, as with vitest itself.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { projectRoot } from "./bundle.ts";
import { CHROMIUM_PATH } from "./chromium-path.ts";

const hasJava = spawnSync("java", ["-version"]).status === 0;
const hasChromium = existsSync(CHROMIUM_PATH);
const suites = [
  { title: "unit, integration and property tests", config: "vitest.config.ts" },
  ...(hasJava
    ? [{ title: "integration tests on DynamoDB Local", config: "test/dynamodb-local.config.ts" }]
    : []),
  { title: "end-to-end tests", config: "vitest.e2e.config.ts" },
  ...(hasChromium ? [{ title: "browser tests", config: "test/browser/vitest.config.ts" }] : []),
];

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

let running: ReturnType<typeof spawn> | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    running?.kill(signal);
    process.exitCode = 130;
  });
}
process.on("disconnect", () => {
  running?.kill("SIGTERM");
  process.exit(1);
});
// Listening for that alone would keep this process from ending.
process.channel?.unref();

async function runSuite(config: string, filters: readonly string[]): Promise<Tally> {
  const reportPath = join(projectRoot, ".build", "test-reports", `${config.replaceAll("/", "-")}.json`);
  await mkdir(join(projectRoot, ".build", "test-reports"), { recursive: true });
  await rm(reportPath, { force: true });
  const vitest = join(projectRoot, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  const args = [vitest, "run", "--config", config, "--passWithNoTests", ...reporters, ...filters];
  running = spawn(process.execPath, args, { cwd: projectRoot, stdio: "inherit" });
  const [code] = await once(running, "exit");
  const tally = await readReport(reportPath);
  // Vitest also fails for what no test reports: an unhandled rejection, a suite that cannot be collected.
  if (code !== 0 && tally.failed === 0) tally.failed = 1;
  return tally;
}

async function readReport(path: string): Promise<Tally> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return { passed: 0, failed: 0, skipped: 0 };
  const report = Report.parse(JSON.parse(text));
  const uncollected = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + uncollected.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

const total: Tally = { passed: 0, failed: 0, skipped: 0 };
if (!hasJava) console.log("Java is not installed: nothing runs on DynamoDB Local.");
if (!hasChromium) {
  console.log(
    `There is no Chromium at ${CHROMIUM_PATH}: the browser tests are skipped (CHROMIUM_PATH names another).`,
  );
}
for (const { title, config } of suites) {
  if (process.exitCode !== undefined) break;
  console.log(`\n${title}`);
  const tally = await runSuite(config, process.argv.slice(2));
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped += tally.skipped;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode ??= total.failed > 0 || total.passed === 0 ? 1 : 0;
