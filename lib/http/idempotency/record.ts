import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { LATE_EFFECT_MS } from "../../ringcentral/api/late-effect.ts";
import type { RecordKey } from "../../storage/record-store.ts";

/** [contract 3] How long a response is replayed. */
export const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** The most by which the clocks of two processes may differ without one taking over the other's lease. */
export const CLOCK_SLACK_MS = 6_000;
/** How long after a write was sent it must not be sent again. */
export const UNSETTLED_MS = LATE_EFFECT_MS + CLOCK_SLACK_MS;

/** The record of one key. See SPEC.md for the states. */
export const idempotencyRecord = z.object({
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

export interface KeyScope {
  accountId: string;
  subject: string;
  operationId: string;
  key: string;
}

/** A key belongs to one caller and one operation; the table holds only their hash. */
export function recordKey({ accountId, subject, operationId, key }: KeyScope): RecordKey {
  return { partition: `idempotency#${hash([accountId, subject, operationId, key])}`, sort: "request" };
}

export function hash(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
