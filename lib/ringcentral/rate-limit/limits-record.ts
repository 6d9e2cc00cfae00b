import * as z from "zod/mini";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { RecordKey } from "../../storage/record-store.ts";
import { type AccountLimits, type LogEntry, NOTHING_KNOWN } from "./account-limits.ts";

const instant = z.number();
const count = z.int().check(z.minimum(0));
const peak = z.object({ count, at: instant });
const pause = z.object({
  until: instant,
  penaltyMs: z.number(),
  failures: z.optional(count),
  probe: z.optional(z.object({ id: z.string(), by: instant })),
});
/** A group as stored. The table bills by size, so a log entry is `[ms since the one before, label, count]`. */
const groupRecord = z.object({
  limit: z.int().check(z.minimum(1)),
  windowMs: z.int().check(z.minimum(1)),
  confirmed: z.boolean(),
  log: z.array(z.tuple([z.number(), count, z.optional(count)])),
  external: z.optional(z.object({ count, at: instant, peak })),
  interactivePeak: z.optional(peak),
  crowdedAt: z.optional(instant),
});
const limitsRecord = z.object({
  groups: z.record(z.string(), groupRecord),
  /** Priority initial and route: `i listBlockedNumbers`. */
  labels: z.array(z.string()),
  pauses: z.record(z.string(), pause),
  unloggedUntil: z.optional(instant),
  countedIn: z.optional(z.record(z.string(), z.string())),
});

/** Routes told apart in one record; further ones count as `other`. */
const MAX_LABELS = 24;

export function limitsKey(accountKey: string): RecordKey {
  return { partition: `rate-limit#${accountKey}`, sort: "limits" };
}

export function encodeLimits({ groups, ...account }: AccountLimits): z.infer<typeof limitsRecord> {
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
  const { groups, labels, pauses, ...account } = parsed.data;
  const decoded = Object.entries(groups).map(([name, { log, ...group }]) => {
    let by = 0;
    const entries = log.map(([afterMs, index, count = 1]): LogEntry => {
      by += afterMs;
      const label = labels[index] ?? "i other";
      return { by, count, priority: label[0] === "s" ? "sync" : "interactive", route: label.slice(2) };
    });
    return [name, omitUndefined({ ...group, log: entries })] as const;
  });
  const paused = Object.entries(pauses).map(([name, one]) => [name, omitUndefined(one)] as const);
  const limits = { groups: Object.fromEntries(decoded), pauses: Object.fromEntries(paused) };
  return omitUndefined({ ...account, ...limits });
}
