import { confirmSyncQuarantineRoute } from "../../lib/contract/routes/confirm-sync-quarantine.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { runtime } from "../../lib/runtime.ts";
import { confirmSyncQuarantine } from "../../lib/sync/start-sync.ts";
import { syncQueue } from "../../lib/sync-queue.ts";

export const handler = defineFunction(confirmSyncQuarantineRoute, (deps, request) =>
  confirmSyncQuarantine({ ...deps, queue: syncQueue(runtime().settings) }, request),
);
