import { startSyncRoute } from "../../lib/contract/sync.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";
import { runtime } from "../../lib/runtime/runtime.ts";
import { syncQueue } from "../../lib/runtime/sync-queue.ts";
import { startSync } from "../../lib/sync/start-sync.ts";

export const handler = defineFunction(startSyncRoute, (deps, request) =>
  startSync({ ...deps, random: runtime().random, queue: syncQueue(runtime().settings) }, request),
);
