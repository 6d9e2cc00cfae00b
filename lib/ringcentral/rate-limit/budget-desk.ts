import type { Deadline } from "../../platform/deadline.ts";
import type { AdmissionRequest, Observation } from "../ports.ts";
import type { Budget, Use } from "./budget.ts";
import { type BudgetCell, type BudgetCellDeps, backoffMs, type Copy } from "./budget-cell.ts";
import { emptyBudget } from "./budget-record.ts";
import type { OnRateLimitEvent } from "./events.ts";
import { type GateState, gateState } from "./gate.ts";
import { createHeldPermits } from "./held-permits.ts";
import type { Lease } from "./lease.ts";
import { createLeaseSettlement } from "./lease-settlement.ts";
import { createOwedChanges } from "./owed-changes.ts";
import { type Ask, type Decision, type Plan, planPermits } from "./plan-permits.ts";
import { createProcessBudget } from "./process-budget.ts";
import { createProcessGate } from "./process-gate.ts";
import type { ReferenceTime, TimeBounds } from "./reference-time.ts";
import { refusal } from "./refusal.ts";
import { StorageDown } from "./storage-health.ts";
import type { WideGate } from "./wide-gate.ts";

/** One budget as one process sees it. */
export interface BudgetDesk {
  readonly group: string;
  readonly cell: BudgetCell;
  /** @throws RingCentralError kind `rate_limited`, at once, when there is no permit in time */
  admit(request: AdmissionRequest): Promise<Lease>;
  answered(lease: Lease, observation: Observation): Promise<void>;
  released(lease: Lease, sent: boolean): Promise<void>;
  /** Closes this budget for the process at once. */
  closeHere(forMs: number): void;
  /** Writes down that from `until` on the account's wide gate has to be asked. */
  closeWide(until: number): Promise<void>;
  /** What this process spent without the table in the last window. */
  spentAlone(): number;
}

export interface BudgetDeskDeps extends BudgetCellDeps {
  cell: BudgetCell;
  time: ReferenceTime;
  wide: WideGate;
  onEvent: OnRateLimitEvent;
  /** A name nobody else in the fleet uses, for probes. */
  uniqueId: () => string;
}

interface Waiter {
  priority: Ask["priority"];
  route: string;
  deadline: Deadline;
  startedAt: number;
  resolve(lease: Lease): void;
  reject(error: unknown): void;
}

/** What one look at the record, and at most one write, came to. */
interface Round {
  /** To be served by another one. */
  left: Waiter[];
  lostRace: boolean;
}
const served: Round = { left: [], lostRace: false };

/**
 * Calls queue, and one compare-and-set at a time serves all that wait. What that costs in reads and writes of the
 * record, per request:
 *
 * | situation | reads | writes |
 * |---|---|---|
 * | a permit is held (calls come in quick succession, the budget is less than half used) | 0 | 0 |
 * | several calls at once in one process | shared | shared |
 * | nobody else changes the record, or it was read a moment ago | 0 | 1 |
 * | otherwise | 1 | 1 |
 * | waited more than a second for its slot | 1 more | |
 * | refused: the gate is known to be closed, or the last look is less than a second old | 0 | 0 |
 * | refused otherwise | 1 | 0 |
 * | answer that changes nothing | 0 | 0 |
 * | answer with news (limit, others' use, 429, probe), or later than `arrivalMs` | 1 | 1 |
 *
 * A lost race costs one more of each.
 */
export function createBudgetDesk(group: string, deps: BudgetDeskDeps): BudgetDesk {
  const { cell, storage, clock, random, limits, time, wide, onEvent, uniqueId } = deps;
  const held = createHeldPermits(clock, limits);
  const owed = createOwedChanges();
  const gate = createProcessGate(clock);
  const alone = createProcessBudget(clock, limits);
  const settlement = createLeaseSettlement({ ...deps, group, owed, held, gate });
  let queue: Waiter[] = [];
  let serving = false;

  const known = (): Budget => cell.cached()?.budget ?? emptyBudget(group, limits);
  const refuse = (waiter: Waiter, waitMs: number, cause?: unknown) =>
    waiter.reject(refusal(waitMs, random, cause));
  const maxWaitMs = ({ priority, deadline, startedAt }: Waiter): number => {
    const waitedMs = clock.now() - startedAt;
    return Math.max(
      0,
      Math.min(limits.maxWaitMs[priority] - waitedMs, deadline.remainingMs() - limits.callMs),
    );
  };

  async function admit({ priority, deadline, route = "other" }: AdmissionRequest): Promise<Lease> {
    const closedMs = gate.closedMs();
    if (closedMs > 0) {
      await settlement.payOwed();
      throw refusal(closedMs, random);
    }
    settlement.giveBack(held.expired());
    const isOpen = gateState(known().gate, time.now().earliest).state === "open";
    const use = isOpen ? held.take(priority) : undefined;
    if (use) {
      held.demand(1);
      return leaseOf(use, clock.now());
    }
    return new Promise((resolve, reject) => {
      enqueue({ priority, route, deadline, startedAt: clock.now(), resolve, reject });
    });
  }

  function enqueue(waiter: Waiter): void {
    queue.push(waiter);
    if (!serving) void serveQueue();
  }

  async function serveQueue(): Promise<void> {
    serving = true;
    // Those who come in the same tick are served by the same write.
    await Promise.resolve();
    while (queue.length > 0) {
      const waiters = queue;
      queue = [];
      await serve(waiters).catch((error) => {
        for (const waiter of waiters) waiter.reject(error);
      });
    }
    serving = false;
  }

  async function serve(waiters: Waiter[]): Promise<void> {
    const ahead = held.demand(waiters.length);
    let left = waiters;
    let copy = cell.isLikelyCurrent() ? cell.cached() : undefined;
    for (let races = 0; left.length > 0; ) {
      try {
        const round = await tryToServe(left, ahead, copy);
        left = round.left;
        copy = undefined;
        if (!round.lostRace) continue;
      } catch (error) {
        if (!(error instanceof StorageDown)) throw error;
        for (const waiter of left) serveAlone(waiter, error);
        return;
      }
      races += 1;
      const isHopeless = races > limits.maxConflicts;
      if (isHopeless) onEvent({ type: "contention", group, refused: left.length });
      const isInTime = ({ deadline }: Waiter) => !isHopeless && deadline.remainingMs() > limits.callMs;
      for (const waiter of left) if (!isInTime(waiter)) refuse(waiter, limits.cacheMs);
      left = left.filter(isInTime);
      // The first repetition costs less than a wait.
      if (races > 1) await clock.sleep(backoffMs(races, random));
    }
  }

  async function tryToServe(waiters: Waiter[], ahead: number, cached: Copy | undefined): Promise<Round> {
    const copy = cached ?? (await cell.read());
    const isOld = cached !== undefined && clock.now() - cached.readAt > limits.cacheMs;
    const askedAt = clock.now();
    const now = time.now();
    const { budget, settle } = owed.applied(copy.budget);
    const passage = await passWide(budget, now);
    if (passage.state === "closed" || passage.state === "probing") {
      const waitMs = passage.state === "closed" ? passage.until - now.earliest : limits.probeAnswerMs;
      for (const waiter of waiters) refuse(waiter, waitMs);
      return served;
    }
    const wideProbe = passage.state === "due" ? passage.probe : undefined;
    const { wideUntil: _, ...unlocked } = budget;
    const asking = wideProbe === undefined ? waiters : waiters.slice(0, 1);
    const plan = planPermits(
      {
        budget: wideProbe === undefined ? unlocked : budget,
        asks: asking.map((waiter) => ({ ...waiter, maxWaitMs: maxWaitMs(waiter) })),
        time: now,
        ahead: wideProbe === undefined ? ahead : 0,
        probeId: uniqueId(),
      },
      limits,
    );
    if (plan.decisions.some(({ kind }) => kind === "granted")) {
      const won = await cell.write(copy, plan.budget).catch((error) => {
        settle("unknown");
        throw error;
      });
      settle(won ? "written" : "lost race");
      if (!won || clock.now() - askedAt > limits.leaseAnswerMs) {
        if (won) undo(plan);
        if (wideProbe !== undefined) await wide.notSent(wideProbe);
        return { left: waiters, lostRace: true };
      }
      if (plan.ahead) held.add(plan.ahead, askedAt + limits.holdMs);
    } else {
      if (wideProbe !== undefined) await wide.notSent(wideProbe);
      // A closed gate does not open before its time; anything else may have changed.
      if (isOld && gateState(budget.gate, now.earliest).state !== "closed") {
        return { left: waiters, lostRace: false };
      }
      // Nobody writes for those who are refused; what others have to know must not wait for it.
      await settlement.payOwed();
    }
    asking.forEach((waiter, index) => {
      carryOut(waiter, plan.decisions[index], now, askedAt, wideProbe);
    });
    for (const waiter of waiters.slice(asking.length)) later(waiter, limits.probeAnswerMs);
    return served;
  }

  async function passWide({ wideUntil }: Budget, now: TimeBounds): ReturnType<WideGate["pass"]> {
    if (wideUntil === undefined) return { state: "open" };
    if (now.earliest < wideUntil) return { state: "closed", until: wideUntil };
    return wide.pass(uniqueId());
  }

  /** The write took so long that its permits are too old to use. */
  function undo({ decisions, ahead }: Plan): void {
    if (ahead) settlement.giveBack([ahead]);
    for (const decision of decisions) {
      if (decision.kind !== "granted") continue;
      settlement.giveBack([decision.use]);
      if (decision.probe !== undefined) settlement.dropProbe(decision.probe);
    }
  }

  function carryOut(
    waiter: Waiter,
    decision: Decision | undefined,
    now: TimeBounds,
    askedAt: number,
    wideProbe: string | undefined,
  ): void {
    if (decision?.kind === "later") later(waiter, decision.waitMs);
    else if (decision?.kind !== "granted") refuse(waiter, decision?.waitMs ?? 0);
    else {
      const { probe, use, from } = decision;
      const lease: Lease = {
        ...leaseOf(use, askedAt),
        ...(probe !== undefined && { probe }),
        ...(wideProbe !== undefined && { wideProbe }),
      };
      if (probe !== undefined || wideProbe !== undefined) onEvent({ type: "probe", group });
      if (from <= now.earliest) waiter.resolve(lease);
      else depart(waiter, lease, use, from).catch(waiter.reject);
    }
  }

  /** Waits for the slot that was promised. */
  async function depart(waiter: Waiter, lease: Lease, use: Use, from: number): Promise<void> {
    const startedAt = clock.now();
    for (let ms = from - time.now().earliest; ms > 0; ms = from - time.now().earliest) {
      await clock.sleep(ms);
    }
    const hasWaitedLong = clock.now() - startedAt > limits.recheckMs;
    const closedMs = (hasWaitedLong ? await closedMeanwhile() : 0) || gate.closedMs();
    const now = time.now();
    const transitMs = limits.arrivalMs - limits.leaseAnswerMs;
    const isInTime = now.latest + transitMs <= use.by;
    if (closedMs <= 0 && isInTime) {
      waiter.resolve({ ...lease, grantedAt: now });
      return;
    }
    settlement.giveBack([use]);
    if (closedMs > 0) refuse(waiter, closedMs);
    else enqueue(waiter);
  }

  /** How long a gate that has closed during the wait stays closed; 0 when none has, as far as can be told. */
  async function closedMeanwhile(): Promise<number> {
    const copy = storage.isUp() ? await cell.read().catch(() => undefined) : undefined;
    const now = time.now().earliest;
    const state: GateState = gateState(copy?.budget.gate, now);
    const wideMs = (copy?.budget.wideUntil ?? 0) - now;
    const closedMs = state.state === "closed" ? state.until - now : limits.probeAnswerMs;
    return Math.max(0, wideMs, state.state === "open" ? 0 : closedMs);
  }

  function later(waiter: Waiter, waitMs: number): void {
    if (waitMs > maxWaitMs(waiter)) refuse(waiter, waitMs);
    else clock.sleep(waitMs * (1 + random() / 4)).then(() => enqueue(waiter), waiter.reject);
  }

  /** Without the table. */
  function serveAlone(waiter: Waiter, cause: unknown): void {
    const { priority, route } = waiter;
    const waitMs = gate.mayLeaveAlone() ? alone.waitMs(priority, known()) : limits.probeAnswerMs;
    if (waitMs > 0) refuse(waiter, waitMs, cause);
    else {
      gate.leavesAlone();
      waiter.resolve({ priority, route, usableUntil: 0, grantedAt: time.now() });
    }
  }

  function leaseOf({ by, priority, route }: Use, askedAt: number): Lease {
    const usableUntil = askedAt + limits.leaseAnswerMs;
    return { priority, route, use: { by, count: 1, priority, route }, usableUntil, grantedAt: time.now() };
  }

  return {
    group,
    cell,
    admit,
    answered: settlement.answered,
    released: settlement.released,
    closeHere: settlement.closeHere,
    closeWide: settlement.closeWide,
    spentAlone: () => alone.spent(known().windowMs),
  };
}
