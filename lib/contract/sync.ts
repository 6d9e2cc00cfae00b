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
  .check(z.meta({ id: "SyncProgress", description: "How far the sync under way has come." }));
export type SyncProgress = z.output<typeof SyncProgress>;

const SyncQuarantine = z
  .object({
    since: Instant,
    reason: z.string().check(
      z.meta({
        description:
          "`shrink`: more numbers would go than a sync may remove unconfirmed. `permissions`: the RingCentral " +
          "credential or its permissions changed. `main_numbers`: every main company number is missing.",
      }),
    ),
    removed: z.optional(Count.check(z.meta({ description: "How many numbers would be removed." }))),
  })
  .check(
    z.meta({
      id: "SyncQuarantine",
      description: "What a sync found and has not committed, since it may be a view with fewer permissions.",
    }),
  );

export const SyncRun = z
  .object({
    id: z.string(),
    trigger: z.string().check(z.meta({ description: "`schedule`, `request` or `hint`." })),
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
  .check(z.meta({ id: "SyncRun", description: "One sync that has ended." }));
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
    "Queues a sync of the token's account and answers at once. While one is running no second one is begun. " +
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
  summary: "Confirm what a quarantined sync has found",
  description:
    "An operator's word that the numbers a sync could no longer see are really gone. A new sync is queued, and may " +
    "commit exactly what is quarantined now; should it find something else, that is quarantined anew.",
  response: { kind: "accepted", description: "Confirmed, and a sync is queued.", data: SyncStatus },
  problems: ["sync_not_quarantined", "storage_unavailable", "queue_unavailable"],
});

const WebhookReceipt = z
  .object({ outcome: z.enum(["validated", "sync_queued", "ignored"]) })
  .check(z.meta({ id: "WebhookReceipt", description: "What came of a delivery." }));

export const receiveRingCentralEventRoute = defineRoute({
  operationId: "receiveRingCentralEvent",
  method: "POST",
  path: "/v1/webhooks/ringcentral",
  isWebhook: true,
  tag: "Webhooks",
  summary: "Take a notification of RingCentral's",
  description:
    "For RingCentral alone. A request with a `Validation-Token` header and no body is the handshake of a new " +
    "subscription: the header is sent back. Every other one is a notification as RingCentral describes it, with this " +
    "service's own secret in `Verification-Token` (or `Validation-Token`). It is a hint that numbers may have " +
    "changed, never the truth about them: it wakes an early sync and does nothing else.",
  response: { kind: "plain", description: "Taken.", data: WebhookReceipt },
  problems: ["webhook_token_invalid", "body_too_large", "storage_unavailable", "queue_unavailable"],
});
