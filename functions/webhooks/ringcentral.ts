import { receiveRingCentralEventRoute } from "../../lib/contract/routes/receive-ringcentral-event.ts";
import { defineWebhookHandler } from "../../lib/http/webhook-handler.ts";
import { runtime } from "../../lib/runtime.ts";
import { receiveEvent } from "../../lib/sync/receive-event.ts";
import { syncQueue } from "../../lib/sync-queue.ts";
import { verificationTokens } from "../../lib/verification-token.ts";

export const handler = defineWebhookHandler(
  receiveRingCentralEventRoute,
  async ({ header, text, deadline, log }) => {
    const { records, clock, settings } = runtime();
    const { outcome, echo } = await receiveEvent(
      {
        records,
        now: clock.now,
        log,
        queue: syncQueue(settings),
        accounts: settings.syncAccounts,
        verificationTokens: (accountId) => verificationTokens(runtime(), accountId, deadline),
      },
      {
        validationToken: header("validation-token"),
        verificationToken: header("verification-token"),
        text,
      },
    );
    return { data: { outcome }, ...(echo !== undefined && { headers: { "validation-token": echo } }) };
  },
  { settings: () => runtime().settings },
);
