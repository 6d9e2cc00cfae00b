import type { Clock } from "../../platform/clock.ts";
import { deadlineIn } from "../../platform/deadline.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import { RingCentralError } from "../api/errors.ts";
import type { IssuedToken } from "./cached-token.ts";
import type { Candidate } from "./credential-candidates.ts";
import type { OnTokenEvent } from "./events.ts";
import type { OAuth, TokenGrant } from "./oauth.ts";

export interface LoginDeps {
  oauth: Pick<OAuth, "login">;
  clock: Clock;
  onEvent: OnTokenEvent;
}

export type LoginResult = { ok: true; token: IssuedToken } | { ok: false; failure: RingCentralError };

/** One token call; a failure is a result, and an event. */
export async function logIn(
  { oauth, clock, onEvent }: LoginDeps,
  { credentials }: Candidate,
  timeoutMs: number,
): Promise<LoginResult> {
  const sentAt = clock.now();
  try {
    const grant = await oauth.login(credentials, deadlineIn(timeoutMs, clock, 0));
    return { ok: true, token: issuedToken(grant, credentials.server, sentAt) };
  } catch (cause) {
    const failure = asRingCentralError(cause);
    const { kind, errorCode } = failure.failure;
    const durationMs = clock.now() - sentAt;
    onEvent(omitUndefined({ type: "login_failed" as const, kind, errorCode, durationMs }));
    return { ok: false, failure };
  }
}

function issuedToken(grant: TokenGrant, server: string, sentAt: number): IssuedToken {
  const { accessToken, expiresInSeconds, ownerId, scope } = grant;
  // The life counts from the sending: RingCentral cannot have started it earlier.
  const expiresAt = sentAt + expiresInSeconds * 1_000;
  return {
    contents: omitUndefined({ value: accessToken, expiresAt, server, ownerId, scope }),
    issuedAt: sentAt,
  };
}

function asRingCentralError(cause: unknown): RingCentralError {
  if (cause instanceof RingCentralError) return cause;
  return new RingCentralError({ kind: "broken", operation: "login", mayHaveTakenEffect: false, cause });
}
