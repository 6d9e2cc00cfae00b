import { describe, expect, it } from "vitest";
import type { Observation } from "../../../../lib/ringcentral/ports.ts";
import { afterAnswer } from "../../../../lib/ringcentral/rate-limit/after-answer.ts";
import type { Budget } from "../../../../lib/ringcentral/rate-limit/budget.ts";
import { defaultLimits } from "../../../../lib/ringcentral/rate-limit/limits.ts";

const NOW = 1_000_000;
const use = { by: NOW + 500, count: 1, priority: "interactive", route: "r" } as const;
const budget: Budget = { limit: 50, windowMs: 60_000, confirmed: true, uses: [use] };
const good: Observation = {
  group: "light",
  status: 200,
  limit: 50,
  remaining: 49,
  windowSeconds: 60,
  withoutHeaders: false,
};
const exhausted: Observation = {
  ...good,
  status: 429,
  remaining: 0,
  retryAfterMs: 60_000,
  errorCode: "CMN-301",
};
const budgetAfter = (
  observation: Observation,
  known = budget,
  more: { probe?: string; at?: number; slack?: number } = {},
) =>
  afterAnswer(
    known,
    {
      observation,
      use,
      probe: more.probe,
      grantedAt: { earliest: NOW - 100, latest: NOW },
      now: { earliest: (more.at ?? NOW) - 50, latest: more.at ?? NOW },
    },
    defaultLimits,
    more.slack,
  );

describe("an answer", () => {
  it("changes nothing in the usual case", () => {
    expect(budgetAfter(good)).toBeUndefined();
  });

  it("confirms a budget even without headers", () => {
    const bare = { group: "light", status: 200, withoutHeaders: false };
    expect(budgetAfter(bare, { ...budget, confirmed: false })).toMatchObject({ confirmed: true, limit: 50 });
  });

  it("teaches the limit and the window, unless they are absurd", () => {
    expect(budgetAfter({ ...good, limit: 20, remaining: 19, windowSeconds: 30 })).toMatchObject({
      limit: 20,
      windowMs: 30_000,
    });
    expect(budgetAfter({ ...good, limit: 0, remaining: 0, windowSeconds: 0 })).toBeUndefined();
  });

  it("moves a use that may have been counted later than it was logged", () => {
    expect(budgetAfter(good, budget, { at: NOW + 4_000 })?.uses).toEqual([{ ...use, by: NOW + 4_000 }]);
  });

  it("closes the gate on a 429 for as long as it says, after whatever is still under way", () => {
    expect(budgetAfter(exhausted)?.gate).toMatchObject({
      until: NOW + 500 + 60_000 + 500,
      penaltyMs: 60_000,
    });
    const reserved = { ...budget, uses: [{ ...use, by: NOW + 90_000 }] };
    expect(budgetAfter(exhausted, reserved)?.gate?.until).toBe(NOW + 3_000 + 60_500);
    const { retryAfterMs: _, ...silent } = exhausted;
    expect(budgetAfter(silent)?.gate?.penaltyMs).toBe(60_000);
  });

  it("is no exhaustion when it is CMN-304, or about a wider limit", () => {
    expect(budgetAfter({ ...exhausted, remaining: 49, errorCode: "CMN-304" })?.gate).toBeUndefined();
    expect(budgetAfter({ group: "light", status: 429, withoutHeaders: true })?.gate).toBeUndefined();
  });

  it("opens the gate when it is the probe's, and a 429 of the probe closes it for longer", () => {
    const probing = { ...budget, gate: { until: NOW - 100, penaltyMs: 60_000, probe: { id: "p", by: NOW } } };
    expect(budgetAfter(good, probing)).toBeUndefined();
    expect(budgetAfter(good, probing, { probe: "p" })).toEqual(budget);
    expect(budgetAfter(exhausted, probing, { probe: "p" })?.gate).toMatchObject({ failures: 1 });
    expect(budgetAfter(exhausted, probing, { probe: "p" })?.gate?.until).toBeGreaterThanOrEqual(
      NOW + 120_000,
    );
  });

  it("finds out the calls of others from what remains", () => {
    const shared = budgetAfter({ ...good, remaining: 39 });
    expect(shared?.outside).toEqual({ count: 10, at: NOW, peak: { count: 10, at: NOW } });
    expect(budgetAfter({ ...good, remaining: 39 }, shared)).toBeUndefined();
    const fewer = budgetAfter({ ...good, remaining: 44 }, shared);
    expect(fewer?.outside).toMatchObject({ count: 5, peak: { count: 10 } });
  });

  it("does not take the fleet's own permits for those of others", () => {
    const busy = { ...budget, uses: [{ ...use, by: NOW - 30_000, count: 20 }, use] };
    expect(budgetAfter({ ...good, remaining: 29 }, busy)).toBeUndefined();
    expect(budgetAfter({ ...good, remaining: 27 }, busy)?.outside?.count).toBe(2);
    expect(budgetAfter({ ...good, remaining: 27 }, busy, { slack: 2 })).toBeUndefined();
  });
});
