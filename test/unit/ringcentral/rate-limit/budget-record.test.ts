import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Budget } from "../../../../lib/ringcentral/rate-limit/budget.ts";
import {
  decodeBudget,
  emptyBudget,
  encodeBudget,
} from "../../../../lib/ringcentral/rate-limit/budget-record.ts";
import { defaultLimits } from "../../../../lib/ringcentral/rate-limit/limits.ts";

const instant = fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 });
const count = fc.integer({ min: 0, max: 100 });
const peak = fc.record({ count, at: instant });
const budgets: fc.Arbitrary<Budget> = fc.record(
  {
    limit: fc.integer({ min: 1, max: 1_000 }),
    windowMs: fc.constant(60_000),
    confirmed: fc.boolean(),
    uses: fc
      .array(
        fc.record({
          by: instant,
          count: fc.integer({ min: 1, max: 9 }),
          priority: fc.constantFrom("interactive", "sync"),
          route: fc.constantFrom("GET /v1/a", "GET /v1/b", "other"),
        }),
        { maxLength: 60 },
      )
      .map((uses) => uses.toSorted((a, b) => a.by - b.by)),
    gate: fc.record(
      {
        until: instant,
        penaltyMs: count,
        failures: count,
        probe: fc.record({ id: fc.string(), by: instant }),
      },
      { requiredKeys: ["until", "penaltyMs"] },
    ),
    wideUntil: instant,
    outside: fc.record({ count, at: instant, peak }),
    interactivePeak: peak,
    crowdedAt: instant,
    renamed: fc.constant({ listBlockedNumbers: "lite" }),
  },
  { requiredKeys: ["limit", "windowMs", "confirmed", "uses"] },
);

const throughTable = (budget: Budget) =>
  decodeBudget(JSON.parse(JSON.stringify(encodeBudget(budget))), "light");

describe("a budget's record", () => {
  it("gives back what was put in", () => {
    fc.assert(
      fc.property(budgets, (budget) => {
        expect(throughTable(budget)).toEqual(budget);
      }),
    );
  });

  it("tells a limited number of routes apart", () => {
    const use = { by: 1, count: 1, priority: "interactive" } as const;
    const uses = Array.from({ length: 40 }, (_, n) => ({ ...use, route: `route ${n}` }));
    const routes = new Set(
      throughTable({ ...emptyBudget("light", defaultLimits), uses }).uses.map(({ route }) => route),
    );
    expect(routes.size).toBe(25);
    expect(routes).toContain("other");
  });

  it("fits into one write unit when the default budget is spent", () => {
    const uses = Array.from({ length: 50 }, (_, n) => ({
      by: 1_767_225_600_000 + n * 1_200,
      count: 1,
      priority: "interactive" as const,
      route: "GET /v1/extensions/{extensionId}/overview",
    }));
    const json = JSON.stringify(encodeBudget({ ...emptyBudget("light", defaultLimits), uses }));
    expect(json.length).toBeLessThan(900);
  });

  it.each([undefined, null, "", 7, {}, { limit: 0 }, { limit: 50, uses: "none" }])(
    "is an unconfirmed default when it is not what was written: %j",
    (junk) => {
      expect(decodeBudget(junk, "heavy")).toEqual({
        limit: 10,
        windowMs: 60_000,
        confirmed: false,
        uses: [],
      });
      expect(decodeBudget(junk, "unheard-of").limit).toBe(10);
    },
  );
});
