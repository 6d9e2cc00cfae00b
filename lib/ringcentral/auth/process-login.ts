import type { Clock } from "../../platform/clock.ts";
import type { Deadline } from "../../platform/deadline.ts";
import type { RingCentralError } from "../api/errors.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import type { createLeaseLogin, NewToken } from "./lease-login.ts";
import type { TokenSettings } from "./limits.ts";
import type { Gate } from "./token-record.ts";

export type ProcessLoginOutcome = { token: NewToken } | { gate: Gate; failure?: RingCentralError };

/**
 * Logging in without the fleet, for as long as the table is unavailable and this process has no token: a small
 * budget per process, and every answer that is not a token closes the process's own gate.
 */
export function createProcessLogin(
  attempt: ReturnType<typeof createLeaseLogin>["attempt"],
  secrets: KnownSecrets,
  clock: Clock,
  limits: TokenSettings,
) {
  let calls: number[] = [];
  let closedUntil = 0;

  return async function login(deadline: Deadline): Promise<ProcessLoginOutcome> {
    let failure: RingCentralError | undefined;
    for (const candidate of await secrets.candidates(deadline)) {
      const now = clock.now();
      calls = calls.filter((at) => at > now - limits.windowMs);
      const full = calls.length >= limits.localLoginsPerWindow;
      const opensAt = Math.max(closedUntil, full ? (calls[0] ?? now) + limits.windowMs : 0);
      if (opensAt > now) return closed(opensAt, failure);
      const loginMs = Math.min(limits.loginTimeoutMs, deadline.remainingMs());
      if (loginMs < limits.minLoginMs) return closed(now + limits.maxPollMs, failure);
      calls.push(now);
      const answer = await attempt(candidate, loginMs);
      if (answer.ok) {
        return { token: { contents: answer.contents, issuedAt: now, credentials: candidate } };
      }
      failure = answer.failure;
      const { kind, retryAfterMs } = failure.failure;
      if (kind === "auth") {
        await secrets.reread(deadline);
        continue;
      }
      closedUntil = clock.now() + (retryAfterMs ?? limits.defaultRetryAfterMs);
    }
    return closed(Math.max(closedUntil, (calls[0] ?? clock.now()) + limits.windowMs), failure);
  };

  function closed(until: number, failure?: RingCentralError): ProcessLoginOutcome {
    return { gate: { until, reason: "unavailable" }, ...(failure && { failure }) };
  }
}
