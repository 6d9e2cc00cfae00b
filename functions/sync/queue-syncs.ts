import type * as z from "zod/mini";
import { createAuditLog } from "../../lib/platform/audit-log.ts";
import { processMetrics } from "../../lib/platform/metrics.ts";
import { readSettings, type Settings } from "../../lib/platform/settings.ts";
import { areCredentialsRejected, parseRecord, recordKey } from "../../lib/ringcentral/auth/token-record.ts";
import { defineJob, type JobInvocation } from "../../lib/runtime/job-function.ts";
import { syncQueue } from "../../lib/runtime/sync-queue.ts";
import { DynamoRecordStore } from "../../lib/storage/dynamo-record-store.ts";
import type { RecordStore } from "../../lib/storage/record-store.ts";
import { beginHistory } from "../../lib/sync/begin-history.ts";
import { queueDirectoryReadings, queueSyncs } from "../../lib/sync/queue-syncs.ts";
import { editAccounts, forEachAccount, OperatorOrder, readAccounts } from "../../lib/sync/synced-accounts.ts";

/**
 * Invoked by EventBridge Scheduler, whose event says nothing, or by an operator: who edits the table's accounts, or has
 * restored the table.
 */
export const handler = defineJob("queueSyncs", async (event: unknown, invocation) => {
  const { clock, log } = invocation;
  const settings = readSettings(process.env);
  const records = new DynamoRecordStore({ tableName: settings.TABLE_NAME });
  await obey(OperatorOrder.parse(event), records, settings, invocation);
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

/** Does what an operator asks for, and audits it. AWS does not tell a function who invoked it: CloudTrail knows. */
async function obey(
  order: z.output<typeof OperatorOrder>,
  records: RecordStore,
  settings: Settings,
  { clock, log, deadline, requestId }: JobInvocation,
): Promise<void> {
  const { add, remove, restored } = order;
  const isEdit = add.length + remove.length > 0;
  if (!isEdit && !restored) return;
  const audit = createAuditLog({ group: settings.AUDIT_LOG_GROUP, clock, log, metrics: processMetrics });
  const entry = { action: "orderSyncs", requestId, changes: { add, remove }, ...(restored && { restored }) };
  audit.begin(entry);
  const editing = { records, clock, random: Math.random };
  try {
    if (isEdit) await editAccounts(editing, order, settings);
    if (restored) {
      const accounts = await readAccounts(records, settings);
      await forEachAccount(accounts, log, "no new history", (accountId) => beginHistory(editing, accountId));
    }
  } catch (error) {
    await audit.write({ ...entry, outcome: "unknown" }, deadline);
    throw error;
  }
  await audit.write({ ...entry, outcome: "succeeded" }, deadline);
}
