// `npm run test:processes`: the deployed bundles in real processes, on one table and one twin, with every dependency
// behind a proxy that fails, and with processes killed and stopped. Prints a table of faults and outcomes; ends with
// exit code 1 when a promise was broken. Takes seven minutes at most: a watchdog ends what takes longer, and says which
// scenario. `--short` runs some scenarios for a short time: half a minute on an idle machine. `SEED=…` repeats the draws:
// which requests fail and what each process meets in which order, not the machine's own timing.
// A whole run writes its section of docs/benchmarks.md.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleFunctions } from "../../infra/build/bundle.ts";
import { fastClock } from "./fast-clock.ts";
import type { Verdict } from "./judge.ts";
import { judgeWhole, print, type Verdicts, writeReport } from "./report.ts";
import { boundOf, type Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

const usage = "usage: npm run test:processes -- [--short] [--only NAME]... [--help]";
/** Scenarios at the same time: five keep two cores busy all the time. */
const WORKERS = 4;
const FULL_BOUND_SECONDS = 420;
/** For a machine with a high load. */
const SHORT_BOUND_SECONDS = 240;

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
      },
    },
  );
  running.add(child);
  const { promise, resolve } = Promise.withResolvers<Verdict | string>();
  child.on("message", (message) => {
    // The start of its processes takes as long as the machine makes it.
    if (message !== "started") resolve(message as unknown as Verdict);
    else setTimeout(() => resolve(`took longer than ${bound} s`), bound * 1_000).unref();
  });
  child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
  const watchdog = setTimeout(() => resolve("the time of the whole run is over"), leftMs);
  const result = await promise;
  clearTimeout(watchdog);
  running.delete(child);
  endGroup(child);
  return result;
}

async function main(): Promise<number> {
  const startedAt = Date.now();
  const { values } = parseArgs({
    options: {
      short: { type: "boolean" },
      only: { type: "string", multiple: true },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    const names = scenarios.map(
      ({ name, shortSeconds }) => `  ${name}${shortSeconds ? " (in --short too)" : ""}`,
    );
    console.log([usage, "Scenarios:", ...names].join("\n"));
    return 0;
  }
  const isShort = values.short === true;
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6));
  console.log(`seed ${seed}`);
  const queue = scenarios
    .filter(({ name, shortSeconds }) =>
      values.only === undefined ? !isShort || shortSeconds !== undefined : values.only.includes(name),
    )
    // The longest first, so that none of them runs alone in the end.
    .toSorted((a, b) => boundOf(b) - boundOf(a));
  if (queue.length < (values.only?.length ?? 1)) throw new Error(`no scenario is called so: ${values.only}`);
  const isWhole = values.only === undefined && !isShort;
  const bundlesDir = await mkdtemp(join(tmpdir(), "ringfront-processes-"));
  const verdicts = new Map<string, Verdict>();
  const failures: string[] = [];
  try {
    await bundleFunctions({ outDir: bundlesDir });
    const endsAt = Date.now() + (isShort ? SHORT_BOUND_SECONDS : FULL_BOUND_SECONDS) * 1_000;
    const playAll = async (queue: Scenario[]) => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const from = Date.now();
        const verdict = await runOne(next, { bundlesDir, seed, isShort, endsAt });
        const broken = typeof verdict === "string" ? [verdict] : verdict.broken;
        if (typeof verdict !== "string") verdicts.set(next.name, verdict);
        if (broken.length > 0) failures.push(`${next.name}: ${broken.join("; ")}`);
        const seconds = Math.round((Date.now() - from) / 1_000);
        console.log(
          `${next.name}: ${broken.length === 0 ? "kept" : `BROKEN: ${broken.join("; ")}`} (${seconds} s)`,
        );
      }
    };
    const [alone, together] = [true, false].map((isAlone) =>
      queue.filter((scenario) => (scenario.isAlone === true) === isAlone),
    );
    await playAll(alone ?? []);
    await Promise.all(Array.from({ length: WORKERS }, () => playAll(together ?? [])));
  } finally {
    await rm(bundlesDir, { recursive: true, force: true });
  }
  // In the order of their list.
  const all: Verdicts = new Map(
    scenarios.flatMap((scenario) => {
      const verdict = verdicts.get(scenario.name);
      return verdict === undefined ? [] : [[scenario.name, { scenario, verdict }]];
    }),
  );
  print(all);
  if (isWhole) {
    failures.push(...judgeWhole(all));
    writeReport(all, failures, seed);
  }
  console.log(`\n${verdicts.size} scenarios in ${Math.round((Date.now() - startedAt) / 1_000)} s`);
  console.log(
    failures.length === 0 ? "every promise kept" : failures.map((line) => `BROKEN ${line}`).join("\n"),
  );
  return failures.length === 0 ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    for (const child of running) endGroup(child);
    process.exit(1);
  });
}
process.exitCode = await main();
