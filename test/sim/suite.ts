import type { Scenario } from "./scenarios.ts";

export interface SuiteSize {
  instances: number;
  /** Of the overloads, as a multiple of each limit. */
  load: number;
  /** Of virtual time, of the longest scenarios. */
  hours: number;
  seed: number;
}

/**
 * Without the table for ten minutes, under overload. Two minutes in, an outside client spends every limit, so that the
 * fleet gets a 429 that no process can tell the others of.
 */
export function outages(
  sizes: readonly number[],
  { load, seed }: Pick<SuiteSize, "load" | "seed">,
): Scenario[] {
  return sizes.map((instances) => ({
    name: `table away for 10 minutes, ${instances} instances`,
    instances,
    minutes: 15,
    seed,
    client: "ringfront",
    load,
    coldBurst: true,
    outside: { burst: 1 },
    tableAway: { from: 3, to: 13 },
  }));
}

/** Every situation the fleet must cope with, and the same overload without the rate limiter. */
export function scenariosFor({ instances, load, hours, seed }: SuiteSize): Scenario[] {
  const minutes = Math.max(8, Math.round(hours * 60));
  // Few of its interactive calls are Heavy: in one hour their 99th percentile is the second worst of 140.
  const long = hours < 1 ? minutes : 4 * minutes;
  const some = Math.max(8, Math.round(minutes / 2));
  const fleet = { instances, seed, client: "ringfront" as const };
  return [
    { ...fleet, name: "steady at 60 %", minutes: some, load: 0.6 },
    { ...fleet, name: `overload, ${load} times the limit`, minutes, load },
    { ...fleet, name: "burst of cold starts, then 50 %", minutes: some, load: 0.5, coldBurst: true },
    { ...fleet, name: "overload, others take 30 %", minutes, load, outside: { share: 0.3 } },
    { ...fleet, name: "overload, others' bursts of 60 %", minutes: some, load, outside: { burst: 0.6 } },
    { ...fleet, name: "interactive at 25 %, two syncs", minutes: long, load: 0.25, syncs: 2 },
    {
      ...fleet,
      client: "sdk with a shared token",
      name: "overload, clients as `@ringcentral/sdk` with `handleRateLimit`, token for free",
      minutes: some,
      load,
    },
    { ...fleet, client: "sdk", name: "overload, the same with own logins", minutes: some, load },
  ];
}
