import { getSyncStatusRoute } from "../../lib/contract/sync.ts";
import { defineFunction } from "../../lib/runtime/api-function.ts";
import { getSyncStatus } from "../../lib/sync/get-sync-status.ts";

export const handler = defineFunction(getSyncStatusRoute, async (deps, request) => [
  await getSyncStatus(deps, request),
]);
