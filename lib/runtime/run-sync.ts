import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import type { NumberChange } from "../contract/company-numbers.ts";
import { upstreamProblem } from "../http/upstream-problem.ts";
import { earlier } from "../platform/deadline.ts";
import { type BusEvent, createEventBus, type EventBus } from "../platform/event-bus.ts";
import { type HandleMessageDeps, handleMessage, SyncMessage } from "../sync/queue/handle-message.ts";
import { runSync } from "../sync/run/run-sync.ts";
import { publishChanges } from "../sync/snapshot/change-log.ts";
import { scannedAt } from "../sync/snapshot/head.ts";
import { SyncRecords } from "../sync/snapshot/sync-records.ts";
import type { JobInvocation } from "./job-function.ts";
import { logEvent, syncMessages } from "./log-event.ts";
import { readDirectoryJob } from "./read-directory.ts";
import { type Runtime, runtime } from "./runtime.ts";
import { syncQueue } from "./sync-queue.ts";

/** Kept free after a run for the next message and the events. */
const AFTER_RUN_MS = 15_000;

/** Least time to publish a batch: a batch of 100 takes up to 1 s. */
const PUBLISH_MS = 5_000;

/** One client per process. */
const buses = new WeakMap<Runtime, EventBus>();

/**
 * Handles a batch of the sync queue. The result names the failed messages, so that the queue redelivers only those; an
 * unreadable message ends in the dead-letter queue.
 */
export async function runSyncJob(
  // A test event of the Lambda console has none.
  { Records = [] }: Partial<SQSEvent>,
  invocation: JobInvocation,
): Promise<SQSBatchResponse> {
  const batchItemFailures: SQSBatchResponse["batchItemFailures"] = [];
  for (const record of Records) {
    if (!(await isDone(record, invocation))) {
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures };
}

async function isDone({ body, messageId }: SQSRecord, invocation: JobInvocation): Promise<boolean> {
  const { log, deadline } = invocation;
  try {
    const message = SyncMessage.parse(JSON.parse(body));
    if (message.kind === "directory") await readDirectoryJob(message, invocation);
    else await handleMessage(depsFor(message, invocation), message);
    await runtime().for(message).activity.save(deadline);
    return true;
  } catch (error) {
    log.error("sync message failed", { messageId, error });
    return false;
  }
}

function depsFor({ accountId }: SyncMessage, invocation: JobInvocation): HandleMessageDeps {
  const services = runtime();
  const { records, clock, random, settings } = services;
  const { log } = invocation;
  const { uncached } = services.for({ accountId });
  return {
    log,
    queue: syncQueue(settings),
    scannedAt: () => scannedAt(new SyncRecords(records, accountId)),
    run: ({ trigger }, queueRecheck) =>
      runSync(
        {
          records,
          ringcentral: uncached,
          clock,
          random,
          fingerprint: (deadline) => services.permissionFingerprint(accountId, deadline),
          problemOf: upstreamProblem,
          queueRecheck,
          onEvent: (event) => logEvent(log, syncMessages, event),
        },
        { accountId, trigger, ...invocation, deadline: earlier(invocation.deadline, AFTER_RUN_MS) },
      ),
    publish: () => publish(services, accountId, invocation),
  };
}

/** @returns whether all changes are published @throws OutOfTime when there was no time for a single batch */
async function publish(services: Runtime, accountId: string, { deadline }: JobInvocation): Promise<boolean> {
  const bus = eventBus(services);
  if (bus === undefined) return true;
  const deps = {
    records: services.records,
    hasTime: () => deadline.remainingMs() >= PUBLISH_MS,
    publish: (changes: readonly NumberChange[]) =>
      bus.publish(changes.map((change) => toBusEvent(accountId, change))),
  };
  return publishChanges(deps, accountId);
}

/** Subscribers may get a change twice and recognise it by the sequence. */
function toBusEvent(accountId: string, change: NumberChange): BusEvent {
  return {
    type: "PhoneNumberChanged",
    resource: `ringcentral:account/${accountId}`,
    at: Date.parse(change.at),
    detail: { accountId, ...change },
  };
}

function eventBus(services: Runtime): EventBus | undefined {
  const { EVENT_BUS_NAME: busName } = services.settings;
  if (busName === undefined) return undefined;
  const bus = buses.get(services) ?? createEventBus(busName);
  buses.set(services, bus);
  return bus;
}
