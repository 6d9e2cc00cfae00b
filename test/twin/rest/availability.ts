import type { Settings } from "../options.ts";
import { gatewayError, restError } from "./errors.ts";
import type { Route } from "./route.ts";

/** No numbered code of a lock is known; the texts are the twin's [unsure]. */
const locks: Record<string, [word: string, message: string]> = {
  "409": ["Conflict", "Another operation on the account is in progress"],
  "423": ["Locked", "The account is locked by another operation"],
  "400": ["InvalidRequest", "Another operation on the account is in progress"],
};

export function limitedModeRejection({ limitedModeRetryAfter }: Settings): Error {
  const headers = limitedModeRetryAfter > 0 ? { "Retry-After": String(limitedModeRetryAfter) } : {};
  return restError(503, "CMN-211", "The service is in limited mode", {}, headers);
}

/**
 * Checks that the platform serves a call now.
 * @throws Rejection in limited mode, for all but highly available calls; for edits while the account is locked
 */
export function requireAvailable(settings: Settings, { isHighlyAvailable, method }: Route): void {
  const { limitedMode, accountLock } = settings;
  if (limitedMode && !isHighlyAvailable) throw limitedModeRejection(settings);
  const lock = locks[accountLock];
  // Subscriptions are the app's own, not the account's.
  if (lock !== undefined && method !== "GET" && !isHighlyAvailable) {
    throw gatewayError(Number(accountLock), ...lock);
  }
}
