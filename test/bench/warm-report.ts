import { percentile } from "./measurements.ts";
import { barPlot, savePlot } from "./plot.ts";
import { type Section, table } from "./report.ts";
import { type Runner, runners, type WarmCase, type WarmRun, warmCases } from "./warm-requests.ts";
import { sharedParts, TABLE_CLIENT } from "./warm-shares.ts";

const caseNames: Readonly<Record<WarmCase, string>> = {
  live: "list of 100, live",
  cached: "list of 100, ours from the cache",
  overview: "overview, live",
  write: "write",
};
const runnerNames: Readonly<Record<Runner, string>> = {
  got: "bare `got`",
  sdk: "SDK and Express",
  ours: "ours",
};

const cpu = (run: WarmRun, runner: Runner, name: WarmCase) => percentile(run[runner][name].cpuMs, 0.5);
const perSecond = (run: WarmRun, runner: Runner, name: WarmCase) =>
  percentile(run[runner][name].perSecond, 0.5);
const latency = (run: WarmRun, runner: Runner, name: WarmCase, p: number) =>
  percentile(run[runner][name].latencies, p);
/** Cached reads a second, as a multiple of the SDK's. */
const CACHED_GOAL = 3;
const throughputOf = (run: WarmRun) => perSecond(run, "ours", "cached") / perSecond(run, "sdk", "cached");
const each = warmCases.flatMap((name) => runners.map((runner) => ({ name, runner })));

export function warmTable(run: WarmRun): string {
  const columns = [
    "request",
    "function",
    "processor ms",
    "requests a second",
    "p50 ms",
    "p99 ms",
    "table calls",
  ];
  const rows = each.map(({ name, runner }) => [
    caseNames[name],
    runnerNames[runner],
    cpu(run, runner, name).toFixed(2),
    Math.round(perSecond(run, runner, name)),
    latency(run, runner, name, 0.5).toFixed(1),
    latency(run, runner, name, 0.99).toFixed(1),
    percentile(run[runner][name].tableCalls, 0.5).toFixed(1),
  ]);
  return table(
    columns.map((name, n) => ({ name, align: n < 2 ? "left" : "right" })),
    rows,
  );
}

function waitingTable(run: WarmRun): string {
  return table(
    [
      "request",
      ...runners.map((runner) => `${runnerNames[runner]}, p50 ms`),
      "ours / SDK, requests a second",
    ],
    warmCases.map((name) => [
      caseNames[name],
      ...runners.map((runner) => latency(run, runner, name, 0.5).toFixed(0)),
      (perSecond(run, "ours", name) / perSecond(run, "sdk", name)).toFixed(2),
    ]),
  );
}

function goals(pure: WarmRun, waiting: WarmRun, ringcentralMs: number): string {
  const over = cpu(pure, "ours", "live") - cpu(pure, "got", "live");
  const is = (isMet: boolean) => (isMet ? "met" : "not met");
  const cells = [throughputOf(pure), throughputOf(waiting)].map(
    (value) => `${value.toFixed(1)}, ${is(value >= CACHED_GOAL)}`,
  );
  return table(
    ["goal", "bound", "RingCentral takes 0 ms", `RingCentral takes ${ringcentralMs} ms`],
    [
      ["cached read: requests a second / those of SDK and Express", `at least ${CACHED_GOAL}`, ...cells],
      [
        "live read: processor ms over bare `got`",
        "at most 1",
        `${over.toFixed(1)}, ${is(over <= 1)}`,
        "the same",
      ],
    ],
  );
}

/** @param pure with RingCentral responding at once @param waiting with RingCentral taking `ringcentralMs` */
export function warmSection(pure: WarmRun, waiting: WarmRun, ringcentralMs: number): Section {
  const plot = savePlot(
    "warm",
    barPlot({
      title: "Processor time of a request in a warm process, ms",
      categories: warmCases.map((name) => caseNames[name]),
      series: runners.map((runner) => ({
        name: runnerNames[runner].replaceAll("`", ""),
        values: warmCases.map((name) => cpu(pure, runner, name)),
      })),
      values: { name: "", format: (ms) => ms.toFixed(1) },
    }),
    "Bars of the processor time of four requests, each by bare got, by the SDK behind Express, and by ours",
  );
  return {
    title: "A warm process",
    text: `\`npm run bench:warm\` sends the same requests to the deployed bundles and to the peers of the
[cold starts](#cold-starts), in slices that take turns. Each function is a process that has its token and gets one request at a
time, as in Lambda. Its processor time is measured in it; RingCentral, the table and the issuer are in another one.

${plot}

RingCentral responds at once: what a process spends. The peers have no cache, so their list is the same in both rows.

${warmTable(pure)}

RingCentral takes ${ringcentralMs} ms: what a caller waits, and how many requests a process serves.

${waitingTable(waiting)}

${goals(pure, waiting, ringcentralMs)}

Where the processor time of ours goes, ms, by a profile of one more slice:

${sharesTable(pure)}

${reasons(pure)}
- With RingCentral's real time a process spends most of its time waiting. A cached read does not wait for it.`,
  };
}

/** Processor time by part, ms. */
const spent = (run: WarmRun, name: WarmCase) =>
  new Map(run.shares[name]?.map(([part, share]) => [part, share * cpu(run, "ours", name)]));

export function sharesTable(run: WarmRun): string {
  const columns = warmCases.map((name) => spent(run, name));
  const total = (part: string) => columns.reduce((sum, column) => sum + (column.get(part) ?? 0), 0);
  const parts = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  return table(
    ["part", ...warmCases.map((name) => caseNames[name])].map((name, n) => ({
      name,
      align: n === 0 ? "left" : "right",
    })),
    parts
      .sort((one, other) => total(other) - total(one))
      .map((part) => [part, ...columns.map((column) => (column.get(part) ?? 0).toFixed(2))]),
  );
}

/** Why a cached read serves fewer requests a second than the goal. */
function cachedMiss(run: WarmRun): string {
  if (throughputOf(run) >= CACHED_GOAL) return "";
  // Of the figures that the tables show.
  const ours = Number(cpu(run, "ours", "cached").toFixed(2));
  const client = Number((spent(run, "cached").get(TABLE_CLIENT) ?? 0).toFixed(2));
  return `
- The goal of the cached read is not met at 0 ms: the SDK and Express take ${cpu(run, "sdk", "cached").toFixed(2)} ms for the whole request. Ours takes
${ours.toFixed(2)} ms, and ${(ours - client).toFixed(2)} ms even without the table client.`;
}

/** Where the processor time goes that the peers do not spend. */
function reasons(run: WarmRun): string {
  const calls = (name: WarmCase) => percentile(run.ours[name].tableCalls, 0.5).toFixed(1);
  const over = cpu(run, "ours", "live") - cpu(run, "got", "live");
  const live = [...spent(run, "live")];
  const own = live.filter(([part]) => !sharedParts.has(part)).reduce((sum, [, ms]) => sum + ms, 0);
  return `- A cached read has ${calls("cached")} table calls and a live one ${calls("live")}. A live read takes ${over.toFixed(1)} ms over
bare \`got\`: ${own.toFixed(1)} ms for parts that \`got\` alone does not have, and the rest is more work of network, garbage collection
and \`got\`.
- The peers do none of that: they do not know who calls, check no response, and each of their processes has a budget and no
cache of its own.${cachedMiss(run)}`.replaceAll(/\n(?!- )/g, " ");
}
