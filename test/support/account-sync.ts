import type { NumberChange, PhoneNumber } from "../../lib/contract/company-numbers.ts";
import type { Position } from "../../lib/contract/paging.ts";
import { upstreamProblem } from "../../lib/http/upstream-problem.ts";
import type { CompanyNumbersFilter } from "../../lib/numbers/company-numbers.ts";
import { deadlineIn } from "../../lib/platform/deadline.ts";
import { createLogger } from "../../lib/platform/logger.ts";
import { listNumberChanges } from "../../lib/sync/list-number-changes.ts";
import type { SyncDeps, SyncEvent, SyncOutcome, SyncRequest } from "../../lib/sync/run/run.ts";
import { runSync } from "../../lib/sync/run/run-sync.ts";
import { readSnapshotPage } from "../../lib/sync/snapshot/snapshot.ts";
import { leapingClock } from "./manual-clock.ts";
import { createMemoryRecordStore } from "./memory-record-store.ts";
import { clientOf, createNumberAccount } from "./number-account.ts";

export const ACCOUNT = "3700111";
export const MINUTE = 60_000;

/** One account's sync with its upstream and its table in memory, on a clock that a test moves. */
export function createAccountSync(count = 0) {
  const records = createMemoryRecordStore();
  const upstream = createNumberAccount(count);
  const clock = leapingClock();
  const events: SyncEvent[] = [];
  /** Waits of the re-checks that were queued. */
  const rechecks: number[] = [];
  const reading = { records, now: clock.now };
  const state = { fingerprint: "app-admin" };

  const deps: SyncDeps = {
    records,
    ringcentral: clientOf(upstream),
    clock,
    random: () => 0.5,
    fingerprint: async () => state.fingerprint,
    problemOf: upstreamProblem,
    queueRecheck: async (afterMs) => void rechecks.push(afterMs),
    onEvent: (event) => events.push(event),
  };

  /** The wait that the last run asked for. */
  let resumeAt = 0;

  async function syncNow(
    more: Partial<SyncDeps> = {},
    request: Partial<SyncRequest> = {},
  ): Promise<SyncOutcome> {
    const outcome = await runSync(
      { ...deps, ...more },
      {
        accountId: ACCOUNT,
        trigger: "schedule",
        deadline: deadlineIn(5 * MINUTE, clock, 0),
        requestId: "test",
        log: createLogger({}, { write: () => {} }),
        ...request,
      },
    );
    if (outcome.state === "continues") resumeAt = clock.now() + (outcome.continueAfterMs ?? 0);
    return outcome;
  }

  /** One run, after the wait that the run before asked for. */
  function sync(...given: Parameters<typeof syncNow>): Promise<SyncOutcome> {
    clock.leap(Math.max(0, resumeAt - clock.now()));
    return syncNow(...given);
  }

  /** Continues the run until it ends, after each delay it asks for. */
  async function syncToEnd(): Promise<SyncOutcome> {
    for (;;) {
      const outcome = await sync();
      if (outcome.state !== "continues") return outcome;
    }
  }

  async function readAll(
    filter: CompanyNumbersFilter = {},
    { limit = 100, from }: { limit?: number; from?: Position | undefined } = {},
  ): Promise<PhoneNumber[]> {
    const numbers: PhoneNumber[] = [];
    let position = from;
    for (;;) {
      const page = { limit, ...(position && { position }) };
      const read = await readSnapshotPage(reading, { accountId: ACCOUNT, filter, page });
      if (read === undefined) throw new Error("no snapshot");
      numbers.push(...read.items);
      if (read.next === undefined) return numbers;
      position = read.next;
    }
  }

  async function changesFrom(
    position: Position,
    limit = 1000,
  ): Promise<{ items: NumberChange[]; next: Position }> {
    const items: NumberChange[] = [];
    for (let next = position; ; ) {
      const page = await listNumberChanges(reading, { accountId: ACCOUNT, page: { limit, position: next } });
      items.push(...page.items);
      next = page.next;
      if (!page.hasMore) return { items, next };
    }
  }

  /** The feed's present end. */
  async function feedStart(): Promise<{ next: Position; snapshot: Position }> {
    const page = await listNumberChanges(reading, { accountId: ACCOUNT, page: { limit: 1 } });
    if (page.snapshot === undefined) throw new Error("no snapshot");
    return { next: page.next, snapshot: page.snapshot };
  }

  const ids = async () => (await readAll()).map(({ id }) => id).sort();
  const upstreamIds = () => [...upstream.numbers.keys()].sort();
  return {
    records,
    upstream,
    clock,
    events,
    rechecks,
    reading,
    deps,
    state,
    sync,
    syncNow,
    syncToEnd,
    readAll,
    changesFrom,
    feedStart,
    ids,
    upstreamIds,
  };
}
