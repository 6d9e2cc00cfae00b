import { describe, expect, it } from "vitest";
import { FallbackLimiter } from "../../../../lib/ringcentral/rate-limit/fallback.ts";
import type { GroupLimit } from "../../../../lib/ringcentral/rate-limit/limits-record.ts";
import { settings } from "../../../../lib/ringcentral/rate-limit/settings.ts";
import { seededRandom } from "../../../support/schedule.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const light: GroupLimit = { limit: 50, windowMs: MINUTE, confirmed: true, log: [] };

function lab(fleetSize: number, random: () => number = () => 0.999_999) {
  let now = 1_000 * MINUTE;
  const limiter = new FallbackLimiter({
    clock: { now: () => now, sleep: async () => {} },
    random,
    fleetSize,
  });
  return {
    limiter,
    pass: (ms: number) => {
      now += ms;
    },
    admit: (budget = light) => limiter.admit({ group: "light", priority: "interactive" }, budget, now),
    now: () => now,
  };
}

describe("the fallback limiter", () => {
  it.each([1, 4, 10, 100, 1_000])("gives a turn to about four of %i processes at any time", (fleetSize) => {
    const random = seededRandom(fleetSize);
    for (const afterMs of [0, 3 * MINUTE, 77 * MINUTE]) {
      const turns = Array.from({ length: fleetSize * 20 }, () => {
        const { admit, pass } = lab(fleetSize, random);
        pass(afterMs);
        return admit() === 0;
      }).filter(Boolean).length;
      expect(turns / 20).toBeGreaterThan(Math.min(fleetSize, 4) * 0.7);
      expect(turns / 20).toBeLessThan(Math.min(fleetSize, 4) * 1.3 + 0.01);
    }
  });

  it("has one request in flight, and spends its share a window", () => {
    const { limiter, admit, pass } = lab(4);
    for (let n = 0; n < 5; n++) {
      expect(admit()).toBe(0);
      expect(admit()).toBeGreaterThan(0);
      limiter.ended("light");
      pass(SECOND);
    }
    expect(admit()).toBe(settings.windowMs + settings.windowGuardMs - 5 * SECOND);
  });

  it("gives one caller at most half of what the process may spend", () => {
    const { limiter, pass, now } = lab(4);
    const call = { group: "light", priority: "interactive", spender: "abc.." } as const;
    for (let n = 0; n < 5; n++) {
      expect(limiter.shareFreeInMs(call, light)).toBe(0);
      expect(limiter.admit(call, light, now())).toBe(0);
      limiter.ended("light");
      pass(SECOND);
    }
    const windowMs = settings.windowMs + settings.windowGuardMs;
    // The process has spent its part: the reason is not the share.
    expect(limiter.shareFreeInMs(call, light)).toBe(0);
    pass(windowMs);
    expect(limiter.shareFreeInMs(call, light)).toBe(windowMs - 5 * SECOND);
    expect(limiter.shareFreeInMs({ ...call, spender: "xyz.." }, light)).toBe(0);
    expect(limiter.admit({ ...call, spender: "xyz.." }, light, now())).toBe(0);
  });

  it("spends less than one call a window when its share is less", () => {
    const { limiter, admit, pass } = lab(4);
    const small = { ...light, limit: 2 };
    expect(admit(small)).toBe(0);
    limiter.ended("light");
    pass(4 * MINUTE);
    expect(admit(small)).toBeGreaterThan(0);
    pass(2 * MINUTE);
    expect(admit(small)).toBe(0);
  });

  it("leaves the first window to what others may have spent, unless it read the record just before", () => {
    const [blind, informed] = [lab(4), lab(4)];
    blind.limiter.lost(Number.NEGATIVE_INFINITY);
    informed.limiter.lost(informed.now() - 5 * SECOND);
    expect(informed.admit()).toBe(0);
    expect(blind.admit()).toBe(settings.windowMs + settings.windowGuardMs);
  });

  it("leaves a lone process its share at once, unless it has just replaced another one", () => {
    const [old, started] = [lab(1), lab(1)];
    old.limiter.lost(old.now() - 10 * MINUTE);
    started.limiter.lost(Number.NEGATIVE_INFINITY);
    expect(old.admit()).toBe(0);
    expect(started.admit()).toBeGreaterThan(MINUTE);
  });

  it("waits until what the fleet is known to have spent leaves room for its share", () => {
    const { admit, now, pass } = lab(4);
    const entry = { by: now(), count: 31, priority: "interactive", route: "r" } as const;
    expect(admit({ ...light, log: [entry] })).toBeGreaterThan(MINUTE);
    pass(MINUTE + SECOND);
    expect(admit({ ...light, log: [entry] })).toBe(0);
  });

  it("waits at random for 2 to 14 penalties after a 429, twice as long after each further one, for an hour at most", () => {
    const { limiter, admit, pass } = lab(4, () => 0.5);
    for (const penalties of [8, 16, 32, 60, 60]) {
      expect(admit()).toBe(0);
      limiter.ended("light");
      limiter.pause("light", MINUTE);
      expect(limiter.pausedMs("light")).toBe(MINUTE);
      expect(admit()).toBe(penalties * MINUTE);
      pass(penalties * MINUTE);
    }
    limiter.succeeded("light");
    limiter.pause("light", MINUTE);
    expect(admit()).toBe(8 * MINUTE);
  });
});
