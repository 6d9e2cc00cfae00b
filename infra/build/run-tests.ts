// Runs the tests under the Node that Lambda runs. The first argument may name one part; further arguments narrow it to
// files, as with Vitest itself (`npm run test:unit -- test/unit/http`).
//
//   npm test                  unit, protocols and stack in one run: what a change must pass
//   npm run test:unit         test/unit: single modules, the contract, the pages, the CloudFormation template
//   npm run test:protocols    test/property and test/sim: seeded schedules of the protocols, generated requests, the simulated fleet
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
import { parseCLI, startVitest, type TestModule } from "vitest/node";
import { CHROMIUM_PATH } from "./chromium-path.ts";

interface Part {
  /** The arguments of Vitest. */
  args: readonly string[];
  env?: () => Record<string, string>;
  /** Why it cannot run on this machine. */
  missing?: () => string | undefined;
}

/** One run for all, so that no processor waits for the last file of a part. */
const whole: Part = { args: [] };

const parts: Readonly<Record<string, Part>> = {
  unit: { args: ["--project=unit"] },
  protocols: { args: ["--project=protocols"] },
  stack: { args: ["--project=service", "--project=e2e"] },
  dynamodb: {
    args: ["--config=test/dynamodb-local.config.ts"],
    missing: () => (spawnSync("java", ["-version"]).status === 0 ? undefined : "Java is not installed"),
  },
  browser: {
    args: ["--config=test/browser/vitest.config.ts"],
    missing: () =>
      existsSync(CHROMIUM_PATH)
        ? undefined
        : `there is no Chromium at ${CHROMIUM_PATH} (CHROMIUM_PATH names another)`,
  },
  deep: {
    args: ["--project=unit", "--project=protocols", "--testTimeout=3600000"],
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

const inWords = ({ passed, failed, skipped }: Tally) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;

function tallyOf(modules: readonly TestModule[]): Tally {
  const tally = { passed: 0, failed: 0, skipped: 0, pending: 0 };
  for (const module of modules) {
    for (const test of module.children.allTests()) tally[test.result().state] += 1;
  }
  return { ...tally, skipped: tally.skipped + tally.pending };
}

async function runVitest(args: readonly string[]): Promise<Tally> {
  process.exitCode = undefined;
  const { filter, options } = parseCLI(["vitest", "run", "--passWithNoTests", ...args]);
  const { state } = await startVitest(filter, options);
  const modules = state.getTestModules();
  const byProject = Object.entries(Object.groupBy(modules, ({ project }) => project.name));
  if (byProject.length > 1) {
    for (const [name, own = []] of byProject) console.log(`${name.padEnd(12)}${inWords(tallyOf(own))}`);
  }
  const total = tallyOf(modules);
  // Vitest also fails for what no test reports: an unhandled rejection, a file that cannot be collected.
  if (process.exitCode !== undefined && total.failed === 0) total.failed = 1;
  return total;
}

// infra/local/bootstrap.mjs is gone. Listening for that alone would keep this process from ending.
process.on("disconnect", () => process.exit(1));
process.channel?.unref();

const [first = "", ...rest] = process.argv.slice(2);
const { args, env, missing } = parts[first] ?? whole;
const filters = parts[first] === undefined ? process.argv.slice(2) : rest;
const reason = missing?.();
if (reason !== undefined) console.log(`Not run: ${reason}.`);
Object.assign(process.env, env?.());
const total =
  reason === undefined ? await runVitest([...args, ...filters]) : { passed: 0, failed: 0, skipped: 0 };
console.log(`\n${inWords(total)}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
