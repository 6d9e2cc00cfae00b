import type { Clock } from "../../platform/clock.ts";
import type { OnRateLimitEvent } from "./events.ts";
import type { RateLimitSettings } from "./limits.ts";

/** The table is not to be reckoned with now: it failed, did not answer in time, or did so a moment ago. */
export class StorageDown extends Error {
  constructor(cause?: unknown) {
    super("the table is not available", { cause });
    this.name = "StorageDown";
  }
}

export interface StorageHealth {
  /** @throws StorageDown whatever goes wrong, and at once during the pause after a failure */
  ask<T>(question: () => Promise<T>): Promise<T>;
  isUp(): boolean;
}

/**
 * One process's experience with the table, shared by all its budgets: after a failure nobody waits for the table
 * again until a pause is over, so that an outage costs each call nothing but the first one's time-out.
 */
export function createStorageHealth(
  clock: Clock,
  limits: RateLimitSettings,
  onEvent: OnRateLimitEvent,
): StorageHealth {
  let failures = 0;
  let hasAnswered = false;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let downSince = 0;

  function failed(cause: unknown): void {
    if (failures === 0) {
      downSince = clock.now();
      onEvent({ type: "degraded", reason: cause instanceof Error ? cause.message : "unknown" });
    }
    pausedUntil =
      clock.now() + Math.min(limits.storagePauseMs * 2 ** Math.min(failures, 10), limits.maxStoragePauseMs);
    failures += 1;
  }

  return {
    isUp: () => clock.now() >= pausedUntil,
    async ask(question) {
      if (clock.now() < pausedUntil) throw new StorageDown();
      try {
        const timeoutMs = hasAnswered ? limits.storageTimeoutMs : limits.firstStorageTimeoutMs;
        const answer = await within(question(), timeoutMs, clock);
        hasAnswered = true;
        if (failures > 0) onEvent({ type: "recovered", afterMs: clock.now() - downSince });
        failures = 0;
        return answer;
      } catch (error) {
        failed(error);
        throw new StorageDown(error);
      }
    },
  };
}

/** The time is waited for in so many parts. */
const PARTS = 4;

/**
 * A process that was frozen (between two invocations, say) wakes up with its timers due and the table's answer
 * waiting unread behind them. So that this does not pass for an outage, a freeze costs one part of the time only.
 */
async function within<T>(answer: Promise<T>, timeoutMs: number, clock: Clock): Promise<T> {
  const answered = new AbortController();
  const inParts = async () => {
    for (let part = 0; part < PARTS; part += 1) await clock.sleep(timeoutMs / PARTS, answered.signal);
  };
  const timeUp = inParts().then(
    () => Promise.reject(new Error(`no answer within ${timeoutMs} ms`)),
    () => answer,
  );
  try {
    return await Promise.race([answer, timeUp]);
  } finally {
    answered.abort();
    timeUp.catch(() => {});
  }
}
