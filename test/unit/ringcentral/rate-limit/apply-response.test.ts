import { describe, expect, it } from "vitest";
import { applyResponse } from "../../../../lib/ringcentral/rate-limit/apply-response.ts";
import {
  ACCOUNT,
  type AccountLimits,
  type GroupLimit,
} from "../../../../lib/ringcentral/rate-limit/limits-record.ts";
import type { Observation } from "../../../../lib/ringcentral/rate-limit/ports.ts";

const NOW = 1_000_000;
const entry = { by: NOW + 500, count: 1, priority: "interactive", route: "r" } as const;
const budget: GroupLimit = { limit: 50, windowMs: 60_000, confirmed: true, log: [entry] };
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
const grantedAt = { earliest: NOW - 100, latest: NOW };
const call = {
  group: "light",
  documented: "light",
  operation: "op",
  priority: "interactive",
  route: "r",
} as const;
const permit = { call, entry, grantedAt };
interface Circumstances {
  pauses?: AccountLimits["pauses"];
  probe?: string;
  at?: number;
  slack?: number;
}
/** `undefined` when nothing changes. */
const limitsAfter = (
  observation: Observation,
  known = budget,
  { pauses = {}, probe, at = NOW, slack }: Circumstances = {},
) => {
  const before = { groups: { light: known }, pauses };
  const response = {
    observation,
    permit: { ...permit, ...(probe !== undefined && { probe }) },
    now: { earliest: at - 50, latest: at },
  };
  const after = applyResponse(before, response, slack);
  return after === before ? undefined : after;
};
const budgetAfter = (...input: Parameters<typeof limitsAfter>) => limitsAfter(...input)?.groups.light;
const pauseAfter = (...input: Parameters<typeof limitsAfter>) => limitsAfter(...input)?.pauses.light;

describe("a response", () => {
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

  it("is charged again when it may have been counted later than it was logged", () => {
    expect(budgetAfter(good, budget, { at: NOW + 4_000 })?.log).toEqual([
      entry,
      { ...entry, by: NOW + 4_000 },
    ]);
  });

  it("pauses the group for as long as a 429 says, after requests still in flight", () => {
    expect(pauseAfter(exhausted)).toMatchObject({
      until: NOW + 500 + 60_000 + 500,
      penaltyMs: 60_000,
    });
    const reserved = { ...budget, log: [{ ...entry, by: NOW + 90_000 }] };
    expect(pauseAfter(exhausted, reserved)?.until).toBe(NOW + 3_000 + 60_500);
    const { retryAfterMs: _, ...silent } = exhausted;
    expect(pauseAfter(silent)?.penaltyMs).toBe(60_000);
  });

  it("does not pause the group for CMN-304, or for a wider limit", () => {
    expect(limitsAfter({ ...exhausted, remaining: 49, errorCode: "CMN-304" })).toBeUndefined();
    expect(pauseAfter({ group: "light", status: 429, withoutHeaders: true })).toBeUndefined();
  });

  it("resumes the group when it is the probe's, and a 429 of the probe pauses it for longer", () => {
    const pauses = { light: { until: NOW - 100, penaltyMs: 60_000, probe: { id: "p", by: NOW } } };
    expect(limitsAfter(good, budget, { pauses })).toBeUndefined();
    expect(limitsAfter(good, budget, { pauses, probe: "older" })).toBeUndefined();
    expect(limitsAfter(good, budget, { pauses, probe: "p" })).toEqual({
      groups: { light: budget },
      pauses: {},
    });
    const failed = pauseAfter(exhausted, budget, { pauses, probe: "p" });
    expect(failed).toMatchObject({ failures: 1 });
    expect(failed?.until).toBeGreaterThanOrEqual(NOW + 120_000);
  });

  it("without rate headers pauses the account, until its own probe succeeds", () => {
    const wide: Observation = { group: "light", status: 429, withoutHeaders: true, retryAfterMs: 60_000 };
    expect(limitsAfter(wide)?.pauses).toEqual({ [ACCOUNT]: { until: NOW + 60_500, penaltyMs: 60_000 } });
    const pauses = { [ACCOUNT]: { until: NOW - 100, penaltyMs: 60_000, probe: { id: "p", by: NOW } } };
    expect(limitsAfter(good, budget, { pauses, probe: "p" })).toEqual({
      groups: { light: budget },
      pauses: {},
    });
    expect(limitsAfter(good, budget, { pauses, probe: "older" })).toBeUndefined();
  });

  it("frees the probe of the group in which RingCentral does not count the request", () => {
    const light = { until: NOW - 1_000, penaltyMs: 60_000, probe: { id: "p", by: NOW } };
    const after = limitsAfter({ ...good, group: "lite" }, budget, { pauses: { light }, probe: "p" });
    expect(after).toMatchObject({ countedIn: { op: "lite" }, pauses: { light: { penaltyMs: 60_000 } } });
    expect(after?.pauses.light).not.toHaveProperty("probe");
  });

  it("measures external usage by what remains", () => {
    const shared = budgetAfter({ ...good, remaining: 39 });
    expect(shared?.external).toEqual({ count: 10, at: NOW, peak: { count: 10, at: NOW } });
    expect(budgetAfter({ ...good, remaining: 39 }, shared)).toBeUndefined();
    const fewer = budgetAfter({ ...good, remaining: 44 }, shared);
    expect(fewer?.external).toMatchObject({ count: 5, peak: { count: 10 } });
  });

  it("does not mistake the fleet's own permits for external usage", () => {
    const busy = { ...budget, log: [{ ...entry, by: NOW - 30_000, count: 20 }, entry] };
    expect(budgetAfter({ ...good, remaining: 29 }, busy)).toBeUndefined();
    expect(budgetAfter({ ...good, remaining: 27 }, busy)?.external?.count).toBe(2);
    expect(budgetAfter({ ...good, remaining: 27 }, busy, { slack: 2 })).toBeUndefined();
  });
});
