import { expect, it } from "vitest";
import { type FailureKind, RingCentralError } from "../../../../lib/ringcentral/api/errors.ts";

const transient: Record<FailureKind, boolean> = {
  rate_limited: true,
  unavailable: true,
  locked: true,
  limited_mode: true,
  storage: true,
  credentials: true,
  timeout: true,
  bad_response: true,
  rejected: false,
  auth: false,
  session_ended: false,
};

it.each(Object.entries(transient))("a failure of kind %s is transient: %s", (kind, isTransient) => {
  const error = new RingCentralError({
    kind: kind as FailureKind,
    operation: "test",
    mayHaveTakenEffect: false,
  });
  expect(error.isTransient).toBe(isTransient);
});
