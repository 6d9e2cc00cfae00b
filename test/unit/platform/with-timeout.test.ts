import { describe, expect, it } from "vitest";
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

  it("keeps waiting after a freeze that cost less than one slice of timers", async () => {
    const clock = manualClock();
    let finish = (_: string) => {};
    const work = new Promise<string>((resolve) => {
      finish = resolve;
    });
    const bounded = withTimeout(work, { clock, timeoutMs: 100, timeUp });
    await clock.advance(75);
    finish("late, but in time");
    await expect(bounded).resolves.toBe("late, but in time");
  });
});
