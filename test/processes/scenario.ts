import { setTimeout as pause } from "node:timers/promises";
import type { TwinOptions } from "../twin/twin.ts";
import { faultsOf } from "./judge.ts";
import type { Traffic } from "./traffic.ts";
import type { World } from "./world.ts";

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
  /** Nothing runs beside it: it starts more processes than two cores start in time beside others. */
  isAlone?: boolean;
  /** Sets the fault, and keeps it until `until` at least. Absent: no fault, or the traffic itself sets faults. */
  strike?(world: World, until: number): void | Promise<void>;
  /** Everything that must have happened before the fault. */
  prepare(world: World, traffic: Traffic, warmSeconds: number): Promise<Drive>;
  /** Most time of a `storage_unavailable`, where neither clock nor processes are disturbed. */
  storageProblemMs?: number;
  /** Its traffic makes the dependencies fail and work again. */
  hasOwnFaults?: boolean;
  /** Problem codes that would name the wrong cause. */
  lies?: readonly string[];
  /** Of all users and the service together. Default: those of the service's token. */
  tokenCallsAMinute?: number;
  isSignIn?: boolean;
  accessTokenSeconds?: number;
  /** Whether it is part of the short form, and its time there. */
  shortSeconds?: number;
}

/**
 * Calls the functions until `until`.
 * @param calm is aborted when no fault and no disturbance will come anymore
 * @returns broken promises that only this traffic can see
 */
export type Drive = (until: number, calm: AbortSignal) => Promise<string[]>;

export const READ = "extensions/list-forwarding-numbers";
export const ADD = "extensions/add-forwarding-number";
export const RUN = "sync/run-sync";
export const AMPLE = { limits: { Light: 3_000, Medium: 3_000, Heavy: 3_000 } };

export const isWrite = ({ fleet }: Scenario) => ADD in fleet;
export const isSync = ({ fleet }: Scenario) => RUN in fleet;

const OVERTIME_SECONDS = 20;
const MAX_EXTRA_MS = 15_000;
/** For the pauses of a loaded machine. */
const SLACK_SECONDS = 25;

/** The most seconds that a scenario may take once its processes have started, by the machine's clock. */
export function boundOf(scenario: Scenario): number {
  const { speed = 1, warmSeconds, seconds, settleSeconds = 4 } = scenario;
  const { overtimeSeconds = OVERTIME_SECONDS } = scenario;
  return SLACK_SECONDS + Math.ceil((warmSeconds + seconds + settleSeconds + overtimeSeconds) / speed);
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
  const { speed = 1, warmSeconds, seconds, settleSeconds = 4 } = scenario;
  const drive = await scenario.prepare(world, traffic, warmSeconds);
  if (speed !== 1) world.hasten(Date.now());
  const warmMs = warmSeconds * 1_000;
  const until = Date.now() + warmMs + seconds * 1_000;
  const calm = new AbortController();
  const driving = warmMs > 0 ? drive(until, calm.signal) : undefined;
  await pause(warmMs);
  const faultFrom = Date.now();
  const striking = scenario.strike?.(world, until);
  const broken = driving ?? drive(until, calm.signal);
  await pause(until - Date.now());
  await striking;
  // On a loaded machine the first request that a fault affects may come late.
  const latest = until + MAX_EXTRA_MS;
  while (scenario.strike !== undefined && faultsOf(world) === 0 && Date.now() < latest) await pause(500);
  if (scenario.hasOwnFaults !== true) for (const proxy of Object.values(world.proxies)) proxy.set();
  calm.abort();
  const found = await broken;
  // Requests still on their way take effect before the verdict.
  await pause(settleSeconds * 1_000);
  return { faultFrom, broken: found };
}
