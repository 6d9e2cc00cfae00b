import { table } from "../bench/report.ts";
import type { GroupMeasures, Measures } from "./measure.ts";
import type { OutageMeasures } from "./outage.ts";
import { CALL_GROUPS } from "./scenarios.ts";
import type { ShareMeasures } from "./shares.ts";
import type { SuiteSize } from "./suite.ts";

export interface FleetRun {
  scenarios: { name: string; measures: Measures }[];
  outages: { instances: number; measures: OutageMeasures }[];
  shares: ShareMeasures[];
  /** Goals. */
  missed: string[];
}

const percent = (share: number) => String(Math.round(100 * share));
const tenth = (share: number) => (100 * share).toFixed(1);

const costOf = ({ readsPerCall, writesPerCall }: { readsPerCall: number; writesPerCall: number }) =>
  `${readsPerCall.toFixed(2)} + ${writesPerCall.toFixed(2)}`;

function scenarioTable({ scenarios }: FleetRun): string {
  const each = (measures: Measures, of: (group: GroupMeasures) => string | number) =>
    CALL_GROUPS.map((group) => of(measures.groups[group])).join("/");
  return table(
    [
      "scenario",
      "token calls",
      "429 episodes",
      "most 429s in one",
      "penalty extensions",
      "goodput, % of the limit",
      "table reads + writes a call",
    ],
    scenarios.map(({ name, measures }) => [
      name,
      measures.tokenCalls,
      each(measures, ({ episodes }) => episodes),
      each(measures, ({ most429PerEpisode }) => most429PerEpisode),
      each(measures, ({ extensions }) => extensions),
      each(measures, ({ goodput }) => percent(goodput)),
      costOf(measures),
    ]),
  );
}

function outageTable({ outages }: FleetRun): string {
  return table(
    [
      { name: "instances", align: "right" },
      "served a minute",
      "429s",
      "most 429s of a group in a minute, after its first minute",
      "served in the second minute with the table",
    ],
    outages.map(({ instances, measures }) => [
      instances,
      Math.round(measures.servedPerMinute),
      measures.rejected,
      measures.lateRejectedPerMinute,
      measures.servedAfterwards,
    ]),
  );
}

function shareTable({ shares }: FleetRun): string {
  const each = ({ groups }: ShareMeasures, of: (group: ShareMeasures["groups"]["light"]) => string) =>
    CALL_GROUPS.map((group) => of(groups[group])).join("/");
  return table(
    [
      { name: "greedy callers", align: "right" },
      "polite calls served, %",
      "of those served without greedy callers, %",
      "greedy calls served a minute",
      "table reads + writes a call",
    ],
    shares.map((measures) => [
      measures.greedy,
      each(measures, ({ polite }) => tenth(polite)),
      each(measures, ({ kept }) => tenth(kept)),
      each(measures, ({ greedyPerMinute }) => greedyPerMinute.toFixed(1)),
      costOf(measures),
    ]),
  );
}

/** The section of docs/benchmarks.md. */
export function fleetText(run: FleetRun, { instances, hours, load, seed }: SuiteSize): string {
  const syncs = run.scenarios.find(({ name }) => name.includes("two syncs"))?.measures.interactive;
  return `\`npm run sim:fleet\` simulates ${instances.toLocaleString("en")} instances for ${hours} h of virtual time. Each has the
deployed client, rate limiter and shared token, against the twin's limiter (Light 50, Medium 40, Heavy 10 calls a minute; a request
during a penalty restarts it). Values are Light/Medium/Heavy; seed ${seed}.

${scenarioTable(run)}

- The second token call of an hour is the renewal: tokens live an hour.
- The scenario with two syncs takes four times as long, because few of its calls are Heavy. Interactive calls wait ${Math.round(syncs?.p50Ms ?? 0)} ms (median) and ${Math.round(syncs?.p99Ms ?? 0)} ms (p99)
for their permit beside the syncs.
- External usage of the same budget makes a first 429 unavoidable; there is never a second in the same episode. Goodput is lower
because the fleet then leaves room for it.
- Clients that do not coordinate extend one penalty as long as the load lasts: almost no call succeeds.

The same without the table for ten minutes, at ${load} times the limit. Two minutes in, another client spends every limit. Values are
of the three groups together; their limits are 100 calls a minute.

${outageTable(run)}

- The price is that most instances make no call without the table: about four at a time may, whatever the size of the fleet. With
1,000 instances each is asked for one call a minute, so those four serve few.

The same command plays 1,000 callers for ${hours} h: polite ones, who open the overview now and then and use half of the Light, 30 %
of the Medium and 20 % of the Heavy limit, and greedy ones, who ask again at once whatever the response says (each of 100 every
3 s). Light/Medium/Heavy; 100 instances.

${shareTable(run)}

- The hour includes the first minutes, in which greedy callers look like new ones: with 100 of them about five. Three callers that
begin at the same time take the Light budget of one minute.
- A rejected call writes nothing.
- A few callers who all want more than their part leave a quarter of the budgets unused (see
[the specification](../lib/ringcentral/rate-limit/SPEC.md#known-limits)).`;
}
