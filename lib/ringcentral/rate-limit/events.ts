/** Events for metrics and logs. Instants are epoch milliseconds; the group `*` is the whole account. */
export type RateLimitEvent =
  | { type: "paused"; group: string; until: number; errorCode?: string }
  | { type: "resumed"; group: string }
  | { type: "probe"; group: string }
  /** RingCentral's headers name another limit than the one in use. */
  | { type: "limit_learned"; group: string; limit: number; windowMs: number }
  /** RingCentral counts an operation in another group than documented. */
  | { type: "group_renamed"; documented: string; group: string }
  /** Another client spent `count` calls of the budget in the present window. */
  | { type: "external_usage"; group: string; count: number }
  /** Too many instances changed the record at once; `rejected` calls got no permit. */
  | { type: "contention"; group: string; rejected: number }
  /** The table is unavailable: this process uses its fallback limiter. */
  | { type: "degraded"; reason: string }
  | { type: "recovered"; afterMs: number };

export type OnRateLimitEvent = (event: RateLimitEvent) => void;
