import { expect, it } from "vitest";
import { sharesOf } from "../../bench/cold-report.ts";

const none = { calls: 0, ms: 0 };
const times = { table: none, secrets: none, RingCentral: none, issuer: none, all: none };
const start = (ms: number, initMs: number) => [{ ms, initMs, times }];

it("the shares of a live read are what each kind takes more than the one before, and make up the whole", () => {
  const { over, steps } = sharesOf({
    nothing: start(40, 38),
    rejected: start(100, 80),
    cached: start(150, 81),
    live: start(190, 82),
  });
  expect(steps.map(({ ms }) => ms)).toEqual([44, 16, 50, 40]);
  expect(over).toBe(150);
});
