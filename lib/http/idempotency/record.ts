import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { ProblemError } from "../../contract/problems.ts";
import type { WriteStep } from "../../contract/write-outcome.ts";
import { CLOCK_SLACK_MS, UNSETTLED_MS } from "../../ringcentral/api/late-effect.ts";
import type { RecordKey } from "../../storage/record-store.ts";

/** [contract 3] How long a response is replayed. */
export const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** When a repetition comes back that has waited for a request in progress. The lease's end would be too late for its caller. */
export const COME_BACK_SECONDS = 2;

/** The record of one key. See SPEC.md for the states. */
const idempotencyRecord = z.object({
  /** Hash of the request: the same key with another request is a mistake. */
  fingerprint: z.string(),
  /** `absent`: free again. The record stays, so that its version does not start again under a late write. */
  state: z.enum(["absent", "running", "unknown", "done"]),
  /** Epoch milliseconds. */
  leaseUntil: z.number(),
  /** From then on no attempt can take effect any more, and the write may be sent again. */
  settledAt: z.number(),
  expiresAt: z.number(),
  /** Sealed: it holds phone numbers. */
  response: z.optional(z.string()),
});
export type IdempotencyRecord = z.output<typeof idempotencyRecord>;

/** A record of another release may stand for a write that is still under way: nothing may be sent for it. */
export function parseRecord(stored: unknown): IdempotencyRecord {
  const { success, data } = idempotencyRecord.safeParse(stored);
  if (!success) throw new ProblemError("storage_unavailable");
  return data;
}

export interface KeyScope {
  accountId: string;
  callerId: string;
  operationId: string;
  key: string;
  /** "": the request is about no extension. */
  extensionId?: string;
}

/** Whom a key's records concern, for their erasure. */
export const ownerOf = ({ accountId, extensionId, callerId }: KeyScope) => ({
  owner: { accountId, extensionId, callerId },
});

/** A key belongs to one caller and one operation; the table holds only their hash. */
export function recordKey({ accountId, callerId, operationId, key }: KeyScope): RecordKey {
  return { partition: `idempotency#${hash([accountId, callerId, operationId, key])}`, sort: "request" };
}

function hash(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

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

/** `partial response`: some parts of the request are done, and a repetition continues. */
export type Outcome = "response" | "partial response" | "harmless failure" | "ambiguous failure";

/** The state in which a run leaves its key. */
const ends: Record<WriteStep, Record<Outcome, Exclude<KeyState, "running">>> = {
  run: {
    response: "done",
    "partial response": "settled",
    "harmless failure": "absent",
    "ambiguous failure": "unknown",
  },
  // These failures say nothing about the earlier attempt.
  look: {
    response: "done",
    "partial response": "settled",
    "harmless failure": "unknown",
    "ambiguous failure": "unknown",
  },
  resolve: {
    response: "done",
    "partial response": "settled",
    "harmless failure": "settled",
    "ambiguous failure": "unknown",
  },
};

/** The record of a key that a process takes. @param looked the record, when the attempt only looks */
export function runningRecord(
  fingerprint: string,
  respondBy: number,
  looked: IdempotencyRecord | undefined,
  now: number,
): IdempotencyRecord {
  return {
    fingerprint,
    state: "running",
    leaseUntil: respondBy + CLOCK_SLACK_MS,
    settledAt: looked?.settledAt ?? respondBy + UNSETTLED_MS,
    expiresAt: now + LIFETIME_MS,
  };
}

/** The record after a run. */
export function recordAfter(
  running: IdempotencyRecord,
  step: WriteStep,
  outcome: Outcome,
  now: number,
): IdempotencyRecord {
  const record = { ...running, leaseUntil: 0 };
  const state = ends[step][outcome];
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
