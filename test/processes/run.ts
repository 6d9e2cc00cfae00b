// `npm run test:processes`: the deployed bundles in real processes, on one table and one twin, with every dependency
// behind a proxy that fails, and with processes killed and stopped. Prints a table of faults and outcomes; ends with
// exit code 1 when a promise was broken. Takes five minutes at most: a watchdog ends what takes longer, and says which
// scenario. `--short` runs some scenarios for a short time: half a minute on an idle machine. `SEED=…` repeats the draws.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleFunctions } from "../../infra/build/bundle.ts";
import { fastClock } from "./fast-clock.ts";
import type { Verdict } from "./judge.ts";
import { boundOf, type Scenario, scenarios } from "./scenarios.ts";
import { dependencies } from "./world.ts";

const usage = "usage: npm run test:processes -- [--short] [--only NAME] [--help]";
/** Scenarios at the same time: they mostly wait. */
const WORKERS = 5;
const FULL_BOUND_SECONDS = 300;
/** For a machine with a high load. */
const SHORT_BOUND_SECONDS = 150;
/** The processes of a scenario with a fast clock start and warm up in the machine's time. */
const SLOW_START_MS = 10_000;
const MIN_PROCESSES = 8;
const MIN_DISTURBANCES = 50;
const everyKind = ["refuse", "delay", "reset", "status"] as const;

interface Run {
  bundlesDir: string;
  seed: number;
  isShort: boolean;
  /** The machine's clock; every scenario has ended by then. */
  endsAt: number;
}

const running = new Set<ChildProcess>();

/** Ends a scenario and all its processes, stopped ones too. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** @returns the verdict, or why there is none */
async function runOne(
  scenario: Scenario,
  { bundlesDir, seed, isShort, endsAt }: Run,
): Promise<Verdict | string> {
  const { name, speed = 1, shortSeconds = scenario.seconds } = scenario;
  const bound = boundOf(isShort ? { ...scenario, seconds: shortSeconds } : scenario);
  const leftMs = endsAt - Date.now();
  if (leftMs <= 0) return "not run: the time of the whole run is over";
  const child = fork(
    new URL("play.ts", import.meta.url),
    [name, bundlesDir, String(seed), isShort ? "short" : "full"],
    {
      // With a process group of its own, whose members one signal ends.
      detached: true,
      execArgv: ["--import", fastClock],
      env: {
        ...process.env,
        CLOCK_SPEED: String(speed),
        CLOCK_START: String(speed === 1 ? 0 : Date.now() + SLOW_START_MS),
      },
    },
  );
  running.add(child);
  const { promise, resolve } = Promise.withResolvers<Verdict | string>();
  child.once("message", (verdict) => resolve(verdict as unknown as Verdict));
  child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
  const isLast = leftMs < bound * 1_000;
  const watchdog = setTimeout(
    () => resolve(isLast ? "the time of the whole run is over" : `took longer than ${bound} s`),
    Math.min(leftMs, bound * 1_000),
  );
  const result = await promise;
  clearTimeout(watchdog);
  running.delete(child);
  endGroup(child);
  return result;
}

async function main(): Promise<number> {
  const startedAt = Date.now();
  const { values } = parseArgs({
    options: { short: { type: "boolean" }, only: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const isShort = values.short === true;
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6));
  console.log(`seed ${seed}`);
  const queue = scenarios
    .filter(({ name, shortSeconds }) =>
      values.only === undefined ? !isShort || shortSeconds !== undefined : name === values.only,
    )
    // The longest first, so that none of them runs alone in the end.
    .toSorted((a, b) => boundOf(b) - boundOf(a));
  if (queue.length === 0) throw new Error(`no scenario is called "${values.only}"`);
  const isWhole = values.only === undefined && !isShort;
  const endsAt = startedAt + (isShort ? SHORT_BOUND_SECONDS : FULL_BOUND_SECONDS) * 1_000;
  const bundlesDir = await mkdtemp(join(tmpdir(), "ringfront-processes-"));
  const verdicts = new Map<string, Verdict>();
  const failures: string[] = [];
  try {
    await bundleFunctions({ outDir: bundlesDir });
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const verdict = await runOne(next, { bundlesDir, seed, isShort, endsAt });
        const broken = typeof verdict === "string" ? [verdict] : verdict.broken;
        if (typeof verdict !== "string") verdicts.set(next.name, verdict);
        if (broken.length > 0) failures.push(`${next.name}: ${broken.join("; ")}`);
        console.log(`${next.name}: ${broken.length === 0 ? "kept" : `BROKEN: ${broken.join("; ")}`}`);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
  } finally {
    await rm(bundlesDir, { recursive: true, force: true });
  }
  report(verdicts);
  if (isWhole) failures.push(...judgeWhole(verdicts));
  console.log(`\n${verdicts.size} scenarios in ${Math.round((Date.now() - startedAt) / 1_000)} s`);
  console.log(
    failures.length === 0 ? "every promise kept" : failures.map((line) => `BROKEN ${line}`).join("\n"),
  );
  return failures.length === 0 ? 0 : 1;
}

/** What the whole run must have tried. */
function judgeWhole(verdicts: ReadonlyMap<string, Verdict>): string[] {
  const all = [...verdicts];
  const small = all.filter(([, { row }]) => row.processes < MIN_PROCESSES);
  const disturbances = all.reduce(
    (
      sum,
      [
        ,
        {
          disturbances: { kills, freezes },
        },
      ],
    ) => sum + kills + freezes,
    0,
  );
  const untried = dependencies.flatMap((dependency) =>
    everyKind
      .filter((kind) => all.every(([, { struck }]) => struck[dependency][kind] === 0))
      .map((kind) => `${dependency} ${kind}`),
  );
  return [
    ...small.map(([name]) => `${name}: fewer than ${MIN_PROCESSES} processes`),
    ...(disturbances < MIN_DISTURBANCES ? [`only ${disturbances} processes were killed or stopped`] : []),
    ...(untried.length > 0 ? [`never tried: ${untried.join(", ")}`] : []),
  ];
}

function report(verdicts: ReadonlyMap<string, Verdict>): void {
  const all = [...verdicts];
  console.log(
    "\nFault and outcome. In brackets: token calls that got a 429; API 429s after the fault's first minute.",
  );
  console.table(
    Object.fromEntries(all.map(([name, { row }]) => [name, { ...row, served: `${row.served} %` }])),
  );
  for (const [name, { others }] of all) if (others !== "") console.log(`${name}: ${others}`);
  console.log("\nRequests affected, by dependency and fault.");
  console.table(
    Object.fromEntries(
      dependencies.map((dependency) => {
        const kinds = [...everyKind, "hang", "truncate", "late effect"] as const;
        const count = (kind: (typeof kinds)[number]) =>
          all.reduce((sum, [, { struck }]) => sum + struck[dependency][kind], 0);
        return [dependency, Object.fromEntries(kinds.map((kind) => [kind, count(kind)]))];
      }),
    ),
  );
  const kills = all.reduce((sum, [, { disturbances }]) => sum + disturbances.kills, 0);
  const freezes = all.reduce((sum, [, { disturbances }]) => sum + disturbances.freezes, 0);
  console.log(`kill -9: ${kills}, SIGSTOP: ${freezes}`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    for (const child of running) endGroup(child);
    process.exit(1);
  });
}
process.exitCode = await main();
