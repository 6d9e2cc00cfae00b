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
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { parseCLI, startVitest } from "vitest/node";
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

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const sumOf = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((sum, { passed }) => sum + passed, 0),
  failed: tallies.reduce((sum, { failed }) => sum + failed, 0),
  skipped: tallies.reduce((sum, { skipped }) => sum + skipped, 0),
});

const inWords = ({ passed, failed, skipped }: Tally) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;

async function runVitest(args: readonly string[]): Promise<Tally> {
  process.exitCode = undefined;
  const { filter, options } = parseCLI(["vitest", "run", "--passWithNoTests", ...args]);
  const { state } = await startVitest(filter, options);
  const tally = { passed: 0, failed: 0, skipped: 0, pending: 0 };
  for (const module of state.getTestModules()) {
    for (const test of module.children.allTests()) tally[test.result().state] += 1;
  }
  // Vitest also fails for what no test reports: an unhandled rejection, a file that cannot be collected.
  if (process.exitCode !== undefined && tally.failed === 0) tally.failed = 1;
  return { ...tally, skipped: tally.skipped + tally.pending };
}

async function runPart({ runs, env, missing }: Part, filters: readonly string[]): Promise<Tally | undefined> {
  const reason = missing?.();
  if (reason !== undefined) {
    console.log(`Not run: ${reason}.`);
    return undefined;
  }
  Object.assign(process.env, env?.());
  const tallies: Tally[] = [];
  for (const args of runs) tallies.push(await runVitest([...args, ...filters]));
  return sumOf(tallies);
}

// infra/local/bootstrap.mjs is gone. Listening for that alone would keep this process from ending.
process.on("disconnect", () => process.exit(1));
process.channel?.unref();

const [first = "", ...rest] = process.argv.slice(2);
const named = parts[first] !== undefined;
const chosen = named ? [first] : ["unit", "protocols", "stack"];
const filters = named ? rest : process.argv.slice(2);

const tallies: Tally[] = [];
const summary: string[] = [];
for (const name of chosen) {
  console.log(`\n${name}`);
  const startedAt = performance.now();
  const part = parts[name];
  const tally = part && (await runPart(part, filters));
  if (tally === undefined) continue;
  tallies.push(tally);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  summary.push(`${name.padEnd(12)}${String(seconds).padStart(5)} s   ${inWords(tally)}`);
}
const total = sumOf(tallies);
if (summary.length > 1) console.log(`\n${summary.join("\n")}`);
console.log(`\n${inWords(total)}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
