import type { Position } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import type { Deadline } from "../platform/deadline.ts";
import { type CursorBinding, openCursor, sealCursor } from "./cursor.ts";

/** Keys of an account, made from its RingCentral secret. */
export interface AccountKeys {
  /** The key that seals for one purpose. */
  currentKey(purpose: KeyPurpose, accountId: string, deadline: Deadline): Promise<Uint8Array>;
  /** All that may have sealed: the secret they come from rotates. */
  acceptedKeys(purpose: KeyPurpose, accountId: string, deadline: Deadline): Promise<Uint8Array[]>;
}

export type KeyPurpose = "cursor" | "idempotency" | "webhook";

/** The cursors of one walk. */
export function walkCursors(keys: AccountKeys, binding: CursorBinding, deadline: Deadline) {
  const { accountId } = binding;
  return {
    /** @throws ProblemError `cursor_invalid` */
    async open(cursor: string): Promise<Position> {
      const current = await keys.currentKey("cursor", accountId, deadline);
      const position =
        openCursor(cursor, binding, [current]) ??
        openCursor(cursor, binding, await keys.acceptedKeys("cursor", accountId, deadline));
      if (position === undefined) throw new ProblemError("cursor_invalid");
      return position;
    },
    async seal(position: Position): Promise<string> {
      return sealCursor(position, binding, await keys.currentKey("cursor", accountId, deadline));
    },
  };
}
