// Runs the tests under the Node that Lambda runs. The first argument may name one part; further arguments narrow it to
// files, as with Vitest itself (`npm run test:unit -- test/unit/http`).
//
//   npm test                  unit, protocols and stack, one after another: what a change must pass
//   npm run test:unit         test/unit: single modules, the contract, the pages, the CloudFormation template
//   npm run test:protocols    test/property and test/sim: seeded schedules of the protocols, and the simulated fleet
//   npm run test:stack        test/integration and test/twin: the handlers on a RingCentral twin; test/e2e: `npm start`
//   npm run test:dynamodb     test/integration again, on AWS's DynamoDB Local; needs Java
//   npm run test:browser      test/browser: the pages in Chromium
//   npm run test:deep         the seeded tests with DEEP_RUNS (10,000) seeds from FIRST_SEED, by default new ones
//
// Only `test:deep` looks at new seeds, and prints the first: every other command runs the same seeds each time, so that
// a run is neither green nor red by chance. The log lines of passing tests are dropped. The last line is the sum:
// `N passed, N failed[, N skipped]`; a run of no test fails.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { projectRoot } from "./bundle.ts";
import { CHROMIUM_PATH } from "./chromium-path.ts";

interface Part {
  /** The arguments of each run of Vitest. */
  runs: readonly (readonly string[])[];
  env?: () => Record<string, string>;
  /** Why it cannot run on this machine. */
  missing?: () => string | undefined;
}

const parts: Readonly<Record<string, Part>> = {
  unit: { runs: [["--project=unit"]] },
  protocols: { runs: [["--project=protocols"]] },
  stack: { runs: [["--project=service"], ["--config=vitest.e2e.config.ts"]] },
  dynamodb: {
    runs: [["--config=test/dynamodb-local.config.ts"]],
    missing: () => (spawnSync("java", ["-version"]).status === 0 ? undefined : "Java is not installed"),
  },
  browser: {
    runs: [["--config=test/browser/vitest.config.ts"]],
    missing: () =>
      existsSync(CHROMIUM_PATH)
        ? undefined
        : `there is no Chromium at ${CHROMIUM_PATH} (CHROMIUM_PATH names another)`,
  },
  deep: {
    runs: [["--project=unit", "--project=protocols", "--testTimeout=3600000"]],
    env: () => {
      const { DEEP_RUNS = "10000", FIRST_SEED = String(Math.floor(Date.now() / 1000)) } = process.env;
      console.log(`DEEP_RUNS=${DEEP_RUNS} FIRST_SEED=${FIRST_SEED} npm run test:deep repeats this run`);
      return { DEEP_RUNS, FIRST_SEED };
    },
  },
};

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

async function runVitest(name: string, args: readonly string[], env: Record<string, string>): Promise<Tally> {
  const reportPath = join(projectRoot, ".build", "test-reports", `${name}.json`);
  await mkdir(join(projectRoot, ".build", "test-reports"), { recursive: true });
  await rm(reportPath, { force: true });
  const vitest = join(projectRoot, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  running = spawn(process.execPath, [vitest, "run", "--passWithNoTests", ...reporters, ...args], {
    cwd: projectRoot,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
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

const sumOf = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((sum, { passed }) => sum + passed, 0),
  failed: tallies.reduce((sum, { failed }) => sum + failed, 0),
  skipped: tallies.reduce((sum, { skipped }) => sum + skipped, 0),
});

const inWords = ({ passed, failed, skipped }: Tally) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;

async function runPart(name: string, part: Part, filters: readonly string[]): Promise<Tally> {
  const env = part.env?.() ?? {};
  const tallies: Tally[] = [];
  for (const [index, args] of part.runs.entries()) {
    if (process.exitCode !== undefined) break;
    tallies.push(await runVitest(`${name}-${index + 1}`, [...args, ...filters], env));
  }
  return sumOf(tallies);
}

const [first = "", ...rest] = process.argv.slice(2);
const named = Object.hasOwn(parts, first);
const chosen = named ? [first] : ["unit", "protocols", "stack"];
const filters = named ? rest : process.argv.slice(2);

const tallies: Tally[] = [];
const summary: string[] = [];
for (const name of chosen) {
  const part = parts[name];
  if (part === undefined || process.exitCode !== undefined) continue;
  console.log(`\n${name}`);
  const missing = part.missing?.();
  if (missing !== undefined) {
    console.log(`Not run: ${missing}.`);
    continue;
  }
  const startedAt = performance.now();
  const tally = await runPart(name, part, filters);
  tallies.push(tally);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  summary.push(`${name.padEnd(12)}${String(seconds).padStart(5)} s   ${inWords(tally)}`);
}
const total = sumOf(tallies);
if (summary.length > 1) console.log(`\n${summary.join("\n")}`);
console.log(`\n${inWords(total)}`);
process.exitCode ??= total.failed > 0 || total.passed === 0 ? 1 : 0;
