// `npm run test:mutants`: breaks each rule of test/mutants/tables, one at a time, under the tests that must notice it.
//
//   npm run test:mutants                            all of them; writes their section of docs/benchmarks.md
//   npm run test:mutants -- --only token-store      one protocol, or several: --only sync,sign-in
//   npm run test:mutants -- --id lease-without-skew one rule
//   npm run test:mutants -- --since main            the rules whose source or tests have changed since then
//
// The working tree is not touched: the text is replaced when a test loads the file. It fails for a rule whose breaking no
// test notices, unless its table says why that is harmless; for a harmless one that a test notices; and for a file that
// no test loads.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../../infra/build/bundle.ts";
import { writeSection } from "../bench/report.ts";
import type { Job } from "./messages.ts";
import { mutantsOf, mutated, type Placed, type Protocol, testFile } from "./mutant.ts";
import { type Result, runJobs } from "./pool.ts";
import { protocols } from "./protocols.ts";
import { COMMAND, type Tried, toSection } from "./section.ts";

const PROCESSES = 2;

interface Trial extends Job {
  mutant: Placed;
  protocol: Protocol;
}

const { values } = parseArgs({
  options: { only: { type: "string" }, id: { type: "string" }, since: { type: "string" } },
});

function changedSince(ref: string): (mutant: Placed) => boolean {
  const { stdout, status } = spawnSync("git", ["diff", "--name-only", ref], {
    cwd: projectRoot,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`git knows no ${ref}`);
  const changed = new Set(stdout.split("\n"));
  return ({ file, tests }) => changed.has(file) || tests.some((test) => changed.has(testFile(test)));
}

function chosen(): Trial[] {
  const { only, id, since } = values;
  const names = only?.split(",");
  const unknown = names?.filter((name) => !protocols.some((protocol) => protocol.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`no protocol ${unknown.join(", ")}`);
  const isChanged = since === undefined ? () => true : changedSince(since);
  return protocols
    .filter(({ name }) => names === undefined || names.includes(name))
    .flatMap((protocol) => mutantsOf(protocol).map((mutant) => ({ mutant, protocol })))
    .filter(({ mutant }) => (id === undefined || mutant.id === id) && isChanged(mutant))
    .map(({ mutant, protocol }) => ({ mutant, protocol, tests: mutant.tests, title: mutant.title }));
}

/** A mutant proves nothing under tests that fail without it. */
async function requirePassing(trials: readonly Trial[]): Promise<void> {
  const jobs = new Map<string, Job>();
  for (const { tests, title } of trials) {
    for (const test of tests) jobs.set(JSON.stringify([test, title]), { tests: [test], title });
  }
  const whole = new Set(
    [...jobs.values()].filter(({ title }) => title === undefined).flatMap(({ tests }) => tests),
  );
  const needed = [...jobs.values()].filter(
    ({ tests: [test = ""], title }) => title === undefined || !whole.has(test),
  );
  const failures: string[] = [];
  await runJobs(needed, PROCESSES, (job, result) => {
    const failed = result === "hung" ? { title: "hangs", reason: "" } : result.failed;
    if (failed !== undefined) failures.push(`${job.tests.join()}: ${failed.title}: ${failed.reason}`);
  });
  if (failures.length > 0) throw new Error(`these tests fail without any mutant:\n${failures.join("\n")}`);
}

function judge({ mutant, protocol }: Trial, result: Result, ms: number): Tried {
  const about = { mutant, protocol: protocol.name };
  if (result === "hung") return { ...about, state: "killed", by: mutant.tests[0] ?? "", ms };
  if (!result.isLoaded) return { ...about, state: "not loaded", ms };
  if (result.failed === undefined) return { ...about, state: "survived", ms };
  return { ...about, state: "killed", by: result.failed.test, ms };
}

const isFault = ({ state, mutant }: Tried) =>
  state !== (mutant.harmless === undefined ? "killed" : "survived");

const trials = chosen();
for (const { mutant } of trials) mutated(readFileSync(join(projectRoot, mutant.file), "utf8"), mutant);
const startedAt = performance.now();
await requirePassing(trials);
console.log(`The tests pass without a mutant. ${trials.length} mutants:`);
const tried: Tried[] = [];
await runJobs(trials, PROCESSES, (trial, result, ms) => {
  const one = judge(trial, result, ms);
  tried.push(one);
  const state = one.state === "survived" && !isFault(one) ? "harmless" : one.state;
  const how = one.state === "killed" ? ` by ${one.by}` : "";
  console.log(
    `${isFault(one) ? "FAULT " : ""}${state} ${trial.mutant.id}${how} (${(ms / 1_000).toFixed(1)} s)`,
  );
});
const minutes = (performance.now() - startedAt) / 60_000;
const faults = tried.filter(isFault);
for (const { mutant, state } of faults) {
  console.log(
    `\n${mutant.id} in ${mutant.file}: ${state}${mutant.harmless === undefined ? "" : ", listed as harmless"}\n  ${mutant.rule}`,
  );
}
console.log(`\n${tried.length} tried in ${minutes.toFixed(1)} min, ${faults.length} faults`);
const isWhole = Object.values(values).every((value) => value === undefined);
if (isWhole && faults.length === 0) writeSection(COMMAND, toSection(protocols, tried, minutes));
process.exitCode = faults.length > 0 || tried.length === 0 ? 1 : 0;
