/** What is worth a metric or a log line. Instants are epoch milliseconds. */
export type RateLimitEvent =
  | { type: "paused"; group: string; until: number; errorCode?: string }
  | { type: "resumed"; group: string }
  | { type: "probe"; group: string }
  /** RingCentral's headers name another budget than we went by. */
  | { type: "limit_learned"; group: string; limit: number; windowMs: number }
  /** RingCentral answers to an operation with another group than it is documented in. */
  | { type: "group_renamed"; documented: string; group: string }
  /** Somebody outside the fleet spends the same budget: so many calls in the window. */
  | { type: "external_usage"; group: string; count: number }
  /** Calls were refused because too many instances changed the record at once. */
  | { type: "contention"; group: string; refused: number }
  /** The table is unavailable: this process goes by its own share of the budget. */
  | { type: "degraded"; reason: string }
  | { type: "recovered"; afterMs: number };

export type OnRateLimitEvent = (event: RateLimitEvent) => void;
