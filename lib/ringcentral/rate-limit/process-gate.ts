import type { Clock } from "../../platform/clock.ts";

/** What this process itself has heard of a gate: it holds at once, and also while the table is unavailable. */
export interface ProcessGate {
  close(forMs: number): void;
  /** How long it stays closed; 0 when it does not. */
  closedMs(): number;
  /** An answer other than a 429 came. */
  wentWell(): void;
  /** Without the table: after a 429 only one request may be under way until an answer is good. */
  mayLeaveAlone(): boolean;
  leavesAlone(): void;
  backUnanswered(): void;
}

export function createProcessGate(clock: Clock): ProcessGate {
  let until = Number.NEGATIVE_INFINITY;
  let unsure: { underWay: boolean } | undefined;

  return {
    close(forMs) {
      until = Math.max(until, clock.now() + forMs);
      unsure = { underWay: false };
    },
    closedMs: () => Math.max(0, until - clock.now()),
    wentWell() {
      unsure = undefined;
    },
    mayLeaveAlone: () => unsure === undefined || !unsure.underWay,
    leavesAlone() {
      if (unsure) unsure.underWay = true;
    },
    backUnanswered() {
      if (unsure) unsure.underWay = false;
    },
  };
}
