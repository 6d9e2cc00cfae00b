import { addBlockedNumberRoute } from "./routes/add-blocked-number.ts";
import { addCallerBlockingNumberRoute } from "./routes/add-caller-blocking-number.ts";
import { addForwardingNumberRoute } from "./routes/add-forwarding-number.ts";
import { confirmSyncQuarantineRoute } from "./routes/confirm-sync-quarantine.ts";
import { deleteCallerBlockingNumberRoute } from "./routes/delete-caller-blocking-number.ts";
import { deleteForwardingNumberRoute } from "./routes/delete-forwarding-number.ts";
import { getCallerBlockingRoute } from "./routes/get-caller-blocking.ts";
import { getConsoleRoute } from "./routes/get-console.ts";
import { getDocsRoute } from "./routes/get-docs.ts";
import { getErrorCatalogueRoute } from "./routes/get-error-catalogue.ts";
import { getHealthRoute } from "./routes/get-health.ts";
import { getLimitsRoute } from "./routes/get-limits.ts";
import { getOpenApiRoute } from "./routes/get-openapi.ts";
import { getOverviewRoute } from "./routes/get-overview.ts";
import { getSyncStatusRoute } from "./routes/get-sync-status.ts";
import { listBlockedNumbersRoute } from "./routes/list-blocked-numbers.ts";
import { listCallerBlockingNumbersRoute } from "./routes/list-caller-blocking-numbers.ts";
import { listCompanyNumbersRoute } from "./routes/list-company-numbers.ts";
import { listForwardingNumbersRoute } from "./routes/list-forwarding-numbers.ts";
import { listNumberChangesRoute } from "./routes/list-number-changes.ts";
import { receiveRingCentralEventRoute } from "./routes/receive-ringcentral-event.ts";
import { startSyncRoute } from "./routes/start-sync.ts";
import { updateCallerBlockingRoute } from "./routes/update-caller-blocking.ts";
import { updateCallerBlockingNumberRoute } from "./routes/update-caller-blocking-number.ts";
import { updateForwardingNumberRoute } from "./routes/update-forwarding-number.ts";

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
