import type { Clock } from "../platform/clock.ts";
import type { Deadline } from "../platform/deadline.ts";
import { RingCentralError } from "./errors.ts";

/** Work that several callers want at once and that needs doing once. */
export interface SingleFlight<Result> {
  /**
   * Joins the flight of `key`, or starts it with `work`, which must end by `deadline`.
   *
   * Nobody waits past their own deadline. When a flight ends because its starter's time was short, those with more
   * time start over (one of them; the others join it), each at most once per starter that had less time.
   *
   * @param operation names the failure of one whose own time runs out
   */
  run(key: string, deadline: Deadline, operation: string, work: () => Promise<Result>): Promise<Result>;
}

interface Flight<Result> {
  landing: Promise<Result>;
  deadlineAt: number;
}

export function createSingleFlight<Result>(clock: Clock): SingleFlight<Result> {
  const flights = new Map<string, Flight<Result>>();

  function start(key: string, deadline: Deadline, work: () => Promise<Result>): Promise<Result> {
    const landing = work().finally(() => flights.delete(key));
    flights.set(key, { landing, deadlineAt: deadline.at });
    return landing;
  }

  return {
    async run(key, deadline, operation, work) {
      for (;;) {
        const joined = flights.get(key);
        if (joined === undefined) return start(key, deadline, work);
        try {
          return await withinDeadline(joined.landing, deadline, clock, operation);
        } catch (error) {
          const startOver =
            isForLackOfTime(error) && joined.deadlineAt < deadline.at && deadline.remainingMs() > 0;
          if (!startOver) throw error;
        }
      }
    },
  };
}

/** The starter's deadline ended the call, or it could not be admitted in the time the starter had. */
function isForLackOfTime(error: unknown): boolean {
  if (!(error instanceof RingCentralError)) return false;
  const { kind, status, deadlineExceeded } = error.failure;
  return deadlineExceeded === true || (kind === "rate_limited" && status === undefined);
}

/** Waits for `pending`, but not past `deadline`; the work itself goes on for whoever else waits for it. */
async function withinDeadline<Result>(
  pending: Promise<Result>,
  deadline: Deadline,
  clock: Clock,
  operation: string,
): Promise<Result> {
  const settled = new AbortController();
  const timeUp = clock.sleep(deadline.remainingMs(), settled.signal).then(
    () => {
      throw new RingCentralError({
        kind: "timeout",
        operation,
        deadlineExceeded: true,
        mayHaveTakenEffect: false,
      });
    },
    // Aborted: the race is over.
    () => pending,
  );
  try {
    return await Promise.race([pending, timeUp]);
  } finally {
    timeUp.catch(() => undefined);
    settled.abort();
  }
}
