import type { Context } from "aws-lambda";
import { type Clock, systemClock } from "../platform/clock.ts";
import { type Deadline, deadlineIn } from "../platform/deadline.ts";
import { createLogger, type Logger } from "../platform/logger.ts";
import { processMetrics } from "../platform/metrics.ts";

/** A job's view of its invocation. */
export interface JobInvocation {
  requestId: string;
  deadline: Deadline;
  clock: Clock;
  log: Logger;
}

/**
 * A Lambda handler for a schedule or a queue. Its errors are logged, and make the invoking service try again. An alarm
 * goes off when `JobSuccesses` stays away.
 */
export function defineJob<Event, Result>(
  name: string,
  job: (event: Event, invocation: JobInvocation) => Promise<Result>,
): (event: Event, context: Context) => Promise<Result> {
  return async (event, { awsRequestId: requestId, ...context }) => {
    const clock = systemClock;
    const log = createLogger({ job: name, requestId });
    const startedAt = clock.now();
    const count = (successes: number) => processMetrics.count("JobSuccesses", successes, { Job: name });
    try {
      const deadline = deadlineIn(context.getRemainingTimeInMillis(), clock);
      const result = await job(event, { requestId, deadline, clock, log });
      count(1);
      log.info("job succeeded", { durationMs: clock.now() - startedAt });
      return result;
    } catch (error) {
      count(0);
      log.error("job failed", { error, durationMs: clock.now() - startedAt });
      throw error;
    } finally {
      processMetrics.flush();
    }
  };
}
