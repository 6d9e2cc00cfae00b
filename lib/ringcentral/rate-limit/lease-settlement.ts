import type { Observation } from "../ports.ts";
import { type Answered, afterAnswer, isExhausted, movedUse, penaltyOf } from "./after-answer.ts";
import { type Budget, countUses, type Use, withoutUse, withUse } from "./budget.ts";
import type { BudgetCell, BudgetCellDeps } from "./budget-cell.ts";
import type { OnRateLimitEvent } from "./events.ts";
import { withoutProbe } from "./gate.ts";
import type { HeldPermits } from "./held-permits.ts";
import type { Lease } from "./lease.ts";
import type { OwedChanges } from "./owed-changes.ts";
import { usableSlots } from "./plan-permits.ts";
import type { ProcessGate } from "./process-gate.ts";
import type { ReferenceTime } from "./reference-time.ts";
import { StorageDown } from "./storage-health.ts";

/** What becomes of permits after they were handed out. Nothing here throws for want of the table: it is owed then. */
export interface LeaseSettlement {
  answered(lease: Lease, observation: Observation): Promise<void>;
  /** @param sent the request may have been counted */
  released(lease: Lease, sent: boolean): Promise<void>;
  /** Stops this process at once. */
  closeHere(forMs: number): void;
  closeWide(until: number): Promise<void>;
  /** Permits nobody will use; they go back with the next write. */
  giveBack(unused: readonly Use[]): void;
  dropProbe(id: string): void;
  payOwed(): Promise<void>;
}

export interface LeaseSettlementDeps extends BudgetCellDeps {
  group: string;
  cell: BudgetCell;
  time: ReferenceTime;
  owed: OwedChanges;
  held: HeldPermits;
  gate: ProcessGate;
  onEvent: OnRateLimitEvent;
}

export function createLeaseSettlement(deps: LeaseSettlementDeps): LeaseSettlement {
  const { group, cell, storage, clock, limits, time, owed, held, gate, onEvent } = deps;

  function giveBack(unused: readonly Use[]): void {
    for (const use of unused) {
      owed.add({ once: true, apply: (budget) => ({ ...budget, uses: withoutUse(budget.uses, use) }) });
    }
  }

  function dropProbe(id: string): void {
    owed.add({
      once: false,
      apply: ({ gate: before, ...rest }) => {
        const after = withoutProbe(before, id);
        return after ? { ...rest, gate: after } : rest;
      },
    });
  }

  async function payOwed(): Promise<void> {
    if (owed.isEmpty() || !storage.isUp()) return;
    let settle: ReturnType<typeof owed.applied>["settle"] = () => {};
    try {
      const written = await cell.update((budget) => {
        const applied = owed.applied(budget);
        settle = applied.settle;
        return applied.budget;
      });
      settle(written === undefined ? "lost race" : "written");
    } catch (error) {
      settle("unknown");
      if (!(error instanceof StorageDown)) throw error;
    }
  }

  function closeHere(forMs: number): void {
    gate.close(forMs);
    giveBack(held.clear());
  }

  /** A request that has no entry in this budget's record counts in it all the same. */
  function charge({ priority, route }: Lease): void {
    const use: Use = { by: time.now().latest, count: 1, priority, route };
    owed.add({ once: false, apply: (budget) => ({ ...budget, uses: withUse(budget.uses, use) }) });
  }

  async function answered(lease: Lease, observation: Observation): Promise<void> {
    const { use, probe, grantedAt } = lease;
    const about: Answered = { observation, use, probe, grantedAt, now: time.now() };
    const closesGate = isExhausted(observation) && !observation.withoutHeaders;
    if (closesGate) closeHere(penaltyOf(observation, limits) + limits.gateGuardMs);
    else if (!isExhausted(observation)) gate.wentWell();
    if (use === undefined) charge(lease);
    if (probe === undefined && !closesGate && isOldNews(about)) return;
    try {
      let before: Budget | undefined;
      const after = await cell.update((budget) => {
        before = budget;
        return afterAnswer(budget, about, limits);
      });
      if (before !== undefined && after !== undefined) tell(before, after, observation);
      if (after !== undefined) return;
    } catch (error) {
      if (!(error instanceof StorageDown)) throw error;
    }
    // Too many races, or no table: it goes along with whatever is written next.
    owed.add({ once: false, apply: (budget) => afterAnswer(budget, about, limits) ?? budget });
  }

  /** The copy at hand explains the answer. An old copy may be missing some permits of others. */
  function isOldNews(about: Answered): boolean {
    const copy = cell.cached();
    if (copy === undefined) return false;
    const slack = Math.max(1, Math.ceil(copy.budget.limit / 20));
    return afterAnswer(copy.budget, about, limits, slack) === undefined;
  }

  function tell(before: Budget, after: Budget, { errorCode }: Observation): void {
    const { limit, windowMs, outside } = after;
    if (after.gate && after.gate.until > (before.gate?.until ?? 0)) {
      const { until } = after.gate;
      onEvent({ type: "paused", group, until, ...(errorCode !== undefined && { errorCode }) });
    }
    if (before.gate && !after.gate) onEvent({ type: "resumed", group });
    if (limit !== before.limit || windowMs !== before.windowMs) {
      onEvent({ type: "limit_learned", group, limit, windowMs });
    }
    if (outside && outside.count > (before.outside?.count ?? 0)) {
      onEvent({ type: "external_usage", group, count: outside.count });
    }
  }

  async function released(lease: Lease, sent: boolean): Promise<void> {
    if (lease.use === undefined) {
      if (sent) charge(lease);
      gate.backUnanswered();
    } else if (sent) await correctLateUse(lease.use);
    else await takeBack(lease, lease.use);
  }

  /** Must be in the record before the slot comes round again. */
  async function correctLateUse(use: Use): Promise<void> {
    const { latest } = time.now();
    if (latest <= use.by) return;
    owed.add({ once: true, apply: (budget) => ({ ...budget, uses: movedUse(budget, use, latest) }) });
    await payOwed();
  }

  async function takeBack({ probe, wideProbe, usableUntil }: Lease, use: Use): Promise<void> {
    const isProbe = probe !== undefined || wideProbe !== undefined;
    if (!isProbe && usableUntil > clock.now() && gate.closedMs() === 0) {
      held.add(use, usableUntil);
      return;
    }
    giveBack([use]);
    if (probe !== undefined) dropProbe(probe);
    // While there is plenty it can wait for the next write.
    if (isProbe || isScarce()) await payOwed();
  }

  function isScarce(): boolean {
    const copy = cell.cached();
    if (copy === undefined) return false;
    const { slots } = usableSlots(copy.budget, time.now().earliest, limits);
    return countUses(copy.budget.uses) * 2 > slots;
  }

  return {
    answered,
    released,
    closeHere,
    giveBack,
    dropProbe,
    payOwed,
    async closeWide(until) {
      const apply = (budget: Budget) => ({ ...budget, wideUntil: Math.max(until, budget.wideUntil ?? 0) });
      owed.add({ once: false, apply });
      await payOwed();
    },
  };
}
