import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countPermits, logInstant } from "../../../../lib/ringcentral/rate-limit/account-limits.ts";
import {
  ACCOUNT,
  type AccountLimits,
  type GroupLimit,
} from "../../../../lib/ringcentral/rate-limit/limits-record.ts";
import type { Priority } from "../../../../lib/ringcentral/rate-limit/ports.ts";
import { type PermitRequest, reserve, reserveFor } from "../../../../lib/ringcentral/rate-limit/reserve.ts";
import { settings } from "../../../../lib/ringcentral/rate-limit/settings.ts";

const NOW = 1_000_000;
const SPAN = 60_250;
const time = { earliest: NOW, latest: NOW + 100 };
const heavy: GroupLimit = { limit: 10, windowMs: 60_000, confirmed: true, log: [] };
const request = (priority: Priority, group = "heavy"): PermitRequest => ({
  call: { group, priority, route: "r" },
  maxWaitMs: 3_000,
});
const interactive = request("interactive");
const sync = request("sync");
const asks = (count: number, ask = interactive) => Array.from({ length: count }, () => ask);
const plan = (
  group: GroupLimit,
  wanted: PermitRequest[],
  more: {
    ahead?: number;
    at?: typeof time;
    reserve?: typeof reserve;
    pauses?: AccountLimits["pauses"];
  } = {},
) => {
  const { decisions, limits, prefetched } = (more.reserve ?? reserve)(
    {
      limits: { groups: { heavy: group }, pauses: more.pauses ?? {} },
      bounds: more.at ?? time,
      probeId: "p1",
    },
    wanted,
    new Map([["heavy", more.ahead ?? 0]]),
  );
  return {
    decisions: decisions.map(([, decision]) => decision),
    served: decisions.map(([{ call }]) => call.priority),
    limits,
    group: limits.groups.heavy ?? group,
    ahead: prefetched[0]?.entry,
  };
};
const used = (count: number, by: number, priority: Priority = "interactive") => ({
  by,
  count,
  priority,
  route: "r",
});

describe("reserving permits", () => {
  it("grants up to the limit at once and rejects the rest until the first slot is free again", () => {
    const { decisions, group } = plan(heavy, asks(12));
    expect(decisions.slice(0, 10).map(({ kind }) => kind)).toEqual(Array(10).fill("granted"));
    const by = NOW + 100 + settings.arrivalMs;
    expect(decisions[10]).toEqual({ kind: "rejected", waitMs: by + SPAN - NOW });
    expect(group.log).toEqual([used(10, by)]);
  });

  it("promises a slot that comes free within a caller's longest wait, to the first request", () => {
    const budget = {
      ...heavy,
      log: [used(1, NOW - SPAN + 1_000), used(1, NOW - SPAN + 2_500), used(8, NOW)],
    };
    const { decisions } = plan(budget, asks(3));
    expect(decisions[0]).toMatchObject({ kind: "granted", from: NOW + 1_000 });
    expect(decisions[1]?.kind).toBe("rejected");
    expect(plan({ ...budget, limit: 11 }, asks(2)).decisions[1]).toMatchObject({
      kind: "granted",
      from: NOW + 1_000,
    });
  });

  describe("while there is more demand than budget", () => {
    const crowded = { ...heavy, limit: 60, crowdedAt: NOW - 1_000 };
    const froms = (group: GroupLimit, count: number) =>
      plan(group, asks(count)).decisions.map((one) => (one.kind === "granted" ? one.from - NOW : one.kind));

    const by = (from: number) => NOW + from + 100 + settings.arrivalMs;

    it("spaces permits out", () => {
      const singles = [8, 7, 6, 5, 4, 3, 2, 1].map((n) => used(1, by(-900 * n)));
      const log = [used(32, NOW - 10_000), ...singles];
      expect(froms({ ...crowded, log }, 4)).toEqual([0, 900, 1_800, 2_700]);
      expect(froms({ ...crowded, log, crowdedAt: NOW - 121_000 }, 4)).toEqual([0, 0, 0, 0]);
    });

    it("lets the four calls of two overviews leave together, and no more", () => {
      const light = { ...crowded, limit: 50, log: [used(30, NOW - 10_000)] };
      expect(froms(light, 9)).toEqual([...Array(8).fill(0), "rejected"]);
      const owing = [{ ...used(9, by(-1_000)), isOwing: true }];
      expect(froms({ ...light, log: [...light.log, ...owing] }, 8)).toEqual(Array(8).fill(0));
      // Two permits of a small budget are further apart.
      expect(froms({ ...crowded, limit: 10, log: [used(6, NOW - 10_000)] }, 2)).toEqual([0, "rejected"]);
    });
  });

  it("serves interactive calls first, whatever the order of requests", () => {
    const { decisions, served } = plan({ ...heavy, log: [used(6, NOW - 1_000)] }, [sync, ...asks(4)]);
    expect(served).toEqual([...Array(4).fill("interactive"), "sync"]);
    expect(decisions.map(({ kind }) => kind)).toEqual([...Array(4).fill("granted"), "rejected"]);
  });

  it("grants sync nothing of the reserve, nor what interactive calls lately used", () => {
    const granted = (group: GroupLimit) =>
      plan(group, asks(10, sync)).decisions.filter(({ kind }) => kind === "granted").length;
    expect(granted(heavy)).toBe(7);
    expect(granted({ ...heavy, interactivePeak: { count: 4, at: NOW } })).toBe(4);
    expect(granted({ ...heavy, interactivePeak: { count: 30, at: NOW } })).toBe(1);
    expect(granted({ ...heavy, log: [used(7, NOW)] })).toBe(0);
    expect([50, 40, 10, 4, 2, 1].map((limit) => reserveFor(limit))).toEqual([15, 12, 3, 2, 1, 0]);
  });

  it("lets one probe of one group go after a pause of the account", () => {
    const pauses = { [ACCOUNT]: { until: NOW, penaltyMs: 60_000 } };
    const requests = [interactive, request("interactive", "light")];
    const { decisions, limits } = plan(heavy, requests, { pauses });
    expect(decisions[0]).toMatchObject({ kind: "granted", probe: "p1" });
    expect(decisions[1]).toEqual({ kind: "later", waitMs: 2_000 });
    expect(limits.pauses[ACCOUNT]).toMatchObject({ probe: { id: "p1" } });
    const still = { [ACCOUNT]: { until: NOW + 5_000, penaltyMs: 60_000 } };
    expect(plan(heavy, asks(1), { pauses: still }).decisions).toEqual([{ kind: "rejected", waitMs: 5_000 }]);
  });

  it("never promises sync a slot ahead; it asks again when the time has come", () => {
    const budget = { ...heavy, limit: 2, log: [used(1, NOW - SPAN + 2_000)] };
    expect(plan(budget, [sync]).decisions).toEqual([{ kind: "later", waitMs: 2_000 }]);
  });

  it("spends a fifth of an unconfirmed budget, and lets the other calls wait for the first response", () => {
    const { decisions } = plan({ ...heavy, limit: 50, confirmed: false }, asks(12));
    expect(decisions.filter(({ kind }) => kind === "granted")).toHaveLength(10);
    expect(decisions.slice(10)).toEqual(Array(2).fill({ kind: "later", waitMs: 500 }));
  });

  it("leaves other clients the calls they take, and a margin", () => {
    const external = { count: 16, at: NOW - 1_000, peak: { count: 16, at: NOW } };
    const { decisions } = plan({ ...heavy, limit: 50, external }, asks(40));
    expect(decisions.filter((one) => one.kind === "granted")).toHaveLength(50 - 16 - 8);
    const all = plan({ ...heavy, limit: 50, external: { ...external, count: 50 } }, asks(1));
    expect(all.decisions).toEqual([{ kind: "rejected", waitMs: SPAN - 1_000 }]);
  });

  it("rejects all during a pause, and lets one probe go after it", () => {
    const paused = { heavy: { until: NOW + 5_000, penaltyMs: 60_000 } };
    expect(plan(heavy, asks(2), { pauses: paused }).decisions).toEqual(
      Array(2).fill({ kind: "rejected", waitMs: 5_000 }),
    );
    const due = plan(heavy, asks(2), { pauses: { heavy: { until: NOW, penaltyMs: 60_000 } } });
    expect(due.decisions[0]).toMatchObject({ kind: "granted", probe: "p1" });
    expect(due.decisions[1]).toEqual({ kind: "later", waitMs: 2_000 });
    expect(due.limits.pauses.heavy).toMatchObject({ probe: { id: "p1" } });
  });

  it("prefetches only while less than half of the budget is used", () => {
    const light = { ...heavy, limit: 50 };
    expect(plan(light, asks(1), { ahead: 3 }).ahead).toMatchObject({ count: 3 });
    expect(plan({ ...light, log: [used(18, NOW)] }, asks(1), { ahead: 3 }).ahead).toMatchObject({
      count: 1,
    });
    expect(plan({ ...light, log: [used(25, NOW)] }, asks(1), { ahead: 3 }).ahead).toBeUndefined();
  });

  it("never logs a permit earlier than it may be used", () => {
    const large = { limit: 1_000, windowMs: 60_000 };
    for (const by of [1_000, 1_001, 1_249]) {
      expect(logInstant(by, { ...large, confirmed: true, log: [] })).toBeGreaterThanOrEqual(by);
    }
  });

  it("keeps the log small under large limits", () => {
    let group: GroupLimit = { ...heavy, limit: 6_000 };
    for (let at = NOW; at < NOW + 60_000; at += 20) {
      group = plan(group, asks(1), { at: { earliest: at, latest: at + 5 } }).group;
    }
    expect(countPermits(group.log)).toBe(3_000);
    expect(group.log.length).toBeLessThan(250);
  });
});

interface Step {
  afterMs: number;
  widthMs: number;
  wanted: number;
  useAt: number;
}
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 20_000 }),
    widthMs: fc.integer({ min: 0, max: 10_000 }),
    wanted: fc.integer({ min: 1, max: 6 }),
    useAt: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { minLength: 1, maxLength: 60 },
);
/** A process with wide clock bounds follows one with narrow bounds that has pruned the log. */
const wideAfterNarrow: Step[] = [
  [0, 0, 2],
  [3_950, 0, 1],
  [6_545, 0, 1],
  [14_789, 0, 1],
  [19_987, 0, 1],
  [15_979, 0, 1],
  [0, 2_502, 1],
  [0, 0, 1],
].map(([afterMs = 0, widthMs = 0, wanted = 1]) => ({ afterMs, widthMs, wanted, useAt: 0 }));

/** Every two requests that use one slot arrive a whole window and its guard apart. */
function slotsAreReusedInTime(reserveOne: typeof reserve) {
  return fc.property(fc.integer({ min: 1, max: 12 }), steps, (limit, story) => {
    let group: GroupLimit = { ...heavy, limit };
    let now = NOW;
    const arrivals: number[] = [];
    for (const { afterMs, widthMs, wanted, useAt } of story) {
      now += afterMs;
      const at = { earliest: now - Math.floor(widthMs / 2), latest: now + Math.ceil(widthMs / 2) };
      const result = plan(group, asks(wanted), { at, reserve: reserveOne });
      group = { ...result.group, limit };
      for (const one of result.decisions) {
        if (one.kind !== "granted") continue;
        // A request may arrive at any instant of its interval, but not before it is sent.
        const earliest = Math.max(one.from, now);
        arrivals.push(earliest + useAt * (one.entry.by - earliest));
      }
    }
    arrivals.sort((a, b) => a - b);
    arrivals.forEach((at, index) => {
      const earlier = arrivals[index - limit];
      if (earlier !== undefined) expect(at - earlier).toBeGreaterThanOrEqual(SPAN);
    });
  });
}

describe("the promise that no window holds more than the limit", () => {
  it("never lets two uses of one slot fall into one window, whatever the times", () => {
    fc.assert(slotsAreReusedInTime(reserve), {
      numRuns: Number(process.env.DEEP_RUNS ?? 300),
      examples: [[2, wideAfterNarrow]],
    });
  });

  const withGroup =
    (change: (group: GroupLimit) => Partial<GroupLimit>): typeof reserve =>
    ({ limits, ...draft }, requests, prefetch) => {
      const { heavy: group = heavy } = limits.groups;
      const groups = { heavy: { ...group, ...change(group) } };
      return reserve({ ...draft, limits: { ...limits, groups } }, requests, prefetch);
    };
  const oneSlotTooMany = withGroup(({ limit }) => ({ limit: limit + 1 }));
  const oneMillisecondEarly = withGroup(() => ({ windowMs: heavy.windowMs - 1 }));
  it.each([
    ["grants one slot too many", oneSlotTooMany],
    ["reuses a slot one millisecond early", oneMillisecondEarly],
  ])("is broken by a limiter that %s, and the property catches it", (_, broken) => {
    const { failed } = fc.check(slotsAreReusedInTime(broken), {
      numRuns: 2_000,
      seed: 1,
      endOnFailure: true,
    });
    expect(failed).toBe(true);
  });
});
