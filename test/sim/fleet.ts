import { parseArgs } from "node:util";
import { goalsOf } from "./goals.ts";
import { type Measures, measure } from "./measure.ts";
import { measureOutage, type OutageMeasures, outageGoals } from "./outage.ts";
import { CALL_GROUPS, runScenario } from "./scenarios.ts";
import { measureShares, type ShareMeasures, shareGoals } from "./shares.ts";
import { outages, scenariosFor } from "./suite.ts";

/**
 * Simulates the fleet in virtual time, with the real client, rate limiter and shared token of each instance, against
 * the twin's limiter; and the same load with clients that behave as `@ringcentral/sdk` does.
 *
 *     node test/sim/fleet.ts [--instances 1000] [--load 10] [--hours 1] [--seed 1] [--quick]
 *
 * The same seed always gives the same table. Ends with 1 when a goal is missed.
 *
 * How 429s are counted: an episode is what comes within a minute of the 429 before it. In an episode one 429 is
 * the first. Requests in flight when its response reached the fleet, or sent at most `STALENESS_MS` after it (with
 * earlier permits), are counted apart as "in flight". Any further one is late: it counts against the goal, and as an
 * extension of the penalty.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      instances: { type: "string", default: "1000" },
      load: { type: "string", default: "10" },
      hours: { type: "string", default: "1" },
      seed: { type: "string", default: "1" },
      quick: { type: "boolean", default: false },
    },
  });
  const size = values.quick
    ? { instances: 200, hours: 0.2, load: number("load", values.load), seed: number("seed", values.seed) }
    : {
        instances: number("instances", values.instances),
        hours: number("hours", values.hours),
        load: number("load", values.load),
        seed: number("seed", values.seed),
      };
  console.log(
    `${size.instances} instances, load ${size.load}x where not said otherwise, ${size.hours} h, seed ${size.seed}`,
  );
  console.log("Light/Medium/Heavy each; storage per call asked for, rejected ones included\n");
  console.log(heading);
  const missed: string[] = [];
  for (const scenario of scenariosFor(size)) {
    const startedAt = Date.now();
    const measures = measure(await runScenario(scenario));
    console.log(row(scenario.name, measures, Date.now() - startedAt));
    for (const goal of goalsOf(scenario, measures)) {
      if (!goal.isMet) missed.push(`${scenario.name}: ${goal.name}, but ${goal.found}`);
    }
  }
  console.log(`\n${outageHeading}`);
  for (const scenario of outages([1, 10, 100, 1_000], size)) {
    const measures = measureOutage(await runScenario(scenario));
    console.log(outageRow(scenario.name, measures));
    for (const goal of outageGoals(measures)) {
      if (!goal.isMet) missed.push(`${scenario.name}: ${goal.name}, but ${goal.found}`);
    }
  }
  console.log(`\n${shareHeading}`);
  const greedy = values.quick ? [1] : [1, 10, 100];
  for (const measures of await measureShares(greedy, { ...size, instances: 100 })) {
    console.log(shareRow(measures));
    for (const goal of shareGoals(measures)) {
      if (!goal.isMet) missed.push(`${measures.greedy} greedy callers: ${goal.name}, but ${goal.found}`);
    }
  }
  console.log(missed.length === 0 ? "\nAll goals met." : `\nGoals missed:\n${missed.join("\n")}`);
  if (missed.length > 0) process.exitCode = 1;
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} must be a positive number`);
  return value;
}

const columns: Array<[string, number]> = [
  ["scenario", 34],
  ["token calls", 11],
  ["429 episodes", 12],
  ["most 429/ep.", 14],
  ["in flight", 9],
  ["extensions", 14],
  ["goodput %", 11],
  ["fullest window", 14],
  ["rejected %", 10],
  ["wait p50/p99 ms", 15],
  ["interactive:sync", 16],
  ["reads+writes", 12],
  ["wall s", 6],
];
const line = (cells: string[]) =>
  cells.map((cell, index) => cell.padEnd(columns[index]?.[1] ?? 0)).join(" | ");
const heading = `${line(columns.map(([name]) => name))}\n${columns.map(([, width]) => "-".repeat(width)).join("-|-")}`;

function row(name: string, measures: Measures, wallMs: number): string {
  const { groups, interactive, sync } = measures;
  const each = (of: (group: Measures["groups"]["light"]) => number) =>
    CALL_GROUPS.map((group) => String(of(groups[group]))).join("/");
  const percent = (share: number) => Math.round(share * 100);
  const all = Math.max(1, interactive.served + sync.served);
  return line([
    name,
    String(measures.tokenCalls),
    each(({ episodes }) => episodes),
    each(({ most429PerEpisode }) => most429PerEpisode),
    each(({ inFlight429 }) => inFlight429),
    each(({ extensions }) => extensions),
    each(({ goodput }) => percent(goodput)),
    each(({ fullestWindow }) => fullestWindow),
    (100 * (measures.rejected + measures.limited + measures.failed)).toFixed(1),
    `${Math.round(interactive.p50Ms)}/${Math.round(interactive.p99Ms)}`,
    `${percent(interactive.served / all)}:${percent(sync.served / all)}`,
    `${measures.readsPerCall.toFixed(2)}+${measures.writesPerCall.toFixed(2)}`,
    (wallMs / 1000).toFixed(1),
  ]);
}

const outageHeading = [
  "outage".padEnd(42),
  "served a minute",
  "429s",
  "most 429s a minute, later",
  "served in the last minute",
].join(" | ");

function outageRow(name: string, measures: OutageMeasures): string {
  const { servedPerMinute, rejected, lateRejectedPerMinute, servedAfterwards } = measures;
  return [name.padEnd(42), servedPerMinute, rejected, lateRejectedPerMinute, servedAfterwards].join(" | ");
}

const shareHeading =
  "of 1,000 callers greedy | others served, % | of what they would have had, % | greedy calls a minute | reads+writes";

function shareRow({ greedy, groups, readsPerCall, writesPerCall }: ShareMeasures): string {
  const each = (of: (group: ShareMeasures["groups"]["light"]) => string) =>
    CALL_GROUPS.map((group) => of(groups[group])).join("/");
  return [
    String(greedy).padEnd(23),
    each(({ polite }) => (100 * polite).toFixed(1)),
    each(({ kept }) => (100 * kept).toFixed(1)),
    each(({ greedyPerMinute }) => greedyPerMinute.toFixed(1)),
    `${readsPerCall.toFixed(2)}+${writesPerCall.toFixed(2)}`,
  ].join(" | ");
}

await main();
