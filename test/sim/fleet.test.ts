import { describe, expect, it } from "vitest";
import { goalsOf } from "./goals.ts";
import { measure } from "./measure.ts";
import { measureOutage, outageGoals } from "./outage.ts";
import { runScenario, type Scenario } from "./scenarios.ts";
import { measureShares, shareGoals } from "./shares.ts";
import { outages, scenariosFor } from "./suite.ts";

// Virtual time: the same seed gives the same run on every machine.
const scenarios = scenariosFor({ instances: 200, load: 10, hours: 0.2, seed: 1 });
const fleet = scenarios.filter(({ client }) => client === "ringfront");
const others = scenarios.filter(({ client }) => client !== "ringfront");

describe("the simulated fleet", () => {
  it.each(fleet.map((scenario): [string, Scenario] => [scenario.name, scenario]))(
    "meets its goals: %s",
    async (_, scenario) => {
      const measures = measure(await runScenario(scenario));
      expect(measures.interactive.served).toBeGreaterThan(50);
      expect(goalsOf(scenario, measures).filter(({ isMet }) => !isMet)).toEqual([]);
    },
  );

  it("makes one token call for a thousand cold starts, and spends what the limits allow", async () => {
    const cold = { name: "", instances: 1_000, minutes: 1, seed: 2, load: 0, coldBurst: true };
    const { tokenCalls, groups } = measure(await runScenario({ ...cold, client: "ringfront" }));
    expect(tokenCalls).toBe(1);
    for (const group of [groups.light, groups.medium, groups.heavy]) {
      expect(group.total429).toBe(0);
      expect(group.goodput).toBeGreaterThanOrEqual(0.95);
    }
  });

  it.each(
    outages([1, 10, 200], { load: 10, seed: 1 }).map((scenario): [string, Scenario] => [
      scenario.name,
      scenario,
    ]),
  )("leaves RingCentral in peace, and is back at once: %s", async (_, scenario) => {
    const measures = measureOutage(await runScenario(scenario));
    expect(measures.servedPerMinute).toBeGreaterThan(1);
    expect(outageGoals(measures).filter(({ isMet }) => !isMet)).toEqual([]);
  });

  it("leaves the others at least 90 % of what they would have had, beside a caller that polls", async () => {
    const [measures] = await measureShares([1], { instances: 50, hours: 0.25, seed: 1 });
    expect(measures && shareGoals(measures).filter(({ isMet }) => !isMet)).toEqual([]);
  });

  it("spends what the limits allow when 1,000 callers want more", async () => {
    const overload = { name: "", instances: 200, minutes: 8, seed: 1, load: 10, callers: 1_000 };
    expect(measure(await runScenario({ ...overload, client: "ringfront" })).goodput).toBeGreaterThanOrEqual(
      0.95,
    );
  });

  it.each(others.map((scenario): [string, Scenario] => [scenario.name, scenario]))(
    "does so where other clients fail: %s",
    async (_, scenario) => {
      const { goodput, groups, tokenCalls } = measure(await runScenario(scenario));
      expect(goodput).toBeLessThan(0.5);
      expect(groups.light.extensions + tokenCalls).toBeGreaterThan(100);
    },
  );
});
