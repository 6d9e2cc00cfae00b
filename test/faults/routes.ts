import { isDeepStrictEqual } from "node:util";
import { handler as listCompanyNumbers } from "../../functions/account/list-company-numbers.ts";
import { handler as listNumberChanges } from "../../functions/account/list-number-changes.ts";
import { handler as addBlockedNumber } from "../../functions/extensions/add-blocked-number.ts";
import { handler as deleteBlockedNumber } from "../../functions/extensions/delete-blocked-number.ts";
import { handler as getOverview } from "../../functions/extensions/get-overview.ts";
import { handler as listBlockedNumbers } from "../../functions/extensions/list-blocked-numbers.ts";
import { handler as listForwardingNumbers } from "../../functions/extensions/list-forwarding-numbers.ts";
import { handler as updateForwardingNumber } from "../../functions/extensions/update-forwarding-number.ts";
import { handler as getHealth } from "../../functions/operations/get-health.ts";
import { handler as getLimits } from "../../functions/operations/get-limits.ts";
import { handler as runSync } from "../../functions/sync/run-sync.ts";
import { handler as startSync } from "../../functions/sync/start-sync.ts";
import {
  addBlockedNumberRoute,
  deleteBlockedNumberRoute,
  listBlockedNumbersRoute,
} from "../../lib/contract/blocked-numbers.ts";
import { listCompanyNumbersRoute, listNumberChangesRoute } from "../../lib/contract/company-numbers.ts";
import {
  listForwardingNumbersRoute,
  updateForwardingNumberRoute,
} from "../../lib/contract/forwarding-numbers.ts";
import { getLimitsRoute } from "../../lib/contract/limits.ts";
import { getHealthRoute } from "../../lib/contract/operations.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import type { Route } from "../../lib/contract/route.ts";
import { startSyncRoute } from "../../lib/contract/sync.ts";
import type { ApiHandler } from "../../lib/http/middleware-stack.ts";
import { invoke, lambdaContext, type TestRequest, type TestResponse } from "../support/api-gateway.ts";
import { brokenRules, ringingOf } from "../support/call-handling-truth.ts";
import { expectConforms } from "../support/openapi-conformance.ts";
import { sqsEvent } from "../support/sync-services.ts";
import { SEED } from "../twin/twin.ts";
import type { Payer, World } from "./world.ts";

/** What RingCentral has of a write. `in part`: one of two stores, or an entry twice. */
export type Effect = "none" | "done" | "in part";

/** One request of a caller, which can be repeated. */
export interface Scene {
  send(): Promise<TestResponse>;
  effect(): Effect;
  /** What is wrong with a successful response, beside RingCentral's data; `undefined`: nothing. */
  untruth(response: TestResponse): Promise<string | undefined>;
}

/** The requests of the matrix. The first six read, the next five write, the last four call RingCentral not at all. */
export const routeKinds = [
  "list live",
  "list cached",
  "list stale",
  "company live",
  "company",
  "overview",
  "block",
  "block, key",
  "delete",
  "change",
  "change, moved",
  "changes",
  "start sync",
  "limits",
  "health",
] as const;
export type RouteKind = (typeof routeKinds)[number];

/** Whose calls a user who signed in with RingCentral pays: those for their own extension. */
export const ownKinds: ReadonlySet<RouteKind> = new Set<RouteKind>([
  "list live",
  "list stale",
  "overview",
  "block",
  "block, key",
  "delete",
  "change",
  "change, moved",
]);

const SCOPES = "numbers:read numbers:write account:read sync:run sync:read ops:read";
const NEW_NUMBER = "+12125550177";
const live = { "cache-control": "no-cache" };
/** Within its freshness in the read cache; and beyond it. */
const [SOON_MS, LATER_MS] = [5_000, 600_000];

type Prepare = (world: World, call: Call) => Promise<Scene>;
type Call = (handler: ApiHandler, route: Route, request?: TestRequest) => Promise<TestResponse>;

/** The world in which the request is made next: its process is warm. */
export async function prepare(kind: RouteKind, payer: Payer, world: World): Promise<Scene> {
  world.begin(kind === "change, moved" ? "new" : "legacy");
  if (payer === "own") await world.time.run(world.signIn());
  const call: Call = async (handler, route, request = {}) => {
    const token = world.token(payer, SCOPES);
    const response = await world.run(() => invoke(handler, route, { ...request, token }));
    expectConforms(route, response);
    return response;
  };
  const scene = await prepareAs[kind](world, call);
  world.forgetSent();
  return scene;
}

const prepareAs: Record<RouteKind, Prepare> = {
  "list live": (world, call) => lists(world, call, live, SOON_MS),
  "list cached": (world, call) => lists(world, call, {}, SOON_MS),
  "list stale": (world, call) => lists(world, call, {}, LATER_MS),
  "company live": (world, call) => company(world, call, live),
  company: (world, call) => company(world, call, {}),
  overview: async (world, call) => {
    const send = () => call(getOverview, getOverviewRoute, { headers: live });
    await ready(world, send);
    // The extension may have used its share of the budget; then a part is up to a minute old, and says so.
    return reading(send, ({ body: { data } }) => {
      const parts = [data.blocked, data.allowed, data.forwarding, data.direct];
      return (
        parts.every(({ status, limitedBy }) => status === "ok" || limitedBy !== undefined) ||
        "parts are missing"
      );
    });
  },
  block: (world, call) => blocks(world, call, {}),
  "block, key": (world, call) =>
    blocks(world, call, { "idempotency-key": "8f1c8f6a-6c55-4d0e-9a51-3b1f0f3f2a10" }),
  delete: deletes,
  change: (world, call) => changes(world, call),
  "change, moved": (world, call) => changes(world, call),
  changes: async (world, call) => {
    await sync(world);
    const first = await call(listNumberChanges, listNumberChangesRoute);
    const query = `cursor=${first.body.page.nextCursor}`;
    await world.time.advance(SOON_MS);
    const send = () => call(listNumberChanges, listNumberChangesRoute, { query });
    return reading(send, ({ body }) => body.data.length === 0 || "changes that were none");
  },
  "start sync": async (world, call) => {
    await ready(world, () => call(listBlockedNumbers, listBlockedNumbersRoute));
    return {
      send: () => call(startSync, startSyncRoute),
      effect: () => (["none", "done"] as const)[world.queued.length] ?? "in part",
      untruth: async ({ body }) => (body.data.state === "queued" ? undefined : `state ${body.data.state}`),
    };
  },
  limits: async (world, call) => {
    await ready(world, () => call(listBlockedNumbers, listBlockedNumbersRoute));
    return reading(
      () => call(getLimits, getLimitsRoute),
      ({ body }) => body.data.budgets.length > 0 || "no budgets",
    );
  },
  health: async (world, call) => {
    await ready(world, () => call(listBlockedNumbers, listBlockedNumbersRoute));
    return reading(
      () => call(getHealth, getHealthRoute),
      ({ body }) => body.status === "ok" || "not ok",
    );
  },
};

/** The process serves such a request once, then nothing for a while. */
async function ready(
  world: World,
  send: () => Promise<TestResponse>,
  restMs = SOON_MS,
): Promise<TestResponse> {
  const response = await send();
  if (response.status !== 200) throw new Error(`cannot begin: ${JSON.stringify(response.body)}`);
  await world.time.advance(restMs);
  return response;
}

function reading(send: Scene["send"], isTrue: (response: TestResponse) => true | string): Scene {
  const verdict = (response: TestResponse) => {
    const is = isTrue(response);
    return is === true ? undefined : is;
  };
  return { send, effect: () => "none", untruth: async (response) => verdict(response) };
}

const ana = (world: World) => world.twin.extension(SEED.extensionId);
const blockedNumbers = (world: World) =>
  ana(world)
    .callerBlocking.filter(({ status }) => status === "Blocked")
    .map(({ phoneNumber }) => phoneNumber);

function sameNumbers({ body }: TestResponse, expected: readonly (string | undefined)[]): true | string {
  const shown = body.data.map(({ phoneNumber }: { phoneNumber: string }) => phoneNumber).sort();
  return JSON.stringify(shown) === JSON.stringify([...expected].sort()) || `it lists ${shown.length} numbers`;
}

async function lists(
  world: World,
  call: Call,
  headers: Record<string, string>,
  restMs: number,
): Promise<Scene> {
  const send = (given = headers) => call(listBlockedNumbers, listBlockedNumbersRoute, { headers: given });
  await ready(world, () => send({}), restMs);
  return reading(send, (response) => sameNumbers(response, blockedNumbers(world)));
}

async function company(world: World, call: Call, headers: Record<string, string>): Promise<Scene> {
  await sync(world);
  const send = (given = headers) => call(listCompanyNumbers, listCompanyNumbersRoute, { headers: given });
  await ready(world, () => send({}));
  return reading(send, ({ body }) => {
    const numbers = world.twin.state.accounts.get(SEED.accountId)?.numbers;
    // RingCentral does not list those that it keeps in stock.
    const listed = numbers?.filter(({ usageType }) => !["NumberPool", "NumberStorage"].includes(usageType));
    const ids = listed?.map(({ id }) => String(id));
    const shown = body.data.map(({ id }: { id: string }) => id);
    return (
      isDeepStrictEqual(shown.sort(), ids?.sort()) || `it lists ${shown.length} of ${ids?.length} numbers`
    );
  });
}

/** The account's numbers are in the snapshot. */
async function sync(world: World): Promise<void> {
  if (!(await runSyncOnce(world))) throw new Error("cannot begin: the sync failed");
  await world.time.advance(SOON_MS);
}

/** Handles the message of a sync. @returns whether the queue may forget it */
export async function runSyncOnce(world: World): Promise<boolean> {
  const message = { accountId: SEED.accountId, trigger: "request", requestedAt: Date.now(), postponed: 0 };
  const { batchItemFailures } = await world.run(() => runSync(sqsEvent(message), lambdaContext(60_000)));
  return batchItemFailures.length === 0;
}

/** The changes from now on, as `type id`, which the feed tells when it is asked. */
export async function changesSince(world: World): Promise<() => Promise<string[]>> {
  world.begin("legacy");
  await sync(world);
  const read = (query: string) => {
    const request = { token: world.token("service", SCOPES), query };
    return world.run(() => invoke(listNumberChanges, listNumberChangesRoute, request));
  };
  const { nextCursor } = (await read("")).body.page;
  return async () => {
    const { body } = await read(`cursor=${nextCursor}`);
    return body.data.map(({ type, id }: { type: string; id: string }) => `${type} ${id}`);
  };
}

/** A write, after whose response the list without any demand shows it. */
function writing(world: World, call: Call, { send, effect }: Pick<Scene, "send" | "effect">): Scene {
  return {
    send,
    effect,
    async untruth() {
      const list = await call(listBlockedNumbers, listBlockedNumbersRoute);
      const is = sameNumbers(list, blockedNumbers(world));
      return is === true ? undefined : `after the write ${is}`;
    },
  };
}

async function blocks(world: World, call: Call, headers: Record<string, string>): Promise<Scene> {
  await ready(world, () => call(listBlockedNumbers, listBlockedNumbersRoute));
  const body = { phoneNumber: NEW_NUMBER, label: "Robocaller" };
  return writing(world, call, {
    send: () => call(addBlockedNumber, addBlockedNumberRoute, { headers, body }),
    effect: () => {
      const count = blockedNumbers(world).filter((number) => number === NEW_NUMBER).length;
      return (["none", "done"] as const)[count] ?? "in part";
    },
  });
}

async function deletes(world: World, call: Call): Promise<Scene> {
  const { body } = await ready(world, () => call(listBlockedNumbers, listBlockedNumbersRoute));
  const { id, phoneNumber } = body.data[0];
  return writing(world, call, {
    send: () => call(deleteBlockedNumber, deleteBlockedNumberRoute, { path: { id } }),
    effect: () => (blockedNumbers(world).includes(phoneNumber) ? "none" : "done"),
  });
}

/** Another number takes the place of one that rings: on the new backend, it is kept in two places. */
async function changes(world: World, call: Call): Promise<Scene> {
  const list = () => call(listForwardingNumbers, listForwardingNumbersRoute, { headers: live });
  const { body } = await ready(world, list);
  const { id, phoneNumber: former } = body.data.find(
    ({ phoneNumber, type }: Record<string, string>) => phoneNumber !== undefined && type !== "PhoneLine",
  );
  const change = { path: { forwardingNumberId: id }, body: { phoneNumber: NEW_NUMBER } };
  return {
    send: () => call(updateForwardingNumber, updateForwardingNumberRoute, change),
    effect: () => changeOf(world, former),
    async untruth(response) {
      if (response.body.data.phoneNumber !== NEW_NUMBER) return "the response shows another number";
      const shown = (await list()).body.data.map(({ phoneNumber }: { phoneNumber: string }) => phoneNumber);
      return shown.includes(NEW_NUMBER) && !shown.includes(former)
        ? undefined
        : "after the write the list is as before";
    },
  };
}

function changeOf(world: World, former: string): Effect {
  const { callHandling, forwarding } = ana(world);
  if (callHandling === undefined) {
    const numbers = forwarding.map(({ phoneNumber }) => phoneNumber);
    return numbers.includes(former) ? "none" : numbers.includes(NEW_NUMBER) ? "done" : "in part";
  }
  if (brokenRules(callHandling).length > 0) return "in part";
  const [before, after] = [former, NEW_NUMBER].map((number) =>
    ringingOf(callHandling).find(({ phoneNumber }) => phoneNumber === number),
  );
  if (after === undefined) return "none";
  return before === undefined && after.features.length === 2 ? "done" : "in part";
}
