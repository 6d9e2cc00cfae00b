import type { Goal } from "./goals.ts";
import { measure } from "./measure.ts";
import { CALL_GROUPS, type Run, runScenario, type Scenario } from "./scenarios.ts";
import type { SuiteSize } from "./suite.ts";

/** What callers that poll without pause leave to the others, by group. */
export interface ShareMeasures {
  greedy: number;
  groups: Record<(typeof CALL_GROUPS)[number], { polite: number; kept: number; greedyPerMinute: number }>;
  rejectedByRingCentral: number;
  readsPerCall: number;
  writesPerCall: number;
}

/**
 * The same calls of polite callers, without greedy ones and beside each number of them.
 * @param size.hours the first minutes included, in which a greedy caller is new
 */
export async function measureShares(
  greedy: readonly number[],
  { instances, hours, seed }: Pick<SuiteSize, "instances" | "hours" | "seed">,
): Promise<ShareMeasures[]> {
  const scenario: Scenario = {
    name: "fair shares",
    instances,
    minutes: Math.round(hours * 60),
    seed,
    client: "ringfront",
    load: 0.5,
  };
  const alone = politeShare(await runScenario({ ...scenario, greedy: 0 }));
  const measures: ShareMeasures[] = [];
  for (const count of greedy) {
    const run = await runScenario({ ...scenario, greedy: count });
    const polite = politeShare(run);
    const { readsPerCall, writesPerCall, groups } = measure(run);
    const shares = CALL_GROUPS.map((group) => {
      const served = run.outcomes.filter(
        (one) => one.group === group && isGreedy(one) && isServed(one),
      ).length;
      const kept = polite[group] / alone[group];
      return [group, { polite: polite[group], kept, greedyPerMinute: served / scenario.minutes }] as const;
    });
    measures.push({
      greedy: count,
      groups: Object.fromEntries(shares) as ShareMeasures["groups"],
      rejectedByRingCentral: CALL_GROUPS.reduce((sum, group) => sum + groups[group].total429, 0),
      readsPerCall,
      writesPerCall,
    });
  }
  return measures;
}

export function shareGoals({ groups, rejectedByRingCentral }: ShareMeasures): Goal[] {
  const least = Math.min(...CALL_GROUPS.map((group) => groups[group].kept));
  return [
    { name: "at least 0.9 of what they would have had", isMet: least >= 0.9, found: least.toFixed(3) },
    {
      name: "no 429 of RingCentral",
      isMet: rejectedByRingCentral === 0,
      found: String(rejectedByRingCentral),
    },
  ];
}

type Outcome = Run["outcomes"][number];
const isGreedy = ({ caller = "" }: Outcome) => caller.startsWith("greedy");
const isServed = ({ result }: Outcome) => result === "served";

/** Of the polite callers' calls, the part that was served. */
function politeShare({ outcomes }: Run) {
  const shares = CALL_GROUPS.map((group) => {
    const asked = outcomes.filter((one) => one.group === group && !isGreedy(one));
    return [group, asked.filter(isServed).length / Math.max(1, asked.length)] as const;
  });
  return Object.fromEntries(shares) as Record<(typeof CALL_GROUPS)[number], number>;
}
