import { addBlockedNumberRoute, listBlockedNumbersRoute } from "./blocked-numbers.ts";
import {
  addCallerBlockingNumberRoute,
  deleteCallerBlockingNumberRoute,
  getCallerBlockingRoute,
  listCallerBlockingNumbersRoute,
  updateCallerBlockingNumberRoute,
  updateCallerBlockingRoute,
} from "./caller-blocking.ts";
import { listCompanyNumbersRoute, listNumberChangesRoute } from "./company-numbers.ts";
import {
  addForwardingNumberRoute,
  deleteForwardingNumberRoute,
  listForwardingNumbersRoute,
  updateForwardingNumberRoute,
} from "./forwarding-numbers.ts";
import { getLimitsRoute } from "./limits.ts";
import { getOverviewRoute } from "./overview.ts";
import {
  getConsoleRoute,
  getDocsRoute,
  getErrorCatalogueRoute,
  getHealthRoute,
  getOpenApiRoute,
} from "./service.ts";
import {
  confirmSyncQuarantineRoute,
  getSyncStatusRoute,
  receiveRingCentralEventRoute,
  startSyncRoute,
} from "./sync.ts";

/** Every route there is. Handlers import their own route alone; only build steps and tests import this list. */
export const routes = [
  listBlockedNumbersRoute,
  addBlockedNumberRoute,
  listCallerBlockingNumbersRoute,
  addCallerBlockingNumberRoute,
  updateCallerBlockingNumberRoute,
  deleteCallerBlockingNumberRoute,
  getCallerBlockingRoute,
  updateCallerBlockingRoute,
  listForwardingNumbersRoute,
  addForwardingNumberRoute,
  updateForwardingNumberRoute,
  deleteForwardingNumberRoute,
  listCompanyNumbersRoute,
  getOverviewRoute,
  listNumberChangesRoute,
  getSyncStatusRoute,
  startSyncRoute,
  confirmSyncQuarantineRoute,
  receiveRingCentralEventRoute,
  getLimitsRoute,
  getHealthRoute,
  getOpenApiRoute,
  getDocsRoute,
  getErrorCatalogueRoute,
  getConsoleRoute,
] as const;
