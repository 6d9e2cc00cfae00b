import * as z from "zod/mini";
import { SyncStatus } from "../resources/sync-status.ts";
import { defineRoute } from "../route.ts";

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
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: { kind: "accepted", description: "Confirmed, and a sync is queued.", data: SyncStatus },
  problems: ["sync_not_quarantined", "storage_unavailable", "queue_unavailable"],
});
