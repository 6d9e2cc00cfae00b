import { readSettings } from "../../lib/platform/settings.ts";
import { defineJob } from "../../lib/runtime/job-function.ts";
import { syncQueue } from "../../lib/runtime/sync-queue.ts";
import { DynamoRecordStore } from "../../lib/storage/dynamo-record-store.ts";
import { queueSyncs } from "../../lib/sync/queue-syncs.ts";
import { AccountsEdit, editAccounts } from "../../lib/sync/synced-accounts.ts";

/** Invoked by EventBridge Scheduler, whose event says nothing, or by an operator who edits the table's accounts. */
export const handler = defineJob("queueSyncs", async (event: unknown, { clock, log }) => {
  const settings = readSettings(process.env);
  const records = new DynamoRecordStore({ tableName: settings.TABLE_NAME });
  const edit = AccountsEdit.parse(event);
  if (edit.add.length + edit.remove.length > 0) {
    await editAccounts({ records, clock, random: Math.random }, edit, settings);
  }
  return queueSyncs({ records, queue: syncQueue(settings), clock, log }, settings);
});
