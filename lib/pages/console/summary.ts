import type { Limits } from "../../contract/limits.ts";
import type { SyncStatus } from "../../contract/sync.ts";

export interface Seen {
  limits?: Limits | undefined;
  sync?: readonly SyncStatus[] | undefined;
}

/** The points that need an operator's attention, most urgent first. It holds no times, so it rarely changes. */
export function concerns({ limits, sync = [] }: Seen): string[] {
  const { budgets = [], token } = limits ?? {};
  return [
    ...sync
      .filter(({ state }) => state === "quarantined")
      .map(({ accountId }) => `A sync of account ${accountId} waits for a decision.`),
    ...(token?.coolDownUntil === undefined ? [] : ["Logins at RingCentral are paused."]),
    ...budgets
      .filter(({ pause }) => pause.state === "paused")
      .map(({ group }) => `RingCentral has paused ${group} calls.`),
    ...sync
      .filter(({ state }) => state === "failed")
      .map(({ accountId }) => `The last sync of account ${accountId} failed.`),
    ...budgets
      .filter(({ pause, remaining, limit }) => pause.state !== "paused" && limit > 0 && remaining === 0)
      .map(({ group }) => `No ${group} calls are left.`),
    ...(budgets.some(({ seenBy }) => seenBy === "process")
      ? ["The table is unavailable: each function counts its own calls."]
      : []),
  ];
}
