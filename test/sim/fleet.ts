import { parseArgs } from "node:util";
import { writeSection } from "../bench/report.ts";
import { type FleetRun, fleetText } from "./fleet-report.ts";
import { type Goal, goalsOf } from "./goals.ts";
import { measure } from "./measure.ts";
import { measureOutage, outageGoals } from "./outage.ts";
import { runScenario } from "./scenarios.ts";
import { measureShares, shareGoals } from "./shares.ts";
import { outages, type SuiteSize, scenariosFor } from "./suite.ts";

/** Other values are for trying, and write nothing. */
const defaults: SuiteSize = { instances: 1_000, load: 10, hours: 1, seed: 1 };

/**
 * Simulates the fleet in virtual time, with the real client, rate limiter and shared token of each instance, against
 * the twin's limiter; and the same load with clients that behave as `@ringcentral/sdk` does.
 *
 *     node test/sim/fleet.ts [--instances 1000] [--load 10] [--hours 1] [--seed 1] [--quick]
 *
 * The same seed always gives the same tables. Writes its section of docs/benchmarks.md, and ends with 1 when a goal is
 * missed.
 *
 * How 429s are counted: an episode is what comes within a minute of the 429 before it. In an episode one 429 is
 * the first. Requests in flight when its response reached the fleet, or sent at most `STALENESS_MS` after it (with
 * earlier permits), are counted apart as "in flight". Any further one is late: it counts against the goal, and as an
 * extension of the penalty.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      instances: { type: "string", default: String(defaults.instances) },
      load: { type: "string", default: String(defaults.load) },
      hours: { type: "string", default: String(defaults.hours) },
      seed: { type: "string", default: String(defaults.seed) },
      quick: { type: "boolean", default: false },
    },
  });
  const size: SuiteSize = {
    instances: number("instances", values.quick ? "200" : values.instances),
    hours: number("hours", values.quick ? "0.2" : values.hours),
    load: number("load", values.load),
    seed: number("seed", values.seed),
  };
  console.log(`${size.instances} instances, load ${size.load}, ${size.hours} h, seed ${size.seed}`);
  const run = await playAll(size, values.quick ? [1] : [1, 10, 100]);
  const text = fleetText(run, size);
  console.log(text);
  const { instances, load, hours, seed } = defaults;
  const isPublished =
    size.instances === instances && size.load === load && size.hours === hours && size.seed === seed;
  if (isPublished) writeSection("npm run sim:fleet", { title: "The fleet", text });
  console.log(run.missed.length === 0 ? "\nAll goals met." : `\nGoals missed:\n${run.missed.join("\n")}`);
  if (run.missed.length > 0) process.exitCode = 1;
}

async function playAll(size: SuiteSize, greedy: readonly number[]): Promise<FleetRun> {
  const run: FleetRun = { scenarios: [], outages: [], shares: [], missed: [] };
  const note = (name: string, goals: readonly Goal[]) => {
    const missed = goals.filter(({ isMet }) => !isMet);
    run.missed.push(...missed.map((goal) => `${name}: ${goal.name}, but ${goal.found}`));
    console.log(`${name}: played`);
  };
  for (const scenario of scenariosFor(size)) {
    const measures = measure(await runScenario(scenario));
    run.scenarios.push({ name: scenario.name, measures });
    note(scenario.name, goalsOf(scenario, measures));
  }
  for (const scenario of outages([1, 10, 100, 1_000], size)) {
    const measures = measureOutage(await runScenario(scenario));
    run.outages.push({ instances: scenario.instances, measures });
    note(scenario.name, outageGoals(measures));
  }
  for (const measures of await measureShares(greedy, { ...size, instances: 100 })) {
    run.shares.push(measures);
    note(`${measures.greedy} greedy callers`, shareGoals(measures));
  }
  return run;
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} must be a positive number`);
  return value;
}

await main();
