import type { Clock } from "../../platform/clock.ts";

/**
 * Tells how long this process has seen one version of the record. A lease counts as over when its record stays
 * unchanged for a whole lease: the algorithm of the DynamoDB lock client (`recordVersionNumber`). It compares no two
 * clocks, so it ends a dead holder's lease sooner than the stated end, which has to allow for skew.
 */
export class LeaseWatch {
  readonly #clock: Clock;
  #watched: { version: number; since: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns the instant, by this process's clock, at which it first saw this version */
  seenSince(version: number): number {
    if (this.#watched?.version !== version) this.#watched = { version, since: this.#clock.now() };
    return this.#watched.since;
  }
}
