import type { Limits } from "../../contract/limits.ts";
import { svg } from "../shared/element.ts";
import { OLD_AFTER_MS } from "./reading.ts";

/** The state of one budget at one moment; `remaining` is undefined from a failed read to the next one. */
interface Sample {
  at: number;
  remaining: number | undefined;
  isPaused: boolean;
}

/** The longest time that a chart shows. */
const LONGEST_SPAN_MS = 15 * 60_000;
const SHORTEST_SPAN_MS = 60_000;

/** The samples of each budget since the page was opened, by group. Samples older than the charts show are dropped. */
export class Samples {
  readonly #byGroup = new Map<string, Sample[]>();

  add(limits: Limits, at: number): void {
    for (const { group, remaining, pause } of limits.budgets) {
      this.#push(group, { at, remaining, isPaused: pause.state !== "none" });
    }
  }

  /** The read at this time failed: no line is drawn until the next sample. */
  interrupt(at: number): void {
    for (const group of this.#byGroup.keys())
      this.#push(group, { at, remaining: undefined, isPaused: false });
  }

  #push(group: string, sample: Sample): void {
    const samples = [...this.of(group)];
    const before = samples.at(-1);
    // Nobody knows what happened while the page was hidden or did not read.
    if (before !== undefined && sample.at - before.at > OLD_AFTER_MS) {
      samples.push({ at: before.at, remaining: undefined, isPaused: false });
    }
    samples.push(sample);
    const firstKept = samples.findIndex(({ at }) => at >= sample.at - LONGEST_SPAN_MS);
    // One older sample stays: the line begins at the chart's edge.
    samples.splice(0, Math.max(0, firstKept - 1));
    this.#byGroup.set(group, samples);
  }

  of(group: string): readonly Sample[] {
    return this.#byGroup.get(group) ?? [];
  }

  clear(): void {
    this.#byGroup.clear();
  }
}

/** The time that a chart of these samples shows: their age, within bounds. */
export function spanMs(samples: readonly Sample[], now: number): number {
  const seenMs = now - (samples[0]?.at ?? now);
  return Math.min(LONGEST_SPAN_MS, Math.max(SHORTEST_SPAN_MS, seenMs));
}

const WIDTH = 300;
const HEIGHT = 64;

/**
 * A step chart of a budget's remaining calls, with its pauses behind them.
 * @param label the same in words
 */
export function budgetChart(samples: readonly Sample[], limit: number, now: number, label: string) {
  const span = spanMs(samples, now);
  const x = (at: number) => round(Math.min(1, Math.max(0, 1 - (now - at) / span)) * WIDTH);
  const y = (remaining: number) =>
    round(2 + (1 - Math.min(1, remaining / Math.max(1, limit))) * (HEIGHT - 4));
  const endOf = (index: number) => x(samples[index + 1]?.at ?? now);
  const steps = samples.flatMap(({ at, remaining }, index) =>
    remaining === undefined ? [] : [{ from: x(at), to: endOf(index), y: y(remaining), index }],
  );
  const line = steps.map((step, place) => {
    const isFollowing = steps[place - 1]?.index === step.index - 1;
    return `${isFollowing ? "L" : "M"}${step.from} ${step.y} L${step.to} ${step.y}`;
  });
  const area = steps.map((step) => `M${step.from} ${HEIGHT} V${step.y} H${step.to} V${HEIGHT} Z`);
  const pauses = samples.flatMap(({ at, isPaused }, index) => {
    if (!isPaused) return [];
    const width = Math.max(1, endOf(index) - x(at));
    return [svg("rect", { class: "paused", x: x(at), y: 0, width, height: HEIGHT })];
  });
  const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
  return svg(
    "svg",
    { class: "chart", viewBox, preserveAspectRatio: "none", role: "img", "aria-label": label },
    ...pauses,
    svg("line", { class: "top-line", x1: 0, y1: 2, x2: WIDTH, y2: 2 }),
    svg("path", { class: "area", d: area.join("") }),
    svg("path", { class: "line", d: line.join("") }),
  );
}

const round = (value: number) => Math.round(value * 10) / 10;
