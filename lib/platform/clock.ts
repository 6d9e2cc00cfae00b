import { setTimeout } from "node:timers/promises";
import { omitUndefined } from "./omit-undefined.ts";

/** Time as an argument: tests advance it instead of sleeping. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    setTimeout(ms, undefined, omitUndefined({ signal })).catch((error) => {
      throw signal?.aborted ? signal.reason : error;
    }),
};
