import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTableClock } from "../../../../lib/ringcentral/rate-limit/clock-bounds.ts";

const START = 1_767_225_600_000;

function clockWith(skewMs: number) {
  let trueNow = START;
  return {
    clock: { now: () => trueNow + skewMs, sleep: async () => {} },
    pass(ms: number) {
      trueNow += ms;
    },
    trueNow: () => trueNow,
  };
}

describe("the table's time", () => {
  it("is the process's clock, give or take the largest skew, until the table has responded", () => {
    const { clock } = clockWith(3_000);
    const time = createTableClock(clock);
    expect(time.now()).toEqual({ earliest: START - 2_000, latest: START + 8_000 });
  });

  it("holds the true time between its bounds, which narrow with every response", () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: 9_000 }),
      thereMs: fc.integer({ min: 1, max: 40 }),
      backMs: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: -5_000, max: 5_000 }),
        fc.array(step, { minLength: 12, maxLength: 40 }),
        (skewMs, steps) => {
          const { clock, pass, trueNow } = clockWith(skewMs);
          const time = createTableClock(clock);
          for (const { waitMs, thereMs, backMs } of steps) {
            pass(waitMs);
            const sentAt = clock.now();
            pass(thereMs);
            const dateMs = Math.floor(trueNow() / 1_000) * 1_000;
            pass(backMs);
            time.learn({ sentAt, receivedAt: clock.now(), dateMs });
            const { earliest, latest } = time.now();
            expect(earliest).toBeLessThanOrEqual(trueNow());
            expect(latest).toBeGreaterThanOrEqual(trueNow());
            expect(latest - earliest).toBeLessThanOrEqual(1_130);
          }
        },
      ),
    );
  });

  it("starts over when a clock was set", () => {
    const { clock, pass } = clockWith(0);
    const time = createTableClock(clock);
    time.learn({ sentAt: clock.now(), receivedAt: clock.now(), dateMs: START });
    pass(3_600_000);
    time.learn({ sentAt: clock.now(), receivedAt: clock.now(), dateMs: START + 3_000_000 });
    expect(time.now().latest).toBeLessThan(START + 3_002_000);
  });

  it("ignores a header that is no date", () => {
    const { clock } = clockWith(0);
    const time = createTableClock(clock);
    const before = time.now();
    time.learn({ sentAt: START, receivedAt: START, dateMs: Number.NaN });
    expect(time.now()).toEqual(before);
  });
});
