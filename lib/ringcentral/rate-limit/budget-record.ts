import * as z from "zod/mini";
import type { RecordKey } from "../../storage/record-store.ts";
import type { Budget, Use } from "./budget.ts";
import { defaultLimits, type RateLimitSettings } from "./limits.ts";

const instant = z.number();
const count = z.int().check(z.minimum(0));
const peak = z.object({ count, at: instant });
/** As it lies in the table. Uses are `[by - base, count, index of label]`: the record costs by its size. */
const budgetRecord = z.object({
  limit: z.int().check(z.minimum(1)),
  windowMs: z.int().check(z.minimum(1)),
  confirmed: z.boolean(),
  base: instant,
  uses: z.array(z.tuple([z.number(), count, count])),
  /** Priority initial and route: `i listBlockedNumbers`. */
  labels: z.array(z.string()),
  gate: z.optional(
    z.object({
      until: instant,
      penaltyMs: z.number(),
      failures: z.optional(count),
      probe: z.optional(z.object({ id: z.string(), by: instant })),
    }),
  ),
  wideUntil: z.optional(instant),
  outside: z.optional(z.object({ count, at: instant, peak })),
  interactivePeak: z.optional(peak),
  crowdedAt: z.optional(instant),
  renamed: z.optional(z.record(z.string(), z.string())),
});
export type BudgetRecord = z.infer<typeof budgetRecord>;

/** The sort key of the gate that a 429 without rate headers closes: no group of RingCentral's has such a name. */
export const WIDE = "*";
/** Routes told apart in one record; further ones count as `other`. */
const MAX_LABELS = 24;

export function budgetKey(accountKey: string, group: string): RecordKey {
  return { partition: `budget#${accountKey}`, sort: group };
}

export function emptyBudget(group: string, limits: RateLimitSettings): Budget {
  const limit = limits.budgets[group] ?? limits.unknownBudget;
  return { limit, windowMs: limits.windowMs, confirmed: false, uses: [] };
}

export function encodeBudget({ uses, ...budget }: Budget): BudgetRecord {
  const labels: string[] = [];
  const base = uses[0]?.by ?? 0;
  const labelOf = ({ priority, route }: Use): number => {
    const wanted = `${priority === "sync" ? "s" : "i"} ${route}`;
    const label = labels.length < MAX_LABELS || labels.includes(wanted) ? wanted : `${wanted[0]} other`;
    const known = labels.indexOf(label);
    return known >= 0 ? known : labels.push(label) - 1;
  };
  return { ...budget, base, uses: uses.map((use) => [use.by - base, use.count, labelOf(use)]), labels };
}

/** A record that does not parse counts as none: the budget is then unconfirmed, and learnt again. */
export function decodeBudget(
  value: unknown,
  group: string,
  limits: RateLimitSettings = defaultLimits,
): Budget {
  const parsed = budgetRecord.safeParse(value);
  if (!parsed.success) return emptyBudget(group, limits);
  const { base, labels, uses, gate, ...rest } = parsed.data;
  return {
    ...present(rest),
    uses: uses.map(([offset, count, index]) => {
      const label = labels[index] ?? "i other";
      return {
        by: base + offset,
        count,
        priority: label[0] === "s" ? "sync" : "interactive",
        route: label.slice(2),
      };
    }),
    ...(gate && { gate: present(gate) }),
  };
}

/** A field that is absent is absent, not `undefined`. */
function present<T extends object>(value: T): Present<T> {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries) as Present<T>;
}

type Present<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };
