import type { Clock } from "../../platform/clock.ts";
import type { RecordStore } from "../../storage/record-store.ts";
import type { AdmissionRequest, Observation, Permit, RateLimiter } from "../ports.ts";
import { isExhausted, penaltyOf } from "./after-answer.ts";
import { createBudgetCell } from "./budget-cell.ts";
import { type BudgetDescription, describeBudget } from "./budget-description.ts";
import { type BudgetDesk, createBudgetDesk } from "./budget-desk.ts";
import { budgetKey, emptyBudget, WIDE } from "./budget-record.ts";
import type { OnRateLimitEvent } from "./events.ts";
import type { Lease } from "./lease.ts";
import { defaultLimits, type RateLimitSettings } from "./limits.ts";
import { createTableTime, type ReferenceTime } from "./reference-time.ts";
import { createStorageHealth, StorageDown } from "./storage-health.ts";
import { createWideGate } from "./wide-gate.ts";

export interface SharedRateLimiterOptions {
  records: RecordStore;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Names the RingCentral user and app whose budgets these are, such as the account's id. */
  accountKey: string;
  /** Different for every process, also for two that follow each other. */
  instanceId: string;
  /** Default: this process's clock, give or take `maxSkewMs`. With the table's own time less budget is wasted. */
  time?: ReferenceTime;
  limits?: Partial<RateLimitSettings>;
  onEvent?: OnRateLimitEvent;
}

export interface SharedRateLimiter extends RateLimiter {
  /** Every budget, for `GET /v1/limits`; this process's view while the table is unavailable. */
  describe(): Promise<BudgetDescription[]>;
}

/**
 * RingCentral's budgets, shared by the whole fleet.
 *
 * **Budgets.** One record per group, as RingCentral names the group in its headers, holds the limit and the log
 * of permits (see `planPermits`); every change is a compare-and-set on its version. A permit is a place in the
 * log, at an instant of the time line all instances share, and is good for about a second: then it is either used,
 * or known to be used late and moved, or lost with its process. A lost one comes back when its window is over.
 *
 * **Gates.** A 429 closes the group's gate in the same record, so no permit can be had after it; one that was had
 * before is a second old at most. When the penalty is over on every clock, one probe goes, and its answer opens
 * the gate or closes it again (see `Gate`). A 429 without rate headers closes every group, and one probe of one
 * group goes for all of them (see `WideGate`).
 *
 * **Others.** When `X-Rate-Limit-Remaining` is lower than the log explains, somebody outside the fleet spends
 * the same budget: what they take, and a margin for what they will, is left to them.
 *
 * **Lanes.** Sync leaves a reserve to interactive calls, and waits while those are served.
 *
 * **Refusals** come at once, tell when a permit will come free, and write nothing.
 *
 * **Without the table** each process goes by a tenth of every limit, for interactive calls, and by the gates it
 * has seen itself; what it spent is handed in later. See `budget-desk.ts` for what each case costs.
 */
export function createSharedRateLimiter(options: SharedRateLimiterOptions): SharedRateLimiter {
  const { records, clock, random, accountKey, instanceId, onEvent = () => {} } = options;
  const limits: RateLimitSettings = { ...defaultLimits, ...options.limits };
  const time = options.time ?? createTableTime({ clock, maxSkewMs: limits.maxSkewMs });
  const storage = createStorageHealth(clock, limits, onEvent);
  const cellDeps = { records, storage, clock, random, limits };
  const wideCell = createBudgetCell(cellDeps, budgetKey(accountKey, WIDE));
  const wide = createWideGate(wideCell, time, limits);
  const desks = new Map<string, BudgetDesk>();
  /** Group by documented group and route, where RingCentral's answers have named another than documented. */
  const namedBy = new Map<string, string>();
  let ids = 0;

  function deskOf(group: string): BudgetDesk {
    const known = desks.get(group);
    if (known) return known;
    const cell = createBudgetCell(cellDeps, budgetKey(accountKey, group));
    const uniqueId = () => `${instanceId}.${ids++}`;
    const desk = createBudgetDesk(group, { ...cellDeps, cell, time, wide, onEvent, uniqueId });
    desks.set(group, desk);
    return desk;
  }

  function groupOf(request: AdmissionRequest): string {
    const { group } = request;
    const operation = operationOf(request);
    const named = namedBy.get(`${group} ${operation}`);
    return named ?? deskOf(group).cell.cached()?.budget.renamed?.[operation] ?? group;
  }

  /** RingCentral counts this operation elsewhere: says so to the others, once. */
  async function rename(request: AdmissionRequest, group: string): Promise<void> {
    const operation = operationOf(request);
    const key = `${request.group} ${operation}`;
    if ((namedBy.get(key) ?? request.group) === group) return;
    namedBy.set(key, group);
    onEvent({ type: "group_renamed", documented: request.group, group });
    await deskOf(request.group).cell.update((budget) => {
      const { [operation]: before, ...others } = budget.renamed ?? {};
      if ((before ?? request.group) === group) return undefined;
      const renamed = group === request.group ? others : { ...others, [operation]: group };
      return { ...budget, renamed };
    });
  }

  async function closeEverything(observation: Observation, probe: string | undefined): Promise<void> {
    const penaltyMs = penaltyOf(observation, limits);
    const closedMs = penaltyMs + limits.gateGuardMs;
    const until = time.now().latest + closedMs;
    const documented = Object.keys(limits.budgets);
    const renamed = documented.flatMap((group) =>
      Object.values(deskOf(group).cell.cached()?.budget.renamed ?? {}),
    );
    const all = [...new Set([...documented, ...renamed, ...desks.keys()])].map(deskOf);
    for (const desk of all) desk.closeHere(closedMs);
    const { errorCode } = observation;
    onEvent({ type: "paused", group: WIDE, until, ...(errorCode !== undefined && { errorCode }) });
    await Promise.all([
      ignoreOutage(wide.close(penaltyMs, probe)),
      ...all.map((desk) => desk.closeWide(until)),
    ]);
  }

  function permitFor(request: AdmissionRequest, desk: BudgetDesk, lease: Lease): Permit {
    return {
      async observe(observation) {
        const { group, withoutHeaders } = observation;
        const isElsewhere = group !== desk.group && !withoutHeaders;
        const counted = isElsewhere ? deskOf(group) : desk;
        if (isElsewhere) {
          await ignoreOutage(rename(request, group));
        }
        await answer(counted, lease, observation, isElsewhere);
        // The budget it was charged to must not wait for a probe that went elsewhere.
        if (isElsewhere && lease.probe !== undefined) await desk.released({ ...lease }, false);
      },
      release: async (sent) => {
        await desk.released(lease, sent);
        if (!sent && lease.wideProbe !== undefined) await ignoreOutage(wide.notSent(lease.wideProbe));
      },
    };
  }

  async function answer(desk: BudgetDesk, lease: Lease, observation: Observation, isElsewhere: boolean) {
    const { use: _, probe: _p, ...foreign } = lease;
    const isWideAgain = observation.withoutHeaders && isExhausted(observation);
    if (isWideAgain) await closeEverything(observation, lease.wideProbe);
    else if (lease.wideProbe !== undefined) {
      await ignoreOutage(wide.opened(lease.wideProbe));
      onEvent({ type: "resumed", group: WIDE });
    }
    await desk.answered(isElsewhere ? foreign : lease, observation);
  }

  return {
    async admit(request) {
      const desk = deskOf(groupOf(request));
      const lease = await desk.admit(request);
      return permitFor(request, desk, lease);
    },

    async describe() {
      const groups = new Set([...Object.keys(limits.budgets), ...desks.keys()]);
      const described = [...groups].map(async (group): Promise<BudgetDescription[]> => {
        const desk = deskOf(group);
        try {
          const { budget } = await desk.cell.read();
          const more = Object.values(budget.renamed ?? {}).filter((name) => !groups.has(name));
          const others = [...new Set(more)].map(async (name) => {
            const copy = await deskOf(name).cell.read();
            return describeBudget(name, copy.budget, time.now(), "fleet", limits);
          });
          return [describeBudget(group, budget, time.now(), "fleet", limits), ...(await Promise.all(others))];
        } catch (error) {
          if (!(error instanceof StorageDown)) throw error;
          const budget = desk.cell.cached()?.budget ?? emptyBudget(group, limits);
          const seen = describeBudget(group, budget, time.now(), "process", limits);
          return [{ ...seen, granted: seen.granted + desk.spentAlone() }];
        }
      });
      const all = (await Promise.all(described)).flat();
      return [...new Map(all.map((budget) => [budget.group, budget])).values()];
    },
  };
}

/** RingCentral counts by operation; where the caller does not name it, its route stands for it. */
function operationOf({ operation, route = "other" }: AdmissionRequest): string {
  return operation ?? route;
}

/** What the process has seen holds for the process all the same. */
async function ignoreOutage(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!(error instanceof StorageDown)) throw error;
  }
}
