import * as z from "zod/mini";

const count = z.int().check(z.minimum(0));
/** By name, then by the number of the step since 1970. */
const seriesOf = <Value extends z.ZodMiniType>(value: Value) =>
  z.record(z.string(), z.record(z.string(), value));

export const activityCounts = z.object({
  /** Problems by `<operation> <code>`. */
  fiveMinutes: seriesOf(count),
  hours: seriesOf(count),
  /** By budget: calls, those that RingCentral rejected, and the fewest left in its window. */
  minutes: seriesOf(z.tuple([count, count, z.optional(count)])),
});
export type ActivityCounts = z.infer<typeof activityCounts>;
type Series<Value> = Readonly<Record<string, Readonly<Record<string, Value>>>>;
type Calls = ActivityCounts["minutes"][string][string];

/** How finely each part counts, and how many steps are kept. */
export const steps = {
  fiveMinutes: { stepMs: 5 * 60_000, kept: 12 },
  hours: { stepMs: 60 * 60_000, kept: 24 },
  minutes: { stepMs: 60_000, kept: 60 },
} as const;
type Part = keyof typeof steps;

export const NOTHING_MET: ActivityCounts = { fiveMinutes: {}, hours: {}, minutes: {} };

/** Names told apart in one part: with them all the record takes about 10 KB. Further ones count together. */
const MAX_NAMES = 60;
const OTHERS = "other other";

export const stepAt = (part: Part, now: number) => Math.floor(now / steps[part].stepMs);
/** The oldest step that is kept: with it, the present step is the last one. */
export const firstStep = (part: Part, now: number) => stepAt(part, now) - steps[part].kept + 1;

/** Both together, without the steps that are over. */
export function merged(one: ActivityCounts, other: ActivityCounts, now: number): ActivityCounts {
  return {
    fiveMinutes: mergedSeries(one.fiveMinutes, other.fiveMinutes, firstStep("fiveMinutes", now), sum),
    hours: mergedSeries(one.hours, other.hours, firstStep("hours", now), sum),
    minutes: mergedSeries(one.minutes, other.minutes, firstStep("minutes", now), callsTogether),
  };
}

const sum = (one: number, other: number) => one + other;

function callsTogether([calls, rejected, left]: Calls, [moreCalls, moreRejected, otherLeft]: Calls): Calls {
  const stated = [left, otherLeft].filter((count) => count !== undefined);
  const totals = [calls + moreCalls, rejected + moreRejected] as const;
  return stated.length === 0 ? [...totals] : [...totals, Math.min(...stated)];
}

function mergedSeries<Value>(
  one: Series<Value>,
  other: Series<Value>,
  first: number,
  together: (one: Value, other: Value) => Value,
): Record<string, Record<string, Value>> {
  const merged = new Map<string, Record<string, Value>>();
  for (const [name, values] of [...Object.entries(one), ...Object.entries(other)]) {
    for (const [step, value] of Object.entries(values)) {
      if (Number(step) < first) continue;
      const place = merged.has(name) || merged.size < MAX_NAMES ? name : OTHERS;
      const counted = merged.get(place) ?? {};
      const before = counted[step];
      counted[step] = before === undefined ? value : together(before, value);
      merged.set(place, counted);
    }
  }
  return Object.fromEntries(merged);
}

/** A record of another shape counts as empty. */
export function decodeActivity(value: unknown): ActivityCounts {
  const parsed = activityCounts.safeParse(value);
  return parsed.success ? parsed.data : NOTHING_MET;
}
