import { startSyncRoute } from "../../lib/contract/routes/start-sync.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { runtime } from "../../lib/runtime.ts";
import { startSync } from "../../lib/sync/start-sync.ts";
import { syncQueue } from "../../lib/sync-queue.ts";

export const handler = defineFunction(startSyncRoute, (deps, request) =>
  startSync({ ...deps, queue: syncQueue(runtime().settings) }, request),
);
