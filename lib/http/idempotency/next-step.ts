import type { WriteStep } from "../../contract/write-outcome.ts";
import { type IdempotencyRecord, LIFETIME_MS, UNSETTLED_MS } from "./record.ts";

/** The state of a key. A lease that ended without an outcome leaves it `unknown`, and time makes that `settled`. */
export type KeyState = "absent" | "running" | "done" | "unknown" | "settled";
export type Arrival = "same request" | "other request";
export type Step = WriteStep | "wait" | "replay" | "reject";

const steps: Record<KeyState, Record<Arrival, Step>> = {
  absent: { "same request": "run", "other request": "run" },
  running: { "same request": "wait", "other request": "reject" },
  done: { "same request": "replay", "other request": "reject" },
  unknown: { "same request": "look", "other request": "reject" },
  settled: { "same request": "resolve", "other request": "reject" },
};

export function keyState(record: IdempotencyRecord | undefined, now: number): KeyState {
  if (record === undefined || record.expiresAt <= now) return "absent";
  const { state, leaseUntil, settledAt } = record;
  if (state === "unknown" || (state === "running" && leaseUntil <= now)) {
    return settledAt <= now ? "settled" : "unknown";
  }
  return state;
}

/** The step for a request that arrives with a key. */
export function nextStep(record: IdempotencyRecord | undefined, fingerprint: string, now: number): Step {
  const arrival = record?.fingerprint === fingerprint ? "same request" : "other request";
  return steps[keyState(record, now)][arrival];
}

export type Outcome = "response" | "harmless failure" | "ambiguous failure";

const ends: Record<WriteStep, Record<Outcome, Exclude<KeyState, "running">>> = {
  run: { response: "done", "harmless failure": "absent", "ambiguous failure": "unknown" },
  // These failures say nothing about the earlier attempt.
  look: { response: "done", "harmless failure": "unknown", "ambiguous failure": "unknown" },
  resolve: { response: "done", "harmless failure": "settled", "ambiguous failure": "unknown" },
};

/** The state in which a run leaves its key. */
function stateAfter(step: WriteStep, outcome: Outcome): Exclude<KeyState, "running"> {
  return ends[step][outcome];
}

/** The record in that state. */
export function recordAfter(
  running: IdempotencyRecord,
  step: WriteStep,
  outcome: Outcome,
  now: number,
): IdempotencyRecord {
  const record = { ...running, leaseUntil: 0 };
  const state = stateAfter(step, outcome);
  if (state === "absent") return { ...record, state };
  if (state === "settled") return { ...record, state: "unknown", settledAt: now };
  if (state === "unknown") {
    return { ...record, state, settledAt: step === "look" ? record.settledAt : now + UNSETTLED_MS };
  }
  const expiresAt = now + LIFETIME_MS;
  // If the response does not open later, the write is known to have taken effect: it is never sent again.
  return { ...record, state, expiresAt, settledAt: expiresAt };
}

const SOONEST_LOOK_MS = 2_000;
const LATEST_LOOK_MS = 30_000;

/**
 * The wait before another look is worth its call: as long as the write has been out, so that the looks of two minutes
 * are about eight, and a look when the write may be sent again.
 */
export function nextLookInMs(settledAt: number, now: number): number {
  const sinceSentMs = now - (settledAt - UNSETTLED_MS);
  const waitMs = Math.min(Math.max(sinceSentMs, SOONEST_LOOK_MS), LATEST_LOOK_MS);
  return settledAt > now ? Math.min(waitMs, settledAt - now) : waitMs;
}
