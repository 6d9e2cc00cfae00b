import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFunctions } from "../../infra/build/bundle.ts";
import { addBlockedNumberRoute, listBlockedNumbersRoute } from "../../lib/contract/blocked-numbers.ts";
import { getOverviewRoute } from "../../lib/contract/overview.ts";
import type { Route } from "../../lib/contract/route.ts";
import { apiGatewayEvent, type TestRequest } from "../support/api-gateway.ts";
import { type Service, startService } from "../support/service.ts";
import { SEED } from "../twin/twin.ts";
import { DependencyTimes } from "./dependency-times.ts";
import { bundlePeers, environmentOfPeers } from "./peers.ts";
import { type Shares, sharesOf } from "./warm-shares.ts";
import { SliceResult } from "./warm-slice.ts";

/** More than this run sends. */
const AMPLE = { Light: 100_000, Medium: 100_000, Heavy: 100_000, Auth: 1_000 };
/** Numbers in the list that is read. */
const ITEMS = 100;
/** The numbers that writes add begin with this. */
const ADDED = "+1213555";
/** Slices before those that count, until V8 has compiled what is hot. */
const WARM_UP = 3;

export const runners = ["got", "sdk", "ours"] as const;
export type Runner = (typeof runners)[number];
export const warmCases = ["live", "cached", "overview", "write"] as const;
export type WarmCase = (typeof warmCases)[number];

interface Case {
  route: Route;
  /** Our function, under `functions/`. */
  bundle: string;
  request: (n: number) => TestRequest;
  requests: number;
  /** RingCentral calls of a request of ours. Peers have no cache. */
  sends: number;
}
const list = { route: listBlockedNumbersRoute, bundle: "extensions/list-blocked-numbers" };
const noCache = { headers: { "cache-control": "no-cache" } };
/** In the order of a round: the live reads leave the response that the cached ones take. */
const cases: Readonly<Record<WarmCase, Case>> = {
  live: { ...list, request: () => noCache, requests: 100, sends: 1 },
  cached: { ...list, request: () => ({}), requests: 200, sends: 0 },
  overview: {
    route: getOverviewRoute,
    bundle: "extensions/get-overview",
    request: () => noCache,
    requests: 50,
    sends: 4,
  },
  write: {
    route: addBlockedNumberRoute,
    bundle: "extensions/add-blocked-number",
    request: (n) => ({
      body: { phoneNumber: `${ADDED}${String(100 + n).padStart(4, "0")}`, label: "Bench" },
    }),
    requests: 90,
    sends: 1,
  },
};

export interface WarmMeasures {
  /** Of a request, by slice. */
  cpuMs: number[];
  perSecond: number[];
  tableCalls: number[];
  /** Of each request. */
  latencies: number[];
}
export type WarmRun = Record<Runner, Record<WarmCase, WarmMeasures>> & {
  /** Of the processor time of ours. */
  shares: Partial<Record<WarmCase, Shares>>;
};

export interface WarmOptions {
  ringcentralMs: number;
  rounds: number;
  /** Of the requests of a slice. Default all. */
  share?: number;
}

/**
 * The same requests to warm functions, in slices that take turns. Each function has a process of its own; all their
 * dependencies are in this one. A process gets one request at a time, as in Lambda.
 */
export async function measureWarm({ ringcentralMs, rounds, share = 1 }: WarmOptions): Promise<WarmRun> {
  const outDir = await mkdtemp(join(tmpdir(), "ringfront-warm-"));
  const service = await startService({ latencyMs: ringcentralMs, limits: AMPLE, maxSessions: 1_000 });
  const children: ChildProcess[] = [];
  try {
    fillList(service);
    const bundling = bundleFunctions({ outDir, mapsDir: join(outDir, "maps") });
    const [, ofPeers] = await Promise.all([bundling, bundlePeers(outDir)]);
    const start = async (path: string) => {
      const child = await startWarm(path, service);
      children.push(child);
      return child;
    };
    const [got, sdk] = [await start(ofPeers["bare-got"]), await start(ofPeers["sdk-express"])];
    const reads = await start(join(outDir, "functions", `${list.bundle}.mjs`));
    const overview = await start(join(outDir, "functions", `${cases.overview.bundle}.mjs`));
    const write = await start(join(outDir, "functions", `${cases.write.bundle}.mjs`));
    const childOf: Record<Runner, Record<WarmCase, ChildProcess>> = {
      got: { live: got, cached: got, overview: got, write: got },
      sdk: { live: sdk, cached: sdk, overview: sdk, write: sdk },
      ours: { live: reads, cached: reads, overview, write },
    };
    const times = new DependencyTimes({ [new URL(service.twin.url).port]: "RingCentral" });
    const run: WarmRun = { got: noMeasures(), sdk: noMeasures(), ours: noMeasures(), shares: {} };
    for (let round = -WARM_UP; round < rounds; round += 1) {
      for (const name of warmCases) {
        for (const runner of runners) {
          const slice = new Slice(service, times, childOf[runner][name], { name, runner, share });
          const { cpuMs, perSecond, latencies, tableCalls, sent } = await slice.play();
          if (round < 0) continue;
          slice.check(sent);
          const measures = run[runner][name];
          measures.cpuMs.push(cpuMs);
          measures.perSecond.push(perSecond);
          measures.latencies.push(...latencies);
          measures.tableCalls.push(tableCalls);
        }
      }
      process.stdout.write(round === rounds - 1 ? "\n" : ".");
    }
    for (const name of warmCases) {
      const slice = new Slice(service, times, childOf.ours[name], { name, runner: "ours", share });
      const [profile, bundle] = [join(outDir, `${name}.cpuprofile`), `functions/${cases[name].bundle}.mjs`];
      await slice.play(profile);
      run.shares[name] = await sharesOf(profile, bundle, join(outDir, "maps", `${bundle}.map`));
    }
    return run;
  } finally {
    for (const child of children) child.kill();
    await service.stop();
    await rm(outDir, { recursive: true, force: true });
  }
}

const none = (): WarmMeasures => ({ cpuMs: [], perSecond: [], latencies: [], tableCalls: [] });
const noMeasures = () => ({ live: none(), cached: none(), overview: none(), write: none() });

/** @returns a process that keeps the function warm */
export async function startWarm(path: string, { twin }: Service): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL("warm-process.ts", import.meta.url)), [path], {
    env: { ...process.env, ...environmentOfPeers(twin.url) },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await once(child, "message");
  return child;
}

class Slice {
  readonly #service: Service;
  readonly #times: DependencyTimes;
  readonly #child: ChildProcess;
  readonly #name: WarmCase;
  readonly #runner: Runner;
  readonly #requests: number;

  constructor(
    service: Service,
    times: DependencyTimes,
    child: ChildProcess,
    { name, runner, share }: { name: WarmCase; runner: Runner; share: number },
  ) {
    this.#service = service;
    this.#times = times;
    this.#child = child;
    this.#name = name;
    this.#runner = runner;
    this.#requests = Math.ceil(share * cases[name].requests);
  }

  /** @param profile where one goes @throws Error for a response that is no success */
  async play(profile?: string) {
    const { route, request } = cases[this.#name];
    const requests = this.#requests;
    const token = this.#service.tokens.user;
    const events = Array.from({ length: requests }, (_, n) =>
      apiGatewayEvent(route, { token, ...request(n) }),
    );
    const answered = once(this.#child, "message");
    this.#times.take();
    this.#child.send({ events, profile });
    const { wallMs, cpuMs, latencies, failed } = SliceResult.parse((await answered)[0]);
    const { table } = this.#times.take();
    const sent = this.#service.sent().length;
    this.#service.forget();
    trimList(this.#service);
    if (failed !== undefined) throw new Error(`${this.#runner}, ${this.#name}: ${failed}`);
    return {
      latencies,
      cpuMs: cpuMs / requests,
      perSecond: (1_000 * requests) / wallMs,
      tableCalls: table.calls / requests,
      sent,
    };
  }

  /** @throws Error for a number of RingCentral calls that the case does not have */
  check(sent: number): void {
    const { sends } = cases[this.#name];
    const expected = this.#requests * (this.#runner === "ours" ? sends : Math.max(1, sends));
    if (sent !== expected)
      throw new Error(`${this.#runner}, ${this.#name}: ${sent} calls of RingCentral, not ${expected}`);
  }
}

const blockedOf = ({ twin }: Service) => twin.extension(SEED.extensionId).callerBlocking;

function fillList(service: Service): void {
  const entries = blockedOf(service);
  for (let n = entries.filter(({ status }) => status === "Blocked").length; n < ITEMS; n += 1) {
    const phoneNumber = `+1212555${String(100 + n).padStart(4, "0")}`;
    entries.push({ id: `9${n}`, legacyId: `9900${n}`, phoneNumber, label: `Caller ${n}`, status: "Blocked" });
  }
}

/** Without what a slice of writes added. */
function trimList(service: Service): void {
  const entries = blockedOf(service);
  for (let n = entries.length - 1; n >= 0; n -= 1)
    if (entries[n]?.phoneNumber.startsWith(ADDED)) entries.splice(n, 1);
}
