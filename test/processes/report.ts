import { table, writeSection } from "../bench/report.ts";
import type { Verdict } from "./judge.ts";
import { isSync, isWrite, type Scenario } from "./scenario.ts";
import { dependencies } from "./world.ts";

/** All verdicts of a run, by scenario. */
export type Verdicts = ReadonlyMap<string, { scenario: Scenario; verdict: Verdict }>;

const MIN_PROCESSES = 8;
/** Processes killed, and processes stopped, during writes and during syncs. */
const MIN_DISTURBANCES = 50;
const everyKind = ["refuse", "delay", "reset", "status"] as const;
/** The faults of which the bus, the queue and the audit meet all. */
const allKinds = [...everyKind, "hang", "truncate", "late effect"] as const;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Processes killed and stopped in the scenarios of one kind. */
function disturbed(all: Verdicts, isMeant: (scenario: Scenario) => boolean) {
  const meant = [...all.values()].filter(({ scenario }) => isMeant(scenario));
  const total = (of: "kills" | "freezes") => sum(meant.map(({ verdict }) => verdict.disturbances[of]));
  return { kills: total("kills"), freezes: total("freezes") };
}

/** What the whole run must have tried. */
export function judgeWhole(all: Verdicts): string[] {
  const verdicts = [...all.values()].map(({ verdict }) => verdict);
  const small = [...all].filter(([, { verdict }]) => verdict.row.processes < MIN_PROCESSES);
  const untried = dependencies.flatMap((dependency) =>
    everyKind
      .filter((kind) => verdicts.every(({ struck }) => struck[dependency][kind] === 0))
      .map((kind) => `${dependency} ${kind}`),
  );
  const few = (during: string, { kills, freezes }: { kills: number; freezes: number }) =>
    Math.min(kills, freezes) < MIN_DISTURBANCES
      ? [`only ${kills} processes were killed and ${freezes} stopped during ${during}`]
      : [];
  return [
    ...small.map(([name]) => `${name}: fewer than ${MIN_PROCESSES} processes`),
    ...few("writes", disturbed(all, isWrite)),
    ...few("syncs", disturbed(all, isSync)),
    ...(untried.length > 0 ? [`never tried: ${untried.join(", ")}`] : []),
  ];
}

export function print(all: Verdicts): void {
  console.log(
    "\nFault and outcome. In brackets: token calls that got a 429; API 429s after the fault's first minute.",
  );
  const rows = [...all].map(([name, { verdict }]) => {
    const { row } = verdict;
    return [name, { ...row, served: `${row.served} %` }];
  });
  console.table(Object.fromEntries(rows));
  for (const [name, { verdict }] of all) if (verdict.others !== "") console.log(`${name}: ${verdict.others}`);
  console.log("\nRequests affected, by dependency and fault.");
  const count = (dependency: (typeof dependencies)[number], kind: (typeof allKinds)[number]) =>
    sum([...all.values()].map(({ verdict }) => verdict.struck[dependency][kind]));
  console.table(
    Object.fromEntries(
      dependencies.map((one) => [one, Object.fromEntries(allKinds.map((kind) => [kind, count(one, kind)]))]),
    ),
  );
  const { kills, freezes } = disturbed(all, () => true);
  console.log(`kill -9: ${kills}, SIGSTOP: ${freezes}`);
}

/** The section "Real faults" of the benchmarks. */
export function writeReport(all: Verdicts, failures: readonly string[], seed: number): void {
  const rows = [...all].map(([name, { verdict }]) => {
    const { processes, faults, tokenCalls, rateLimited, writes, repeated, doubled, lost, p99, served } =
      verdict.row;
    const kept = verdict.broken.length === 0 ? "yes" : "no";
    const damaged = `${doubled}, ${lost}`;
    return [
      name,
      processes,
      faults,
      tokenCalls,
      rateLimited,
      writes,
      repeated,
      damaged,
      p99,
      `${served} %`,
      kept,
    ];
  });
  const heads = [
    "scenario",
    "processes",
    "faults",
    "token calls a minute",
    "429s",
    "writes",
    "keys repeated",
    "doubled, lost",
    "p99 ms",
    "served",
    "kept",
  ];
  const [writes, syncs, whole] = [isWrite, isSync, () => true].map((isMeant) => disturbed(all, isMeant));
  const said = ({ kills, freezes } = { kills: 0, freezes: 0 }) => `${kills} and ${freezes}`;
  const most = Math.max(...[...all.values()].map(({ verdict }) => verdict.row.processes));
  const text = `
\`SEED=${seed} npm run test:processes\` starts the deployed bundles in ${MIN_PROCESSES} to ${most} real processes a scenario, on one
table and one Every dependency is behind a proxy that refuses, delays, resets and returns 500. Processes ended with \`kill -9\`, and
stopped for some seconds: ${said(whole)}; of these ${said(writes)} during writes, and ${said(syncs)} during syncs. \`--help\` lists the
scenarios, \`--only NAME\` runs one, \`--short\` three in half a minute.

In brackets: token calls that got a 429, and API 429s after the fault's first minute. "Keys repeated" are acknowledged writes whose
\`Idempotency-Key\` was sent again and got the first response.

${table(heads, rows)}

- ${failures.length === 0 ? "Every promise was kept" : `Broken: ${failures.join("; ")}`}. A run that breaks one ends with exit code 1 and names it: no write doubled or lost; no
  \`storage_unavailable\` later than 2.5 s of its process's time; an audit entry for each acknowledged write; the
  change feed, followed from the start, and the snapshot equal RingCentral's numbers; no session of a person ends, and no two
  processes refresh one at a time; no change of a moved extension stays half done.
- The first runs of this harness found 8 token calls in a minute, 24 late 429s, and 10 writes that took effect twice.
- Times are the handler's, without the start and the stops of its process. They and the shares served depend on the machine's load.
- A fleet with a slow table serves less, because processes without the table cannot tell one another of a 429.
- In some scenarios the processes' clock is 3 to 6 times as fast: with 504 the two minutes pass after which a POST may be sent again,
  and a killed sync's or writer's lease ends.
`;
  writeSection("npm run test:processes", { title: "Real faults", text });
}
