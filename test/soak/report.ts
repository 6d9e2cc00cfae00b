import { linePlot, savePlot } from "../bench/plot.ts";
import { table, writeSection } from "../bench/report.ts";
import type { Hour } from "./hour.ts";
import { growthOf, MOST_GROWTH_MB } from "./judge.ts";
import { IDLE_MS, type SocketMinute } from "./sockets.ts";

export interface Judged {
  hours: Hour[];
  sockets: SocketMinute | undefined;
  leaks: string[];
}

/** As lib/runtime/payers.ts has it. */
const USERS_KEPT = 300;

const nameOf = ({ processes }: Hour) => (processes === 1 ? "one process" : `${processes} processes`);

/** Writes the section of the benchmarks, with its plot. */
export function writeReport({ hours, sockets }: Judged): void {
  writeSection("npm run test:soak", {
    title: "Soak",
    text: [
      `\`npm run test:soak\` plays an hour of load in virtual time on one warm process and on a fleet in one process: the real handlers, the sign-in server and the sync, against the twin and a table in memory. ${loadOf(hours)} RingCentral fails now and then, the table too, tokens expire and the client secret rotates once.`,
      hourTable(hours),
      plotOf(hours),
      `- The heap is measured after a forced collection each minute. The line through the second half may rise by ${MOST_GROWTH_MB} MB. In the first half requests come four times as often and fill the bounded caches: of people and scopes in use, and of ${USERS_KEPT} users who pay for their own calls, about 10 KB each. The heap holds the simulated RingCentral too, with its sessions and codes; the table is outside it.`,
      `- Two minutes after the last request no timer is left, no request and no open handle. ${recordsOf(hours)}`,
      `- The largest map or set of a process, found in its heap wherever it is kept, has ${largestOf(hours)}`,
      ...(sockets === undefined ? [] : [socketText(sockets)]),
      "- `npm run test:soak -- --leak timer` (or `map`, `record`, `socket`) leaks one on purpose, and fails.",
    ].join("\n\n"),
  });
}

/** One line for the terminal. */
export function summaryOf(hour: Hour): string {
  const { tally, left, entries, afterYear } = hour;
  const maps = entries.map(({ minute, all, largest }) => `${minute}: ${all} (${largest})`).join(", ");
  return `${nameOf(hour)}: ${tally.requests} requests of ${tally.callers} callers; heap ${growthOf(hour).toFixed(1)} MB in the second half; ${left.timers} timers, ${left.handles} handles left; entries of maps at minute ${maps}; ${afterYear.records} records after a year`;
}

function loadOf(hours: readonly Hour[]): string {
  const [most] = hours.map(({ tally }) => tally).toSorted((one, other) => other.callers - one.callers);
  if (most === undefined) return "";
  const count = (value: number) => value.toLocaleString("en");
  return `In each hour ${count(most.callers)} callers send ${count(most.requests)} requests, ${count(most.signIns)} people sign in, and apps renew ${count(most.renewals)} tokens.`;
}

/** The heap is that of the harness too. */
function largestOf(hours: readonly Hour[]): string {
  const largest = Math.max(...hours.flatMap(({ entries }) => entries.map((one) => one.largest)));
  const isOwn = hours.some(({ tally }) => tally.callers === largest);
  const whose = isOwn ? ": it is the set in which the harness keeps its callers" : "";
  return `${largest.toLocaleString("en")} entries${whose}.`;
}

function hourTable(hours: readonly Hour[]): string {
  const columns = [
    "load on",
    "heap at 30 min, MB",
    "at 60 min",
    "growth, second half",
    "timers",
    "handles",
    "records",
    "of them lasting",
  ];
  const at = ({ samples }: Hour, part: number) => samples[Math.ceil(samples.length * part) - 1];
  const rows = hours.map((hour) => [
    nameOf(hour),
    (at(hour, 0.5)?.heapMb ?? 0).toFixed(1),
    (at(hour, 1)?.heapMb ?? 0).toFixed(1),
    growthOf(hour).toFixed(1),
    hour.left.timers,
    hour.left.handles,
    at(hour, 1)?.records ?? 0,
    hour.afterYear.lasting,
  ]);
  return table(columns, rows);
}

function recordsOf(hours: readonly Hour[]): string {
  const kinds = hours.flatMap((hour) =>
    hour.kinds.filter(({ lasting }) => lasting > 0).map(({ kind }) => kind),
  );
  return `Every record has an end or is one of a person or of the account (${new Set(kinds).size} kinds, each with its bound in \`test/soak/judge.ts\`): a year later these alone are left, and the next request is served.`;
}

function socketText({ requests, failed, most, idle }: SocketMinute): string {
  const count = (value: number) => value.toLocaleString("en");
  return `- A minute of real connections, which the twin resets, cuts or leaves without a response: ${count(requests)} requests, ${count(failed)} of them failed so, ${most} sockets at most (both ends are in one process), ${idle} still open ${IDLE_MS / 1_000} s after the last response. After a timeout on a kept connection the client replaces all that it keeps; those left behind end after ten idle seconds.`;
}

function plotOf(hours: readonly Hour[]): string {
  const series = hours.flatMap((hour) => {
    const points = (of: (sample: Hour["samples"][number]) => number) =>
      hour.samples.map((sample) => [sample.minute, of(sample)] as const);
    return [
      { name: `heap of ${nameOf(hour)}, MB`, points: points(({ heapMb }) => Math.round(heapMb * 10) / 10) },
      {
        name: `open handles of ${nameOf(hour)}, beyond those at the start`,
        points: points(({ handles }) => handles),
      },
      { name: `records of ${nameOf(hour)}, hundreds`, points: points(({ records }) => records / 100) },
    ];
  });
  const svg = linePlot({
    title: "An hour of load: heap, handles and records",
    x: { name: "minute", min: 0, max: 60 },
    y: { name: "", min: 0 },
    series,
  });
  return savePlot(
    "soak",
    svg,
    "Heap, open handles and records over an hour of load: heap and handles stay, records end",
  );
}
