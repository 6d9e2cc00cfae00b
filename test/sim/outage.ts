import type { Goal } from "./goals.ts";
import { CALL_GROUPS, type Run } from "./scenarios.ts";
import type { Arrival } from "./upstream.ts";

/** What became of the fleet while its table was away. */
export interface OutageMeasures {
  /** Calls of the fleet that RingCentral accepted during the outage, a minute. */
  servedPerMinute: number;
  /** 429s of the fleet during the outage. */
  rejected: number;
  /** The most 429s of a group in any minute of the outage, after the minute that began with its first. */
  lateRejectedPerMinute: number;
  /** Calls accepted in the last minute, which is the second with the table. */
  servedAfterwards: number;
}

const MINUTE = 60_000;

export function measureOutage({ scenario, upstream, startedAt }: Run): OutageMeasures {
  const { from, to } = scenario.tableAway ?? { from: 0, to: 0 };
  const [awayFrom, awayTo] = [startedAt + from * MINUTE, startedAt + to * MINUTE];
  const calls = upstream.arrivals.filter((one) => one.from === "fleet" && one.group !== "auth");
  const during = calls.filter(({ at }) => at >= awayFrom && at < awayTo);
  const rejected = during.filter(({ allowed }) => !allowed);
  const late = CALL_GROUPS.map((group) => {
    const [first, ...more] = rejected.filter((one) => one.group === group);
    return more.filter(({ at }) => first !== undefined && at >= first.at + MINUTE);
  });
  const lastMinute = calls.filter(
    ({ at, allowed }) => allowed && at >= startedAt + (scenario.minutes - 1) * MINUTE,
  );
  return {
    servedPerMinute: (during.length - rejected.length) / (to - from),
    rejected: rejected.length,
    lateRejectedPerMinute: Math.max(...late.map(mostInAMinute)),
    servedAfterwards: lastMinute.length,
  };
}

export function outageGoals({ lateRejectedPerMinute, servedAfterwards }: OutageMeasures): Goal[] {
  return [
    {
      name: "429s in a minute after the first at most 6",
      isMet: lateRejectedPerMinute <= 6,
      found: String(lateRejectedPerMinute),
    },
    {
      name: "served again two minutes after the table is back",
      isMet: servedAfterwards >= 50,
      found: String(servedAfterwards),
    },
  ];
}

function mostInAMinute(arrivals: readonly Arrival[]): number {
  let first = 0;
  let most = 0;
  for (const [last, { at }] of arrivals.entries()) {
    while ((arrivals[first]?.at ?? at) <= at - MINUTE) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
