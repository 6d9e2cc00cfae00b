// `npm run test:processes`: the deployed bundles in real processes, on one table and one twin, with every dependency
// behind a proxy that fails, and with processes killed and frozen. Prints a table of faults and outcomes; ends with
// exit code 1 when a promise was broken. `--short` runs a few faults for a short time. `SEED=…` repeats the draws.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleFunctions } from "../../infra/build/bundle.ts";
import { createRandom } from "../twin/random.ts";
import { judge, type Verdict } from "./judge.ts";
import { AMPLE, fleetOf, play, type Scenario, scenarios } from "./scenarios.ts";
import type { Traffic } from "./traffic.ts";
import { startWorld } from "./world.ts";

const usage = "usage: npm run test:processes -- [--short] [--only NAME] [--help]";
/** Scenarios at the same time: they mostly wait. */
const WORKERS = 3;
const SHORT_SECONDS = 25;

async function run(scenario: Scenario, bundlesDir: string, seed: number): Promise<Verdict> {
  const random = createRandom(seed);
  const world = await startWorld({
    bundlesDir,
    fleet: fleetOf(scenario),
    twin: { limits: scenario.limits ?? AMPLE },
    random: () => random.next(),
    ...(scenario.env !== undefined && { env: scenario.env }),
  });
  try {
    const traffic: Traffic = { replies: [], intents: [] };
    const { faultFrom, broken } = await play(scenario, world, traffic);
    const verdict = judge(world, traffic, faultFrom);
    const lies = traffic.replies.filter(({ code }) => scenario.lies?.includes(code)).length;
    return {
      ...verdict,
      broken: [...verdict.broken, ...broken, ...(lies > 0 ? [`${lies} problems blame the wrong party`] : [])],
    };
  } finally {
    await world.close();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { short: { type: "boolean" }, only: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6));
  console.log(`seed ${seed}`);
  const queue = scenarios
    .filter(({ name, isShort }) =>
      values.only === undefined ? !values.short || isShort : name === values.only,
    )
    .map((scenario) => (values.short ? { ...scenario, seconds: SHORT_SECONDS } : scenario))
    // The longest first, so that none of them runs alone in the end.
    .toSorted((a, b) => b.seconds - a.seconds);
  if (queue.length === 0) throw new Error(`no scenario is called "${values.only}"`);
  const bundlesDir = await mkdtemp(join(tmpdir(), "ringfront-processes-"));
  const verdicts = new Map<string, Verdict>();
  try {
    await bundleFunctions({ outDir: bundlesDir });
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const verdict = await run(next, bundlesDir, seed);
        verdicts.set(next.name, verdict);
        console.log(`${next.name}: ${verdict.broken.length === 0 ? "kept" : verdict.broken.join("; ")}`);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
  } finally {
    await rm(bundlesDir, { recursive: true, force: true });
  }
  report(verdicts);
  const failed = [...verdicts.values()].filter(({ broken }) => broken.length > 0).length;
  console.log(`${verdicts.size - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function report(verdicts: ReadonlyMap<string, Verdict>): void {
  const row = ({ broken: _, others: _o, ...figures }: Verdict) => ({
    ...figures,
    served: `${figures.served} %`,
  });
  console.log(
    "\nFault and outcome. In brackets: token calls that got a 429; API 429s after the fault's first minute.",
  );
  console.table(Object.fromEntries([...verdicts].map(([name, verdict]) => [name, row(verdict)])));
  for (const [name, { others }] of verdicts) if (others !== "") console.log(`${name}: ${others}`);
}

process.exitCode = await main();
