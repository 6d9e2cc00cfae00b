import { expect, it } from "vitest";
import { goalsOfMorning, measureMorning } from "./morning-measures.ts";
import { runMorning } from "./morning-run.ts";
import { mornings } from "./morning-suite.ts";

// Virtual time: the same seed gives the same morning on every machine. 40 users within 12 s.
const cases = mornings(40, 1);
const play = async (name: string) => {
  const morning = cases.find((one) => one.name === name);
  if (morning === undefined) throw new Error(`no case ${name}`);
  return measureMorning(await runMorning(morning));
};

it("serves nearly all users of own sessions at once, where the service user serves a quarter", async () => {
  const own = await play("own sessions, steady state");
  expect(goalsOfMorning(own).filter(({ isMet }) => !isMet)).toEqual([]);
  const alone = await play("service user alone");
  expect(alone.atOnce).toBeLessThan(0.4);
  expect(alone.rejected).toBe(0);
});

it("signs in four people in 74 s, each when told, and never makes a sixth token call in a minute", async () => {
  const first = await play("first morning: nobody signed in");
  expect(first.served).toBe(1);
  expect(first.tokenCalls).toBe(40);
  expect(first.tokenCallsAMinute).toBeLessThanOrEqual(5);
  expect(first.rejected).toBe(0);
  // 36 people behind the first four, at 18.6 s each.
  expect(first.last).toBeGreaterThan(11 * 60_000);
  expect(first.last).toBeLessThan(13 * 60_000);
});
