import * as z from "zod/mini";
import { SyncStatuses } from "../resources/sync-status.ts";
import { defineRoute } from "../route.ts";

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
  parameters: z.strictObject({}),
  query: z.strictObject({}),
  answer: { kind: "item", description: "The state of the sync.", data: SyncStatuses },
  problems: ["storage_unavailable"],
});
