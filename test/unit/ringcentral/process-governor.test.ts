import { describe, expect, it } from "vitest";
import { deadlineIn } from "../../../lib/platform/deadline.ts";
import { RingCentralError } from "../../../lib/ringcentral/errors.ts";
import type { AdmissionRequest, Observation } from "../../../lib/ringcentral/ports.ts";
import { createProcessGovernor } from "../../../lib/ringcentral/process-governor.ts";
import { leapingClock } from "./manual-clock.ts";

type Group = AdmissionRequest["group"];

function setUp() {
  const clock = leapingClock();
  const governor = createProcessGovernor({ clock });
  const admit = (group: Group) =>
    governor.admit({ group, lane: "interactive", deadline: deadlineIn(120_000, clock) });
  const observe = async (group: Group, observation: Partial<Observation>) => {
    const permit = await admit(group);
    await permit.observe({ group, status: 200, withoutHeaders: false, ...observation });
  };
  /** Milliseconds until the group opens, 0 when it is open. */
  const closedFor = (group: Group) =>
    admit(group).then(
      () => 0,
      (error: unknown) => {
        if (!(error instanceof RingCentralError)) throw error;
        expect(error.failure).toMatchObject({ kind: "rate_limited", mayHaveTakenEffect: false });
        return error.failure.retryAfterMs;
      },
    );
  return { clock, admit, observe, closedFor };
}

describe("the gate of a process", () => {
  it("is open until a 429 comes", async () => {
    const { observe, closedFor } = setUp();
    await observe("light", { status: 200, remaining: 0 });
    await observe("light", { status: 503, retryAfterMs: 9_000 });
    expect(await closedFor("light")).toBe(0);
  });

  it("closes for the stated time, and refuses at once with what is left of it", async () => {
    const { clock, observe, closedFor } = setUp();
    await observe("heavy", { status: 429, retryAfterMs: 60_000 });
    expect(await closedFor("heavy")).toBe(60_000);
    clock.leap(59_999);
    expect(await closedFor("heavy")).toBe(1);
    clock.leap(1);
    expect(await closedFor("heavy")).toBe(0);
    expect(clock.slept).toEqual([]);
  });

  it("is one a group", async () => {
    const { observe, closedFor } = setUp();
    await observe("heavy", { status: 429, retryAfterMs: 60_000 });
    expect(await closedFor("light")).toBe(0);
    expect(await closedFor("medium")).toBe(0);
  });

  it("closes every group after a 429 without rate headers", async () => {
    const { observe, closedFor } = setUp();
    await observe("light", { status: 429, retryAfterMs: 30_000, withoutHeaders: true });
    for (const group of ["light", "medium", "heavy"] as const) expect(await closedFor(group)).toBe(30_000);
  });

  it("closes for 30 s when no time is stated", async () => {
    const { observe, closedFor } = setUp();
    await observe("light", { status: 429 });
    expect(await closedFor("light")).toBe(30_000);
  });

  it("is not closed by CMN-304", async () => {
    const { observe, closedFor } = setUp();
    await observe("medium", { status: 429, errorCode: "CMN-304", retryAfterMs: 60_000 });
    expect(await closedFor("medium")).toBe(0);
  });

  it("is never opened early by a later, shorter 429", async () => {
    const { admit, closedFor } = setUp();
    const [first, second] = [await admit("light"), await admit("light")];
    await first.observe({ group: "light", status: 429, retryAfterMs: 60_000, withoutHeaders: false });
    await second.observe({ group: "light", status: 429, retryAfterMs: 5_000, withoutHeaders: false });
    expect(await closedFor("light")).toBe(60_000);
  });

  it("follows the group that RingCentral names", async () => {
    const { observe, closedFor } = setUp();
    await observe("light", { status: 200, group: "medium" });
    await observe("medium", { status: 429, group: "medium", retryAfterMs: 60_000 });
    expect(await closedFor("light")).toBe(60_000);
    expect(await closedFor("heavy")).toBe(0);
  });
});
