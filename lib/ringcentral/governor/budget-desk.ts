import type { Deadline } from "../../platform/deadline.ts";
import type { AdmissionRequest, Observation } from "../ports.ts";
import { type Answered, afterAnswer, isExhausted, movedUse, penaltyOf } from "./after-answer.ts";
import { type Budget, countUses, type Lane, type Use, withoutUse, withUse } from "./budget.ts";
import { type BudgetCell, type BudgetCellDeps, backoffMs, type Copy } from "./budget-cell.ts";
import { emptyBudget } from "./budget-record.ts";
import type { OnGovernorEvent } from "./events.ts";
import { type GateState, gateState, withoutProbe } from "./gate.ts";
import { createHeldPermits } from "./held-permits.ts";
import { createOwedChanges } from "./owed-changes.ts";
import { type Ask, type Decision, planPermits, usableSlots } from "./plan-permits.ts";
import { createProcessBudget } from "./process-budget.ts";
import type { ReferenceTime, TimeBounds } from "./reference-time.ts";
import { refusal } from "./refusal.ts";
import { StorageDown } from "./storage-health.ts";
import type { WideGate } from "./wide-gate.ts";

/** The right to send one request, and what has to be said about it afterwards. */
export interface Lease {
  lane: Lane;
  route: string;
  /** Its entry in the record; absent when it was given without the table. */
  use?: Use;
  /** Own clock: as long as nothing was sent, somebody else of this process may use it. */
  usableUntil: number;
  probe?: string;
  wideProbe?: string;
  grantedAt: TimeBounds;
}

export interface BudgetDesk {
  readonly group: string;
  /** @throws RingCentralError kind `rate_limited`, at once, when there is no permit in time */
  admit(request: AdmissionRequest): Promise<Lease>;
  /** @throws never: what cannot be written now is owed */
  answered(lease: Lease, observation: Observation): Promise<void>;
  released(lease: Lease, sent: boolean): Promise<void>;
  /** Closes this budget for the process at once. */
  closeHere(closedMs: number): void;
  /** The record says that the wide gate has to be asked from `until` on. */
  closeWide(until: number): Promise<void>;
  /** What this process spent without the table. */
  spentAlone(): number;
  cell: BudgetCell;
}

export interface BudgetDeskDeps extends BudgetCellDeps {
  cell: BudgetCell;
  time: ReferenceTime;
  wide: WideGate;
  onEvent: OnGovernorEvent;
  /** A name nobody else in the fleet uses, for probes. */
  uniqueId: () => string;
}

interface Waiter {
  ask: Ask;
  deadline: Deadline;
  startedAt: number;
  resolve(lease: Lease): void;
  reject(error: unknown): void;
}

/**
 * One budget as one process sees it: calls queue, and one compare-and-set at a time serves all that wait.
 *
 * What it costs in reads and writes of the record, per request:
 * | situation | reads | writes |
 * |---|---|---|
 * | a permit is held (calls come in quick succession, the budget is less than half used) | 0 | 0 |
 * | several calls at once in one process | shared | shared |
 * | this process was the last to change the record | 0 | 1 |
 * | otherwise | 1 | 1 |
 * | waited more than a second for its slot | 1 more | |
 * | refused: the gate is known to be closed, or the last look is less than a second old | 0 | 0 |
 * | refused otherwise | 1 | 0 |
 * | answer that changes nothing | 0 | 0 |
 * | answer with news (limit, others' use, 429, probe), or later than `arrivalMs` | 1 | 1 |
 * A lost race costs one more of each.
 */
export function createBudgetDesk(group: string, deps: BudgetDeskDeps): BudgetDesk {
  const { cell, storage, clock, random, limits, time, wide, onEvent, uniqueId } = deps;
  const held = createHeldPermits(clock, limits);
  const owed = createOwedChanges();
  const alone = createProcessBudget(clock, limits);
  let queue: Waiter[] = [];
  let serving = false;
  /** Own clock. */
  let closedHereUntil = Number.NEGATIVE_INFINITY;
  /** Without the table: a 429 was the last word, so only one request may be under way. */
  let unsure: { under: boolean } | undefined;

  const known = (): Budget => cell.cached()?.budget ?? emptyBudget(group, limits);
  const refuse = (waiter: Waiter, waitMs: number, cause?: unknown) =>
    waiter.reject(refusal(waitMs, random, cause));
  const patienceOf = ({ ask, deadline, startedAt }: Waiter): number => {
    const waited = clock.now() - startedAt;
    const left = Math.min(limits.maxWaitMs[ask.lane] - waited, deadline.remainingMs() - limits.callMs);
    return Math.max(0, left);
  };

  function admit({ lane, deadline, route = "other" }: AdmissionRequest): Promise<Lease> {
    const closed = closedHereUntil - clock.now();
    if (closed > 0) {
      return payOwed().then(() => {
        throw refusal(closed, random);
      });
    }
    giveBack(held.expired());
    const use = gateState(known().gate, time.now().earliest).state === "open" ? held.take(lane) : undefined;
    if (use) {
      held.demand(1);
      return Promise.resolve(leaseOf(use, clock.now()));
    }
    return new Promise((resolve, reject) => {
      queue.push({ ask: { lane, route, patienceMs: 0 }, deadline, startedAt: clock.now(), resolve, reject });
      void serve();
    });
  }

  async function serve(): Promise<void> {
    if (serving) return;
    serving = true;
    try {
      // Those who come in the same tick are served by the same write.
      await Promise.resolve();
      while (queue.length > 0) {
        const waiters = queue;
        queue = [];
        await serveTogether(waiters).catch((error) => {
          for (const waiter of waiters) waiter.reject(error);
        });
      }
    } finally {
      serving = false;
    }
  }

  async function serveTogether(waiters: Waiter[]): Promise<void> {
    const ahead = held.demand(waiters.length);
    let copy = cell.isLikelyCurrent() ? cell.cached() : undefined;
    let left = waiters;
    for (let races = 0; left.length > 0; ) {
      try {
        const outcome = await tryToServe(left, ahead, copy);
        left = outcome.left;
        copy = outcome.copy;
        if (!outcome.lostRace) continue;
      } catch (error) {
        if (!(error instanceof StorageDown)) throw error;
        for (const waiter of left) serveAlone(waiter, error);
        return;
      }
      races += 1;
      if (races > limits.maxConflicts) {
        onEvent({ type: "contention", group, refused: left.length });
        for (const waiter of left) refuse(waiter, limits.cacheMs);
        return;
      }
      // The first repetition costs less than a wait.
      if (races > 1) await clock.sleep(backoffMs(races, random));
      left = left.filter((waiter) => {
        if (waiter.deadline.remainingMs() > limits.callMs) return true;
        refuse(waiter, limits.cacheMs);
        return false;
      });
    }
  }

  interface Round {
    left: Waiter[];
    copy: Copy | undefined;
    lostRace: boolean;
  }

  /** One look at the record and at most one write. @returns who is to be served by another */
  async function tryToServe(waiters: Waiter[], ahead: number, known: Copy | undefined): Promise<Round> {
    const copy = known ?? (await cell.read());
    const isOld = known !== undefined && clock.now() - known.readAt > limits.cacheMs;
    const askedAt = clock.now();
    const now = time.now();
    const { budget, settle } = owed.applied(copy.budget);
    const wideState = await passWide(budget, now);
    if (wideState.state === "closed" || wideState.state === "probing") {
      // Nobody opens a gate before its time, but a probe may be back any moment.
      const waitMs = wideState.state === "closed" ? wideState.until - now.earliest : limits.probeAnswerMs;
      for (const waiter of waiters) refuse(waiter, waitMs);
      return { left: [], copy, lostRace: false };
    }
    const wideProbe = wideState.state === "due" ? wideState.probe : undefined;
    const { wideUntil: _, ...unlocked } = budget;
    const mine = wideProbe === undefined ? waiters : waiters.slice(0, 1);
    const plan = planPermits(
      {
        budget: wideProbe === undefined ? unlocked : budget,
        asks: mine.map((waiter) => ({ ...waiter.ask, patienceMs: patienceOf(waiter) })),
        time: now,
        ahead: wideProbe === undefined ? ahead : 0,
        probeId: uniqueId(),
      },
      limits,
    );
    const isGranted = plan.decisions.some(({ kind }) => kind === "granted");
    const isForGood = gateState(budget.gate, now.earliest).state === "closed";
    if (!isGranted && !isForGood && isOld) return { left: waiters, copy: undefined, lostRace: false };
    if (isGranted) {
      const won = await cell.write(copy, plan.budget).catch((error) => {
        settle("unknown");
        throw error;
      });
      settle(won ? "written" : "lost race");
      if (won && plan.ahead) held.add(plan.ahead, askedAt + limits.holdMs);
      const isTooLate = won && clock.now() - askedAt > limits.leaseAnswerMs;
      if (isTooLate) giveBack(plan.decisions.flatMap((d) => (d.kind === "granted" ? [d.use] : [])));
      if (!won || isTooLate) {
        await undoProbes(plan.decisions, wideProbe, won);
        return { left: waiters, copy: undefined, lostRace: true };
      }
    } else if (wideProbe !== undefined) await wide.notSent(wideProbe);
    mine.forEach((waiter, index) => {
      carryOut(waiter, plan.decisions[index], now, askedAt, wideProbe);
    });
    for (const waiter of waiters.slice(mine.length)) later(waiter, limits.probeAnswerMs);
    return { left: [], copy: undefined, lostRace: false };
  }

  async function passWide(
    { wideUntil }: Budget,
    now: TimeBounds,
  ): Promise<Exclude<GateState, { state: "due" }> | { state: "due"; probe: string }> {
    if (wideUntil === undefined) return { state: "open" };
    if (now.earliest < wideUntil) return { state: "closed", until: wideUntil };
    return wide.pass(uniqueId());
  }

  /** The probe that was to be is none: in the record it is, when the write was the one that came too late. */
  async function undoProbes(
    decisions: readonly Decision[],
    wideProbe: string | undefined,
    isWritten: boolean,
  ): Promise<void> {
    if (wideProbe !== undefined) await wide.notSent(wideProbe);
    for (const decision of decisions) {
      if (isWritten && decision.kind === "granted" && decision.probe !== undefined)
        oweNoProbe(decision.probe);
    }
  }

  function carryOut(
    waiter: Waiter,
    decision: Decision | undefined,
    now: TimeBounds,
    askedAt: number,
    wideProbe: string | undefined,
  ): void {
    if (decision === undefined || decision.kind === "refused") refuse(waiter, decision?.waitMs ?? 0);
    else if (decision.kind === "later") later(waiter, decision.waitMs);
    else {
      const lease = {
        ...leaseOf(decision.use, askedAt),
        ...(decision.probe !== undefined && { probe: decision.probe }),
        ...(wideProbe !== undefined && { wideProbe }),
      };
      if (decision.probe !== undefined || wideProbe !== undefined) onEvent({ type: "probe", group });
      if (decision.from <= now.earliest) waiter.resolve(lease);
      else void depart(waiter, lease, decision.from).catch(waiter.reject);
    }
  }

  /** Waits for the slot that was promised, and looks at the gate again when that took long. */
  async function depart(waiter: Waiter, lease: Lease, from: number): Promise<void> {
    const startedAt = clock.now();
    for (let ms = from - time.now().earliest; ms > 0; ms = from - time.now().earliest) {
      await clock.sleep(ms);
    }
    if (clock.now() - startedAt > limits.recheckMs && storage.isUp()) {
      const budget = await cell.read().then(
        (copy) => copy.budget,
        () => undefined,
      );
      const now = time.now();
      const gate = gateState(budget?.gate, now.earliest);
      const wideMs = (budget?.wideUntil ?? 0) - now.earliest;
      if (gate.state !== "open" || wideMs > 0) {
        if (lease.use) giveBack([lease.use]);
        refuse(waiter, Math.max(wideMs, gate.state === "closed" ? gate.until - now.earliest : 0));
        return;
      }
    }
    const closedMs = closedHereUntil - clock.now();
    const now = time.now();
    const isLate = lease.use !== undefined && now.latest + transitMs() > lease.use.by;
    if (closedMs <= 0 && !isLate) {
      waiter.resolve({ ...lease, grantedAt: now });
      return;
    }
    if (lease.use) giveBack([lease.use]);
    if (closedMs > 0) refuse(waiter, closedMs);
    else requeue(waiter);
  }

  const transitMs = () => limits.arrivalMs - limits.leaseAnswerMs;

  function later(waiter: Waiter, waitMs: number): void {
    if (waitMs > patienceOf(waiter)) {
      refuse(waiter, waitMs);
      return;
    }
    clock.sleep(waitMs * (1 + random() / 4)).then(() => requeue(waiter), waiter.reject);
  }

  function requeue(waiter: Waiter): void {
    queue.push(waiter);
    void serve();
  }

  /** Without the table. */
  function serveAlone(waiter: Waiter, cause: unknown): void {
    const waitMs = unsure?.under ? limits.probeAnswerMs : alone.waitMs(waiter.ask.lane, known());
    if (waitMs > 0) {
      refuse(waiter, waitMs, cause);
      return;
    }
    if (unsure) unsure.under = true;
    const { lane, route } = waiter.ask;
    waiter.resolve({ lane, route, usableUntil: 0, grantedAt: time.now() });
  }

  function leaseOf(use: Use, askedAt: number): Lease {
    const { lane, route } = use;
    const one = { ...use, count: 1 };
    return { lane, route, use: one, usableUntil: askedAt + limits.leaseAnswerMs, grantedAt: time.now() };
  }

  function giveBack(unused: readonly Use[]): void {
    for (const use of unused) {
      owed.add({ once: true, apply: (budget) => ({ ...budget, uses: withoutUse(budget.uses, use) }) });
    }
  }

  function oweNoProbe(id: string): void {
    owed.add({
      once: false,
      apply: ({ gate, ...rest }) => {
        const next = withoutProbe(gate, id);
        return next ? { ...rest, gate: next } : rest;
      },
    });
  }

  /** @throws never */
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

  function closeHere(closedMs: number): void {
    closedHereUntil = Math.max(closedHereUntil, clock.now() + closedMs);
    unsure = { under: false };
    giveBack(held.clear());
  }

  async function answered(lease: Lease, observation: Observation): Promise<void> {
    const about: Answered = {
      observation,
      use: lease.use,
      probe: lease.probe,
      grantedAt: lease.grantedAt,
      now: time.now(),
    };
    if (isExhausted(observation)) {
      if (!observation.withoutHeaders) closeHere(penaltyOf(observation, limits) + limits.gateGuardMs);
    } else unsure = undefined;
    if (lease.use === undefined) charge(lease);
    const copy = cell.cached();
    if (
      copy &&
      afterAnswer(copy.budget, about, limits, slackOf(copy.budget)) === undefined &&
      !isUrgent(about)
    )
      return;
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
    // Too many races or no table: it goes along with whatever is written next.
    owed.add({ once: false, apply: (budget) => afterAnswer(budget, about, limits) ?? budget });
  }

  /** What must be written whatever an old copy says. */
  function isUrgent({ observation, probe }: Answered): boolean {
    return probe !== undefined || (isExhausted(observation) && !observation.withoutHeaders);
  }

  /** How many permits of others an old copy may be missing. */
  function slackOf({ limit }: Budget): number {
    return Math.max(1, Math.ceil(limit / 20));
  }

  function tell(before: Budget, after: Budget, { errorCode }: Observation): void {
    if (after.gate && after.gate.until > (before.gate?.until ?? 0)) {
      const { until } = after.gate;
      onEvent({ type: "gate_closed", group, until, ...(errorCode !== undefined && { errorCode }) });
    }
    if (before.gate && !after.gate) onEvent({ type: "gate_opened", group });
    if (after.limit !== before.limit || after.windowMs !== before.windowMs) {
      onEvent({ type: "limit_learned", group, limit: after.limit, windowMs: after.windowMs });
    }
    if ((after.outside?.count ?? 0) > (before.outside?.count ?? 0)) {
      onEvent({ type: "outside_use", group, count: after.outside?.count ?? 0 });
    }
  }

  function charge({ lane, route }: Lease): void {
    const use: Use = { by: time.now().latest, count: 1, lane, route };
    owed.add({ once: false, apply: (budget) => ({ ...budget, uses: withUse(budget.uses, use) }) });
  }

  async function released(lease: Lease, sent: boolean): Promise<void> {
    const { use, probe, wideProbe } = lease;
    if (use === undefined) {
      if (sent) charge(lease);
      if (unsure) unsure.under = false;
      return;
    }
    if (sent) {
      const now = time.now();
      if (now.latest <= use.by) return;
      owed.add({ once: true, apply: (budget) => ({ ...budget, uses: movedUse(budget, use, now.latest) }) });
    } else if (probe === undefined && wideProbe === undefined && lease.usableUntil > clock.now()) {
      held.add(use, lease.usableUntil);
      return;
    } else {
      giveBack([use]);
      if (probe !== undefined) oweNoProbe(probe);
    }
    const { budget } = cell.cached() ?? { budget: undefined };
    const isScarce =
      budget !== undefined &&
      countUses(budget.uses) * 2 > usableSlots(budget, time.now().earliest, limits).slots;
    // What is late must be known before the slot comes round; what is unused can wait while there is plenty.
    if (sent || probe !== undefined || isScarce) await payOwed();
  }

  return {
    group,
    cell,
    admit,
    answered,
    released,
    closeHere,
    async closeWide(until) {
      const apply = (budget: Budget) => ({ ...budget, wideUntil: Math.max(until, budget.wideUntil ?? 0) });
      owed.add({ once: false, apply });
      await payOwed();
    },
    spentAlone: () => alone.spent(known().windowMs),
  };
}
