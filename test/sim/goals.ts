import type { GroupMeasures, Measures } from "./measure.ts";
import { CALL_GROUPS, type Scenario } from "./scenarios.ts";

export interface Goal {
  name: string;
  isMet: boolean;
  found: string;
}

/** The promises of the fleet in a scenario; other clients have none. */
export function goalsOf(scenario: Scenario, measures: Measures): Goal[] {
  if (scenario.client !== "ringfront") return [];
  const worst = (of: (group: GroupMeasures) => number) =>
    Math.max(...CALL_GROUPS.map((group) => of(measures.groups[group])));
  const atMost = (name: string, value: number, bound: number): Goal => ({
    name: `${name} at most ${bound}`,
    isMet: value <= bound,
    found: String(Math.round(value * 1000) / 1000),
  });
  const { interactive, goodput } = measures;
  // A token lives 60 minutes and is renewed up to 10 minutes early.
  const lives = 1 + Math.floor(scenario.minutes / 50);
  const goals = [
    atMost("token calls", measures.tokenCalls, lives),
    atMost(
      "429s per group and episode",
      worst(({ most429PerEpisode }) => most429PerEpisode),
      1,
    ),
    atMost(
      "penalty extensions",
      worst(({ extensions }) => extensions),
      0,
    ),
    atMost("calls that failed otherwise", measures.failed, 0),
  ];
  const isShared = scenario.outside !== undefined;
  if (!isShared) {
    goals.push(
      atMost(
        "episodes",
        worst(({ episodes }) => episodes),
        0,
      ),
    );
  }
  if (!isShared && scenario.load > 1) {
    goals.push({ name: "goodput at least 0.95", isMet: goodput >= 0.95, found: goodput.toFixed(3) });
  }
  if (scenario.syncs !== undefined) {
    goals.push(
      atMost("interactive p99 wait (ms)", interactive.p99Ms, 1_000),
      atMost("the same in any group", worst(commonP99), 1_000),
      atMost("interactive calls rejected", interactive.rejected, 0.01),
    );
  }
  return goals;
}

/** With few calls the 99th percentile is the worst one. */
function commonP99({ interactiveCalls, interactiveP99Ms }: GroupMeasures): number {
  return interactiveCalls >= 100 ? interactiveP99Ms : 0;
}
