import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundleFunctions } from "../../infra/build/bundle.ts";
import { addBlockedNumberRoute } from "../../lib/contract/blocked-numbers.ts";
import { listForwardingNumbersRoute } from "../../lib/contract/forwarding-numbers.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import type { Route } from "../../lib/contract/route.ts";
import { getHealthRoute } from "../../lib/contract/service.ts";
import { apiGatewayEvent, type TestRequest } from "../support/api-gateway.ts";
import { type Service, startService } from "../support/service.ts";
import { percentile } from "./figures.ts";

/** As in `requests.ts`: how long RingCentral takes for each call, logins too. */
const RINGCENTRAL_MS = 150;
const RUNS = 15;
const AMPLE = { Light: 3_000, Medium: 3_000, Heavy: 3_000, Auth: 100 };

/** A Lambda's life up to its first answer: Node's start, the bundle, and all that the first request loads and asks. */
const firstAnswer = `
  const [path, event] = JSON.parse(process.env.FIRST_REQUEST);
  const { handler } = await import(path);
  const context = { awsRequestId: "cold", getRemainingTimeInMillis: () => 15000 - performance.now() };
  const { statusCode } = await handler(event, context);
  process.stdout.write("\\n" + JSON.stringify({ ms: performance.now(), statusCode }));
  process.exit(0);`;

/** A fresh process's first answer. */
export interface FirstAnswer {
  statusCode: number;
  /** From the start of the process to its answer. */
  ms: number;
  /** Till it asked for its first event, where it does that. */
  initMs?: number;
}
/** Starts a process in which the bundle answers one event. @param env all of its environment */
export type RunFirst = (path: string, event: unknown, env: NodeJS.ProcessEnv) => Promise<FirstAnswer>;

const inPlainProcess: RunFirst = async (path, event, env) => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", firstAnswer],
    { env: { ...env, FIRST_REQUEST: JSON.stringify([path, event]) } },
  );
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\n")));
};

interface ColdCase {
  name: string;
  /** The function's place under `functions/`; absent: one that does nothing. */
  bundle?: string;
  route: Route;
  request?: (run: number, tokens: Service["tokens"]) => TestRequest;
  /** RingCentral's answers that this one waits for, one after the other. */
  waitsFor: number;
  /** Needs a fleet that has no token yet. */
  isFirst?: boolean;
}

const asUser =
  (headers: Record<string, string> = {}) =>
  (_: number, tokens: Service["tokens"]): TestRequest => ({ token: tokens.user, headers });
const list = { bundle: "extensions/list-forwarding-numbers", route: listForwardingNumbersRoute };
const cases: ColdCase[] = [
  { name: "a function that does nothing", route: getHealthRoute, waitsFor: 0 },
  { name: "health", bundle: "ops/get-health", route: getHealthRoute, waitsFor: 0 },
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
 * The time from the start of a fresh process to its first answer, for the very bundles that are deployed. Everything
 * it speaks to is on loopback, RingCentral answering after a while.
 * @param runner what the process is
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
    const figures: Record<string, object> = {};
    let base = 0;
    for (const each of cases) {
      const path = each.bundle === undefined ? nothing : join(outDir, "functions", `${each.bundle}.mjs`);
      const answers = await firstAnswersOf(each, path, runFirst);
      const median = (values: (number | undefined)[]) =>
        percentile(
          values.map((value) => value ?? Number.NaN),
          0.5,
        );
      const p50 = median(answers.map(({ ms }) => ms));
      if (each.bundle === undefined) base = p50;
      figures[each.name] = {
        "p50 ms": Math.round(p50),
        ...(answers[0]?.initMs !== undefined && {
          "of that init": Math.round(median(answers.map(({ initMs }) => initMs))),
        }),
        "over nothing": Math.round(p50 - base),
        "our share": Math.round(p50 - base - each.waitsFor * RINGCENTRAL_MS),
      };
    }
    const setting = `${runner}, RingCentral taking ${RINGCENTRAL_MS} ms a call (${RUNS} processes each)`;
    console.log(`\nA process's first answer: ${setting}\n`);
    console.table(figures);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

async function firstAnswersOf(each: ColdCase, path: string, runFirst: RunFirst): Promise<FirstAnswer[]> {
  const answers: FirstAnswer[] = [];
  let service: Service | undefined;
  const answer = async (run: number, { tokens }: Service) => {
    const { name, route, request } = each;
    const event = apiGatewayEvent(route, request?.(run, tokens));
    const first = await runFirst(path, event, process.env);
    const isRefused = route.scope !== undefined && event.headers.authorization === undefined;
    const { statusCode } = first;
    if (isRefused ? statusCode !== 401 : statusCode >= 300)
      throw new Error(`${name}: answered ${statusCode}`);
    return first;
  };
  for (let run = 0; run < RUNS; run += 1) {
    if (each.isFirst) await service?.stop();
    if (service === undefined || each.isFirst) {
      service = await startService({ latencyMs: RINGCENTRAL_MS, limits: AMPLE });
      // The token, and what the cache keeps, are there from an earlier instance.
      if (!each.isFirst) await answer(-1, service);
    }
    answers.push(await answer(run, service));
  }
  await service?.stop();
  return answers;
}
