import type { IdempotencyRecord } from "./record.ts";

/** The state of a key. A lease that ended without an outcome leaves it `unknown`. */
export type KeyState = "absent" | "running" | "done" | "unknown";
export type Arrival = "same request" | "other request";
/** `resolve`: run, but first look for the effect of an earlier attempt. */
export type Step = "run" | "resolve" | "wait" | "replay" | "reject";

const steps: Record<KeyState, Record<Arrival, Step>> = {
  absent: { "same request": "run", "other request": "run" },
  running: { "same request": "wait", "other request": "reject" },
  done: { "same request": "replay", "other request": "reject" },
  unknown: { "same request": "resolve", "other request": "reject" },
};

export function keyState(record: IdempotencyRecord | undefined, now: number): KeyState {
  if (record === undefined || record.expiresAt <= now) return "absent";
  return record.state === "running" && record.leaseUntil <= now ? "unknown" : record.state;
}

/** The step for a request that arrives with a key. */
export function nextStep(record: IdempotencyRecord | undefined, fingerprint: string, now: number): Step {
  const arrival = record?.fingerprint === fingerprint ? "same request" : "other request";
  return steps[keyState(record, now)][arrival];
}

export type Outcome = "response" | "harmless failure" | "ambiguous failure";

const ends: Record<"run" | "resolve", Record<Outcome, Exclude<KeyState, "running">>> = {
  run: { response: "done", "harmless failure": "absent", "ambiguous failure": "unknown" },
  // A failure after an ambiguous one says nothing about the earlier attempt.
  resolve: { response: "done", "harmless failure": "unknown", "ambiguous failure": "unknown" },
};

/** The state in which a run leaves its key. */
export function stateAfter(step: "run" | "resolve", outcome: Outcome): Exclude<KeyState, "running"> {
  return ends[step][outcome];
}
