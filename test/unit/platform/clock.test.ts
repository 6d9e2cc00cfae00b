import { expect, it, vi } from "vitest";
import { systemClock } from "../../../lib/platform/clock.ts";

it("a sleep ends with its signal's reason at once, and leaves neither a timer nor a listener", async () => {
  vi.useFakeTimers();
  try {
    const controller = new AbortController();
    const { signal } = controller;
    const removed = vi.spyOn(signal, "removeEventListener");
    const [long, short] = [systemClock.sleep(60_000, signal), systemClock.sleep(1, signal)];
    await vi.advanceTimersByTimeAsync(1);
    await short;
    expect(removed).toHaveBeenCalledTimes(1);
    controller.abort("over");
    await expect(long).rejects.toBe("over");
    await expect(systemClock.sleep(60_000, signal)).rejects.toBe("over");
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
