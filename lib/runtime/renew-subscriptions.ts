import { inBatches } from "../sync/snapshot/account-records.ts";
import { readAccounts } from "../sync/synced-accounts.ts";
import { renewSubscription } from "../sync/webhook/renew-subscription.ts";
import type { JobInvocation } from "./job-function.ts";
import { runtime } from "./runtime.ts";
import { verificationToken } from "./webhook-token.ts";

/** Renews the subscription of every synced account. A failed one does not stop the others. @throws the first failure */
export async function renewSubscriptions(
  _event: unknown,
  { requestId, deadline, log }: JobInvocation,
): Promise<{ renewed: number }> {
  const services = runtime();
  const { records, settings } = services;
  const { SYNC_ACCOUNTS, WEBHOOK_URL: address } = settings;
  if (address === undefined) {
    log.info("no webhook subscription: WEBHOOK_URL is not set");
    return { renewed: 0 };
  }
  const failures: unknown[] = [];
  const accounts = await readAccounts(records, SYNC_ACCOUNTS);
  await inBatches(accounts, async (accountId) => {
    try {
      const target = { address, verificationToken: await verificationToken(services, accountId, deadline) };
      const { ringcentral } = services.for({ accountId });
      const context = {
        accountId,
        deadline,
        requestId,
        log,
        priority: "sync" as const,
        route: "renewSubscriptions",
      };
      log.info("webhook subscription is active", {
        accountId,
        ...(await renewSubscription(ringcentral, target, context)),
      });
    } catch (error) {
      log.error("webhook subscription not renewed", { accountId, error });
      failures.push(error);
    }
  });
  if (failures.length > 0) throw failures[0];
  return { renewed: accounts.length };
}
