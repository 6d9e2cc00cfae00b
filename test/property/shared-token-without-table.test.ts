import { describe, expect, it, vi } from "vitest";
import { RingCentralError } from "../../lib/ringcentral/api/errors.ts";
import type { AccessToken } from "../../lib/ringcentral/auth/ports.ts";
import { openToken } from "../../lib/ringcentral/auth/sealed-token.ts";
import { parseRecord } from "../../lib/ringcentral/auth/token-record.ts";
import { settings } from "../../lib/ringcentral/auth/token-settings.ts";
import { StorageUnavailable } from "../../lib/storage/errors.ts";
import { createSchedule, forEachSeed, type Schedule } from "../support/schedule.ts";
import {
  chaos,
  createFleet,
  createMember,
  type Exchange,
  type Fleet,
  mostCallsInAMinute,
  secretVersion,
  type TableState,
} from "./shared-token-model.ts";

if (process.env.DEEP_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const SESSIONS_PER_HOUR = 5;
const RECOVERED_AT = Date.UTC(2026, 0, 1) + 30 * SECOND;

/** Sets the table's states one after the other, and keeps the last one. */
function sequence(fleet: Fleet, ...states: Array<[state: TableState, forMs: number]>): void {
  let at = 0;
  for (const [state, forMs] of states) {
    fleet.schedule.after(at, () => {
      fleet.schedule.note(`the table is ${state}`);
      fleet.table.state = state;
    });
    at += forMs;
  }
}

const pick = <T>(schedule: Schedule, ...values: [T, ...T[]]): T =>
  values[schedule.between(0, values.length - 1)] ?? values[0];

/** Faults of the table at the start, at the time of the renewal, or at any other time of two hours. */
function drawFaults(schedule: Schedule): Array<[TableState, number]> {
  const faulty = () => pick<TableState>(schedule, "away", "slow", "500");
  const fromMs = pick(schedule, 0, schedule.between(0, 2 * MINUTE), schedule.between(45, 62) * MINUTE);
  const states: Array<[TableState, number]> = [["up", fromMs]];
  if (schedule.chance(0.4)) {
    for (let flaps = schedule.between(2, 40); flaps > 0; flaps--) {
      states.push([faulty(), schedule.between(100, 20 * SECOND)], ["up", schedule.between(100, 5 * SECOND)]);
    }
  } else states.push([faulty(), schedule.between(SECOND, 40 * MINUTE)]);
  return [...states, ["up", 0]];
}

const storedRecord = ({ records }: Fleet) => parseRecord(JSON.parse(records.dump()[0]?.json ?? "null"));

/** The stored tokens that the fleet lost to its own newer sessions while they were in use. */
function watchStoredTokens(fleet: Fleet): string[] {
  const pushedOut: string[] = [];
  fleet.ringCentral.onEnded = (ended) => {
    const { generation, rejectedGeneration, token } = storedRecord(fleet);
    // Near its end some clocks take it for ended.
    const leftMs = (token?.expiresAt ?? 0) - fleet.schedule.clock.now();
    if (leftMs <= settings.minValidityMs + 2 * settings.maxSkewMs) return;
    if (token === undefined || rejectedGeneration === generation) return;
    const contents = openToken(token.sealed, secretVersion(1), { accountKey: "acct", generation });
    if (contents?.value === ended) pushedOut.push(`generation ${generation}`);
  };
  return pushedOut;
}

function mostInAnHour(instants: readonly number[]): number {
  return Math.max(
    0,
    ...instants.map((from) => instants.filter((at) => at >= from && at < from + 60 * MINUTE).length),
  );
}

interface Watch {
  /** Only the table fails: no crash, no freeze, no lost message. */
  isCalm: boolean;
  /** Broken promises. */
  broken: string[];
  served: number;
  rejected: number;
}

/** One process: `requests` calls, with a pause of up to `pauseMs` between them. */
function startProcess(fleet: Fleet, watch: Watch, requests: number, pauseMs: number): void {
  const { schedule, ringCentral, table } = fleet;
  const { instance, callApi, tableFailures } = createMember(fleet);
  let held: AccessToken | undefined;
  const isWarm = () =>
    held !== undefined &&
    ringCentral.isLive(held.value) &&
    held.expiresAt - instance.clock.now() > settings.minValidityMs;
  instance.start(async () => {
    for (let n = 0; n < requests; n++) {
      const [askedAt, state, wasWarm] = [schedule.clock.now(), table.state, isWarm()];
      const failuresBefore = tableFailures();
      try {
        held = await callApi(schedule.between(3, 14) * SECOND);
        watch.served += 1;
      } catch (error) {
        watch.rejected += 1;
        const what = `${instance.name} at ${schedule.clock.now()}: ${error}`;
        if (!(error instanceof RingCentralError)) watch.broken.push(`unexpected: ${what}`);
        else if (wasWarm && isWarm()) watch.broken.push(`warm, and not served: ${what}`);
        else if (watch.isCalm && state !== "up" && state === table.state) {
          const tookMs = schedule.clock.now() - askedAt;
          const isTables = state !== "slow" || tableFailures() > failuresBefore;
          if (isTables && error.failure.kind !== "storage") watch.broken.push(`blames RingCentral: ${what}`);
          if (state !== "slow" && tookMs > 2 * SECOND) watch.broken.push(`told after ${tookMs} ms: ${what}`);
        }
      }
      await instance.clock.sleep(schedule.between(0, pauseMs));
    }
  });
}

interface Rejection {
  by: string;
  isTables: boolean;
  askedAt: number;
  toldAt: number;
  error: unknown;
}

/** A call of the table that takes longer is slow, and so is a token call that takes longer. */
const SLOW_MS = { table: 200, login: 2 * SECOND };
/** A request whose slow calls of the table take that long knows that the table is slow. */
const NOTICED_MS = 600;

/** Whether a rejection names a party that has done nothing: the table, or RingCentral when the process can know it. */
function isLie({ tableCalls, logins }: Fleet, { by, isTables, askedAt, toldAt }: Rejection): boolean {
  const isBad = ({ from, to, hasFailed }: Exchange, slowMs: number) => hasFailed || to - from > slowMs;
  // A process remembers a failure of the table for a minute, and the record that of a login for 15 minutes at most.
  const hasOverlap = ({ from, to }: Exchange, sinceMs: number) => from < toldAt && to > askedAt - sinceMs;
  const isBadTable = tableCalls.some((call) => hasOverlap(call, MINUTE) && isBad(call, SLOW_MS.table));
  const isBadRingCentral = logins.some(
    (login) => hasOverlap(login, login.hasFailed ? 15 * MINUTE : 0) && isBad(login, SLOW_MS.login),
  );
  if (isTables) return !isBadTable;
  if (isBadRingCentral || !isBadTable) return false;
  const own = tableCalls.filter((call) => call.by === by && call.from >= askedAt && call.from < toldAt);
  const waits = own.map(({ from, to }) => Math.min(to, toldAt) - from).filter((ms) => ms > SLOW_MS.table);
  return waits.reduce((sum, ms) => sum + ms, 0) >= NOTICED_MS;
}

type Trouble = (fleet: Fleet) => void;
/** What fails while a fleet starts, until it recovers. */
const troubles: readonly Trouble[] = [
  ({ table }) => {
    table.state = "slow";
  },
  ({ table }) => {
    table.state = "lossy";
  },
  (fleet) => {
    fleet.loginLatencyMs = [1_000, 4_000];
  },
  (fleet) => {
    fleet.ringCentral.accept();
  },
];

/** A process whose requests read other records before they need the token, such as that of an idempotency key. */
function startCaller(fleet: Fleet, rejections: Rejection[]): void {
  const { schedule } = fleet;
  const { instance, callApi } = createMember(fleet);
  const reads = schedule.between(0, 2);
  instance.start(async () => {
    await instance.clock.sleep(schedule.chance(0.5) ? 0 : schedule.between(0, 20 * SECOND));
    for (let request = 0; request < 8; request++) {
      const askedAt = schedule.clock.now();
      await callApi(schedule.between(3, 14) * SECOND, reads).catch((error: unknown) => {
        const isTables =
          error instanceof StorageUnavailable ||
          (error instanceof RingCentralError && error.failure.kind === "storage");
        rejections.push({ by: instance.name, isTables, askedAt, toldAt: schedule.clock.now(), error });
      });
      await instance.clock.sleep(schedule.between(0, 3 * SECOND));
    }
  });
}

describe("the fleet's token with a table that fails", () => {
  it("takes at most four calls a minute, pushes no stored token out, and serves warm processes", async () => {
    const total = { served: 0, rejected: 0 };
    await forEachSeed(150, async (seed, keep) => {
      const isCalm = seed % 2 === 0;
      const schedule = keep(createSchedule({ seed, ...(isCalm ? {} : chaos) }));
      const fleet = createFleet(schedule);
      const pushedOut = watchStoredTokens(fleet);
      const watch: Watch = { isCalm, broken: [], served: 0, rejected: 0 };
      const size = pick(
        schedule,
        1,
        schedule.between(2, 8),
        schedule.between(8, 30),
        schedule.between(30, 200),
      );
      sequence(fleet, ...drawFaults(schedule));
      for (let n = 0; n < size; n++) {
        const isLate = schedule.chance(0.3);
        const requests = Math.ceil(schedule.between(4, 40) / (size > 30 ? 4 : 1));
        schedule.after(isLate ? schedule.between(0, 70) * MINUTE : schedule.between(0, SECOND), () =>
          startProcess(fleet, watch, requests, pick(schedule, 2 * SECOND, 10 * MINUTE)),
        );
      }
      await schedule.run();
      const { arrivals, penaltyUntil } = fleet.ringCentral;
      expect(mostCallsInAMinute(arrivals)).toBeLessThanOrEqual(4);
      expect(penaltyUntil).toBe(0);
      expect(watch.broken).toEqual([]);
      expect(pushedOut).toEqual([]);
      if (isCalm) expect(mostInAnHour(arrivals.map(({ at }) => at))).toBeLessThanOrEqual(SESSIONS_PER_HOUR);
      total.served += watch.served;
      total.rejected += watch.rejected;
    });
    if (process.env.SEED === undefined) {
      expect(total.served).toBeGreaterThan(0);
      expect(total.rejected).toBeGreaterThan(0);
    }
  });

  it("is told to be slow in time, and RingCentral is not blamed, while it takes writes and loses their responses", async () => {
    const told: { kind: unknown; tookMs: number }[] = [];
    await forEachSeed(30, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      fleet.table.state = "deaf";
      for (let n = 0; n < 16; n++) {
        const { instance, callApi } = createMember(fleet);
        instance.start(async () => {
          for (let request = 0; request < 8; request++) {
            const askedAt = schedule.clock.now();
            const kind = await callApi(14 * SECOND).then(
              () => "served",
              (error: unknown) => (error instanceof RingCentralError ? error.failure.kind : error),
            );
            told.push({ kind, tookMs: schedule.clock.now() - askedAt });
            await instance.clock.sleep(schedule.between(0, 3 * SECOND));
          }
        });
      }
      await schedule.run();
      expect(fleet.ringCentral.arrivals).toEqual([]);
    });
    if (process.env.SEED !== undefined) return;
    expect(new Set(told.map(({ kind }) => kind))).toEqual(new Set(["storage"]));
    // The first callers wait for a login that another process seems to make.
    expect(told.filter(({ tookMs }) => tookMs > 2_800).length).toBeLessThanOrEqual(told.length / 50);
  });

  it("is blamed for each rejection that it caused and the process can know of, and RingCentral for its own", async () => {
    async function play(seed: number, keep: (schedule: Schedule) => Schedule): Promise<void> {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      const rejections: Rejection[] = [];
      for (const strike of troubles) if (schedule.chance(0.4)) strike(fleet);
      schedule.after(schedule.between(SECOND, 20 * SECOND), () => {
        schedule.note("the table and RingCentral recover");
        fleet.table.state = "up";
        fleet.loginLatencyMs = [20, 800];
        fleet.ringCentral.accept(1);
      });
      for (let n = 0; n < 16; n++) startCaller(fleet, rejections);
      await schedule.run();
      const lies = rejections.filter((rejection) => isLie(fleet, rejection));
      const told = lies.map(
        ({ by, askedAt, toldAt, error }) => `${by} at ${toldAt}, after ${toldAt - askedAt} ms: ${error}`,
      );
      expect(told).toEqual([]);
    }
    // They failed before a process judged by the slow calls of its request, also by one that stores a token.
    for (const SEED of ["24", "119", "845", "5350234"]) await forEachSeed(1, play, { SEED });
    await forEachSeed(60, play);
  });

  it("keeps the stored token's session while the table grants leases and stores no tokens", async () => {
    await forEachSeed(30, async (seed, keep) => {
      const schedule = keep(createSchedule({ seed }));
      const fleet = createFleet(schedule);
      const pushedOut = watchStoredTokens(fleet);
      const watch: Watch = { isCalm: true, broken: [], served: 0, rejected: 0 };
      const startedAt = schedule.clock.now();
      // A token or a pause is written while the lease is there.
      schedule.after(40 * MINUTE, () => {
        fleet.records.faults = {
          before: ({ operation }) => {
            const { lease } = storedRecord(fleet);
            if (operation === "compareAndSet" && lease !== undefined && lease.until > schedule.clock.now())
              throw new StorageUnavailable("down");
          },
        };
      });
      for (let n = 0; n < 30; n++) startProcess(fleet, watch, 130, MINUTE);
      schedule.after(59 * MINUTE, () => {
        fleet.records.faults = {};
      });
      await schedule.run();
      expect(pushedOut).toEqual([]);
      expect(watch.broken).toEqual([]);
      const sessions = fleet.ringCentral.arrivals.filter(({ at }) => at < startedAt + 59 * MINUTE);
      expect(sessions.length).toBe(1 + settings.spareSessions);
    });
  });

  it("takes one token call when the table is back, whatever the number of processes that wait for it", async () => {
    const runs = Math.max(3, Math.ceil(Number(process.env.DEEP_RUNS ?? 0) / 100));
    const env = process.env.SEED === undefined ? {} : { SEED: process.env.SEED };
    await forEachSeed(
      runs,
      async (seed, keep) => {
        const schedule = keep(createSchedule({ seed }));
        const fleet = createFleet(schedule);
        sequence(fleet, [pick(schedule, "away", "slow", "500"), 30 * SECOND], ["up", 0]);
        const watch: Watch = { isCalm: true, broken: [], served: 0, rejected: 0 };
        for (let n = 0; n < 1_000; n++) startProcess(fleet, watch, 12, 10 * SECOND);
        await schedule.run();
        expect(watch.broken).toEqual([]);
        const arrivals = fleet.ringCentral.arrivals.filter(({ at }) => at > RECOVERED_AT);
        expect(arrivals.length).toBeLessThanOrEqual(1);
        expect(fleet.ringCentral.arrivals.length).toBeLessThanOrEqual(SESSIONS_PER_HOUR);
        expect(watch.served).toBeGreaterThan(1_000);
      },
      env,
    );
  });
});
