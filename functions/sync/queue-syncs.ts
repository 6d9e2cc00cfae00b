import { createAuditLog } from "../../lib/platform/audit-log.ts";
import { processMetrics } from "../../lib/platform/metrics.ts";
import { readSettings, type Settings } from "../../lib/platform/settings.ts";
import { areCredentialsRejected, parseRecord, recordKey } from "../../lib/ringcentral/auth/token-record.ts";
import { defineJob, type JobInvocation } from "../../lib/runtime/job-function.ts";
import { syncQueue } from "../../lib/runtime/sync-queue.ts";
import { DynamoRecordStore } from "../../lib/storage/dynamo-record-store.ts";
import type { RecordStore } from "../../lib/storage/record-store.ts";
import { readTableId } from "../../lib/storage/table-id.ts";
import { queueDirectoryReadings, queueSyncs } from "../../lib/sync/queue-syncs.ts";
import { noticeRestore } from "../../lib/sync/restored-table.ts";
import {
  AccountNotServed,
  AccountsEdit,
  editAccounts,
  readAccounts,
} from "../../lib/sync/synced-accounts.ts";

/** Invoked by EventBridge Scheduler, whose event says nothing, or by an operator who edits the table's accounts. */
export const handler = defineJob("queueSyncs", async (event: unknown, invocation) => {
  const { clock, log } = invocation;
  const settings = readSettings(process.env);
  const records = new DynamoRecordStore({ tableName: settings.TABLE_NAME });
  await edit(event, records, settings, invocation);
  const tableId = () => readTableId(settings.TABLE_NAME);
  const accounts = await readAccounts(records, settings);
  await noticeRestore({ records, clock, random: Math.random, log, tableId }, accounts);
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
async function edit(
  event: unknown,
  records: RecordStore,
  settings: Settings,
  { clock, log, deadline, requestId }: JobInvocation,
): Promise<void> {
  const audit = createAuditLog({ group: settings.AUDIT_LOG_GROUP, clock, log, metrics: processMetrics });
  const about = { action: "orderSyncs", requestId };
  const { data: changes, error: fault } = AccountsEdit.safeParse(event);
  if (changes === undefined) {
    // Without its values, which may be anything.
    await audit.write({ ...about, outcome: "rejected", code: "request_invalid" }, deadline);
    throw fault;
  }
  if (changes.add.length + changes.remove.length === 0) return;
  const entry = { ...about, changes };
  audit.begin(entry);
  try {
    await editAccounts({ records, clock, random: Math.random }, changes, settings);
  } catch (error) {
    const outcome = error instanceof AccountNotServed ? "rejected" : "unknown";
    await audit.write({ ...entry, outcome }, deadline);
    throw error;
  }
  await audit.write({ ...entry, outcome: "succeeded" }, deadline);
}
