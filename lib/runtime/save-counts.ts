import type { Clock } from "../platform/clock.ts";
import type { Deadline } from "../platform/deadline.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { StorageUnavailable } from "../storage/errors.ts";

/** How often a process saves its counts when there is no hurry. */
export const SAVE_INTERVAL_MS = 60_000;
/** How long a request may wait for a save. The save itself continues. */
const SAVE_WAIT_MS = 250;

/** @returns whether the counts were written in the time that the request waits */
export function isSavedInTime(writing: Promise<unknown>, clock: Clock, deadline: Deadline): Promise<boolean> {
  const timeoutMs = Math.min(SAVE_WAIT_MS, deadline.remainingMs());
  const timeUp = () => new StorageUnavailable("the counts have taken long enough");
  return withTimeout(writing, { clock, timeoutMs, timeUp }).then(
    () => true,
    () => false,
  );
}
