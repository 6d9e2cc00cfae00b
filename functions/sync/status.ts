import { getSyncStatusRoute } from "../../lib/contract/routes/get-sync-status.ts";
import { defineFunction } from "../../lib/define-function.ts";
import { getSyncStatus } from "../../lib/sync/get-sync-status.ts";

export const handler = defineFunction(getSyncStatusRoute, getSyncStatus);
