import { receiveRingCentralEventRoute } from "../../lib/contract/sync.ts";
import { defineWebhookHandler } from "../../lib/http/webhook-handler.ts";
import { forgetBackend } from "../../lib/numbers/forwarding/backend-record.ts";
import { runtime } from "../../lib/runtime/runtime.ts";
import { syncQueue } from "../../lib/runtime/sync-queue.ts";
import { verificationTokens } from "../../lib/runtime/webhook-token.ts";
import { readAccounts } from "../../lib/sync/synced-accounts.ts";
import { receiveRingCentralEvent } from "../../lib/sync/webhook/receive-ringcentral-event.ts";

export const handler = defineWebhookHandler(
  receiveRingCentralEventRoute,
  async ({ header, text, deadline, log }) => {
    const { records, clock, random, settings } = runtime();
    const { outcome, echo } = await receiveRingCentralEvent(
      {
        records,
        now: clock.now,
        log,
        queue: syncQueue(settings),
        isSynced: async (accountId) =>
          settings.SYNC_ACCOUNTS.includes(accountId) ||
          (await readAccounts(records, settings)).includes(accountId),
        verificationTokens: (accountId) => verificationTokens(runtime(), accountId, deadline),
        mayHaveMoved: (accountId, extensionId) =>
          forgetBackend({ records, clock, random }, accountId, extensionId),
      },
      {
        validationToken: header("validation-token"),
        verificationToken: header("verification-token"),
        text,
      },
    );
    return { data: { outcome }, ...(echo !== undefined && { headers: { "validation-token": echo } }) };
  },
  () => runtime().settings,
);
