import { createHmac, timingSafeEqual } from "node:crypto";
import type { Position } from "../contract/paging.ts";

/** What a cursor is bound to: it opens for the same walk only. */
export interface CursorBinding {
  operationId: string;
  accountId: string;
  extensionId: string;
  /** The filters as parsed; `limit` is not one of them and may change during a walk. */
  filters: Readonly<Record<string, unknown>>;
}

/** Seals a position: base64url(JSON) and a MAC over it and the binding, joined by a dot. */
export function sealCursor(position: Position, binding: CursorBinding, key: Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(position)).toString("base64url");
  return `${payload}.${mac(payload, binding, key).toString("base64url")}`;
}

/**
 * @param keys any of them may have sealed it
 * @returns undefined for anything but a cursor of this very walk
 */
export function openCursor(
  cursor: string,
  binding: CursorBinding,
  keys: readonly Uint8Array[],
): Position | undefined {
  const [payload, tag, ...rest] = cursor.split(".");
  if (payload === undefined || tag === undefined || rest.length > 0) return undefined;
  const claimed = Buffer.from(tag, "base64url");
  // Base64url leaves spare bits in the last character: only the one canonical text is taken.
  if (claimed.toString("base64url") !== tag) return undefined;
  const isOurs = keys.some((key) => {
    const expected = mac(payload, binding, key);
    return expected.byteLength === claimed.byteLength && timingSafeEqual(expected, claimed);
  });
  if (!isOurs) return undefined;
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Position;
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
