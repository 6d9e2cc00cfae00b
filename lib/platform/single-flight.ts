import type { Clock } from "./clock.ts";
import type { Deadline } from "./deadline.ts";
import { withTimeout } from "./with-timeout.ts";

/**
 * Runs work once for several callers that need its result at the same time.
 * @param isForLackOfTime whether work failed with this error only because of its deadline
 */
export function createSingleFlight<Result>(clock: Clock, isForLackOfTime: (error: unknown) => boolean) {
  const flights = new Map<string, { landing: Promise<Result>; deadlineAt: number }>();
  return {
    /**
     * Joins the flight of `key`, or starts it with `work`, which must end by `deadline`.
     *
     * A caller waits until its own deadline at most. When a flight fails because its starter's time was short, callers
     * with more time start over: one of them starts a new flight, the others join it.
     *
     * @param timeUp the error for a caller whose own time runs out while others still wait
     */
    async run(
      key: string,
      deadline: Deadline,
      work: () => Promise<Result>,
      timeUp: () => Error,
    ): Promise<Result> {
      for (;;) {
        const joined = flights.get(key);
        if (joined === undefined) {
          const landing = work().finally(() => flights.delete(key));
          flights.set(key, { landing, deadlineAt: deadline.at });
          return landing;
        }
        try {
          return await withTimeout(joined.landing, { clock, timeoutMs: deadline.remainingMs(), timeUp });
        } catch (error) {
          const moreTime = joined.deadlineAt < deadline.at && deadline.remainingMs() > 0;
          if (!moreTime || !isForLackOfTime(error)) throw error;
        }
      }
    },
  };
}
