import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { CallContext, RingCentral } from "../../ringcentral/api/operation.ts";
import {
  createSubscription,
  deleteSubscription,
  listSubscriptions,
  updateSubscription,
} from "../../ringcentral/api/operations.ts";

/**
 * RingCentral has no event for phone numbers. The nearest are extension events: those of all extensions name the
 * extension; those of the service's own extension carry the hint `CompanyNumbers`. Those of the directory name the people
 * who changed. [docs: HOOK]
 */
const EVENT_FILTERS = [
  "/restapi/v1.0/account/~/extension",
  "/restapi/v1.0/account/~/extension/~",
  "/restapi/v1.0/account/~/directory/entries",
];
/** Renewed twice a day: a week outlasts our outages, and an abandoned service soon gets no more events. */
const EXPIRES_IN_SECONDS = 7 * 24 * 3600;

/**
 * Makes RingCentral deliver notifications to the address, each with our token: renews the existing subscription or
 * creates one. It keeps no state, so each call repairs what it finds: a blacklisted subscription, which never delivers
 * again, and duplicates of the same address are deleted.
 * @throws RingCentralError
 */
export async function renewSubscription(
  ringcentral: RingCentral,
  { address, verificationToken }: { address: string; verificationToken: string },
  context: CallContext,
): Promise<{ outcome: "renewed" | "created"; removed: number }> {
  const body = {
    eventFilters: EVENT_FILTERS,
    deliveryMode: { transportType: "WebHook", address, verificationToken },
    expiresIn: EXPIRES_IN_SECONDS,
  };
  const { records } = await ringcentral.call(listSubscriptions, {}, { ...context, fresh: true });
  const ours = records.filter(({ deliveryMode }) => deliveryMode?.address === address);
  const kept = ours.find(({ status }) => status === undefined || status === "Active");
  const rest = ours.filter((each) => each !== kept);
  for (const { id } of rest) {
    await exists(ringcentral.call(deleteSubscription, { path: { subscriptionId: id } }, context));
  }
  const path = { subscriptionId: kept?.id ?? "" };
  const isRenewed = kept && (await exists(ringcentral.call(updateSubscription, { path, body }, context)));
  if (!isRenewed) await ringcentral.call(createSubscription, { body }, context);
  return { outcome: isRenewed ? "renewed" : "created", removed: rest.length };
}

/** @returns false when the subscription has ended since it was listed */
async function exists(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof RingCentralError && error.failure.status === 404) return false;
    throw error;
  }
}
