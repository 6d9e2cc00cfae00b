import { readAtOnce, readBeyondLimits, TOKEN_CALLS } from "./cold-traffic.ts";
import { ownSessions, readAndWrite, syncMovingList } from "./fleets.ts";
import { keepMoving } from "./moved-traffic.ts";
import { ADD, AMPLE, READ, RUN, type Scenario } from "./scenario.ts";
import {
  disturb,
  failFirstSends,
  inEveryWay,
  inEveryWayAlways,
  isApi,
  serverError,
  untilAllFailed,
} from "./strikes.ts";
import { keepRequesting } from "./sync-traffic.ts";
import { isAdd } from "./world.ts";

/**
 * A table that responds too late is reported as such within 2 s, or 2.5 s with lost races. Time in which the machine did not
 * run the process is not counted.
 */
const STORAGE_PROBLEM_MS = 2_500;

/** RingCentral works while the table does not. */
const UPSTREAM_CODES = [
  "upstream_rate_limited",
  "upstream_unavailable",
  "upstream_timeout",
  "upstream_error",
];

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
    name: "200 cold processes, then 200 requests at once",
    fleet: { [READ]: 8 },
    isAlone: true,
    seconds: 1,
    overtimeSeconds: 150,
    warmSeconds: 0,
    tokenCallsAMinute: TOKEN_CALLS,
    prepare: async (world, traffic) => () => readAtOnce(world, traffic),
  },
  {
    name: "200 requests at once, cold fleet, RingCentral's limits",
    fleet: { [READ]: 12 },
    twin: {},
    seconds: 1,
    warmSeconds: 0,
    tokenCallsAMinute: TOKEN_CALLS,
    prepare: async (world, traffic) => () => readBeyondLimits(world, traffic),
  },
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
    overtimeSeconds: 120 + GIVES_UP_MS / 1_000,
    warmSeconds: 2,
    strike: failFirstSends,
    async prepare(world, traffic, warmSeconds) {
      const drive = await PATIENT.prepare(world, traffic, warmSeconds);
      return async (until, calm) => {
        await drive(until, calm);
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
    name: "Secrets Manager fails in every way, cold fleet",
    ...readAndWrite(4, 4),
    lies: ["upstream_unavailable", "configuration_invalid"],
    seconds: 15,
    warmSeconds: 0,
    strike: ({ proxies, random }) => proxies.secrets.set(inEveryWayAlways(random)),
  },
  {
    name: "issuer fails in every way, cold fleet",
    ...readAndWrite(4, 4),
    lies: UPSTREAM_CODES,
    seconds: 15,
    warmSeconds: 0,
    strike: ({ proxies, random }) => proxies.issuer.set(inEveryWayAlways(random)),
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
    speed: 6,
    seconds: 420,
    warmSeconds: 1,
    async strike(world, until) {
      const { ringcentral, table, queue, bus } = world.proxies;
      const { random } = world;
      ringcentral.set(inEveryWay(0.1, random, isApi));
      table.set(inEveryWay(0.03, random));
      queue.set(inEveryWay(0.4, random));
      bus.set(inEveryWay(0.5, random));
      await disturb(world, until, "both", 3_500);
      // A killed run keeps others from publishing changes.
      await untilAllFailed(world, ["ringcentral", "table", "queue", "bus"], until + 300_000);
    },
  },
  {
    name: "sync: queue away",
    fleet: { [RUN]: 4, "sync/start-sync": 2, "sync/get-sync-status": 2 },
    speed: 3,
    seconds: 90,
    warmSeconds: 2,
    overtimeSeconds: 240,
    hasOwnFaults: true,
    prepare: async (world, traffic) => (until) => keepRequesting(world, traffic, until),
  },
  ownSessions(),
  {
    name: "moved extensions: kill -9, SIGSTOP",
    fleet: { [ADD]: 6, "extensions/delete-forwarding-number": 4 },
    twin: { ...AMPLE, callHandling: "new" },
    speed: 6,
    seconds: 300,
    warmSeconds: 0,
    overtimeSeconds: 700,
    prepare: async (world, traffic) => (until) => keepMoving(world, traffic, until),
    strike: (world, until) => disturb(world, until, "both", 5_000),
  },
  {
    name: "everything at once",
    ...readAndWrite(6, 8),
    seconds: 50,
    warmSeconds: 2,
    shortSeconds: 15,
    strike(world, until) {
      const { ringcentral, table, secrets, issuer, audit } = world.proxies;
      const { random } = world;
      ringcentral.set(
        { kind: "late effect", status: 502, afterMs: 3_000, share: 0.1, only: isAdd },
        inEveryWay(0.1, random, isApi),
      );
      table.set(inEveryWay(0.07, random));
      secrets.set(inEveryWay(0.3, random));
      issuer.set(inEveryWay(0.3, random));
      audit.set(inEveryWay(0.3, random));
      return disturb(world, until, "both", 900);
    },
  },
];
