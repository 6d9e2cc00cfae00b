import type { Budget } from "./budget.ts";

/** A change to the shared record that nobody waits for. */
interface OwedChange {
  apply(budget: Budget): Budget;
  /** To be dropped rather than applied twice, when a write may or may not have taken effect. */
  once: boolean;
}

/** Changes that go along with the next write, and those an outage kept from being written. */
export interface OwedChanges {
  add(change: OwedChange): void;
  /** All of them applied, and a function to call with what became of the write. */
  applied(budget: Budget): { budget: Budget; settle(outcome: "written" | "lost race" | "unknown"): void };
  isEmpty(): boolean;
}

/** More than these are forgotten, oldest first: they would be out of date. */
const MOST = 200;

export function createOwedChanges(): OwedChanges {
  let owed: OwedChange[] = [];
  return {
    add(change) {
      owed = [...owed, change].slice(-MOST);
    },
    applied(budget) {
      const taken = owed;
      return {
        budget: taken.reduce((known, change) => change.apply(known), budget),
        settle(outcome) {
          if (outcome === "lost race") return;
          owed = owed.filter((change) => !taken.includes(change) || (outcome === "unknown" && !change.once));
        },
      };
    },
    isEmpty: () => owed.length === 0,
  };
}
