import { RingCentralError } from "../../ringcentral/api/errors.ts";
import type { CallContext, RingCentral } from "../../ringcentral/api/operation.ts";
import {
  createSubscription,
  deleteSubscription,
  listSubscriptions,
  updateSubscription,
} from "../../ringcentral/api/operations.ts";
import type { WireSubscription } from "../../ringcentral/api/wire.ts";

/**
 * RingCentral has no event for phone numbers. Nearest are those of extensions: of all of them, which extension it
 * was; of the service's own, with the hint `CompanyNumbers` [docs: HOOK].
 */
const EVENT_FILTERS = ["/restapi/v1.0/account/~/extension", "/restapi/v1.0/account/~/extension/~"];
/** Renewed twice a day: a week bridges any outage of ours, and a service that is gone is soon left alone. */
const EXPIRES_IN_SECONDS = 7 * 24 * 3600;

export interface SubscriptionTarget {
  /** Where RingCentral delivers. */
  address: string;
  /** What it shows there. */
  verificationToken: string;
}

/**
 * Sees to it that RingCentral delivers notifications to that address: renews the subscription there is, or makes
 * one. It keeps nothing itself, so it heals whatever it finds: a blacklisted subscription, which stays silent for
 * good, and a second one of the same address are removed.
 * @throws RingCentralError
 */
export async function renewSubscription(
  ringcentral: RingCentral,
  { address, verificationToken }: SubscriptionTarget,
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
  for (const each of rest) await remove(ringcentral, each, context);
  const isRenewed = kept !== undefined && (await renew(ringcentral, kept, body, context));
  if (!isRenewed) await ringcentral.call(createSubscription, { body }, context);
  return { outcome: isRenewed ? "renewed" : "created", removed: rest.length };
}

/** @returns whether there was something to renew: it may have ended since it was listed */
async function renew(
  ringcentral: RingCentral,
  { id }: WireSubscription,
  body: Readonly<Record<string, unknown>>,
  context: CallContext,
): Promise<boolean> {
  try {
    await ringcentral.call(updateSubscription, { path: { subscriptionId: id }, body }, context);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

async function remove(
  ringcentral: RingCentral,
  { id }: WireSubscription,
  context: CallContext,
): Promise<void> {
  try {
    await ringcentral.call(deleteSubscription, { path: { subscriptionId: id } }, context);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof RingCentralError && error.failure.status === 404;
}
