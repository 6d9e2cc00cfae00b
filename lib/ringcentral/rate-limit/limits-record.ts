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
  /** When a call last had to wait for a slot. */
  crowdedAt: z.optional(instant),
});
const limitsRecord = z.object({
  groups: z.record(z.string(), group),
  /** Priority initial and route: `i listBlockedNumbers`. */
  labels: z.array(z.string()),
  /** By group. A 429 without rate headers pauses `ACCOUNT`: it comes from a limit wider than a group's. [docs: RATE] */
  pauses: z.record(z.string(), pause),
  /** Until then RingCentral's window may hold calls that the fleet made without the table. */
  unloggedUntil: z.optional(instant),
  /** Group by operation, where RingCentral counts it in another group than documented. */
  countedIn: z.optional(z.record(z.string(), z.string())),
});
type LimitsRecord = z.infer<typeof limitsRecord>;

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
}

/** What the fleet knows about one budget. */
export interface GroupLimit extends Omit<z.infer<typeof group>, "log"> {
  /** Every permit that may still count, by `by`, ascending. */
  log: LogEntry[];
}

/** What the fleet knows about one RingCentral account. It is one record of the table. */
export interface AccountLimits extends Omit<LimitsRecord, "groups" | "labels"> {
  groups: Readonly<Record<string, GroupLimit>>;
}

export const NOTHING_KNOWN: AccountLimits = { groups: {}, pauses: {} };
/** Stands for every group of the account. */
export const ACCOUNT = "*";
/** Routes told apart in one record; further ones count as `other`. */
const MAX_LABELS = 24;

export function encodeLimits({ groups, ...account }: AccountLimits): LimitsRecord {
  const labels: string[] = [];
  const labelOf = ({ priority, route }: LogEntry): number => {
    const wanted = `${priority === "sync" ? "s" : "i"} ${route}`;
    const label = labels.length < MAX_LABELS || labels.includes(wanted) ? wanted : `${wanted[0]} other`;
    const known = labels.indexOf(label);
    return known >= 0 ? known : labels.push(label) - 1;
  };
  const encoded = Object.entries(groups).map(([name, group]) => {
    let before = 0;
    const log = group.log.map((entry): [number, number, number?] => {
      const afterMs = entry.by - before;
      before = entry.by;
      return entry.count === 1 ? [afterMs, labelOf(entry)] : [afterMs, labelOf(entry), entry.count];
    });
    return [name, { ...group, log }] as const;
  });
  return { ...account, groups: Object.fromEntries(encoded), labels };
}

/** A record of another shape counts as empty: every budget is then unconfirmed and learnt again. */
export function decodeLimits(value: unknown): AccountLimits {
  const parsed = limitsRecord.safeParse(value);
  if (!parsed.success) return NOTHING_KNOWN;
  const { groups, labels, ...account } = parsed.data;
  const decoded = Object.entries(groups).map(([name, group]) => {
    let by = 0;
    const log = group.log.map(([afterMs, index, count = 1]): LogEntry => {
      by += afterMs;
      const label = labels[index] ?? "i other";
      return { by, count, priority: label[0] === "s" ? "sync" : "interactive", route: label.slice(2) };
    });
    return [name, { ...group, log }] as const;
  });
  return { ...account, groups: Object.fromEntries(decoded) };
}
