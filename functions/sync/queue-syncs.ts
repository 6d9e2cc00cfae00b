import { processMetrics } from "../../lib/platform/metrics.ts";
import { readSettings } from "../../lib/platform/settings.ts";
import { areCredentialsRejected, parseRecord, recordKey } from "../../lib/ringcentral/auth/token-record.ts";
import { defineJob } from "../../lib/runtime/job-function.ts";
import { syncQueue } from "../../lib/runtime/sync-queue.ts";
import { DynamoRecordStore } from "../../lib/storage/dynamo-record-store.ts";
import { beginHistory } from "../../lib/sync/begin-history.ts";
import { queueDirectoryReadings, queueSyncs } from "../../lib/sync/queue-syncs.ts";
import { editAccounts, forEachAccount, OperatorOrder, readAccounts } from "../../lib/sync/synced-accounts.ts";

/**
 * Invoked by EventBridge Scheduler, whose event says nothing, or by an operator: who edits the table's accounts, or has
 * restored the table.
 */
export const handler = defineJob("queueSyncs", async (event: unknown, { clock, log }) => {
  const settings = readSettings(process.env);
  const records = new DynamoRecordStore({ tableName: settings.TABLE_NAME });
  const order = OperatorOrder.parse(event);
  const editing = { records, clock, random: Math.random };
  if (order.add.length + order.remove.length > 0) await editAccounts(editing, order, settings);
  if (order.restored) {
    const accounts = await readAccounts(records, settings);
    await forEachAccount(accounts, log, "no new history", (accountId) => beginHistory(editing, accountId));
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
