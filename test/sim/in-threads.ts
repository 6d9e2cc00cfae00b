import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** Runs each job in a thread of its own, as many at a time as there are cores. @param module runs a job: `workerData` */
export async function inThreads<Job, Result>(
  module: string,
  jobs: readonly Job[],
  onDone: (job: Job, result: Result, ms: number) => void,
): Promise<Result[]> {
  const waiting = [...jobs.entries()];
  const results: Result[] = [];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, job] = next;
      const startedAt = Date.now();
      const [result] = await once(new Worker(new URL(module), { workerData: job }), "message");
      results[index] = result;
      onDone(job, result, Date.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return results;
}
