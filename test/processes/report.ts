import { LATE_EFFECT_MS } from "../../lib/ringcentral/api/late-effect.ts";
import { table, writeSection } from "../bench/report.ts";
import { TOKEN_CALLS as AT_ONCE } from "./cold-traffic.ts";
import { everyKind, type Fault } from "./fault-proxy.ts";
import { LATE_429S, TOKEN_CALLS_A_MINUTE, type Verdict } from "./judge.ts";
import { TOKEN_CALLS as OWN_SESSIONS } from "./own-sessions.ts";
import { isSync, isWrite, type Scenario } from "./scenario.ts";
import { type Dependency, dependencies } from "./world.ts";

/** All verdicts of a run, by scenario. */
export type Verdicts = ReadonlyMap<string, { scenario: Scenario; verdict: Verdict }>;

const MIN_PROCESSES = 8;
/** Processes killed, and processes stopped, during writes and during syncs. */
const MIN_DISTURBANCES = 50;
/** Writes that succeeded in those scenarios: without any, nothing could be lost. */
const MIN_WRITES = 50;
/** The faults of which the bus, the queue and the audit meet all. */
const allKinds = [...everyKind, "hang", "truncate", "late effect"] as const;

const DEPENDENCIES: Record<Dependency, string> = {
  ringcentral: "RingCentral",
  table: "table",
  secrets: "Secrets Manager",
  issuer: "token issuer",
  queue: "queue",
  bus: "event bus",
  audit: "audit log",
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Processes killed and stopped in the scenarios of one kind. */
function disturbed(all: Verdicts, isMeant: (scenario: Scenario) => boolean): Verdict["disturbances"] {
  const meant = [...all.values()].filter(({ scenario }) => isMeant(scenario));
  const total = (of: keyof Verdict["disturbances"]) =>
    sum(meant.map(({ verdict }) => verdict.disturbances[of]));
  return { kills: total("kills"), freezes: total("freezes"), atWork: total("atWork") };
}

/** Requests to a dependency that a kind of fault has affected. */
const affected = (all: Verdicts, dependency: Dependency, kind: Fault["kind"]) =>
  sum([...all.values()].map(({ verdict }) => verdict.struck[dependency][kind]));

/** What the whole run must have tried. */
export function judgeWhole(all: Verdicts): string[] {
  const small = [...all].filter(([, { verdict }]) => verdict.row.processes < MIN_PROCESSES);
  const acknowledged = sum(
    [...all.values()]
      .filter(({ verdict: { disturbances } }) => disturbances.kills + disturbances.freezes > 0)
      .map(({ verdict }) => verdict.row.writes),
  );
  const untried = dependencies.flatMap((dependency) =>
    everyKind.filter((kind) => affected(all, dependency, kind) === 0).map((kind) => `${dependency} ${kind}`),
  );
  const few = (during: string, { kills, freezes }: { kills: number; freezes: number }) =>
    Math.min(kills, freezes) < MIN_DISTURBANCES
      ? [`only ${kills} processes were killed and ${freezes} stopped during ${during}`]
      : [];
  return [
    ...small.map(([name]) => `${name}: fewer than ${MIN_PROCESSES} processes`),
    ...few("writes", disturbed(all, isWrite)),
    ...few("syncs", disturbed(all, isSync)),
    ...(acknowledged < MIN_WRITES
      ? [`only ${acknowledged} writes succeeded while processes ended and stopped`]
      : []),
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
  const counts = (one: Dependency) =>
    Object.fromEntries(allKinds.map((kind) => [kind, affected(all, one, kind)]));
  console.table(Object.fromEntries(dependencies.map((one) => [one, counts(one)])));
  const { kills, freezes, atWork } = disturbed(all, () => true);
  console.log(`kill -9: ${kills}, SIGSTOP: ${freezes}; at work on a request: ${atWork}`);
}

const PROMISES = `
- No write takes effect twice. No write that its caller was told is done is missing, or other than requested.
- A repeated \`Idempotency-Key\` gets its first response. A POST whose outcome is unknown is not sent again within
  ${LATE_EFFECT_MS / 60_000} minutes, in which RingCentral may still complete it.
- Each acknowledged write has an audit entry.
- The whole fleet makes at most ${TOKEN_CALLS_A_MINUTE} token calls in any minute; ${OWN_SESSIONS} with people's own sessions, ${AT_ONCE} with
  200 requests at once. After a fault's first minute RingCentral answers 429 at most ${LATE_429S} times.
- A problem names the party that failed, and nothing ends with a crash or an internal error. Where no process is killed or
  stopped, \`storage_unavailable\` comes within 2.5 s.
- The snapshot of the company's numbers, and its change feed followed from the start, end with what RingCentral has. All
  changes are on the event bus.
- No session of a person ends, and no two processes use a refresh token at a time.
- No change of an extension with the new call handling stays half done.
- The first requests of 200 processes, and 200 requests at once after them, are all served.
`;

const NOTES = `
- In brackets: token calls that got a 429, and API 429s after the fault's first minute. "Keys repeated" are acknowledged
  writes whose \`Idempotency-Key\` was sent again.
- "Served" is the share of 2xx. It shows what the fault costs and is no promise: most calls of a fleet whose table or
  issuer is away are told so, with a \`Retry-After\`. A fleet with a slow table serves less, because its processes cannot tell
  one another of a 429.
- Times are the handler's, without the start and the stops of its process, and without the time in which the machine did not run
  it. They and the shares depend on the machine: here two cores run four scenarios at once. Of the 200 cold processes
  ${MIN_PROCESSES} start at a time, and they are played alone: beside others, two cores start them too slowly.
- In some scenarios the processes' clock runs 3 to 6 times as fast, so that the two minutes after a 504 and the lease of a
  killed sync or writer end within the run.
- The first runs of this harness found 8 token calls in a minute, 24 late 429s, and 10 writes that took effect twice.
`;

/** The section "Real faults" of the benchmarks. */
export function writeReport(all: Verdicts, failures: readonly string[], seed: number): void {
  const [writes, syncs, whole] = [isWrite, isSync, () => true].map((isMeant) => disturbed(all, isMeant));
  const said = ({ kills, freezes, atWork } = { kills: 0, freezes: 0, atWork: 0 }) =>
    `${kills} were killed and ${freezes} stopped, ${atWork} of them at work on a request`;
  const most = Math.max(...[...all.values()].map(({ verdict }) => verdict.row.processes));
  const text = `
\`SEED=${seed} npm run test:processes\` runs the deployed bundles in real processes, ${MIN_PROCESSES} to ${most} at a time in each of
${all.size} scenarios. The processes of a scenario share a table, a queue, an event bus and one simulated RingCentral account.
Between them and each dependency is a proxy that fails. A run that breaks a promise names it and ends with exit code 1.
\`--help\` lists the scenarios, \`--only NAME\` plays one, \`--short\` three in half a minute.

Promised, whatever happens to the processes and their dependencies:

${PROMISES.trim()}

Done to the processes: \`kill -9\`, and SIGSTOP for 1 to 8 s. In the whole run ${said(whole)}. During writes ${said(writes)}; during
syncs ${said(syncs)}. Done to their requests, by dependency (a delay is one of up to 20 s, a late effect is an error after which
RingCentral carries out the write):

${table(["dependency", ...allKinds.map((kind) => (kind === "status" ? "500 or 504" : kind))], faultRows(all))}

Seen: ${failures.length === 0 ? "every promise was kept" : `BROKEN: ${failures.join("; ")}`}.

${table(heads, outcomeRows(all))}

${NOTES.trim()}
`;
  writeSection("npm run test:processes", { title: "Real faults", text });
}

const faultRows = (all: Verdicts) =>
  dependencies.map((one) => [DEPENDENCIES[one], ...allKinds.map((kind) => affected(all, one, kind))]);

const heads = [
  "scenario",
  "processes",
  "faults",
  "calls",
  "served",
  "p99 ms",
  "token calls a minute",
  "429s",
  "writes",
  "keys repeated",
  "doubled, lost",
  "kept",
];

function outcomeRows(all: Verdicts) {
  return [...all].map(([name, { verdict }]) => {
    const { processes, faults, calls, served, p99, tokenCalls, rateLimited, writes, repeated } = verdict.row;
    const damaged = `${verdict.row.doubled}, ${verdict.row.lost}`;
    const kept = verdict.broken.length === 0 ? "yes" : "no";
    const effects = [tokenCalls, rateLimited, writes, repeated, damaged];
    return [name, processes, faults, calls, `${served} %`, p99, ...effects, kept];
  });
}
