import { describe, expect, it } from "vitest";
import type { Clock } from "../../../lib/platform/clock.ts";
import { withTimeout } from "../../../lib/platform/with-timeout.ts";
import { manualClock } from "../../support/manual-clock.ts";

const timeUp = () => new Error("time is up");

describe("withTimeout", () => {
  it("settles as the work does when it is in time", async () => {
    const clock = manualClock();
    const options = { clock, timeoutMs: 100, timeUp };
    await expect(withTimeout(Promise.resolve("done"), options)).resolves.toBe("done");
    await expect(withTimeout(Promise.reject(new Error("broken")), options)).rejects.toThrow("broken");
  });

  it("rejects with the caller's error once the time is up", async () => {
    const clock = manualClock();
    const bounded = withTimeout(new Promise(() => {}), { clock, timeoutMs: 100, timeUp });
    const outcome = expect(bounded).rejects.toThrow("time is up");
    await clock.advance(99);
    await clock.advance(1);
    await outcome;
  });

  it("keeps waiting for a result that is there at the end of a freeze, whatever its length", async () => {
    let wake = () => {};
    const clock: Clock = {
      now: () => 0,
      sleep: (_ms, signal) =>
        new Promise((resolve, reject) => {
          wake = resolve;
          signal?.addEventListener("abort", () => reject(signal.reason));
        }),
    };
    const { promise: work, resolve: finish } = Promise.withResolvers<string>();
    const bounded = withTimeout(work, { clock, timeoutMs: 100, timeUp });
    // The timer is due before the result is read.
    wake();
    await new Promise((resolve) => setImmediate(resolve));
    finish("late, but in time");
    await expect(bounded).resolves.toBe("late, but in time");
  });
});
