import { createHash } from "node:crypto";
import * as z from "zod/mini";
import type { RecordKey } from "../../storage/record-store.ts";

/** [contract 3] How long an answer is replayed. */
export const LIFETIME_MS = 24 * 60 * 60 * 1000;

/**
 * What is known of one key. `running`: somebody works on it until the lease ends. `unknown`: it may have taken
 * effect, and whoever sends it again has to find out. `done`: the answer, sealed.
 */
export const idempotencyRecord = z.object({
  /** Hash of the request: the same key with another request is a mistake. */
  fingerprint: z.string(),
  state: z.enum(["running", "unknown", "done"]),
  /** Epoch milliseconds. */
  leaseUntil: z.number(),
  expiresAt: z.number(),
  answer: z.optional(z.string()),
});
export type IdempotencyRecord = z.output<typeof idempotencyRecord>;

export interface KeyScope {
  accountId: string;
  subject: string;
  operationId: string;
  key: string;
}

/** A key belongs to one caller and one operation; the table learns neither. */
export function recordKey({ accountId, subject, operationId, key }: KeyScope): RecordKey {
  return { partition: `idempotency#${hash([accountId, subject, operationId, key])}`, sort: "request" };
}

export function hash(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
