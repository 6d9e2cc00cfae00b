import { describe, expect, it } from "vitest";
import {
  afterGoodProbe,
  closedGate,
  type Gate,
  gateState,
  withoutProbe,
  withProbe,
} from "../../../../lib/ringcentral/rate-limit/gate.ts";

const closing = { answeredAt: 1_000, penaltyMs: 60_000, guardMs: 500 };
const closed = closedGate(undefined, closing);

describe("a gate", () => {
  it("is closed for the penalty and a guard, then due for one probe", () => {
    expect(gateState(undefined, 0)).toEqual({ state: "open" });
    expect(gateState(closed, 61_499)).toEqual({ state: "closed", until: 61_500 });
    expect(gateState(closed, 61_500)).toEqual({ state: "due" });
  });

  it("waits for the probe's answer, and for a whole penalty when none comes", () => {
    const probing = withProbe(closed, "p", 63_000);
    expect(gateState(probing, 62_000)).toEqual({ state: "probing", until: 123_000 });
    expect(gateState(probing, 123_000)).toEqual({ state: "due" });
    expect(gateState(withoutProbe(probing, "p"), 62_000)).toEqual({ state: "due" });
    expect(withoutProbe(probing, "another")).toBe(probing);
  });

  it("opens only for the probe that is under way", () => {
    const probing = withProbe(closed, "p", 63_000);
    expect(afterGoodProbe(probing, "p")).toBeUndefined();
    expect(afterGoodProbe(probing, "older")).toBe(probing);
    const again = closedGate(probing, { ...closing, answeredAt: 62_000 });
    expect(afterGoodProbe(again, "p")).toBe(again);
  });

  it("never closes for less than it was", () => {
    expect(closedGate(closed, { ...closing, answeredAt: 0 }).until).toBe(61_500);
    expect(closedGate(closed, { ...closing, answeredAt: 2_000 }).until).toBe(62_500);
  });

  it("waits twice as long after each probe that failed, up to eight times", () => {
    let gate: Gate = closed;
    const waits: number[] = [];
    for (let n = 0; n < 5; n++) {
      const at = gate.until;
      gate = closedGate(withProbe(gate, "p", at), { ...closing, answeredAt: at, probe: "p" });
      waits.push((gate.until - at - 500) / 60_000);
    }
    expect(waits).toEqual([2, 4, 8, 8, 8]);
  });
});
