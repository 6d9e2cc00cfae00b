import { confirmSyncQuarantineRoute } from "../../lib/contract/sync.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";
import { runtime } from "../../lib/runtime/runtime.ts";
import { syncQueue } from "../../lib/runtime/sync-queue.ts";
import { confirmSyncQuarantine } from "../../lib/sync/start-sync.ts";

export const handler = defineFunction(confirmSyncQuarantineRoute, (deps, request) =>
  confirmSyncQuarantine({ ...deps, random: runtime().random, queue: syncQueue(runtime().settings) }, request),
);
