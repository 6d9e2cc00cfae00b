import { type CaseName, type ColdStart, type ColdStarts, caseNames } from "./cold-starts.ts";
import { percentile } from "./measurements.ts";
import { barPlot, savePlot } from "./plot.ts";
import { type Section, table } from "./report.ts";

const names: Readonly<Record<CaseName, string>> = {
  nothing: "an empty function",
  got: "peer: bare `got`",
  sdk: "peer: SDK and Express",
  health: "health",
  rejected: "a request without a token",
  cached: "read: from the cache",
  live: "read: live",
  liveCompiled: "read: live, with a compile cache",
  cachedCompiled: "read: from the cache, with a compile cache",
  first: "read: live, the first of a whole fleet",
  overview: "overview: live",
  write: "write",
};
const plotted: readonly CaseName[] = ["nothing", "got", "sdk", "cached", "live", "overview", "write"];

const quartile = (starts: readonly ColdStart[], p: number, of = ({ ms }: ColdStart) => ms) =>
  percentile(starts.map(of), p);
const median = (starts: readonly ColdStart[], of?: (start: ColdStart) => number) => quartile(starts, 0.5, of);
const ratio = (starts: ColdStarts, name: CaseName, to: CaseName) => median(starts[name]) / median(starts[to]);
const whole = (ms: number) => String(Math.round(ms));

export function coldTable(starts: ColdStarts): string {
  const columns = ["process", "ms", "quartiles", "of that init", "× bare `got`", "× SDK and Express"];
  const rows = caseNames.map((name) => [
    names[name],
    whole(median(starts[name])),
    `${whole(quartile(starts[name], 0.25))} to ${whole(quartile(starts[name], 0.75))}`,
    whole(median(starts[name], ({ initMs }) => initMs)),
    ratio(starts, name, "got").toFixed(2),
    ratio(starts, name, "sdk").toFixed(2),
  ]);
  return table(columns, rows);
}

const goals: readonly { name: string; case: CaseName; peer: CaseName; atMost: number }[] = [
  { name: "live read / bare `got`", case: "live", peer: "got", atMost: 1.15 },
  { name: "live read / SDK and Express", case: "live", peer: "sdk", atMost: 0.65 },
  { name: "cached read / bare `got`", case: "cached", peer: "got", atMost: 0.9 },
  { name: "live read / bare `got`, with a compile cache", case: "liveCompiled", peer: "got", atMost: 1.15 },
  {
    name: "live read / SDK and Express, with a compile cache",
    case: "liveCompiled",
    peer: "sdk",
    atMost: 0.65,
  },
  {
    name: "cached read / bare `got`, with a compile cache",
    case: "cachedCompiled",
    peer: "got",
    atMost: 0.9,
  },
];

function goalTable(pure: ColdStarts, waiting: ColdStarts, latencyMs: number): string {
  const cell = (value: number, atMost: number) =>
    `${value.toFixed(2)}, ${value <= atMost ? "met" : "not met"}`;
  return table(
    ["goal", "at most", "RingCentral takes 0 ms", `RingCentral takes ${latencyMs} ms`],
    goals.map((goal) => [
      goal.name,
      goal.atMost.toFixed(2),
      cell(ratio(pure, goal.case, goal.peer), goal.atMost),
      cell(ratio(waiting, goal.case, goal.peer), goal.atMost),
    ]),
  );
}

/** @param pure with RingCentral responding at once @param waiting with RingCentral taking `latencyMs` */
export function coldSection(pure: ColdStarts, waiting: ColdStarts, latencyMs: number): Section {
  const plot = savePlot(
    "cold-starts",
    barPlot({
      title: "A new process's first response, ms (median)",
      categories: plotted.map((name) => names[name].replaceAll("`", "")),
      series: [
        { name: "RingCentral responds at once", values: plotted.map((name) => median(pure[name])) },
        { name: `RingCentral takes ${latencyMs} ms`, values: plotted.map((name) => median(waiting[name])) },
      ],
      values: { name: "", format: whole },
    }),
    "Bars of the time from the start of a process to its first response: an empty function, two peers, and ours",
  );
  return {
    title: "Cold starts",
    text: `\`npm run bench:cold\` runs the bundles that are deployed under \`aws-lambda-ric\`, the runtime client of Lambda. (The
first time it builds that client in \`.build\`: cmake, a C++ compiler, a minute.) Each run is a fresh Node 24 process, measured from
its start to its response. _Init_ is Lambda's term: the time until the process requests its first event. Starting the sandbox and
TLS handshakes are not included. Processes of all kinds take turns, ${pure.nothing.length} of each.

The peers (\`test/bench/peers\`) log in at RingCentral with a JWT from their environment and list the same blocked numbers for the
same event. One is a handler with nothing but \`got\`; the other has \`@ringcentral/sdk\` behind Express 5 and \`serverless-http\`. Both
are bundled and minified by esbuild. They do not check who calls, and share no token, limit, cache or log with other processes.

${plot}

RingCentral responds at once: what a process costs.

${coldTable(pure)}

RingCentral takes ${latencyMs} ms: what a person waits.

${coldTable(waiting)}

${goalTable(pure, waiting, latencyMs)}

${notes(pure, waiting, latencyMs)}`,
  };
}

/** What a live read takes over an empty function, by what each kind does more than the one before. */
export function sharesOf(starts: Pick<ColdStarts, "nothing" | "rejected" | "cached" | "live">) {
  const medians = (of: (start: ColdStart) => number) => ({
    rejected: median(starts.rejected, of) - median(starts.nothing, of),
    cached: median(starts.cached, of) - median(starts.nothing, of),
    live: median(starts.live, of) - median(starts.nothing, of),
  });
  const loading = medians(({ initMs }) => initMs).live;
  const over = medians(({ ms }) => ms);
  const steps = [
    { name: "loading the bundle", ms: loading },
    { name: "the request until its token is looked at", ms: over.rejected - loading },
    { name: "AWS's clients, the signature and a cached response", ms: over.cached - over.rejected },
    { name: "got and the call of RingCentral", ms: over.live - over.cached },
  ];
  return { over: over.live, steps };
}

/** Ties the goals that are not met to the steps of a cold start. */
function missesOf(pure: ColdStarts, waiting: ColdStarts, latencyMs: number): string {
  const missedIn = (starts: ColdStarts) =>
    goals.filter((goal) => ratio(starts, goal.case, goal.peer) > goal.atMost);
  const [loading, , checked] = sharesOf(pure).steps;
  const late = missedIn(waiting);
  return [
    ...(missedIn(pure).length === 0 || !loading || !checked
      ? []
      : [
          `\n- Not met at 0 ms, because the whole start of bare \`got\` takes ${whole(median(pure.got))} ms, of which an empty function takes
${whole(median(pure.nothing))}. Of ours, ${loading.name} alone takes ${whole(loading.ms)} ms, and ${checked.name} ${whole(checked.ms)} ms.`,
        ]),
    ...(late.length === 0
      ? []
      : [
          `\n- Not met at ${latencyMs} ms: ${late.map(({ name }) => name).join("; ")}. A live read takes ${whole(median(waiting.live))} ms then, RingCentral ${latencyMs} of them; the rest is the process's, as at 0 ms.`,
        ]),
  ].join("");
}

function notes(pure: ColdStarts, waiting: ColdStarts, latencyMs: number): string {
  const table = median(pure.live, ({ times }) => times.table.ms);
  const calls = median(pure.live, ({ times }) => times.table.calls);
  const all = median(pure.live, ({ times }) => times.all.ms);
  const { over, steps } = sharesOf(pure);
  const missed = missesOf(pure, waiting, latencyMs);
  const compiled = median(pure.live) - median(pure.liveCompiled);
  const gotCalls = median(waiting.got, ({ times }) => times.RingCentral.calls);
  const ours = median(waiting.live, ({ times }) => times.RingCentral.calls);
  return `- A live read takes ${whole(over)} ms more than an empty function. The kinds of this run tell which step takes them:
${steps.map(({ name, ms }) => `  ${name} ${whole(ms)} ms (${whole((100 * ms) / over)} %)`).join(",\n")}.${missed}
- The emulated table answers a live read's ${whole(calls)} calls in ${(table / calls).toFixed(1)} ms each, and all dependencies together
take ${whole(all)} ms. The rest is the process's own work. A compile cache saves ${whole(compiled)} ms of it: at least so much is V8 compiling, in
every step.
- AWS names single-digit milliseconds for a call of DynamoDB, so those calls take longer there than here.
[The next section](#the-first-request-as-a-count) counts how many wait for each other.
- A peer sends ${whole(gotCalls)} calls one after the other, because each of its processes logs in; a process of a fleet with a token
sends ${whole(ours)}. At RingCentral's ${latencyMs} ms that is what a live read gains. The first instance of a fleet logs in too.
- RingCentral accepts 5 token calls a minute and ends the oldest of more than 5 sessions of a user. The peers of this run would have
met both limits; the twin lifts them here.
- [A compile cache](operations.md#compile-cache) can be packaged for the Node and the processor of the functions. Here it is for this
machine's.
- A request loads only what it needs: a rejected one neither http nor an AWS client, a cached one not got.`;
}
