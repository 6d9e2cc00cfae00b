import type { Limits } from "../../contract/limits.ts";

/** The state of one budget at one moment. */
export interface Sample {
  at: number;
  remaining: number;
  isPaused: boolean;
}

/** The longest time that a chart shows. */
const LONGEST_SPAN_MS = 15 * 60_000;
const SHORTEST_SPAN_MS = 60_000;

/** The time that a chart of these samples shows: their age, within bounds. */
export function spanMs(samples: readonly Sample[], now: number): number {
  const seenMs = now - (samples[0]?.at ?? now);
  return Math.min(LONGEST_SPAN_MS, Math.max(SHORTEST_SPAN_MS, seenMs));
}

/** The samples of each budget since the page was opened, by group. Samples older than the charts show are dropped. */
export class Samples {
  readonly #byGroup = new Map<string, Sample[]>();

  add(limits: Limits, at: number): void {
    for (const { group, remaining, pause } of limits.budgets) {
      const samples = this.#byGroup.get(group) ?? [];
      samples.push({ at, remaining, isPaused: pause.state !== "none" });
      const firstKept = samples.findIndex((sample) => sample.at >= at - LONGEST_SPAN_MS);
      // One older sample stays: the line begins at the chart's edge.
      samples.splice(0, Math.max(0, firstKept - 1));
      this.#byGroup.set(group, samples);
    }
  }

  of(group: string): readonly Sample[] {
    return this.#byGroup.get(group) ?? [];
  }

  clear(): void {
    this.#byGroup.clear();
  }
}
