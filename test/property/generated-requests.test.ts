import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { FieldError } from "../../lib/contract/problems.ts";
import { isPaged, type Route, tags } from "../../lib/contract/route.ts";
import type { TestRequest, TestResponse } from "../support/api-gateway.ts";
import { forgedTokens } from "../support/forged-tokens.ts";
import { type GeneratedRequest, requestsOf } from "../support/generated-requests.ts";
import { apiRoutes, callRoute } from "../support/handlers.ts";
import { type Service, startService } from "../support/service.ts";
import { type SyncLab, syncLab } from "../support/sync-lab.ts";
import { type SyncServices, startSyncServices } from "../support/sync-services.ts";
import { type FaultRule, SEED } from "../twin/twin.ts";

/** Of each group of operations. */
const REQUESTS = Math.ceil(Number(process.env.DEEP_RUNS ?? 200) / 10);
if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

let service: Service;
let sync: SyncServices;
let lab: SyncLab;
let forged = "";
beforeAll(async () => {
  service = await startService({ limits: { Light: 100_000, Medium: 100_000, Heavy: 100_000 } });
  sync = await startSyncServices();
  lab = syncLab(service, sync);
  const requestedAt = Date.now();
  await lab.deliver({ accountId: SEED.accountId, kind: "directory", trigger: "schedule", requestedAt });
  await lab.syncNow();
  forged = (await forgedTokens(service.tokens.admin, service.issuer.url))["another key"] ?? "";
});
afterAll(async () => {
  await sync.stop();
  await service.stop();
});

/** By operation. */
const cursors = new Map<string, string>();

/** Ids that the operation's resource has now. */
function existingIds({ path }: Route): string[] {
  const { callerBlocking, forwarding } = service.twin.extension(SEED.extensionId);
  if (path.includes("forwarding")) return forwarding.map(({ id }) => String(id));
  if (path.includes("people")) return ["Ae16mpemmYA2eH_PdxJxE3"];
  return callerBlocking.map(({ id }) => String(id));
}

function settle(route: Route, generated: GeneratedRequest): TestRequest {
  const { path, query, rawQuery, headers, body, token } = generated;
  const ids = existingIds(route);
  const tokens = { ...service.tokens, none: undefined, forged };
  const pairs = query.map(([name, value]) => {
    const text = typeof value === "string" ? value : (cursors.get(route.operationId) ?? "x");
    return `${encodeURIComponent(name)}=${encodeURIComponent(text)}`;
  });
  const sent = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const bearer = tokens[token];
  return {
    path: Object.fromEntries(
      Object.entries(path).map(([name, value]) => [
        name,
        typeof value === "string" ? value : (ids[value.existing % ids.length] ?? "1"),
      ]),
    ),
    query: [...pairs, rawQuery].filter((part) => part !== "").join("&"),
    headers: sent,
    ...(body !== undefined && { body }),
    ...(bearer !== undefined && { token: bearer }),
  };
}

/** The headers that the contract promises. */
function expectHeaders(route: Route, request: TestRequest, { status, headers, body }: TestResponse): void {
  const asked = request.headers?.["x-request-id"] ?? "";
  const isWellFormed = /^[A-Za-z0-9._-]{1,128}$/.test(asked);
  expect(headers["x-request-id"]).toBe(isWellFormed ? asked : "lambda-request-1");
  expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
  expect(headers["cache-control"]).toMatch(status < 400 ? /private|public|no-store/ : /^no-store$/);
  const isAllowed = request.headers?.origin === "https://app.example.com";
  if (route.scope !== undefined) {
    expect(headers["access-control-allow-origin"]).toBe(isAllowed ? "https://app.example.com" : undefined);
  }
  if (status >= 400) {
    expect(body).toMatchObject({ status, instance: headers["x-request-id"] });
    const waits = status === 429 || status === 503;
    if (waits) expect(headers["retry-after"]).toBe(String(body.retryAfter));
    if (body.code.startsWith("token_")) expect(headers["www-authenticate"]).toMatch(/^Bearer/);
  } else if (status !== 204 && route.method === "GET" && headers["cache-control"] !== "no-store") {
    expect(headers.etag).toMatch(/^(W\/)?"[\w-]+"$/);
  }
  if (status === 201 || status === 202) expect(headers.location).toMatch(/^\/v1\//);
  if (status === 200 && isPaged(route)) {
    const next = /^<[^>]+>; rel="next"$/;
    if (body.page.hasMore) expect(headers.link).toMatch(next);
    if (body.page.nextCursor !== undefined) cursors.set(route.operationId, body.page.nextCursor);
  }
}

const faultsOf = ({ body }: TestResponse): FieldError[] => body?.errors ?? [];

/** The OpenAPI file says as much; other faults are beyond a schema, such as a number that no country has. */
const isOfSchema = ({ in: place, code }: FieldError) =>
  place === "header" || ["unknown", "type", "too_long", "out_of_range"].includes(code);

async function exchange(route: Route, generated: GeneratedRequest): Promise<TestResponse> {
  const request = settle(route, generated);
  let response = await callRoute(route, request);
  // The emulator of the table has not its usual speed on a busy machine.
  for (let attempt = 1; response.body?.code === "storage_unavailable" && attempt < 5; attempt += 1) {
    await pause(response.body.retryAfter * 1000);
    response = await callRoute(route, request);
  }
  expectHeaders(route, request, response);
  if (generated.isDescribed) expect(faultsOf(response).filter(isOfSchema)).toEqual([]);
  return response;
}

const groups = Object.keys(tags)
  .map((tag) => ({ tag, routes: apiRoutes.filter((route) => route.tag === tag) }))
  .filter(({ routes }) => routes.length > 0);

/** A route of the group, and a request of it. */
const requestOf = (routes: readonly Route[]) =>
  fc.oneof(...routes.map((route) => fc.tuple(fc.constant(route), requestsOf(route))));

describe.each(groups)("generated requests of $tag", ({ tag, routes }) => {
  test("get a response of the contract, and never a 5xx", async () => {
    const seen = new Map<number, number>();
    const property = fc.asyncProperty(requestOf(routes), async ([route, generated]) => {
      const { status, body } = await exchange(route, generated);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (status >= 500) throw new Error(`${route.operationId} ${JSON.stringify(body)}`);
    });
    await fc.assert(property, { numRuns: REQUESTS, endOnFailure: true });
    if (process.env.DEEP_RUNS !== undefined) console.log(tag, Object.fromEntries(seen));
    expect([...seen.keys()].some((status) => status < 300)).toBe(true);
    expect([...seen.keys()].some((status) => status >= 400)).toBe(true);
  });
});

const faults: FaultRule[] = [
  { kind: "reset" },
  { kind: "reset-after-processing" },
  { kind: "html-body" },
  { kind: "truncated-body" },
  { kind: "empty-body" },
  { kind: "status", status: 500, errorCode: "CMN-203" },
  { kind: "status", status: 503 },
  ...[
    [400, "CMN-101"],
    [400, "FPN-102"],
    [403, "CMN-408"],
    [404, "CMN-102"],
    [409, "XYZ-1"],
  ].map(
    ([status, errorCode]): FaultRule => ({
      kind: "status",
      status: Number(status),
      errorCode: String(errorCode),
    }),
  ),
];

test("generated requests get a documented problem, never `internal`, whatever RingCentral returns", async () => {
  const routes = apiRoutes.filter(({ callsRingCentral }) => callsRingCentral);
  const property = fc.asyncProperty(
    requestOf(routes),
    fc.constantFrom(...faults),
    fc.integer({ min: 1, max: 3 }),
    async ([route, generated], fault, times) => {
      service.twin.faults.clear();
      service.twin.faults.add({ ...fault, times });
      const { body } = await exchange(route, generated);
      expect(body?.code).not.toBe("internal");
    },
  );
  // Many of them are sent again after a wait.
  await fc.assert(property, { numRuns: Math.ceil(REQUESTS / 2), endOnFailure: true });
  service.twin.faults.clear();
});
