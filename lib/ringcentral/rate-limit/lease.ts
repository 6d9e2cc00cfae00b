import type { Priority, Use } from "./budget.ts";
import type { TimeBounds } from "./reference-time.ts";

/** The right to send one request, and what has to be said about it afterwards. */
export interface Lease {
  priority: Priority;
  route: string;
  /** Its entry in the record; absent when it was given without the table. */
  use?: Use;
  /** Own clock: as long as nothing was sent, another call of this process may have it. */
  usableUntil: number;
  /** The probe of this budget's gate that it is. */
  probe?: string;
  /** The probe of the account's wide gate that it is. */
  wideProbe?: string;
  /** Reference time when it was handed out. */
  grantedAt: TimeBounds;
}
