import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundleFunctions } from "../../infra/build/bundle.ts";
import { addBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { getHealthRoute } from "../../lib/contract/operations.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import type { Route } from "../../lib/contract/route.ts";
import { apiGatewayEvent, type TestRequest } from "../support/api-gateway.ts";
import { type Service, startService } from "../support/service.ts";
import { percentile } from "./measurements.ts";

/** RingCentral's time for each call, logins included, as in `requests.ts`. */
const RINGCENTRAL_MS = 150;
const RUNS = 15;
const AMPLE = { Light: 3_000, Medium: 3_000, Heavy: 3_000, Auth: 100 };

/** A Lambda up to its first response: Node's start, the bundle, and everything the first request loads and calls. */
const firstResponse = `
  const [path, event] = JSON.parse(process.env.FIRST_REQUEST);
  const { handler } = await import(path);
  const context = { awsRequestId: "cold", getRemainingTimeInMillis: () => 15000 - performance.now() };
  const { statusCode } = await handler(event, context);
  process.stdout.write("\\n" + JSON.stringify({ ms: performance.now(), statusCode }));
  process.exit(0);`;

/** The first response of a new process. */
export interface FirstResponse {
  statusCode: number;
  /** Time from the start of the process to its response. */
  ms: number;
  /** Time until it requests its first event, under Lambda's runtime client. */
  initMs?: number;
}
/** Starts a process in which the bundle handles one event. @param env its whole environment */
export type RunFirst = (path: string, event: unknown, env: NodeJS.ProcessEnv) => Promise<FirstResponse>;

const inPlainProcess: RunFirst = async (path, event, env) => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", firstResponse],
    { env: { ...env, FIRST_REQUEST: JSON.stringify([path, event]) } },
  );
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\n")));
};

interface ColdCase {
  name: string;
  /** The function's path under `functions/`. Absent: an empty function. */
  bundle?: string;
  route: Route;
  request?: (run: number, tokens: Service["tokens"]) => TestRequest;
  /** The number of consecutive RingCentral responses it waits for. */
  waitsFor: number;
  /** Needs a fleet without a token. */
  isFirst?: boolean;
}

const asUser =
  (headers: Record<string, string> = {}) =>
  (_: number, tokens: Service["tokens"]): TestRequest => ({ token: tokens.user, headers });
const list = { bundle: "extensions/list-forwarding-numbers", route: listForwardingNumbersRoute };
const cases: ColdCase[] = [
  { name: "a function that does nothing", route: getHealthRoute, waitsFor: 0 },
  { name: "health", bundle: "operations/get-health", route: getHealthRoute, waitsFor: 0 },
  {
    name: "a request without a token",
    ...list,
    request: () => ({}),
    waitsFor: 0,
  },
  { name: "read: from the cache", ...list, request: asUser(), waitsFor: 0 },
  { name: "read: live", ...list, request: asUser({ "cache-control": "no-cache" }), waitsFor: 1 },
  { name: "read: live, the fleet's first", ...list, request: asUser(), waitsFor: 2, isFirst: true },
  {
    name: "overview: live",
    bundle: "extensions/get-overview",
    route: getOverviewRoute,
    request: asUser({ "cache-control": "no-cache" }),
    waitsFor: 1,
  },
  {
    name: "write",
    bundle: "extensions/add-blocked-number",
    route: addBlockedNumberRoute,
    request: (run, tokens) => ({ token: tokens.user, body: { phoneNumber: `+120255501${20 + run}` } }),
    waitsFor: 1,
  },
];

/**
 * The time from the start of a new process to its first response, for the deployed bundles. All its peers are on
 * loopback; RingCentral responds after a delay.
 * @param runner names the kind of process
 */
export async function measureColdStarts(
  runFirst: RunFirst = inPlainProcess,
  runner = "plain Node",
): Promise<void> {
  const outDir = await mkdtemp(join(tmpdir(), "ringfront-cold-"));
  try {
    await bundleFunctions({ outDir });
    const nothing = join(outDir, "nothing.mjs");
    await writeFile(nothing, "export const handler = async () => ({ statusCode: 200 });");
    const measurements: Record<string, object> = {};
    let base = 0;
    for (const each of cases) {
      const path = each.bundle === undefined ? nothing : join(outDir, "functions", `${each.bundle}.mjs`);
      const responses = await firstResponsesOf(each, path, runFirst);
      const median = (values: (number | undefined)[]) =>
        percentile(
          values.map((value) => value ?? Number.NaN),
          0.5,
        );
      const p50 = median(responses.map(({ ms }) => ms));
      if (each.bundle === undefined) base = p50;
      measurements[each.name] = {
        "p50 ms": Math.round(p50),
        ...(responses[0]?.initMs !== undefined && {
          "of that init": Math.round(median(responses.map(({ initMs }) => initMs))),
        }),
        "over nothing": Math.round(p50 - base),
        "our share": Math.round(p50 - base - each.waitsFor * RINGCENTRAL_MS),
      };
    }
    const setting = `${runner}, RingCentral taking ${RINGCENTRAL_MS} ms a call (${RUNS} processes each)`;
    console.log(`\nA process's first response: ${setting}\n`);
    console.table(measurements);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

async function firstResponsesOf(each: ColdCase, path: string, runFirst: RunFirst): Promise<FirstResponse[]> {
  const responses: FirstResponse[] = [];
  let service: Service | undefined;
  const respond = async (run: number, { tokens }: Service) => {
    const { name, route, request } = each;
    const event = apiGatewayEvent(route, request?.(run, tokens));
    const first = await runFirst(path, event, process.env);
    const isRejected = route.scope !== undefined && event.headers.authorization === undefined;
    const { statusCode } = first;
    if (isRejected ? statusCode !== 401 : statusCode >= 300) throw new Error(`${name}: status ${statusCode}`);
    return first;
  };
  for (let run = 0; run < RUNS; run += 1) {
    if (each.isFirst) await service?.stop();
    if (service === undefined || each.isFirst) {
      service = await startService({ latencyMs: RINGCENTRAL_MS, limits: AMPLE });
      // An earlier instance has left the token and the cached responses.
      if (!each.isFirst) await respond(-1, service);
    }
    responses.push(await respond(run, service));
  }
  await service?.stop();
  return responses;
}
