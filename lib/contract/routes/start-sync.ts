import * as z from "zod/mini";
import { SyncStatus } from "../resources/sync-status.ts";
import { defineRoute } from "../route.ts";

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
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: { kind: "accepted", description: "The sync is queued.", data: SyncStatus },
  problems: ["storage_unavailable", "queue_unavailable"],
});
