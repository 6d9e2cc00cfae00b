import { setTimeout as pause } from "node:timers/promises";
import type { TwinOptions } from "../twin/twin.ts";
import type { ProxiedRequest } from "./fault-proxy.ts";
import { keepSyncing } from "./sync-traffic.ts";
import { keepAdding, keepReading, type Traffic } from "./traffic.ts";
import type { World } from "./world.ts";

/** A fault, and how long callers meet it. */
export interface Scenario {
  name: string;
  /** Number of instances of the read and of the write function. */
  readers: number;
  writers: number;
  /** Number of instances of the sync; the scenario then tests the sync. */
  syncers?: number;
  seconds: number;
  /** Default: ample, so that the outcome shows the fault and not the budget. */
  limits?: TwinOptions["limits"];
  env?: NodeJS.ProcessEnv;
  /** Time in which the fleet works before the fault; 0: it starts cold during the fault. */
  warmSeconds: number;
  /** Time after the last call in which its effects may still appear. Default 4. */
  settleSeconds?: number;
  /** Sets the fault, and keeps it until `until`. */
  strike(world: World, until: number): void | Promise<void>;
  /** Problem codes that would name the wrong cause. */
  lies?: readonly string[];
  /** Whether it is part of the short form. */
  isShort?: boolean;
}

export const AMPLE = { Light: 3_000, Medium: 3_000, Heavy: 300 };
const serverError = { status: 500, body: JSON.stringify({ __type: "com.amazonaws#InternalServerError" }) };
const isAdd = ({ method, path }: ProxiedRequest) => method === "POST" && path.endsWith("/forwarding-number");
const isApi = ({ path }: ProxiedRequest) => !path.includes("/oauth/");

/** Kills a random instance every `everyMs`, or freezes it for 1 to 8 s. */
async function disturb(world: World, until: number, how: "kill" | "freeze" | "both", everyMs: number) {
  while (Date.now() < until) {
    await pause(everyMs * (0.5 + world.random()));
    const alive = world.instances.filter(({ isGone }) => !isGone);
    const chosen = alive[Math.floor(world.random() * alive.length)];
    if (how === "freeze" || (how === "both" && world.random() < 0.5)) {
      void chosen?.freeze(1_000 + 7_000 * world.random());
    } else chosen?.kill();
  }
}

/** RingCentral works while the table does not. */
const UPSTREAM_CODES = [
  "upstream_rate_limited",
  "upstream_unavailable",
  "upstream_timeout",
  "upstream_error",
];

export const scenarios: readonly Scenario[] = [
  {
    name: "none",
    readers: 4,
    writers: 4,
    seconds: 20,
    warmSeconds: 0,
    strike: () => {},
  },
  {
    name: "table away, cold fleet",
    lies: UPSTREAM_CODES,
    readers: 8,
    writers: 8,
    seconds: 100,
    limits: {},
    warmSeconds: 0,
    strike: ({ proxies }) => proxies.table.set({ kind: "refuse" }),
  },
  {
    name: "table takes 0.3 to 5 s, cold fleet",
    lies: UPSTREAM_CODES,
    readers: 8,
    writers: 8,
    seconds: 45,
    warmSeconds: 0,
    strike: ({ proxies, random }) => proxies.table.set({ kind: "delay", ms: () => 300 + 4_700 * random() }),
  },
  {
    name: "table away, warm fleet",
    readers: 12,
    writers: 8,
    seconds: 150,
    limits: {},
    warmSeconds: 15,
    strike: ({ proxies }) => proxies.table.set({ kind: "refuse" }),
  },
  {
    name: "table takes 0.3 to 5 s",
    lies: UPSTREAM_CODES,
    readers: 8,
    writers: 8,
    seconds: 70,
    warmSeconds: 5,
    strike: ({ proxies, random }) => proxies.table.set({ kind: "delay", ms: () => 300 + 4_700 * random() }),
  },
  {
    name: "table takes 0.7 s",
    lies: UPSTREAM_CODES,
    readers: 6,
    writers: 4,
    seconds: 45,
    warmSeconds: 5,
    strike: ({ proxies }) => proxies.table.set({ kind: "delay", ms: 700 }),
  },
  {
    name: "table returns 500",
    lies: UPSTREAM_CODES,
    readers: 4,
    writers: 4,
    seconds: 45,
    warmSeconds: 5,
    strike: ({ proxies }) => proxies.table.set({ kind: "status", ...serverError }),
  },
  {
    name: "502, and the write 3 s later",
    readers: 2,
    writers: 8,
    seconds: 60,
    warmSeconds: 2,
    isShort: true,
    strike: ({ proxies }) =>
      proxies.ringcentral.set({ kind: "late effect", status: 502, afterMs: 3_000, share: 0.5, only: isAdd }),
  },
  {
    name: "504, and the write up to 25 s later",
    readers: 2,
    writers: 8,
    seconds: 60,
    settleSeconds: 26,
    warmSeconds: 2,
    strike({ proxies, random }) {
      const afterMs = () => 5_000 + 20_000 * random();
      proxies.ringcentral.set({ kind: "late effect", status: 504, afterMs, share: 0.3, only: isAdd });
    },
  },
  {
    name: "reset after the write",
    readers: 2,
    writers: 8,
    seconds: 45,
    warmSeconds: 2,
    strike: ({ proxies }) =>
      proxies.ringcentral.set({ kind: "reset", processed: true, share: 0.5, only: isAdd }),
  },
  {
    name: "kill -9",
    readers: 4,
    writers: 8,
    seconds: 60,
    warmSeconds: 2,
    isShort: true,
    strike: (world, until) => disturb(world, until, "kill", 500),
  },
  {
    name: "SIGSTOP",
    readers: 4,
    writers: 8,
    seconds: 60,
    warmSeconds: 2,
    strike: (world, until) => disturb(world, until, "freeze", 800),
  },
  {
    name: "Secrets Manager away, cold fleet",
    lies: ["upstream_unavailable", "configuration_invalid"],
    readers: 4,
    writers: 4,
    seconds: 20,
    warmSeconds: 0,
    strike: ({ proxies }) => proxies.secrets.set({ kind: "refuse" }),
  },
  {
    name: "issuer away, cold fleet",
    readers: 4,
    writers: 4,
    seconds: 20,
    warmSeconds: 0,
    strike: ({ proxies }) => proxies.issuer.set({ kind: "refuse" }),
  },
  {
    name: "sync: kill -9, resets, moving list",
    readers: 0,
    writers: 0,
    syncers: 4,
    seconds: 50,
    // The first sync, and the follower's start.
    warmSeconds: 10,
    strike(world, until) {
      world.proxies.ringcentral.set({ kind: "reset", processed: true, share: 0.1, only: isApi });
      world.proxies.table.set({ kind: "reset", processed: true, share: 0.02 });
      return disturb(world, until, "both", 2_000);
    },
  },
  {
    name: "everything at once",
    readers: 6,
    writers: 8,
    seconds: 90,
    warmSeconds: 2,
    isShort: true,
    strike(world, until) {
      const { ringcentral, table, secrets } = world.proxies;
      ringcentral.set(
        { kind: "late effect", status: 502, afterMs: 3_000, share: 0.1, only: isAdd },
        { kind: "reset", processed: true, share: 0.05, only: isApi },
        { kind: "status", status: 503, body: "", share: 0.05, only: isApi },
      );
      table.set(
        { kind: "delay", ms: () => 2_000 * world.random(), share: 0.05 },
        { kind: "status", ...serverError, share: 0.03 },
        { kind: "reset", processed: true, share: 0.03 },
      );
      secrets.set({ kind: "refuse", share: 0.2 });
      return disturb(world, until, "both", 900);
    },
  },
];

/** The functions of a scenario, and the number of instances of each. */
export function fleetOf({ readers, writers, syncers }: Scenario): Record<string, number> {
  if (syncers === undefined) {
    return { "extensions/list-forwarding-numbers": readers, "extensions/add-forwarding-number": writers };
  }
  return { "sync/run-sync": syncers, "account/list-company-numbers": 1, "account/list-number-changes": 1 };
}

/**
 * Runs a scenario in a world.
 * @returns the start of the fault (epoch milliseconds), and the broken promises of the sync
 */
export async function play(
  scenario: Scenario,
  world: World,
  traffic: Traffic,
): Promise<{ faultFrom: number; broken: string[] }> {
  const { warmSeconds, seconds, readers, writers, syncers } = scenario;
  const broken: string[] = [];
  if (warmSeconds === 0) void scenario.strike(world, Date.now() + seconds * 1_000);
  const until = Date.now() + (warmSeconds + seconds) * 1_000;
  const callers = [
    ...Array.from({ length: readers }, () => keepReading(world, traffic, until, 250)),
    ...Array.from({ length: writers }, () => keepAdding(world, traffic, until, 400)),
    ...(syncers === undefined
      ? []
      : [keepSyncing(world, traffic, until).then((found) => void broken.push(...found))]),
  ];
  await pause(warmSeconds * 1_000);
  const faultFrom = Date.now();
  if (warmSeconds > 0) await scenario.strike(world, until);
  await Promise.all(callers);
  // Requests still on their way take effect before the verdict.
  for (const proxy of Object.values(world.proxies)) proxy.set();
  await pause((scenario.settleSeconds ?? 4) * 1_000);
  return { faultFrom, broken };
}
