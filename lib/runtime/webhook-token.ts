import type { Deadline } from "../platform/deadline.ts";
import type { Runtime } from "./runtime.ts";

/** Secret that RingCentral sends with its notifications: derived from the account's secret, so it is not stored. */
export async function verificationToken({ currentKey }: Runtime, accountId: string, deadline: Deadline) {
  return Buffer.from(await currentKey("webhook", accountId, deadline)).toString("base64url");
}

/** The current token, then those of secrets that are still valid: a subscription may carry the previous one. */
export async function* verificationTokens(services: Runtime, accountId: string, deadline: Deadline) {
  yield await verificationToken(services, accountId, deadline);
  for (const key of await services.acceptedKeys("webhook", accountId, deadline)) {
    yield Buffer.from(key).toString("base64url");
  }
}
