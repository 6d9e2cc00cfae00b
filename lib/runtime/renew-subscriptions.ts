import { forEachAccount, readAccounts } from "../sync/synced-accounts.ts";
import { renewSubscription } from "../sync/webhook/renew-subscription.ts";
import type { JobInvocation } from "./job-function.ts";
import { runtime } from "./runtime.ts";
import { verificationToken } from "./webhook-token.ts";

/** Renews the subscription of every synced account. @throws the first failure, after all accounts */
export async function renewSubscriptions(_event: unknown, { requestId, deadline, log }: JobInvocation) {
  const services = runtime();
  const { records, settings } = services;
  const address = settings.WEBHOOK_URL;
  if (address === undefined) {
    log.info("no webhook subscription: WEBHOOK_URL is not set");
    return { renewed: 0 };
  }
  const accounts = await readAccounts(records, settings);
  await forEachAccount(accounts, log, "webhook subscription not renewed", async (accountId) => {
    const target = { address, verificationToken: await verificationToken(services, accountId, deadline) };
    const { ringcentral } = services.for({ accountId });
    const call = {
      accountId,
      deadline,
      requestId,
      log,
      priority: "sync",
      route: "renewSubscriptions",
    } as const;
    const outcome = await renewSubscription(ringcentral, target, call);
    log.info("webhook subscription is active", { accountId, ...outcome });
  });
  return { renewed: accounts.length };
}
