import * as z from "zod/mini";
import { defineRoute } from "./route.ts";

const Instant = z.string().check(z.meta({ format: "date-time" }));
const Count = z.int().check(z.minimum(0));

export const SyncProblem = z
  .object({
    code: z.string().check(z.meta({ description: "A code of the problem catalogue." })),
    title: z.string(),
    detail: z.string(),
    retryable: z.boolean(),
    at: Instant,
  })
  .check(z.meta({ id: "SyncProblem", description: "Why a sync did not commit." }));
export type SyncProblem = z.output<typeof SyncProblem>;

export const SyncProgress = z
  .object({
    startedAt: Instant,
    pagesDone: Count,
    totalPages: z.optional(Count),
    numbersSeen: Count,
    etaSeconds: z.optional(Count.check(z.meta({ description: "An estimate, from RingCentral's budget." }))),
  })
  .check(z.meta({ id: "SyncProgress", description: "How far the running sync has come." }));
export type SyncProgress = z.output<typeof SyncProgress>;

const SyncQuarantine = z
  .object({
    since: Instant,
    reason: z.string().check(
      z.meta({
        description:
          "`shrink`: more numbers are missing than a sync may remove without a re-check. `permissions`: the RingCentral " +
          "credential or its permissions changed. `main_numbers`: every main company number is missing.",
      }),
    ),
    removed: z.optional(Count.check(z.meta({ description: "How many numbers would be removed." }))),
  })
  .check(
    z.meta({
      id: "SyncQuarantine",
      description: "Missing numbers that a sync has not removed: the view may have fewer permissions.",
    }),
  );

export const SyncRun = z
  .object({
    id: z.string(),
    trigger: z
      .string()
      .check(z.meta({ description: "`schedule`, `request` or `hint` (a change notification)." })),
    startedAt: Instant,
    endedAt: Instant,
    state: z.enum(["committed", "unchanged", "quarantined", "failed"]),
    pages: Count,
    numbers: z.optional(Count),
    version: z.optional(Count),
    added: z.optional(Count),
    updated: z.optional(Count),
    removed: z.optional(Count),
    problem: z.optional(SyncProblem),
  })
  .check(z.meta({ id: "SyncRun", description: "One finished sync." }));
export type SyncRun = z.output<typeof SyncRun>;

export const SyncStatus = z
  .object({
    accountId: z.string(),
    state: z.enum(["idle", "queued", "running", "quarantined", "failed"]),
    lastSuccessAt: z.optional(Instant),
    progress: z.optional(SyncProgress),
    problem: z.optional(SyncProblem),
    quarantine: z.optional(SyncQuarantine),
    history: z.array(SyncRun).check(z.maxLength(50), z.meta({ description: "Newest first." })),
  })
  .check(z.meta({ id: "SyncStatus", description: "The number sync of one account." }));
export type SyncStatus = z.output<typeof SyncStatus>;

export const SyncStatuses = z
  .array(SyncStatus)
  .check(
    z.maxLength(1),
    z.meta({ id: "SyncStatuses", description: "The sync of each account in the token." }),
  );

export const getSyncStatusRoute = defineRoute({
  operationId: "getSyncStatus",
  method: "GET",
  path: "/v1/sync",
  scope: "sync:read",
  tag: "Number sync",
  summary: "How the number sync is doing",
  description:
    "The state of the account's sync: its last success, how far a running one has come, the last problem, a " +
    "quarantine, and the last 50 runs.",
  response: { kind: "item", description: "The state of the sync.", data: SyncStatuses },
  problems: ["storage_unavailable"],
});

export const startSyncRoute = defineRoute({
  operationId: "startSync",
  method: "POST",
  path: "/v1/sync",
  scope: "sync:run",
  tag: "Number sync",
  summary: "Start a number sync now",
  description:
    "Queues a sync of the token's account and responds at once. Syncs of one account never run at the same time. " +
    "Follow it with `GET /v1/sync`.",
  response: { kind: "accepted", description: "The sync is queued.", data: SyncStatus },
  problems: ["storage_unavailable", "queue_unavailable"],
});

export const confirmSyncQuarantineRoute = defineRoute({
  operationId: "confirmSyncQuarantine",
  method: "POST",
  path: "/v1/sync/quarantine/confirm",
  scope: "sync:run",
  tag: "Number sync",
  summary: "Confirm the removals of a quarantined sync",
  description:
    "An operator confirms that the missing numbers are really gone. This queues a sync, which removes exactly the " +
    "numbers that are quarantined now. When other numbers are missing, it quarantines again.",
  response: { kind: "accepted", description: "Confirmed, and a sync is queued.", data: SyncStatus },
  problems: ["sync_not_quarantined", "storage_unavailable", "queue_unavailable"],
});

const WebhookReceipt = z
  .object({ outcome: z.enum(["validated", "sync_queued", "ignored"]) })
  .check(z.meta({ id: "WebhookReceipt", description: "The result of a delivery." }));

export const receiveRingCentralEventRoute = defineRoute({
  operationId: "receiveRingCentralEvent",
  method: "POST",
  path: "/v1/webhooks/ringcentral",
  isWebhook: true,
  tag: "Webhooks",
  summary: "Receive a change notification from RingCentral",
  description:
    "For RingCentral only. A request with a `Validation-Token` header and no body is the handshake of a new " +
    "subscription: the header is echoed. Every other request is a notification as RingCentral describes it, with this " +
    "service's secret in `Verification-Token` (or `Validation-Token`). It says that numbers may have changed, not " +
    "how: it queues an early sync and does nothing else.",
  response: { kind: "plain", description: "Received.", data: WebhookReceipt },
  problems: ["webhook_token_invalid", "body_too_large", "storage_unavailable", "queue_unavailable"],
});
