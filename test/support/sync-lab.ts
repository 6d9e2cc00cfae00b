import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as listNumberChanges } from "../../functions/account/list-number-changes.ts";
import { handler as confirmSyncQuarantine } from "../../functions/sync/confirm-sync-quarantine.ts";
import { handler as getSyncStatus } from "../../functions/sync/get-sync-status.ts";
import { handler as queueSyncs } from "../../functions/sync/queue-syncs.ts";
import { handler as runSync } from "../../functions/sync/run-sync.ts";
import { handler as startSync } from "../../functions/sync/start-sync.ts";
import { listCompanyNumbersRoute, listNumberChangesRoute } from "../../lib/contract/company-numbers.ts";
import type { Route } from "../../lib/contract/route.ts";
import { confirmSyncQuarantineRoute, getSyncStatusRoute, startSyncRoute } from "../../lib/contract/sync.ts";
import { invoke, lambdaContext, type TestRequest, type TestResponse } from "./api-gateway.ts";
import { expectConforms } from "./openapi-conformance.ts";
import type { Service } from "./service.ts";
import { type SyncServices, sqsEvent } from "./sync-services.ts";

export type SyncLab = ReturnType<typeof syncLab>;

/** The sync's real handlers, called as the gateway, the queue and the scheduler call them. */
export function syncLab(service: Service, sync: SyncServices) {
  const as =
    (handler: Parameters<typeof invoke>[0], route: Route, token: () => string) =>
    async (request: TestRequest = {}): Promise<TestResponse> => {
      const response = await invoke(handler, route, { token: token(), ...request });
      expectConforms(route, response);
      return response;
    };
  const { tokens } = service;
  const list = as(listCompanyNumbers, listCompanyNumbersRoute, () => tokens.service);
  const changes = as(listNumberChanges, listNumberChangesRoute, () => tokens.service);
  const status = as(getSyncStatus, getSyncStatusRoute, () => tokens.service);

  return {
    list,
    changes,
    status,
    start: as(startSync, startSyncRoute, () => tokens.service),
    confirm: as(confirmSyncQuarantine, confirmSyncQuarantineRoute, () => tokens.service),
    schedule: () => queueSyncs({}, lambdaContext()),
    deliver: (...messages: unknown[]) => runSync(sqsEvent(...messages), lambdaContext(60_000)),
    /** Takes all messages off the queue, delayed or not, and handles each once; messages queued meanwhile stay. */
    async workOnce() {
      for (const message of await sync.takeAll()) await runSync(sqsEvent(message), lambdaContext(60_000));
    },
    /** Runs all scheduled work. */
    async syncNow() {
      await queueSyncs({}, lambdaContext());
      await this.workOnce();
    },
    /** Follows links from a path with a query to the last page. */
    async readAll(query = "limit=100"): Promise<TestResponse["body"][]> {
      const items = [];
      let next: string | undefined = query;
      while (next !== undefined) {
        const page: TestResponse = await list({ query: next });
        if (page.status !== 200) throw new Error(JSON.stringify(page.body));
        items.push(...page.body.data);
        next = /^<[^?]*\?([^>]*)>; rel="next"$/.exec(page.headers.link ?? "")?.[1];
      }
      return items;
    },
  };
}
