import * as z from "zod/mini";
import type { Priority } from "./ports.ts";

/** Fleet time. */
const instant = z.number();
const count = z.int().check(z.minimum(0));
const peak = z.object({ count, at: instant });
const pause = z.object({
  until: instant,
  penaltyMs: z.number(),
  /** Consecutive probes that found the penalty still on. */
  failures: z.optional(count),
  /** `by`: when RingCentral has received it. */
  probe: z.optional(z.object({ id: z.string(), by: instant })),
});
const group = z.object({
  /** Requests in any window. */
  limit: z.int().check(z.minimum(1)),
  windowMs: z.int().check(z.minimum(1)),
  /** RingCentral has responded at least once since the record was made. */
  confirmed: z.boolean(),
  /** The table bills by size, so a log entry is `[ms since the one before, label, count]`. */
  log: z.array(z.tuple([z.number(), count, z.optional(count)])),
  /**
   * Calls in RingCentral's window that the fleet did not make, as of a response at `at`. All clients of a user and app
   * share the window. [docs: RATE]
   */
  external: z.optional(z.object({ count, at: instant, peak })),
  /** Interactive calls in one window. */
  interactivePeak: z.optional(peak),
  /** Calls of callers that owed nothing, in one window. */
  freshPeak: z.optional(peak),
  /** When a call last had to wait for a slot. */
  crowdedAt: z.optional(instant),
  /** The tag of each log entry: fair-share.ts. Beside the log, because releases without shares read it too. */
  spenders: z.optional(z.string()),
});
export const limitsRecord = z.object({
  groups: z.record(z.string(), group),
  /** Kind and route, such as `i listBlockedNumbers`. Kinds: interactive, `x` of an owing caller, sync. */
  labels: z.array(z.string()),
  /** By group. A 429 without rate headers pauses `ACCOUNT`: it comes from a limit wider than a group's. [docs: RATE] */
  pauses: z.record(z.string(), pause),
  /** Until then RingCentral's window may hold calls that the fleet made without the table. */
  unloggedUntil: z.optional(instant),
  /** By caller, when it has regained its allowance. In the table: minutes, and 5 characters for each caller. */
  owed: z.optional(z.object({ from: count, by: z.string() })),
  /** Group by operation, where RingCentral counts it in another group than documented. */
  countedIn: z.optional(z.record(z.string(), z.string())),
});
export type LimitsRecord = z.infer<typeof limitsRecord>;

/** The recent maximum of a count. It fades, so that a recent load is expected again. */
export type Peak = z.infer<typeof peak>;
/** See pause.ts. */
export type Pause = z.infer<typeof pause>;

/** Permits granted together. */
export interface LogEntry {
  /** Fleet time; RingCentral has received the requests by then, or never will. */
  by: number;
  count: number;
  priority: Priority;
  route: string;
  /** Whose share it counts in. */
  spender?: string;
  /** Granted to a caller that owed calls, or for a busy extension. */
  isOwing?: boolean;
}

/** What the fleet knows about one budget. */
export interface GroupLimit extends Omit<z.infer<typeof group>, "log" | "spenders"> {
  /** Every permit that may still count, by `by`, ascending. */
  log: LogEntry[];
}

/** What the fleet knows about one RingCentral account. It is one record of the table. */
export interface AccountLimits extends Omit<LimitsRecord, "groups" | "labels" | "owed"> {
  groups: Readonly<Record<string, GroupLimit>>;
  owed?: Readonly<Record<string, number>>;
}

export const NOTHING_KNOWN: AccountLimits = { groups: {}, pauses: {} };
/** Stands for every group of the account. */
export const ACCOUNT = "*";
