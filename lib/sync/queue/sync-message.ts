import * as z from "zod/mini";
import { ID_PATTERN } from "../../contract/parameters.ts";

/** Message of the queue: bring one account's snapshot up to date. */
export const SyncMessage = z.object({
  accountId: z.string().check(z.regex(ID_PATTERN)),
  trigger: z.enum(["schedule", "request", "hint"]),
  /** Epoch milliseconds. Any full scan that began later completes the message. */
  requestedAt: z.int().check(z.minimum(0)),
  /** Times it was postponed because another sync of the account was running. */
  postponed: z._default(z.int().check(z.minimum(0)), 0),
});
export type SyncMessage = z.output<typeof SyncMessage>;

/** @returns undefined for an unreadable message */
export function parseSyncMessage(body: string): SyncMessage | undefined {
  try {
    const parsed = SyncMessage.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
