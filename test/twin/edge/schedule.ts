import { OptionError } from "../options.ts";

/** The time of a change of the data: at once when all members are absent, else just before a call. */
export interface When {
  /** Before the first call after this time. */
  afterMs?: number;
  /** Before the nth call of the API from now: 1 is the next one. */
  beforeCall?: number;
  /** Only calls of this operation count. */
  operation?: string;
}

/** Changes scheduled between two calls. OAuth calls do not count. */
export interface Schedule {
  /** @throws OptionError for an invalid instant */
  add(when: When, act: () => void): void;
  /** Makes the changes that are due before a call. */
  beforeCall(operation: string): void;
  clear(): void;
}

interface Pending {
  dueAt: number;
  callsLeft: number;
  operation: string | undefined;
  act: () => void;
}

function isCount(value: unknown): boolean {
  return value === undefined || (typeof value === "number" && Number.isInteger(value) && value >= 0);
}

export function createSchedule(now: () => number): Schedule {
  let pending: Pending[] = [];
  return {
    add({ afterMs, beforeCall, operation }, act) {
      if (!isCount(afterMs) || !isCount(beforeCall)) throw new OptionError("a time or a number of calls");
      if (afterMs === undefined && beforeCall === undefined && operation === undefined) {
        act();
        return;
      }
      const callsLeft = beforeCall ?? 1;
      pending.push({ dueAt: now() + (afterMs ?? 0), callsLeft, operation, act });
    },
    beforeCall(operation) {
      const due: Pending[] = [];
      for (const each of pending) {
        if (each.operation !== undefined && each.operation !== operation) continue;
        if (each.dueAt > now()) continue;
        each.callsLeft -= 1;
        if (each.callsLeft <= 0) due.push(each);
      }
      pending = pending.filter((each) => !due.includes(each));
      for (const { act } of due) act();
    },
    clear() {
      pending = [];
    },
  };
}
