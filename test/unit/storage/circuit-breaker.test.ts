import { describe, expect, it } from "vitest";
import { createCircuitBreaker } from "../../../lib/storage/circuit-breaker.ts";
import { manualClock } from "../../support/manual-clock.ts";

function lab(options: Partial<Parameters<typeof createCircuitBreaker>[0]> = {}) {
  const clock = manualClock();
  const told: string[] = [];
  const breaker = createCircuitBreaker({
    clock,
    pauseMs: 1_000,
    maxPauseMs: 3_000,
    timeoutMs: 10_000,
    onOpen: () => told.push("open"),
    onClose: (openForMs) => told.push(`closed after ${openForMs}`),
    ...options,
  });
  const fail = () =>
    breaker.call(() => Promise.reject(new Error("away"))).catch((error: Error) => error.message);
  return { clock, breaker, told, fail };
}

describe("circuitBreaker", () => {
  it("rejects at once for a while after a failure, longer after each further one, up to a bound", async () => {
    const { clock, breaker, fail } = lab();
    for (const pauseMs of [1_000, 2_000, 3_000, 3_000]) {
      expect(await fail()).toBe("away");
      expect(await fail()).toMatch("circuit is open");
      await clock.advance(pauseMs - 1);
      expect(breaker.openMs()).toBe(1);
      await clock.advance(1);
      expect(breaker.openMs()).toBe(0);
    }
  });

  it("reports the first failure and the first success after it, and starts counting anew", async () => {
    const { clock, breaker, told, fail } = lab();
    await fail();
    await clock.advance(1_000);
    await fail();
    await clock.advance(2_000);
    await breaker.call(async () => "fine");
    expect(told).toEqual(["open", "closed after 3000"]);
    await fail();
    await clock.advance(1_000);
    expect(breaker.openMs()).toBe(0);
  });

  it("counts silence as a failure", async () => {
    const { clock, breaker } = lab({ timeoutMs: 200 });
    const silent = expect(breaker.call(() => new Promise(() => {}))).rejects.toThrow("within 200 ms");
    await clock.advance(199);
    expect([breaker.openMs(), breaker.isFailing()]).toEqual([0, false]);
    await clock.advance(1);
    await silent;
    expect(breaker.openMs()).toBeGreaterThan(0);
    await clock.advance(1_000);
    expect([breaker.openMs(), breaker.isFailing()]).toEqual([0, true]);
    await breaker.call(async () => "fine");
    expect(breaker.isFailing()).toBe(false);
  });
});
