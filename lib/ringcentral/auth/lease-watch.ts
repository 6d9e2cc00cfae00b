import type { Clock } from "../../platform/clock.ts";
import type { TokenSettings } from "./limits.ts";
import type { TokenRecord } from "./token-record.ts";

/**
 * Judges when somebody else's lease is over. Two ways, either suffices: the end it states has passed by more
 * than two clocks can differ; or this process has itself watched the unchanged record for a whole lease, which
 * needs no clock but its own and is the quicker one for those who wait.
 */
export function createLeaseWatch(clock: Clock, owner: string, limits: TokenSettings) {
  let watched: { version: number; since: number } | undefined;

  /** @returns when the lease will count as over (epoch ms, own clock), `undefined` when nobody else has one */
  return function heldUntil(record: TokenRecord, version: number): number | undefined {
    const now = clock.now();
    if (record.lease === undefined || record.lease.owner === owner) return undefined;
    if (watched?.version !== version) watched = { version, since: now };
    const end = Math.min(record.lease.until + 2 * limits.maxSkewMs, watched.since + limits.leaseMs);
    return end > now ? end : undefined;
  };
}
