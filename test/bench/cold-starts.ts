import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bundleFunctions } from "../../infra/build/bundle.ts";
import { putCompileCaches } from "../../infra/build/compile-cache.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { getHealthRoute } from "../../lib/contract/operations.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import type { Route } from "../../lib/contract/route.ts";
import { apiGatewayEvent, type TestRequest } from "../support/api-gateway.ts";
import { createTable } from "../support/dynamo-engines.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";
import { type Dependency, DependencyTimes, type Times } from "./dependency-times.ts";
import { underLambdaRuntime } from "./lambda-runtime.ts";
import { bundlePeers, environmentOfPeers, type Peer } from "./peers.ts";

const AMPLE = { Light: 3_000, Medium: 3_000, Heavy: 3_000, Auth: 1_000 };
const BLOCKED = "+12025550129";

/** In the order of a round: the live read leaves the response that the cached one takes. */
export const caseNames = [
  "nothing",
  "got",
  "sdk",
  "health",
  "rejected",
  "live",
  "cached",
  "liveCompiled",
  "cachedCompiled",
  "first",
  "overview",
  "write",
] as const;
export type CaseName = (typeof caseNames)[number];

interface ColdCase {
  /** A peer, or the path of our function under `functions/`. */
  runs: { peer: Peer } | { bundle: string; hasCompileCache?: true };
  route: Route;
  request?: TestRequest;
  /** Whether the caller has a token. Default yes. */
  isAnonymous?: boolean;
  /** In a fleet that has neither a token nor a cached response. */
  isFirst?: boolean;
  /** Calls of RingCentral, logins included. */
  sends: number;
}

const list = { bundle: "extensions/list-blocked-numbers" };
const compiled = { ...list, hasCompileCache: true } as const;
const live = { headers: { "cache-control": "no-cache" } };
const write = { body: { phoneNumber: BLOCKED, label: "Bench" } };
const cases: Readonly<Record<CaseName, ColdCase>> = {
  nothing: { runs: { peer: "nothing" }, route: getHealthRoute, sends: 0 },
  got: { runs: { peer: "bare-got" }, route: listBlockedNumbersRoute, sends: 2 },
  sdk: { runs: { peer: "sdk-express" }, route: listBlockedNumbersRoute, sends: 2 },
  health: { runs: { bundle: "operations/get-health" }, route: getHealthRoute, sends: 0 },
  rejected: { runs: list, route: listBlockedNumbersRoute, isAnonymous: true, sends: 0 },
  live: { runs: list, route: listBlockedNumbersRoute, request: live, sends: 1 },
  cached: { runs: list, route: listBlockedNumbersRoute, sends: 0 },
  liveCompiled: { runs: compiled, route: listBlockedNumbersRoute, request: live, sends: 1 },
  cachedCompiled: { runs: compiled, route: listBlockedNumbersRoute, sends: 0 },
  first: { runs: list, route: listBlockedNumbersRoute, isFirst: true, sends: 2 },
  overview: {
    runs: { bundle: "extensions/get-overview" },
    route: getOverviewRoute,
    request: live,
    sends: 4,
  },
  write: {
    runs: { bundle: "extensions/add-blocked-number" },
    route: addBlockedNumberRoute,
    request: write,
    sends: 1,
  },
};

/** One new process and its first response. */
export interface ColdStart {
  /** From the start of the process to its response. */
  ms: number;
  /** Until it requests its first event. */
  initMs: number;
  times: Record<Dependency | "all", Times>;
}
export type ColdStarts = Record<CaseName, ColdStart[]>;
const noStarts = (): ColdStarts => ({
  nothing: [],
  got: [],
  sdk: [],
  health: [],
  rejected: [],
  live: [],
  cached: [],
  liveCompiled: [],
  cachedCompiled: [],
  first: [],
  overview: [],
  write: [],
});

/**
 * The time from the start of a new process to its first response, for the deployed bundles and their peers, under
 * Lambda's runtime client. A round starts one process of each, so that a busy moment of the machine meets all.
 */
export async function measureColdStarts(ringcentralMs: number, rounds: number): Promise<ColdStarts> {
  const outDir = await mkdtemp(join(tmpdir(), "ringfront-cold-"));
  // Every process of a peer logs in. RingCentral ends the oldest of more than five sessions of a user, ours too.
  const service = await startService({ latencyMs: ringcentralMs, limits: AMPLE, maxSessions: 1_000 });
  try {
    const [bundles, ofPeers] = await Promise.all([bundleFunctions({ outDir }), bundlePeers(outDir)]);
    const compiledDir = join(outDir, "compiled");
    await mkdir(join(compiledDir, "functions", dirname(list.bundle)), { recursive: true });
    const pathIn = (dir: string, name: string) => join(dir, "functions", `${name}.mjs`);
    const listBundles = bundles.filter(({ name }) => name === list.bundle);
    putCompileCaches(listBundles.map((one) => ({ ...one, path: pathIn(compiledDir, one.name) })));
    const pathOf = ({ runs }: ColdCase) =>
      "peer" in runs ? ofPeers[runs.peer] : pathIn(runs.hasCompileCache ? compiledDir : outDir, runs.bundle);
    const times = new DependencyTimes({
      [new URL(service.twin.url).port]: "RingCentral",
      [new URL(service.issuer.url).port]: "issuer",
    });
    const starts = noStarts();
    // The first round leaves the fleet's token and cached responses, and warms the disk.
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of caseNames) {
        const start = await startCold(name, pathOf(cases[name]), service, times, round > 0);
        if (round > 0) starts[name].push(start);
      }
      process.stdout.write(round === rounds ? "\n" : ".");
    }
    return starts;
  } finally {
    await service.stop();
    await rm(outDir, { recursive: true, force: true });
  }
}

/** @throws Error for a response, or a number of calls, that the case does not have */
async function startCold(
  name: CaseName,
  path: string,
  service: Service,
  times: DependencyTimes,
  isCounted: boolean,
): Promise<ColdStart> {
  const { route, request, isAnonymous, isFirst, sends } = cases[name];
  const env: NodeJS.ProcessEnv = { ...process.env, ...environmentOfPeers(service.twin.url) };
  if (isFirst) {
    const table = `ringfront-bench-${randomUUID()}`;
    await createTable(service.dynamodb.url, table);
    env.TABLE_NAME = table;
  }
  const token = isAnonymous ? {} : { token: service.tokens.user };
  times.take();
  const { ms, initMs, statusCode } = await underLambdaRuntime(
    path,
    apiGatewayEvent(route, { ...token, ...request }),
    env,
  );
  const taken = times.take();
  if (isAnonymous ? statusCode !== 401 : statusCode >= 300) throw new Error(`${name}: status ${statusCode}`);
  if (isCounted && taken.RingCentral.calls !== sends)
    throw new Error(`${name}: ${taken.RingCentral.calls} calls of RingCentral, not ${sends}`);
  unblock(service);
  return { ms, initMs, times: taken };
}

/** The list is the same in each round. */
function unblock({ twin }: Service): void {
  const { callerBlocking } = twin.extension(SEED.extensionId);
  const index = callerBlocking.findIndex(({ phoneNumber }) => phoneNumber === BLOCKED);
  if (index >= 0) callerBlocking.splice(index, 1);
}
