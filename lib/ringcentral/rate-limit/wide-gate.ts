import type { Budget } from "./budget.ts";
import type { BudgetCell, Copy } from "./budget-cell.ts";
import { afterGoodProbe, closedGate, type GateState, gateState, withoutProbe, withProbe } from "./gate.ts";
import type { RateLimitSettings } from "./limits.ts";
import type { ReferenceTime } from "./reference-time.ts";

/**
 * The gate of the whole account, closed by a 429 without rate headers: some limit wider than a group's (IP,
 * account, global) [docs: RATE]. It has a record of its own, which is read only while the groups' records say so.
 */
export interface WideGate {
  /** @param probe the request that got the 429, if it was the probe */
  close(penaltyMs: number, probe: string | undefined): Promise<void>;
  /** Takes the probe when it is due. `probe` names it; absent when somebody else was first. */
  pass(probeId: string): Promise<Exclude<GateState, { state: "due" }> | { state: "due"; probe: string }>;
  opened(probeId: string): Promise<void>;
  notSent(probeId: string): Promise<void>;
}

/** @throws StorageDown */
export function createWideGate(cell: BudgetCell, time: ReferenceTime, limits: RateLimitSettings): WideGate {
  const withGate = ({ gate: _, ...rest }: Budget, gate: Budget["gate"]): Budget =>
    gate ? { ...rest, gate } : rest;
  const change = async (next: (gate: Budget["gate"]) => Budget["gate"]) => {
    await cell.update((budget) => {
      const gate = next(budget.gate);
      return gate === budget.gate ? undefined : withGate(budget, gate);
    });
  };

  return {
    close: (penaltyMs, probe) =>
      change((gate) =>
        closedGate(gate, { answeredAt: time.now().latest, penaltyMs, guardMs: limits.gateGuardMs, probe }),
      ),
    async pass(probeId) {
      const copy: Copy = await cell.read();
      const { gate } = copy.budget;
      const now = time.now();
      const state = gateState(gate, now.earliest);
      if (state.state !== "due" || gate === undefined)
        return state.state === "due" ? { state: "open" } : state;
      const by = now.latest + limits.arrivalMs;
      if (await cell.write(copy, withGate(copy.budget, withProbe(gate, probeId, by)))) {
        return { state: "due", probe: probeId };
      }
      return { state: "probing", until: by + gate.penaltyMs };
    },
    opened: (probeId) => change((gate) => afterGoodProbe(gate, probeId)),
    notSent: (probeId) => change((gate) => withoutProbe(gate, probeId)),
  };
}
