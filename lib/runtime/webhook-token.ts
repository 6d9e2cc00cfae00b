import type { Deadline } from "../platform/deadline.ts";
import type { Runtime } from "./runtime.ts";

/** What RingCentral is told to show with its notifications: made from the account's secret, so there is none to keep. */
export async function verificationToken(
  { currentKey }: Runtime,
  accountId: string,
  deadline: Deadline,
): Promise<string> {
  return Buffer.from(await currentKey("webhook", accountId, deadline)).toString("base64url");
}

/** The present one, then those of secrets that are still good: a subscription may have been made with the last one. */
export async function* verificationTokens(
  services: Runtime,
  accountId: string,
  deadline: Deadline,
): AsyncGenerator<string> {
  yield await verificationToken(services, accountId, deadline);
  for (const key of await services.acceptedKeys("webhook", accountId, deadline)) {
    yield Buffer.from(key).toString("base64url");
  }
}
