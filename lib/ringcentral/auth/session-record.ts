import type { RecordKey } from "../../storage/record-store.ts";
import type { SessionUser } from "./ports.ts";
import type { TokenRecord } from "./token-record.ts";

export const sessionKey = ({ accountId, extensionId }: SessionUser): RecordKey => ({
  partition: `session#${accountId}#${extensionId}`,
  sort: "session",
});

/** A user's record outlives the session by a day, the service's stays. */
export function keptUntil({ token }: TokenRecord, now: number): { expiresAt?: number } {
  const DAY_MS = 24 * 60 * 60 * 1000;
  if (token !== undefined && token.refreshUntil === undefined) return {};
  return { expiresAt: Math.max(now, token?.refreshUntil ?? now) + DAY_MS };
}

/** A user's session is over: its tokens are deleted. @param endedAt when RingCentral ended it; absent after a log-out */
export function withoutSession({ token: _, ...record }: TokenRecord, endedAt?: number): TokenRecord {
  const { lease: _l, endedAt: _e, ...rest } = record;
  return { ...rest, ...(endedAt !== undefined && { endedAt }) };
}
