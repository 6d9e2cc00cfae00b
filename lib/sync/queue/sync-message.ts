import * as z from "zod/mini";
import { ID_PATTERN } from "../../contract/parameters.ts";

/** One message of the queue: bring one account's snapshot up to date. */
export const SyncMessage = z.object({
  accountId: z.string().check(z.regex(ID_PATTERN)),
  trigger: z.enum(["schedule", "request", "hint"]),
  /** Epoch milliseconds. A sweep that began later has done this work, whoever asked for it. */
  requestedAt: z.int().check(z.minimum(0)),
  /** How often it was put off since another sync of the account was at work. */
  postponed: z._default(z.int().check(z.minimum(0)), 0),
});
export type SyncMessage = z.output<typeof SyncMessage>;

/** @returns undefined for a message nobody can act upon */
export function parseSyncMessage(body: string): SyncMessage | undefined {
  try {
    const parsed = SyncMessage.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
