const windowMs = 60_000;
const penaltyMs = 60_000;

interface Bucket {
  /** The times of the last window's accepted requests. */
  log: number[];
  penaltyUntil: number;
}

/** The budget stated to a request. */
export interface Verdict {
  accepted: boolean;
  limit: number;
  remaining: number;
  windowSeconds: number;
  /** 0 when accepted. */
  retryAfterSeconds: number;
}

/** A sliding log per key with RingCentral's penalty: every request during it restarts it [docs: RATE]. */
export interface RateLimiter {
  hit(key: string, limit: number, now: number): Verdict;
  clear(): void;
}

export function createRateLimiter(): RateLimiter {
  const buckets = new Map<string, Bucket>();

  function hit(key: string, limit: number, now: number): Verdict {
    const bucket = buckets.get(key) ?? { log: [], penaltyUntil: 0 };
    buckets.set(key, bucket);
    bucket.log = bucket.log.filter((at) => at > now - windowMs);
    const accepted = now >= bucket.penaltyUntil && bucket.log.length < limit;
    if (accepted) bucket.log.push(now);
    else bucket.penaltyUntil = now + penaltyMs;
    return {
      accepted,
      limit,
      remaining: accepted ? limit - bucket.log.length : 0,
      windowSeconds: windowMs / 1000,
      retryAfterSeconds: accepted ? 0 : penaltyMs / 1000,
    };
  }

  return { hit, clear: () => buckets.clear() };
}

/** The headers of a budget. The group's name is lower case in production [docs: RATE]. */
export function rateLimitHeaders(group: string, verdict: Verdict): Record<string, string> {
  return {
    "X-Rate-Limit-Group": group.toLowerCase(),
    "X-Rate-Limit-Limit": String(verdict.limit),
    "X-Rate-Limit-Remaining": String(verdict.remaining),
    "X-Rate-Limit-Window": String(verdict.windowSeconds),
    ...(!verdict.accepted && { "Retry-After": String(verdict.retryAfterSeconds) }),
  };
}
