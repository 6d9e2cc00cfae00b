import {
  type CutOff,
  cutOffRefreshes,
  keepUsingSessions,
  LIFE_SECONDS,
  signInAll,
  TOKEN_CALLS,
} from "./own-sessions.ts";
import { ADD, AMPLE, type Drive, READ, RUN, type Scenario } from "./scenario.ts";
import { firstSync, keepSyncing, type SyncLoad } from "./sync-traffic.ts";
import { keepAdding, keepReading, type Traffic, type WriteLoad } from "./traffic.ts";
import type { World } from "./world.ts";

/** On a loaded machine the first calls of a fleet take some time. */
const WARM_UP_MS = 8_000;

/** A fleet that reads and writes, and a caller for each of its instances. */
export function readAndWrite(readers: number, writers: number, load?: WriteLoad) {
  return {
    fleet: { [READ]: readers, [ADD]: writers },
    async prepare(world: World, traffic: Traffic, warmSeconds: number): Promise<Drive> {
      const drive: Drive = async (until, calm) => {
        const isOver = () => Date.now() >= until && calm.aborted;
        await Promise.all([
          ...Array.from({ length: readers }, () => keepReading(world, traffic, isOver, 250)),
          ...Array.from({ length: writers }, () => keepAdding(world, traffic, isOver, until, load)),
        ]);
        return [];
      };
      const latest = Date.now() + WARM_UP_MS;
      const isCold = () => world.instances.some(({ isWarm }) => !isWarm);
      while (warmSeconds > 0 && isCold() && Date.now() < latest)
        await drive(Date.now() + 1_000, AbortSignal.abort());
      return drive;
    },
  };
}

/** A fleet that syncs a list of at least five pages while it changes. */
export function syncMovingList(load: SyncLoad) {
  return {
    fleet: {
      [RUN]: 5,
      "sync/get-sync-status": 1,
      "account/list-company-numbers": 1,
      "account/list-number-changes": 1,
    },
    twin: { ...AMPLE, maxPerPage: 40, latencyMs: 300 },
    // A killed run's lease ends 125 s after its last save; then the next message finishes the work.
    overtimeSeconds: 700,
    async prepare(world: World, traffic: Traffic): Promise<Drive> {
      const follower = await firstSync(world, traffic);
      return (_, calm) => keepSyncing(world, traffic, calm, load, follower);
    },
  };
}

/** A fleet that serves people by their own sessions at RingCentral, and dies while these are refreshed. */
export function ownSessions(): Scenario {
  const cutOff: CutOff = { count: 0, refreshes: 0 };
  return {
    name: "own sessions: kill -9 while tokens rotate",
    fleet: { [READ]: 10 },
    twin: { limits: { ...AMPLE.limits, Auth: TOKEN_CALLS } },
    lies: ["sign_in_required"],
    speed: 5,
    seconds: 360,
    warmSeconds: 0,
    overtimeSeconds: 240,
    tokenCallsAMinute: TOKEN_CALLS,
    isSignIn: true,
    accessTokenSeconds: LIFE_SECONDS,
    strike: (world, until) => cutOffRefreshes(world, until, cutOff),
    async prepare(world, traffic) {
      const signedIn = await signInAll(world);
      return (_, calm) => keepUsingSessions(world, traffic, calm, signedIn, cutOff);
    },
  };
}
