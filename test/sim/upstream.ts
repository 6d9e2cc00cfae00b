import type { Schedule } from "../support/schedule.ts";

/** RingCentral's usage plan groups. [docs: RATE] */
export type Group = "light" | "medium" | "heavy" | "auth";

/** What RingCentral's limiter says to one request. */
export interface Verdict {
  allowed: boolean;
  limit: number;
  remaining: number;
  windowSeconds: number;
  retryAfterSeconds: number;
}

/** The judge: a sliding log per group, whose penalty every request restarts. [docs: RATE] */
export interface Limiter {
  arrive(group: Group, now: number): Verdict;
}

const WINDOW_MS = 60_000;
const PENALTY_MS = 60_000;
export const LIMITS: Readonly<Record<Group, number>> = { light: 50, medium: 40, heavy: 10, auth: 5 };

export function createSlidingLog(limits: Readonly<Record<Group, number>> = LIMITS): Limiter {
  const logs = new Map<Group, { arrivals: number[]; penaltyUntil: number }>();
  return {
    arrive(group, now) {
      const log = logs.get(group) ?? { arrivals: [], penaltyUntil: 0 };
      logs.set(group, log);
      log.arrivals = log.arrivals.filter((at) => at > now - WINDOW_MS);
      const limit = limits[group];
      const allowed = now >= log.penaltyUntil && log.arrivals.length < limit;
      if (allowed) log.arrivals.push(now);
      else log.penaltyUntil = now + PENALTY_MS;
      const remaining = allowed ? limit - log.arrivals.length : 0;
      return { allowed, limit, remaining, windowSeconds: 60, retryAfterSeconds: allowed ? 0 : 60 };
    },
  };
}

/** One request as it reached RingCentral; instants are true time. */
export interface Arrival {
  group: Group;
  at: number;
  allowed: boolean;
  /** Before the penalty that an earlier 429 began was over. */
  inPenalty: boolean;
  from: "fleet" | "outside";
  lane: "interactive" | "sync";
  /** When its sender let it go. */
  leftAt: number;
  /** When its sender had the answer. */
  answeredAt: number;
}

export interface Upstream {
  arrivals: Arrival[];
  /** One request and its answer: 20 to 150 ms each way, and 30 to 300 ms of work if it is let in. */
  receive(group: Group, about: Pick<Arrival, "from" | "lane" | "leftAt">): Promise<Answer>;
}

export interface Answer extends Verdict {
  arrival: Arrival;
}

export function createUpstream(schedule: Schedule, limiter: Limiter): Upstream {
  const arrivals: Arrival[] = [];
  const penaltyUntil = new Map<Group, number>();
  return {
    arrivals,
    async receive(group, about) {
      const now = schedule.clock.now();
      const verdict = limiter.arrive(group, now);
      const inPenalty = now < (penaltyUntil.get(group) ?? 0);
      if (!verdict.allowed) penaltyUntil.set(group, now + verdict.retryAfterSeconds * 1_000);
      const { allowed } = verdict;
      const arrival = { group, at: now, allowed, inPenalty, answeredAt: Number.POSITIVE_INFINITY, ...about };
      arrivals.push(arrival);
      await schedule.clock.sleep(allowed ? schedule.between(30, 300) : 10);
      return { ...verdict, arrival };
    },
  };
}
