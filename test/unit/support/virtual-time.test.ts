import { afterEach, describe, expect, it } from "vitest";
import { VirtualTime } from "../../support/virtual-time.ts";

const START = Date.UTC(2026, 0, 1);
let time = new VirtualTime(START);
let restore = () => {};
afterEach(() => {
  restore();
  restore = () => {};
  time = new VirtualTime(START);
});
const passed = () => time.now() - START;

describe("virtual time", () => {
  it("wakes sleepers in the order of their times, and jumps to the last one that the work waits for", async () => {
    const woken: number[] = [];
    const sleeping = [50, 10, 30].map((ms) => time.sleep(ms).then(() => woken.push(ms)));
    void time.sleep(1_000);
    await time.run(Promise.all(sleeping));
    expect([woken, passed(), time.timers]).toEqual([[10, 30, 50], 50, 1]);
  });

  it("stands still while a thread works, which another wait would overtake otherwise", async () => {
    const order: string[] = [];
    const digest = crypto.subtle.digest("SHA-256", new Uint8Array(20_000_000)).then(() => {
      order.push(`digest at ${passed()}`);
    });
    const limit = time.sleep(10).then(() => order.push("limit"));
    await time.run(Promise.all([digest, limit]));
    expect(order).toEqual(["digest at 0", "limit"]);
  });

  it("is that of all dates and timers once installed, and counts those that are left", async () => {
    restore = time.install();
    time.skewMs = 7;
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 10);
    const cleared = setTimeout(() => {}, 5);
    setTimeout(() => {}, 60);
    clearTimeout(cleared);
    const signal = AbortSignal.timeout(40);
    await time.advance(35);
    expect([ticks, Date.now() - START, new Date().toISOString(), signal.aborted]).toEqual([
      3,
      42,
      "2026-01-01T00:00:00.042Z",
      false,
    ]);
    await time.advance(5);
    expect(signal.aborted).toBe(true);
    clearInterval(ticking);
    expect(time.timers).toBe(1);
    time.forgetTimers();
    expect(time.timers).toBe(0);
  });

  it("leaves nothing of a sleep that is cancelled", async () => {
    const cancel = new AbortController();
    const sleeping = expect(time.sleep(10, cancel.signal)).rejects.toThrow("enough");
    cancel.abort(new Error("enough"));
    await sleeping;
    expect(time.timers).toBe(0);
  });
});
