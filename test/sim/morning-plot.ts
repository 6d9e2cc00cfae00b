import { linePlot } from "../bench/plot.ts";
import type { MorningMeasures } from "./morning-measures.ts";

const SECOND = 1_000;
const ticks: Readonly<Record<number, string>> = {
  [SECOND]: "1 s",
  [10 * SECOND]: "10 s",
  [60 * SECOND]: "1 min",
  [600 * SECOND]: "10 min",
  [3_600 * SECOND]: "1 h",
  [36_000 * SECOND]: "10 h",
};
/** The axis is logarithmic, from half a second to a day. */
const [FROM, TO] = [0.5 * SECOND, 86_400 * SECOND];

/** How many users have their overview after how long: a line for each case. */
export function plotOf(all: readonly MorningMeasures[]): string {
  return linePlot({
    title: "Users served, by the time since they opened the app",
    x: {
      name: "",
      log: true,
      min: FROM,
      max: TO,
      ticks: Object.keys(ticks).map(Number),
      format: (ms) => ticks[ms] ?? "",
    },
    y: { name: "", min: 0, max: 100, format: (percent) => `${percent} %` },
    series: all.map(({ name, waits }) => ({ name, points: pointsOf(waits) })),
    marks: [{ at: 2 * SECOND, name: "2 s" }],
  });
}

/** A point for each per cent of the users. */
function pointsOf(waits: readonly number[]): [ms: number, percent: number][] {
  const sorted = waits.filter(Number.isFinite).toSorted((a, b) => a - b);
  return Array.from({ length: 101 }, (_, percent) => {
    const count = Math.ceil((percent / 100) * waits.length);
    const wait = sorted[Math.max(0, count - 1)];
    return { wait, percent, isServed: count <= sorted.length };
  }).flatMap(({ wait, percent, isServed }) =>
    wait === undefined || !isServed ? [] : [[Math.max(wait, FROM), percent]],
  );
}
