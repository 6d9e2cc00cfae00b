/**
 * A gate shared by the fleet. It closes on a 429, because every request during the penalty restarts it
 * [docs: RATE]. When its time has come, one instance sends a probe; only the probe's answer opens the gate.
 * A probe of which nothing is heard counts as one that restarted the penalty.
 */
export interface Gate {
  /** Reference time. */
  until: number;
  penaltyMs: number;
  /** `by`: when RingCentral has surely received it. */
  probe?: { id: string; by: number };
}

export type GateState =
  | { state: "open" }
  | { state: "closed"; until: number }
  /** A probe is under way; if it stays without an answer, the next may go at `until`. */
  | { state: "probing"; until: number }
  /** The next request is the probe. */
  | { state: "due" };

/** @param now reference time at its earliest: a gate opens late rather than early */
export function gateState(gate: Gate | undefined, now: number): GateState {
  if (gate === undefined) return { state: "open" };
  if (now < gate.until) return { state: "closed", until: gate.until };
  if (gate.probe === undefined) return { state: "due" };
  const until = gate.probe.by + gate.penaltyMs;
  return now < until ? { state: "probing", until } : { state: "due" };
}

/** Never shortens: several 429 of one episode may come in any order. A probe under way loses its say. */
export function closedGate(gate: Gate | undefined, until: number, penaltyMs: number): Gate {
  return { until: Math.max(until, gate?.until ?? 0), penaltyMs };
}

export function withProbe(gate: Gate, id: string, by: number): Gate {
  return { until: gate.until, penaltyMs: gate.penaltyMs, probe: { id, by } };
}

/** The gate after the probe `id` came back well; unchanged when it has closed again since. */
export function afterGoodProbe(gate: Gate | undefined, id: string): Gate | undefined {
  return gate?.probe?.id === id ? undefined : gate;
}

/** The gate after the probe `id` was not sent after all: the next request may be it. */
export function withoutProbe(gate: Gate | undefined, id: string): Gate | undefined {
  return gate?.probe?.id === id ? { until: gate.until, penaltyMs: gate.penaltyMs } : gate;
}
