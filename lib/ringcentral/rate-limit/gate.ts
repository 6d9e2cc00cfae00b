/**
 * A gate shared by the fleet. It closes on a 429, because every request during the penalty restarts it
 * [docs: RATE]. When its time has come, one instance sends a probe; only the probe's answer opens the gate.
 * A probe of which nothing is heard counts as one that restarted the penalty.
 */
export interface Gate {
  /** Reference time. */
  until: number;
  penaltyMs: number;
  /** Probes in a row that found the penalty still on. */
  failures?: number;
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

/**
 * The gate after a 429 that was answered at `answeredAt` at the latest. Never shortens: several 429 of one episode
 * may come in any order. A probe under way loses its say.
 *
 * A probe that fails in spite of all the waiting met somebody else's penalty. Two clients that wait equally long
 * would restart each other's for ever, so the fleet then waits twice as long, and again, up to eight times.
 * @param probe the request that got the 429, if it was one
 */
export function closedGate(
  gate: Gate | undefined,
  closing: { answeredAt: number; penaltyMs: number; guardMs: number; probe?: string | undefined },
): Gate {
  const { answeredAt, penaltyMs, guardMs, probe } = closing;
  const hasFailed = probe !== undefined && gate?.probe?.id === probe;
  const failures = (gate?.failures ?? 0) + (hasFailed ? 1 : 0);
  const factor = hasFailed ? 2 ** Math.min(failures, MOST_DOUBLINGS) : 1;
  const until = Math.max(answeredAt + penaltyMs * factor + guardMs, gate?.until ?? 0);
  return { until, penaltyMs, ...(failures > 0 && { failures }) };
}

const MOST_DOUBLINGS = 3;

export function withProbe(gate: Gate, id: string, by: number): Gate {
  return { ...gate, probe: { id, by } };
}

/** The gate after the probe `id` came back well; unchanged when it has closed again since. */
export function afterGoodProbe(gate: Gate | undefined, id: string): Gate | undefined {
  return gate?.probe?.id === id ? undefined : gate;
}

/** The gate after the probe `id` was not sent after all: the next request may be it. */
export function withoutProbe(gate: Gate | undefined, id: string): Gate | undefined {
  if (gate?.probe?.id !== id) return gate;
  const { probe: _, ...rest } = gate;
  return rest;
}
