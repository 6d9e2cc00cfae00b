import type { Clock } from "../platform/clock.ts";
import { SecretUnavailableError } from "../platform/credentials.ts";
import { createSingleFlight, type SingleFlight } from "../platform/single-flight.ts";
import { RingCentralError } from "./api/errors.ts";

/** A single-flight for calls to RingCentral: one caller's short deadline fails nobody who has more time. */
export function shareCalls<Result>(clock: Clock): SingleFlight<Result> {
  return createSingleFlight({ clock, isForLackOfTime });
}

/** The deadline ended the call, or it could not be admitted in the time there was. */
function isForLackOfTime(error: unknown): boolean {
  if (error instanceof SecretUnavailableError) return error.deadlineExceeded;
  if (!(error instanceof RingCentralError)) return false;
  const { kind, status, deadlineExceeded } = error.failure;
  return deadlineExceeded === true || (kind === "rate_limited" && status === undefined);
}
