import { createHmac, timingSafeEqual } from "node:crypto";
import type { Position } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import type { Deadline } from "../platform/deadline.ts";

/** The request a cursor is bound to: it is valid for the same route, extension and filters only. */
export interface CursorBinding {
  operationId: string;
  accountId: string;
  extensionId: string;
  /** The filters as parsed. `limit` is not one of them and may change between pages. */
  filters: Readonly<Record<string, unknown>>;
}

type KeyPurpose = "cursor" | "idempotency" | "webhook";

/** Keys of an account, derived from its RingCentral secret. */
export interface AccountKeys {
  /** The key that signs or seals for one purpose. */
  currentKey(purpose: KeyPurpose, accountId: string, deadline: Deadline): Promise<Uint8Array>;
  /** Every key that may have been used: the account's secret rotates, and the keys are derived from it. */
  acceptedKeys(purpose: KeyPurpose, accountId: string, deadline: Deadline): Promise<Uint8Array[]>;
}

/** The cursors of one traversal, under the account's keys. */
export function cursorsOf(keys: AccountKeys, binding: CursorBinding, deadline: Deadline) {
  const currentKey = () => keys.currentKey("cursor", binding.accountId, deadline);
  return {
    sign: async (position: Position) => signCursor(position, binding, await currentKey()),

    /** @throws ProblemError `cursor_invalid` */
    async verify(cursor: string): Promise<Position> {
      const position =
        verifyCursor(cursor, binding, [await currentKey()]) ??
        verifyCursor(cursor, binding, await keys.acceptedKeys("cursor", binding.accountId, deadline));
      if (position === undefined) throw new ProblemError("cursor_invalid");
      return position;
    },
  };
}

/** A cursor: base64url(JSON) and a MAC over it and the binding, joined by a dot. */
export function signCursor(position: Position, binding: CursorBinding, key: Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(position)).toString("base64url");
  return `${payload}.${mac(payload, binding, key).toString("base64url")}`;
}

/** @returns undefined for anything but a cursor of this binding that one of the keys has signed */
export function verifyCursor(
  cursor: string,
  binding: CursorBinding,
  keys: readonly Uint8Array[],
): Position | undefined {
  const [payload, tag, ...rest] = cursor.split(".");
  if (payload === undefined || tag === undefined || rest.length > 0) return undefined;
  const claimed = Buffer.from(tag, "base64url");
  // Base64url leaves spare bits in the last character: only the canonical text is valid.
  if (claimed.toString("base64url") !== tag) return undefined;
  const isOurs = keys.some((key) => {
    const expected = mac(payload, binding, key);
    return expected.byteLength === claimed.byteLength && timingSafeEqual(expected, claimed);
  });
  return isOurs ? JSON.parse(Buffer.from(payload, "base64url").toString()) : undefined;
}

function mac(payload: string, binding: CursorBinding, key: Uint8Array): Buffer {
  const { operationId, accountId, extensionId, filters } = binding;
  const canonical = Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Array.isArray(value) ? [...value].sort() : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const bound = JSON.stringify([operationId, accountId, extensionId, canonical]);
  return createHmac("sha256", key).update(bound).update("\n").update(payload).digest();
}
