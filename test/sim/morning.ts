// `npm run sim:morning`: 2,000 people open the overview within ten minutes, in virtual time. The token, the sessions, the
// token calls, the rate limiter, the cache and the overview are the deployed ones; the table, RingCentral's limits and the
// people are models. Prints a table, and writes it with a plot to docs/benchmarks.md. SEED chooses another morning.
// Ends with 1 when a goal is missed.
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { projectRoot } from "../../infra/build/bundle.ts";
import { goalsOfMorning, type MorningMeasures, measureMorning } from "./morning-measures.ts";
import { plotOf } from "./morning-plot.ts";
import { runMorning } from "./morning-run.ts";
import { mornings } from "./morning-suite.ts";

const { values } = parseArgs({
  options: {
    users: { type: "string", default: "2000" },
    seed: { type: "string", default: process.env.SEED ?? "1" },
    "dry-run": { type: "boolean", default: false },
  },
});

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
/** Waits between a second and a day. */
function span(ms: number): string {
  if (!Number.isFinite(ms)) return "gave up";
  if (ms < 100_000) return seconds(ms);
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}

const columns: [string, (measures: MorningMeasures) => string][] = [
  ["case", ({ name }) => name],
  ["within 2 s", ({ atOnce }) => `${(100 * atOnce).toFixed(1)} %`],
  ["wait, p50", ({ p50 }) => span(p50)],
  ["wait, p99", ({ p99 }) => span(p99)],
  ["refused first", ({ refusedFirst }) => `${(100 * refusedFirst).toFixed(1)} %`],
  ["told to wait, p50", ({ toldP50 }) => (toldP50 === undefined ? "-" : span(toldP50))],
  ["served", ({ served }) => `${(100 * served).toFixed(1)} %`],
  ["last one after", ({ last }) => span(last)],
  ["token calls", ({ tokenCalls }) => tokenCalls.toLocaleString("en")],
  ["most in a minute", ({ tokenCallsAMinute }) => String(tokenCallsAMinute)],
  ["429s", ({ rejected }) => String(rejected)],
];

/** A table as the documents have them, its columns aligned. */
function tableOf(all: readonly MorningMeasures[]): string {
  const cells = [columns.map(([name]) => name), ...all.map((one) => columns.map(([, text]) => text(one)))];
  const widths = columns.map((_, n) => Math.max(...cells.map((row) => row[n]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join(" | ")} |`;
  const [heading = [], ...rows] = cells;
  const rule = widths.map((width, n) => (n === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(heading), line(rule), ...rows.map(line)].join("\n");
}

/** Replaces what is between the marks of the page. */
function writeBlock(text: string): void {
  const file = join(projectRoot, "docs/benchmarks.md");
  const page = readFileSync(file, "utf8");
  const [begin, end] = ["<!-- sim:morning -->", "<!-- /sim:morning -->"];
  const [before, rest = ""] = page.split(begin);
  const [, after] = rest.split(end);
  if (before === undefined || after === undefined) throw new Error(`${file} has no ${begin}`);
  writeFileSync(file, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}

/** Each case in a thread of its own, as many at a time as there are cores. */
async function playAll(): Promise<MorningMeasures[]> {
  const cases = mornings(Number(values.users), Number(values.seed));
  const waiting = [...cases.entries()];
  const all: MorningMeasures[] = [];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, morning] = next;
      const startedAt = Date.now();
      const [measures] = await once(new Worker(new URL(import.meta.url), { workerData: morning }), "message");
      all[index] = measures;
      console.error(`${morning.name}: played in ${seconds(Date.now() - startedAt)}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return all;
}

async function main(): Promise<void> {
  const all = await playAll();
  const table = tableOf(all);
  console.log(`${values.users} users within ten minutes, seed ${values.seed}\n\n${table}\n`);
  if (!values["dry-run"]) {
    writeBlock(table);
    const file = join(projectRoot, "docs/images/morning.svg");
    writeFileSync(file, plotOf(all));
    console.log(`wrote docs/benchmarks.md and ${file}`);
  }
  const missed = all.flatMap((one) => goalsOfMorning(one).filter(({ isMet }) => !isMet));
  console.log(
    missed.map(({ name, found }) => `missed: ${name}, but ${found}`).join("\n") || "All goals met.",
  );
  process.exitCode = missed.length === 0 ? 0 : 1;
}

if (isMainThread) await main();
else parentPort?.postMessage(measureMorning(await runMorning(workerData)));
