import type { Schedule } from "../support/schedule.ts";
import { createRateLimiter, type Verdict } from "../twin/edge/rate-limiter.ts";

/** RingCentral's usage plan groups. [docs: RATE] */
export type Group = "light" | "medium" | "heavy" | "auth";

/** The limits of the RingCentral twin's own limiter, which shares no code with the rate limiter. */
export const LIMITS: Readonly<Record<Group, number>> = { light: 50, medium: 40, heavy: 10, auth: 5 };

/** One request as it reached RingCentral; instants are true time. */
export interface Arrival {
  group: Group;
  at: number;
  allowed: boolean;
  /** Sent during the penalty of an earlier 429. */
  inPenalty: boolean;
  from: "fleet" | "outside";
  priority: "interactive" | "sync";
  /** The time at which its sender sent it. */
  leftAt: number;
  /** The time at which its sender had the response. */
  respondedAt: number;
}

export interface Upstream {
  arrivals: Arrival[];
  /** One request and its response: 20 to 150 ms each way, and 30 to 300 ms of work if it is accepted. */
  receive(group: Group, about: Pick<Arrival, "from" | "priority" | "leftAt">): Promise<UpstreamResponse>;
}

export interface UpstreamResponse extends Verdict {
  arrival: Arrival;
}

export function createUpstream(schedule: Schedule): Upstream {
  const limiter = createRateLimiter();
  const arrivals: Arrival[] = [];
  const penaltyUntil = new Map<Group, number>();
  return {
    arrivals,
    async receive(group, about) {
      const now = schedule.clock.now();
      const verdict = limiter.hit(group, LIMITS[group], now);
      const inPenalty = now < (penaltyUntil.get(group) ?? 0);
      if (!verdict.accepted) penaltyUntil.set(group, now + verdict.retryAfterSeconds * 1_000);
      const allowed = verdict.accepted;
      const arrival = { group, at: now, allowed, inPenalty, respondedAt: Number.POSITIVE_INFINITY, ...about };
      arrivals.push(arrival);
      await schedule.clock.sleep(allowed ? schedule.between(30, 300) : 10);
      return { ...verdict, arrival };
    },
  };
}
