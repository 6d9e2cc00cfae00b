import type { Clock } from "./clock.ts";
import type { Deadline } from "./deadline.ts";

/** Work that several callers want at once and that needs doing once. */
export interface SingleFlight<Result> {
  /**
   * Joins the flight of `key`, or starts it with `work`, which must end by `deadline`.
   *
   * Nobody waits past their own deadline. When a flight fails because its starter's time was short, those with
   * more time start over: one of them anew, the others by joining that one.
   *
   * @param timeUp the error for one whose own time runs out while others still wait
   */
  run(key: string, deadline: Deadline, work: () => Promise<Result>, timeUp: () => Error): Promise<Result>;
}

export interface SingleFlightOptions {
  clock: Clock;
  /** Whether work failed with this error only because of the deadline it had. */
  isForLackOfTime: (error: unknown) => boolean;
}

interface Flight<Result> {
  landing: Promise<Result>;
  deadlineAt: number;
}

export function createSingleFlight<Result>(options: SingleFlightOptions): SingleFlight<Result> {
  const { clock, isForLackOfTime } = options;
  const flights = new Map<string, Flight<Result>>();

  function start(key: string, deadline: Deadline, work: () => Promise<Result>): Promise<Result> {
    const landing = work().finally(() => flights.delete(key));
    flights.set(key, { landing, deadlineAt: deadline.at });
    return landing;
  }

  return {
    async run(key, deadline, work, timeUp) {
      for (;;) {
        const joined = flights.get(key);
        if (joined === undefined) return start(key, deadline, work);
        try {
          return await withinDeadline(joined.landing, deadline, clock, timeUp);
        } catch (error) {
          const moreTime = joined.deadlineAt < deadline.at && deadline.remainingMs() > 0;
          if (!moreTime || !isForLackOfTime(error)) throw error;
        }
      }
    },
  };
}

/** Waits for `pending`, but not past `deadline`; the work itself goes on for whoever else waits for it. */
async function withinDeadline<Result>(
  pending: Promise<Result>,
  deadline: Deadline,
  clock: Clock,
  timeUp: () => Error,
): Promise<Result> {
  const settled = new AbortController();
  const alarm = clock.sleep(deadline.remainingMs(), settled.signal).then(
    () => {
      throw timeUp();
    },
    // Aborted: the race is over.
    () => pending,
  );
  try {
    return await Promise.race([pending, alarm]);
  } finally {
    alarm.catch(() => undefined);
    settled.abort();
  }
}
