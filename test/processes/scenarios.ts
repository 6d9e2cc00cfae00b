import { setTimeout as pause } from "node:timers/promises";
import { SEED, type TwinOptions } from "../twin/twin.ts";
import { fastFrom } from "./fast-clock.ts";
import type { Fault, ProxiedRequest } from "./fault-proxy.ts";
import { firstSync, keepRequesting, keepSyncing, type SyncLoad } from "./sync-traffic.ts";
import { keepAdding, keepReading, type Traffic, type WriteLoad } from "./traffic.ts";
import { isAdd, type World } from "./world.ts";

/** A fault, and how long callers meet it. All times are by the scenario's clock. */
export interface Scenario {
  name: string;
  /** Number of instances of each function, at least eight together. */
  fleet: Readonly<Record<string, number>>;
  /** Speed of the clock of all its processes and of its dependencies, from the fault on. Default 1. */
  speed?: number;
  /** Time in which the fleet works before the fault; 0: it starts cold during the fault. */
  warmSeconds: number;
  seconds: number;
  /** Time after the last call in which its effects may still appear. Default 4. */
  settleSeconds?: number;
  /** Most time that callers may take after `seconds`. Default 20. */
  overtimeSeconds?: number;
  /** Default: ample limits, so that the outcome shows the fault and not the budget. */
  twin?: TwinOptions;
  /** Sets the fault, and keeps it until `until`. */
  strike?(world: World, until: number): void | Promise<void>;
  /** Everything that must have happened before the fault. */
  prepare(world: World, traffic: Traffic, warmSeconds: number): Promise<Drive>;
  /** Most time of a `storage_unavailable`, where neither clock nor processes are disturbed. */
  storageProblemMs?: number;
  /** Problem codes that would name the wrong cause. */
  lies?: readonly string[];
  /** Whether it is part of the short form, and its time there. */
  shortSeconds?: number;
}

/** Calls the functions until `until`. @returns broken promises that only this traffic can see */
type Drive = (until: number) => Promise<string[]>;

const READ = "extensions/list-forwarding-numbers";
const ADD = "extensions/add-forwarding-number";
const AMPLE = { limits: { Light: 3_000, Medium: 3_000, Heavy: 3_000 } };
const serverError = { status: 500, body: JSON.stringify({ __type: "com.amazonaws#InternalServerError" }) };
const isApi = ({ path }: ProxiedRequest) => !path.includes("/oauth/");

/** A share of the requests fails, in every way in turn. */
function inEveryWay(
  share: number,
  random: () => number,
  only: (request: ProxiedRequest) => boolean = () => true,
) {
  let count = 0;
  const ways: Fault[] = [
    { kind: "refuse" },
    { kind: "status", ...serverError },
    { kind: "reset", processed: true },
    { kind: "delay", ms: () => 3_000 * random() },
  ];
  return (request: ProxiedRequest): Fault | undefined => {
    if (!only(request) || random() >= share) return undefined;
    count += 1;
    return ways[count % ways.length];
  };
}

/** Kills a random instance every `everyMs`, or freezes it for 1 to 8 s. */
async function disturb(world: World, until: number, how: "kill" | "freeze" | "both", everyMs: number) {
  while (Date.now() < until) {
    await pause(everyMs * (0.5 + world.random()));
    const alive = world.instances.filter(({ isGone }) => !isGone);
    const chosen = alive[Math.floor(world.random() * alive.length)];
    if (chosen === undefined) continue;
    if (how === "freeze" || (how === "both" && world.random() < 0.5)) {
      world.disturbances.freezes += 1;
      void chosen.freeze(1_000 + 7_000 * world.random());
    } else {
      world.disturbances.kills += 1;
      chosen.kill();
    }
  }
}

/** On a loaded machine the first calls of a fleet take some time. */
const WARM_UP_MS = 8_000;

/** A fleet that reads and writes, and a caller for each of its instances. */
function readAndWrite(readers: number, writers: number, load?: WriteLoad) {
  return {
    fleet: { [READ]: readers, [ADD]: writers },
    async prepare(world: World, traffic: Traffic, warmSeconds: number): Promise<Drive> {
      const drive = async (until: number): Promise<string[]> => {
        await Promise.all([
          ...Array.from({ length: readers }, () => keepReading(world, traffic, until, 250)),
          ...Array.from({ length: writers }, () => keepAdding(world, traffic, until, load)),
        ]);
        return [];
      };
      const latest = Date.now() + WARM_UP_MS;
      const isCold = () => world.instances.some(({ isWarm }) => !isWarm);
      while (warmSeconds > 0 && isCold() && Date.now() < latest) await drive(Date.now() + 1_000);
      return drive;
    },
  };
}

/** A fleet that syncs a list of at least five pages while it changes. */
function syncMovingList(load: SyncLoad) {
  return {
    fleet: {
      "sync/run-sync": 5,
      "sync/get-sync-status": 1,
      "account/list-company-numbers": 1,
      "account/list-number-changes": 1,
    },
    twin: { ...AMPLE, maxPerPage: 40, latencyMs: 300 },
    // A killed run's lease ends 125 s after its last save; then the next message finishes the work.
    overtimeSeconds: 220,
    async prepare(world: World, traffic: Traffic): Promise<Drive> {
      const follower = await firstSync(world, traffic);
      return (until) => keepSyncing(world, traffic, until, load, follower);
    },
  };
}

/** A table that responds too late is reported as such within 2 s, and half a second for a loaded machine. */
const STORAGE_PROBLEM_MS = 2_500;

/** RingCentral works while the table does not. */
const UPSTREAM_CODES = [
  "upstream_rate_limited",
  "upstream_unavailable",
  "upstream_timeout",
  "upstream_error",
];

/**
 * The first POSTs of the numbers are lost, late and carried out in turn; each later one is carried out. Where one was
 * lost, another app then adds the same number with another label.
 */
function failFirstSends({ proxies, random, twin }: World): void {
  const seen = new Set<string>();
  const afterMs = () => 2_000 + 113_000 * random();
  const fates: (Fault | undefined)[] = [
    { kind: "status", status: 504, body: "" },
    { kind: "late effect", status: 504, afterMs },
    undefined,
  ];
  proxies.ringcentral.set((request) => {
    // POSTs of the same number have the same body.
    if (!isAdd(request) || seen.has(request.body)) return undefined;
    seen.add(request.body);
    const fate = fates[(seen.size - 1) % fates.length];
    const { forwarding } = twin.extension(SEED.extensionId);
    if (fate?.kind === "status" && forwarding.length < MAX_OTHERS) {
      const { phoneNumber } = JSON.parse(request.body);
      forwarding.push({
        id: String(900_000 + seen.size),
        type: "Mobile",
        label: "Mobile",
        features: [],
        phoneNumber,
      });
    }
    return fate;
  });
}

/** Leaves room for the numbers of the writers: an extension has ten. */
const MAX_OTHERS = 5;
/** A POST may be sent again after 126 s. A caller has an outcome soon after that, also on a loaded machine. */
const GIVES_UP_MS = 330_000;

const PATIENT = readAndWrite(1, 8, {
  givesUpAfterMs: GIVES_UP_MS,
  maxCalls: 1_000,
  maxWaitMs: 30_000,
  pauseMs: 2_000,
});

export const scenarios: readonly Scenario[] = [
  { name: "none", ...readAndWrite(4, 4), seconds: 12, warmSeconds: 0 },
  {
    name: "table away, cold fleet",
    ...readAndWrite(8, 8),
    lies: UPSTREAM_CODES,
    storageProblemMs: STORAGE_PROBLEM_MS,
    twin: {},
    seconds: 75,
    warmSeconds: 0,
    strike: ({ proxies }) => proxies.table.set({ kind: "refuse" }),
  },
  {
    name: "table takes 0.3 to 5 s, cold fleet",
    ...readAndWrite(8, 8),
    lies: UPSTREAM_CODES,
    storageProblemMs: STORAGE_PROBLEM_MS,
    seconds: 30,
    warmSeconds: 0,
    strike: ({ proxies, random }) => proxies.table.set({ kind: "delay", ms: () => 300 + 4_700 * random() }),
  },
  {
    name: "table away, warm fleet",
    ...readAndWrite(12, 8),
    lies: ["upstream_unavailable", "upstream_timeout", "upstream_error"],
    storageProblemMs: STORAGE_PROBLEM_MS,
    twin: {},
    seconds: 100,
    warmSeconds: 5,
    strike: ({ proxies }) => proxies.table.set({ kind: "refuse" }),
  },
  {
    name: "table takes 0.3 to 5 s",
    ...readAndWrite(8, 8),
    lies: UPSTREAM_CODES,
    storageProblemMs: STORAGE_PROBLEM_MS,
    seconds: 35,
    warmSeconds: 5,
    strike: ({ proxies, random }) => proxies.table.set({ kind: "delay", ms: () => 300 + 4_700 * random() }),
  },
  {
    name: "table takes 0.7 s",
    ...readAndWrite(6, 4),
    lies: UPSTREAM_CODES,
    storageProblemMs: STORAGE_PROBLEM_MS,
    seconds: 30,
    warmSeconds: 5,
    strike: ({ proxies }) => proxies.table.set({ kind: "delay", ms: 700 }),
  },
  {
    name: "table returns 500",
    ...readAndWrite(4, 4),
    lies: UPSTREAM_CODES,
    storageProblemMs: STORAGE_PROBLEM_MS,
    seconds: 30,
    warmSeconds: 5,
    strike: ({ proxies }) => proxies.table.set({ kind: "status", ...serverError }),
  },
  {
    name: "table loses the responses to writes, cold fleet",
    ...readAndWrite(8, 8),
    lies: UPSTREAM_CODES,
    seconds: 30,
    warmSeconds: 0,
    strike: ({ proxies }) =>
      proxies.table.set({ kind: "hang", processed: true, only: ({ body }) => body.includes('"Item"') }),
  },
  {
    name: "responses that hang or end early",
    ...readAndWrite(2, 8),
    seconds: 25,
    warmSeconds: 2,
    settleSeconds: 10,
    strike: ({ proxies }) =>
      proxies.ringcentral.set(
        { kind: "hang", processed: true, share: 0.2, only: isAdd },
        { kind: "hang", processed: false, share: 0.2, only: isAdd },
        { kind: "truncate", share: 0.3, only: isApi },
      ),
  },
  {
    name: "502, and the write 3 s later",
    ...readAndWrite(2, 8),
    seconds: 30,
    warmSeconds: 2,
    shortSeconds: 12,
    strike: ({ proxies }) =>
      proxies.ringcentral.set({ kind: "late effect", status: 502, afterMs: 3_000, share: 0.5, only: isAdd }),
  },
  {
    name: "504, and the write up to 115 s later or never",
    ...PATIENT,
    speed: 6,
    seconds: 60,
    overtimeSeconds: GIVES_UP_MS / 1_000,
    warmSeconds: 2,
    strike: failFirstSends,
    async prepare(world, traffic, warmSeconds) {
      const drive = await PATIENT.prepare(world, traffic, warmSeconds);
      return async (until) => {
        await drive(until);
        const stuck = traffic.intents.filter(({ added, isRejected }) => !added && !isRejected).length;
        return [
          ...(stuck > 0 ? [`${stuck} writes have no effect after ${GIVES_UP_MS / 1_000} s`] : []),
          ...(traffic.intents.length < world.sends.length ? [] : ["no write was sent again"]),
        ];
      };
    },
  },
  {
    name: "reset after the write",
    ...readAndWrite(2, 8),
    seconds: 30,
    warmSeconds: 2,
    strike: ({ proxies }) =>
      proxies.ringcentral.set({ kind: "reset", processed: true, share: 0.5, only: isAdd }),
  },
  {
    name: "kill -9",
    ...readAndWrite(4, 8),
    seconds: 35,
    warmSeconds: 2,
    shortSeconds: 12,
    strike: (world, until) => disturb(world, until, "kill", 1_000),
  },
  {
    name: "SIGSTOP",
    ...readAndWrite(4, 8),
    seconds: 35,
    warmSeconds: 2,
    strike: (world, until) => disturb(world, until, "freeze", 800),
  },
  {
    name: "Secrets Manager away, cold fleet",
    ...readAndWrite(4, 4),
    lies: ["upstream_unavailable", "configuration_invalid"],
    seconds: 15,
    warmSeconds: 0,
    strike: ({ proxies }) => proxies.secrets.set({ kind: "refuse" }),
  },
  {
    name: "issuer away, cold fleet",
    ...readAndWrite(4, 4),
    lies: UPSTREAM_CODES,
    seconds: 15,
    warmSeconds: 0,
    strike: ({ proxies }) => proxies.issuer.set({ kind: "refuse" }),
  },
  {
    name: "sync: moving list",
    ...syncMovingList({ editEveryMs: 300, everySyncCommits: true }),
    speed: 3,
    seconds: 75,
    warmSeconds: 1,
  },
  {
    name: "sync: kill -9, SIGSTOP, moving list, failing dependencies",
    ...syncMovingList({ editEveryMs: 700 }),
    speed: 5,
    seconds: 200,
    warmSeconds: 1,
    strike(world, until) {
      const { ringcentral, table, queue, bus } = world.proxies;
      const { random } = world;
      ringcentral.set(inEveryWay(0.1, random, isApi));
      table.set(inEveryWay(0.03, random));
      queue.set(inEveryWay(0.4, random));
      bus.set(inEveryWay(0.5, random));
      return disturb(world, until, "both", 8_000);
    },
  },
  {
    name: "sync: queue away",
    fleet: { "sync/run-sync": 4, "sync/start-sync": 2, "sync/get-sync-status": 2 },
    speed: 3,
    seconds: 90,
    warmSeconds: 2,
    overtimeSeconds: 240,
    strike: () => {},
    prepare: async (world, traffic) => (until) => keepRequesting(world, traffic, until),
  },
  {
    name: "everything at once",
    ...readAndWrite(6, 8),
    seconds: 50,
    warmSeconds: 2,
    shortSeconds: 15,
    strike(world, until) {
      const { ringcentral, table, secrets, issuer } = world.proxies;
      const { random } = world;
      ringcentral.set(
        { kind: "late effect", status: 502, afterMs: 3_000, share: 0.1, only: isAdd },
        inEveryWay(0.1, random, isApi),
      );
      table.set(inEveryWay(0.07, random));
      secrets.set(inEveryWay(0.3, random));
      issuer.set(inEveryWay(0.3, random));
      return disturb(world, until, "both", 900);
    },
  },
];

const OVERTIME_SECONDS = 20;
/** Time to start the processes of a scenario, and to end them, on a loaded machine. */
const START_SECONDS = 35;

/** The most seconds that a scenario may take, by the machine's clock. */
export function boundOf(scenario: Scenario): number {
  const { speed = 1, warmSeconds, seconds, settleSeconds = 4 } = scenario;
  const { overtimeSeconds = OVERTIME_SECONDS } = scenario;
  return START_SECONDS + Math.ceil((warmSeconds + seconds + settleSeconds + overtimeSeconds) / speed);
}

export const twinOf = ({ twin = AMPLE }: Scenario): TwinOptions => twin;

/**
 * Runs a scenario in a world.
 * @returns the start of the fault (epoch milliseconds), and the broken promises that its traffic has seen
 */
export async function play(
  scenario: Scenario,
  world: World,
  traffic: Traffic,
): Promise<{ faultFrom: number; broken: string[] }> {
  const { warmSeconds, seconds, settleSeconds = 4 } = scenario;
  const drive = await scenario.prepare(world, traffic, warmSeconds);
  const warmMs = Math.max(warmSeconds * 1_000, fastFrom - Date.now());
  const until = Date.now() + warmMs + seconds * 1_000;
  const driving = warmMs > 0 ? drive(until) : undefined;
  await pause(warmMs);
  const faultFrom = Date.now();
  const striking = scenario.strike?.(world, until);
  const broken = driving ?? drive(until);
  await pause(until - Date.now());
  await striking;
  for (const proxy of Object.values(world.proxies)) proxy.set();
  const found = await broken;
  // Requests still on their way take effect before the verdict.
  await pause(settleSeconds * 1_000);
  return { faultFrom, broken: found };
}
