import * as z from "zod/mini";
import { ShortText } from "./parameters.ts";
import { defineRoute } from "./route.ts";
import { Count, described, Instant, resource } from "./schema-builders.ts";

export const SyncProblem = resource("SyncProblem", "Why a sync did not commit.", {
  code: described(z.string(), "A code of the problem catalogue."),
  title: z.string(),
  detail: z.string(),
  retryable: z.boolean(),
  at: Instant,
});
export type SyncProblem = z.output<typeof SyncProblem>;

export const SyncProgress = resource("SyncProgress", "How far the running sync has come.", {
  startedAt: Instant,
  pagesDone: Count,
  totalPages: z.optional(Count),
  numbersSeen: Count,
  etaSeconds: z.optional(described(Count, "An estimate, from RingCentral's budget.")),
});
export type SyncProgress = z.output<typeof SyncProgress>;

const QuarantinedNumber = resource(
  "QuarantinedNumber",
  "A number that a confirmation would remove. Its digits are masked, because the scope `sync:read` does not include reading numbers.",
  {
    id: z.string(),
    phoneNumber: described(z.string(), "The last digits, behind dots."),
    name: z.optional(described(z.string(), "The number's label or its extension's name.")),
    usageType: z.string(),
  },
);
export type QuarantinedNumber = z.output<typeof QuarantinedNumber>;

/** Enough to recognize what is missing; the whole list could be the company's. */
export const MAX_LISTED = 25;

const SyncQuarantine = resource(
  "SyncQuarantine",
  "Missing numbers that a sync has not removed: the view may have fewer permissions.",
  {
    since: Instant,
    reason: described(
      z.string(),
      "`shrink`: more numbers are missing than a sync may remove without a re-check. `permissions`: the RingCentral " +
        "credential or its permissions changed. `main_numbers`: every main company number is missing.",
    ),
    revision: described(z.string(), "Names exactly these missing numbers, for their confirmation."),
    removed: z.optional(described(Count, "How many numbers would be removed.")),
    numbers: z.optional(
      described(
        z.array(QuarantinedNumber).check(z.maxLength(MAX_LISTED)),
        "The first of them, main company numbers before all others.",
      ),
    ),
  },
);

export const SyncRun = resource("SyncRun", "One finished sync.", {
  id: z.string(),
  trigger: described(z.string(), "`schedule`, `request` or `hint` (a change notification)."),
  startedAt: Instant,
  endedAt: Instant,
  state: z.enum(["committed", "unchanged", "quarantined", "failed"]),
  pages: Count,
  numbers: z.optional(Count),
  version: z.optional(Count),
  added: z.optional(Count),
  updated: z.optional(Count),
  removed: z.optional(Count),
  listChanged: z.optional(
    described(
      z.boolean(),
      "RingCentral's list changed while it was read: a number added meanwhile may appear with the next sync.",
    ),
  ),
  miscount: z.optional(
    described(z.int(), "Numbers read minus the count that RingCentral states, when they differ."),
  ),
  problem: z.optional(SyncProblem),
});
export type SyncRun = z.output<typeof SyncRun>;

export const SyncStatus = resource("SyncStatus", "The number sync of one account.", {
  accountId: z.string(),
  state: z.enum(["idle", "queued", "running", "quarantined", "failed"]),
  lastSuccessAt: z.optional(Instant),
  progress: z.optional(SyncProgress),
  problem: z.optional(SyncProblem),
  quarantine: z.optional(SyncQuarantine),
  history: described(z.array(SyncRun).check(z.maxLength(50)), "Newest first."),
});
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
  summary: "Read the state of the number sync",
  description:
    "The state of the account's sync: its last success, how far a running one has come, the last problem, a " +
    "quarantine, and the last 50 runs.",
  response: { kind: "item", description: "The state of the sync.", data: SyncStatuses },
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
  problems: ["queue_unavailable"],
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
  query: z.strictObject({
    revision: z.optional(
      described(
        ShortText,
        "The quarantine's `revision`: confirms those numbers only, and no others found meanwhile.",
      ),
    ),
  }),
  response: { kind: "accepted", description: "Confirmed, and a sync is queued.", data: SyncStatus },
  problems: ["sync_not_quarantined", "queue_unavailable"],
});

const WebhookReceipt = resource("WebhookReceipt", "The result of a delivery.", {
  outcome: z.enum(["validated", "sync_queued", "ignored"]),
});

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
  problems: ["webhook_token_invalid", "queue_unavailable"],
});
