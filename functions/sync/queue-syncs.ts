import { processMetrics } from "../../lib/platform/metrics.ts";
import { readSettings } from "../../lib/platform/settings.ts";
import { areCredentialsRejected, parseRecord, recordKey } from "../../lib/ringcentral/auth/token-record.ts";
import { defineJob } from "../../lib/runtime/job-function.ts";
import { syncQueue } from "../../lib/runtime/sync-queue.ts";
import { DynamoRecordStore } from "../../lib/storage/dynamo-record-store.ts";
import { queueDirectoryReadings, queueSyncs } from "../../lib/sync/queue-syncs.ts";
import { AccountsEdit, editAccounts } from "../../lib/sync/synced-accounts.ts";

/** Invoked by EventBridge Scheduler, whose event says nothing, or by an operator who edits the table's accounts. */
export const handler = defineJob("queueSyncs", async (event: unknown, { clock, log }) => {
  const settings = readSettings(process.env);
  const records = new DynamoRecordStore({ tableName: settings.TABLE_NAME });
  const edit = AccountsEdit.parse(event);
  if (edit.add.length + edit.remove.length > 0) {
    await editAccounts({ records, clock, random: Math.random }, edit, settings);
  }
  const deps = {
    records,
    queue: syncQueue(settings),
    clock,
    log,
    metrics: processMetrics,
    areCredentialsRejected: async (accountId: string) => {
      const stored = await records.read(recordKey(settings.RINGCENTRAL_SECRET_ID ?? accountId));
      return areCredentialsRejected(parseRecord(stored?.value), clock.now());
    },
  };
  // The failure of one does not stop the other.
  const [syncs] = await Promise.allSettled([queueSyncs(deps, settings)]);
  await queueDirectoryReadings(deps, settings);
  if (syncs.status === "rejected") throw syncs.reason;
  return syncs.value;
});
