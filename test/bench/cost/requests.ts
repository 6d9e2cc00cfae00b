import { functions } from "../../../infra/resources/functions.ts";
import { listForwardingNumbersRoute } from "../../../lib/contract/forwarding-numbers.ts";
import { getOverviewRoute } from "../../../lib/contract/overview.ts";
import type { Route } from "../../../lib/contract/route.ts";
import { resetRuntime } from "../../../lib/runtime/runtime.ts";
import type { TestRequest } from "../../support/api-gateway.ts";
import { exampleOrder, exampleRequest } from "../../support/example-requests.ts";
import { callRoute } from "../../support/handlers.ts";
import { type Service, startService } from "../../support/service.ts";
import { syncLab } from "../../support/sync-lab.ts";
import { startSyncServices } from "../../support/sync-services.ts";
import { SEED } from "../../twin/twin.ts";
import { muted } from "../measurements.ts";
import { startMeteringProxy } from "./metering-proxy.ts";

/** RingCentral's time for each call, as in `npm run bench`. */
export const RINGCENTRAL_MS = 150;
/** Of the functions without a setting of their own (serverless.yml). */
export const USUAL_MEMORY_MB = 1_024;
const AMPLE = { Light: 3_000, Medium: 3_000, Heavy: 3_000, Auth: 100 };
/** The first one warms the process up, and is not counted. */
const ROUNDS = 4;

/** `table`: a read that never calls RingCentral. `new`: live, the first request of a process. */
export type State = "live" | "cached" | "table" | "write" | "new";

/** What one request took. */
export interface Usage {
  ms: number;
  /** The function's setting. */
  memoryMb: number;
  ringCentralCalls: number;
  readUnits: number;
  writeUnits: number;
  /** Lines of the function, metrics included. */
  logBytes: number;
  /** Headers and body of the response. */
  outBytes: number;
}

export interface RouteUsage {
  route: Route;
  state: State;
  usage: Usage;
}

export interface Measured {
  routes: RouteUsage[];
  /** Every metric that the requests wrote, with its dimensions. */
  metrics: ReadonlySet<string>;
}

/** The examples of the API reference through the real handlers, each read live and from the cache, in a warm process. */
export async function measureRoutes(): Promise<Measured> {
  const found = new Map<string, { route: Route; state: State; all: Usage[] }>();
  const metrics = new Set<string>();
  let lines: string[] = [];
  const restore = muted((line) => void lines.push(line));
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      await playRound(
        () => {
          const taken = lines;
          lines = [];
          for (const line of taken) for (const metric of metricsIn(line)) metrics.add(metric);
          return Buffer.byteLength(taken.join(""));
        },
        (route, state, usage) => {
          if (round === 0) return;
          const key = `${route.operationId} ${state}`;
          const all = found.get(key)?.all ?? [];
          found.set(key, { route, state, all: [...all, usage] });
        },
      );
    }
  } finally {
    restore();
  }
  const routes = [...found.values()].map(({ route, state, all }) => ({ route, state, usage: meanOf(all) }));
  return { routes, metrics };
}

async function playRound(
  takeLogged: () => number,
  onUsage: (route: Route, state: State, usage: Usage) => void,
): Promise<void> {
  const service = await startService({ latencyMs: RINGCENTRAL_MS, limits: AMPLE });
  const table = await startMeteringProxy(service.dynamodb.url);
  process.env.AWS_ENDPOINT_URL_DYNAMODB = table.url;
  const sync = await startSyncServices();
  try {
    const lab = syncLab(service, sync);
    const reading = { accountId: SEED.accountId, kind: "directory", trigger: "schedule" };
    await lab.deliver({ ...reading, requestedAt: Date.now() });
    await lab.syncNow();
    const use = async (route: Route, request: TestRequest) => {
      takeLogged();
      const [asked, sent] = [table.calls.length, service.sent().length];
      const startedAt = performance.now();
      const { status, headers, body } = await callRoute(route, { token: service.tokens.admin, ...request });
      const ms = performance.now() - startedAt;
      if (status >= 300) throw new Error(`${route.operationId}: ${status} ${JSON.stringify(body)}`);
      const units = (isRead: boolean) =>
        table.calls.slice(asked).reduce((sum, call) => sum + (call.isRead === isRead ? call.units : 0), 0);
      return {
        ...{ ms, memoryMb: memoryOf(route), ringCentralCalls: service.sent().length - sent },
        ...{ readUnits: units(true), writeUnits: units(false), logBytes: takeLogged() },
        outBytes:
          JSON.stringify(headers).length + (body === undefined ? 0 : Buffer.byteLength(JSON.stringify(body))),
      };
    };
    for (const route of exampleOrder) await playRoute(route, use, onUsage);
  } finally {
    await sync.stop();
    await table.close();
    await stop(service);
  }
}

async function playRoute(
  route: Route,
  use: (route: Route, request: TestRequest) => Promise<Usage>,
  onUsage: (route: Route, state: State, usage: Usage) => void,
): Promise<void> {
  const request = exampleRequest(route);
  if (route.method !== "GET") {
    const isKeyed = route.method === "POST" && !route.isWebhook;
    const key = { "idempotency-key": crypto.randomUUID() };
    const headers = { ...request.headers, ...(isKeyed && key) };
    onUsage(route, "write", await use(route, { ...request, headers }));
    return;
  }
  // The first one of an hour also asks which backend has them.
  if (route === listForwardingNumbersRoute)
    await use(route, { ...request, headers: { "cache-control": "no-cache" } });
  const live = await use(route, { ...request, headers: { "cache-control": "no-cache" } });
  if (live.ringCentralCalls > 0) onUsage(route, "live", live);
  if (route === getOverviewRoute) {
    resetRuntime();
    onUsage(route, "new", await use(route, { ...request, headers: { "cache-control": "no-cache" } }));
  }
  const again = await use(route, request);
  if (again.ringCentralCalls === 0) onUsage(route, live.ringCentralCalls > 0 ? "cached" : "table", again);
}

async function stop(service: Service): Promise<void> {
  await service.stop();
  resetRuntime();
}

const memoryOf = ({ operationId }: Route) =>
  functions.find(({ key }) => key === operationId)?.memorySize ?? USUAL_MEMORY_MB;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function meanOf(all: readonly Usage[]): Usage {
  const of = (name: keyof Usage) => mean(all.map((usage) => usage[name]));
  return {
    ...{
      ms: of("ms"),
      memoryMb: of("memoryMb"),
      ringCentralCalls: of("ringCentralCalls"),
      readUnits: of("readUnits"),
    },
    ...{ writeUnits: of("writeUnits"), logBytes: of("logBytes"), outBytes: of("outBytes") },
  };
}

/** The metrics of one line in CloudWatch's embedded metric format, each with the values of its dimensions. */
function metricsIn(line: string): string[] {
  return line.split("\n").flatMap((one) => {
    if (!one.includes('"_aws"')) return [];
    const { _aws, ...values } = JSON.parse(one);
    return _aws.CloudWatchMetrics.flatMap(
      ({ Dimensions, Metrics }: { Dimensions: string[][]; Metrics: { Name: string }[] }) =>
        Dimensions.flatMap((names) =>
          Metrics.map(({ Name }) => JSON.stringify([Name, names.map((name) => [name, values[name]])])),
        ),
    );
  });
}
