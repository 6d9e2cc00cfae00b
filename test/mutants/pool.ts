import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Job, Outcome } from "./messages.ts";

/** A job without a result by then hangs: a mutant may wait for ever. */
const LONGEST_MS = 150_000;

/** A result, or `hung`: the process was ended. */
export type Result = Outcome | "hung";

/** Runs jobs in so many processes, each job in the next one that is free. */
export async function runJobs<Given extends Job>(
  jobs: readonly Given[],
  processes: number,
  onResult: (job: Given, result: Result, ms: number) => void,
): Promise<void> {
  const left = [...jobs];
  const work = async () => {
    let worker: ChildProcess | undefined;
    for (let job = left.shift(); job !== undefined; job = left.shift()) {
      worker ??= await start();
      const startedAt = performance.now();
      const result = await runIn(worker, job);
      onResult(job, result, performance.now() - startedAt);
      if (result === "hung") worker = undefined;
    }
    if (worker !== undefined) end(worker);
  };
  await Promise.all(Array.from({ length: Math.min(processes, jobs.length) }, work));
}

/** The group: a test that loops without end does not notice that its worker is gone. */
function end({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, "SIGKILL");
}

async function start(): Promise<ChildProcess> {
  const worker = fork(join(import.meta.dirname, "worker.ts"), { detached: true });
  await Promise.race([
    once(worker, "message"),
    once(worker, "exit").then(() => Promise.reject(new Error("a worker did not start"))),
  ]);
  return worker;
}

async function runIn(worker: ChildProcess, job: Job): Promise<Result> {
  const ended = new AbortController();
  const { signal } = ended;
  const timer = setTimeout(() => end(worker), LONGEST_MS);
  try {
    worker.send(job);
    return await Promise.race([
      once(worker, "message", { signal }).then(([outcome]): Outcome => outcome),
      once(worker, "exit", { signal }).then(([, killedBy]): "hung" => {
        if (killedBy === "SIGKILL") return "hung";
        throw new Error("a worker has ended");
      }),
    ]);
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}
