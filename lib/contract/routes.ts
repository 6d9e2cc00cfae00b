import * as blockedNumbers from "./blocked-numbers.ts";
import * as callerBlocking from "./caller-blocking.ts";
import * as callerBlockingBatch from "./caller-blocking-batch.ts";
import * as companyNumbers from "./company-numbers.ts";
import * as forwardingNumbers from "./forwarding-numbers.ts";
import * as limits from "./limits.ts";
import * as service from "./operations.ts";
import * as overview from "./overview.ts";
import * as people from "./people.ts";
import * as sync from "./sync.ts";

/** Every route there is. Handlers import their own route alone; only build steps and tests import this list. */
export const routes = [
  blockedNumbers.listBlockedNumbersRoute,
  blockedNumbers.addBlockedNumberRoute,
  blockedNumbers.getBlockedNumberRoute,
  blockedNumbers.deleteBlockedNumberRoute,
  callerBlocking.listCallerBlockingNumbersRoute,
  callerBlocking.addCallerBlockingNumberRoute,
  callerBlockingBatch.changeCallerBlockingNumbersRoute,
  callerBlocking.getCallerBlockingNumberRoute,
  callerBlocking.updateCallerBlockingNumberRoute,
  callerBlocking.deleteCallerBlockingNumberRoute,
  callerBlocking.getCallerBlockingRoute,
  callerBlocking.updateCallerBlockingRoute,
  forwardingNumbers.listForwardingNumbersRoute,
  forwardingNumbers.getForwardingNumberRoute,
  forwardingNumbers.addForwardingNumberRoute,
  forwardingNumbers.updateForwardingNumberRoute,
  forwardingNumbers.deleteForwardingNumberRoute,
  companyNumbers.listCompanyNumbersRoute,
  overview.getOverviewRoute,
  companyNumbers.listNumberChangesRoute,
  people.getMeRoute,
  people.listExtensionsRoute,
  people.listPeopleRoute,
  people.listUnmatchedSignInsRoute,
  people.getPersonRoute,
  people.putPersonRoute,
  people.deletePersonRoute,
  sync.getSyncStatusRoute,
  sync.startSyncRoute,
  sync.confirmSyncQuarantineRoute,
  sync.receiveRingCentralEventRoute,
  limits.getLimitsRoute,
  service.getHealthRoute,
  service.getOpenApiRoute,
  service.getDocsRoute,
  service.getErrorCatalogueRoute,
  service.listGuidesRoute,
  service.getGuideRoute,
  service.getConsoleRoute,
] as const;
