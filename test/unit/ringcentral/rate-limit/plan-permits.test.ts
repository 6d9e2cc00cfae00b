import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Budget, countUses } from "../../../../lib/ringcentral/rate-limit/budget.ts";
import { defaultLimits } from "../../../../lib/ringcentral/rate-limit/limits.ts";
import { type Ask, planPermits, reserveFor } from "../../../../lib/ringcentral/rate-limit/plan-permits.ts";

const NOW = 1_000_000;
const SPAN = 60_250;
const time = { earliest: NOW, latest: NOW + 100 };
const heavy: Budget = { limit: 10, windowMs: 60_000, confirmed: true, uses: [] };
const interactive: Ask = { priority: "interactive", route: "r", maxWaitMs: 3_000 };
const sync: Ask = { priority: "sync", route: "s", maxWaitMs: 3_000 };
const asks = (count: number, ask = interactive) => Array.from({ length: count }, () => ask);
const plan = (budget: Budget, wanted: Ask[], more: { ahead?: number; at?: typeof time } = {}) =>
  planPermits(
    { budget, asks: wanted, time: more.at ?? time, ahead: more.ahead ?? 0, probeId: "p1" },
    defaultLimits,
  );
const used = (count: number, by: number, priority: Ask["priority"] = "interactive") => ({
  by,
  count,
  priority,
  route: "r",
});

describe("planning permits", () => {
  it("grants up to the limit at once and refuses the rest until the first slot is free again", () => {
    const { decisions, budget } = plan(heavy, asks(12));
    expect(decisions.slice(0, 10).map(({ kind }) => kind)).toEqual(Array(10).fill("granted"));
    const by = NOW + 100 + defaultLimits.arrivalMs;
    expect(decisions[10]).toEqual({ kind: "refused", waitMs: by + SPAN - NOW });
    expect(budget.uses).toEqual([used(10, by)]);
  });

  it("promises a slot that comes free within a caller's patience, to the first who asks", () => {
    const budget = {
      ...heavy,
      uses: [used(1, NOW - SPAN + 1_000), used(1, NOW - SPAN + 2_500), used(8, NOW)],
    };
    const { decisions } = plan(budget, asks(3));
    expect(decisions[0]).toMatchObject({ kind: "granted", from: NOW + 1_000 });
    expect(decisions[1]?.kind).toBe("refused");
    expect(plan({ ...budget, limit: 11 }, asks(2)).decisions[1]).toMatchObject({
      kind: "granted",
      from: NOW + 1_000,
    });
  });

  it("spaces permits out while there is more demand than budget", () => {
    const crowded = { ...heavy, limit: 60, crowdedAt: NOW - 1_000, uses: [used(40, NOW - 10_000)] };
    const froms = plan(crowded, asks(4)).decisions.map((one) =>
      one.kind === "granted" ? one.from - NOW : one,
    );
    expect(froms[0]).toBe(0);
    expect(froms.slice(1)).toEqual([900, 1_800, 2_700]);
    const calm = plan({ ...crowded, crowdedAt: NOW - 121_000 }, asks(4)).decisions;
    expect(calm.every((one) => one.kind === "granted" && one.from === NOW)).toBe(true);
  });

  it("serves interactive calls first, whoever asked first", () => {
    const { decisions } = plan({ ...heavy, uses: [used(6, NOW - 1_000)] }, [sync, ...asks(4)]);
    expect(decisions.map(({ kind }) => kind)).toEqual([
      "refused",
      "granted",
      "granted",
      "granted",
      "granted",
    ]);
  });

  it("lets sync use nothing of the reserve, nor what interactive calls lately used", () => {
    const granted = (budget: Budget) =>
      plan(budget, asks(10, sync)).decisions.filter(({ kind }) => kind === "granted").length;
    expect(granted(heavy)).toBe(7);
    expect(granted({ ...heavy, interactivePeak: { count: 4, at: NOW } })).toBe(4);
    expect(granted({ ...heavy, interactivePeak: { count: 30, at: NOW } })).toBe(1);
    expect(granted({ ...heavy, uses: [used(7, NOW)] })).toBe(0);
    expect([50, 40, 10, 4, 2, 1].map((limit) => reserveFor(limit, defaultLimits))).toEqual([
      15, 12, 3, 2, 1, 0,
    ]);
  });

  it("never promises sync a slot ahead; it asks again when the time has come", () => {
    const budget = { ...heavy, limit: 2, uses: [used(1, NOW - SPAN + 2_000)] };
    expect(plan(budget, [sync]).decisions).toEqual([{ kind: "later", waitMs: 2_000 }]);
  });

  it("spends a fifth of a budget nobody has confirmed, and has the others wait for the first answer", () => {
    const { decisions } = plan({ ...heavy, limit: 50, confirmed: false }, asks(12));
    expect(decisions.filter(({ kind }) => kind === "granted")).toHaveLength(10);
    expect(decisions.slice(10)).toEqual(Array(2).fill({ kind: "later", waitMs: 500 }));
  });

  it("leaves to others what they take, and a margin", () => {
    const outside = { count: 16, at: NOW - 1_000, peak: { count: 16, at: NOW } };
    const { decisions } = plan({ ...heavy, limit: 50, outside }, asks(40));
    expect(decisions.filter((one) => one.kind === "granted")).toHaveLength(50 - 16 - 8);
    const all = plan({ ...heavy, limit: 50, outside: { ...outside, count: 50 } }, asks(1));
    expect(all.decisions).toEqual([{ kind: "refused", waitMs: SPAN - 1_000 }]);
  });

  it("refuses all while the gate is closed, and lets one go when it is due", () => {
    const closed = { ...heavy, gate: { until: NOW + 5_000, penaltyMs: 60_000 } };
    expect(plan(closed, asks(2)).decisions).toEqual(Array(2).fill({ kind: "refused", waitMs: 5_000 }));
    const due = plan({ ...heavy, gate: { until: NOW, penaltyMs: 60_000 } }, asks(2));
    expect(due.decisions[0]).toMatchObject({ kind: "granted", probe: "p1" });
    expect(due.decisions[1]).toEqual({ kind: "later", waitMs: 2_000 });
    expect(due.budget.gate).toMatchObject({ probe: { id: "p1" } });
  });

  it("leases ahead of demand only while less than half of the budget is used", () => {
    const light = { ...heavy, limit: 50 };
    expect(plan(light, asks(1), { ahead: 3 }).ahead).toMatchObject({ count: 3 });
    expect(plan({ ...light, uses: [used(18, NOW)] }, asks(1), { ahead: 3 }).ahead).toMatchObject({
      count: 1,
    });
    expect(plan({ ...light, uses: [used(25, NOW)] }, asks(1), { ahead: 3 }).ahead).toBeUndefined();
  });

  it("keeps the log small under large limits", () => {
    let budget: Budget = { ...heavy, limit: 6_000 };
    for (let at = NOW; at < NOW + 60_000; at += 20) {
      budget = plan(budget, asks(1), { at: { earliest: at, latest: at + 5 } }).budget;
    }
    expect(countUses(budget.uses)).toBe(3_000);
    expect(budget.uses.length).toBeLessThan(250);
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
function slotsAreReusedInTime(planOne: typeof planPermits) {
  return fc.property(fc.integer({ min: 1, max: 12 }), steps, (limit, story) => {
    let budget: Budget = { ...heavy, limit };
    let now = NOW;
    const arrivals: number[] = [];
    for (const { afterMs, widthMs, wanted, useAt } of story) {
      now += afterMs;
      const at = { earliest: now - Math.floor(widthMs / 2), latest: now + Math.ceil(widthMs / 2) };
      const result = planOne(
        { budget, asks: asks(wanted), time: at, ahead: 0, probeId: "p1" },
        defaultLimits,
      );
      budget = { ...result.budget, limit };
      for (const one of result.decisions) {
        if (one.kind !== "granted") continue;
        // A request may arrive at any instant of its interval, but not before it is sent.
        const earliest = Math.max(one.from, now);
        arrivals.push(earliest + useAt * (one.use.by - earliest));
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
    fc.assert(slotsAreReusedInTime(planPermits), {
      numRuns: Number(process.env.DEEP_RUNS ?? 300),
      examples: [[2, wideAfterNarrow]],
    });
  });

  const oneSlotTooMany: typeof planPermits = ({ budget, ...input }, limits) =>
    planPermits({ ...input, budget: { ...budget, limit: budget.limit + 1 } }, limits);
  const oneMillisecondEarly: typeof planPermits = (input, limits) =>
    planPermits(input, { ...limits, windowGuardMs: limits.windowGuardMs - 1 });
  it.each([
    ["grants one slot too many", oneSlotTooMany],
    ["reuses a slot one millisecond early", oneMillisecondEarly],
  ])("catches a planner that %s", (_, broken) => {
    const { failed } = fc.check(slotsAreReusedInTime(broken), {
      numRuns: 2_000,
      seed: 1,
      endOnFailure: true,
    });
    expect(failed).toBe(true);
  });
});
