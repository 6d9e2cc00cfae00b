import { omitUndefined } from "../../platform/omit-undefined.ts";
import { NO_TAG, TAG_LENGTH } from "./fair-share.ts";
import {
  type AccountLimits,
  type LimitsRecord,
  type LogEntry,
  limitsRecord,
  NOTHING_KNOWN,
} from "./limits-record.ts";
import type { Priority } from "./ports.ts";

/** Routes told apart in one record; further ones count as `other`. */
const MAX_LABELS = 24;

export function encodeLimits({ groups, owed, ...account }: AccountLimits): LimitsRecord {
  const labels: string[] = [];
  const labelOf = ({ priority, isOwing, route }: LogEntry): number => {
    const kind = isOwing ? "x" : priority === "sync" ? "s" : "i";
    const wanted = `${kind} ${route}`;
    const label = labels.length < MAX_LABELS || labels.includes(wanted) ? wanted : `${kind} other`;
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
    const isTagged = group.log.some(({ spender }) => spender !== undefined);
    const spenders = isTagged ? group.log.map(({ spender = NO_TAG }) => spender).join("") : undefined;
    return [name, omitUndefined({ ...group, log, spenders })] as const;
  });
  return omitUndefined({
    ...account,
    groups: Object.fromEntries(encoded),
    labels,
    owed: encodeOwed(owed),
  });
}

/** A record of another shape counts as empty: every budget is then unconfirmed and learnt again. */
export function decodeLimits(value: unknown): AccountLimits {
  const parsed = limitsRecord.safeParse(value);
  if (!parsed.success) return NOTHING_KNOWN;
  const { groups, labels, owed, ...account } = parsed.data;
  const decoded = Object.entries(groups).map(([name, { spenders = "", ...group }]) => {
    let by = 0;
    const log = group.log.map(([afterMs, index, count = 1], position): LogEntry => {
      by += afterMs;
      const label = labels[index] ?? "i other";
      const tag = spenders.slice(position * TAG_LENGTH, (position + 1) * TAG_LENGTH);
      const spender = tag.length < TAG_LENGTH || tag === NO_TAG ? undefined : tag;
      const isOwing = label[0] === "x" || undefined;
      const priority: Priority = label[0] === "s" ? "sync" : "interactive";
      return omitUndefined({ by, count, priority, route: label.slice(2), spender, isOwing });
    });
    return [name, { ...group, log }] as const;
  });
  const limits = { ...account, groups: Object.fromEntries(decoded) };
  return owed === undefined ? limits : { ...limits, owed: decodeOwed(owed) };
}

const MINUTE_MS = 60_000;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/** Each instant rounded up to a minute, as two digits after the earliest one. */
function encodeOwed(owed: Readonly<Record<string, number>> = {}) {
  const minutes = Object.entries(owed).map(
    ([caller, until]) => [caller, Math.ceil(until / MINUTE_MS)] as const,
  );
  if (minutes.length === 0) return undefined;
  const from = Math.min(...minutes.map(([, minute]) => minute));
  const digits = (value: number) => `${DIGITS.charAt(Math.floor(value / 64))}${DIGITS.charAt(value % 64)}`;
  return {
    from,
    by: minutes.map(([caller, minute]) => caller + digits(Math.min(minute - from, 4095))).join(""),
  };
}

function decodeOwed({ from, by }: { from: number; by: string }): Record<string, number> {
  const callers = by.match(/.{5}/g) ?? [];
  return Object.fromEntries(
    callers.map((text) => {
      const after = DIGITS.indexOf(text.charAt(3)) * 64 + DIGITS.indexOf(text.charAt(4));
      return [text.slice(0, 3), (from + after) * MINUTE_MS];
    }),
  );
}
