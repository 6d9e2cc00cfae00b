import type { SyncRun } from "../../contract/sync.ts";
import { svg } from "../shared/element.ts";
import { plural } from "./words.ts";

const HEIGHT = 64;
const SLOT = 12;
/** The most that the API returns. */
const MOST_RUNS = 50;

/**
 * The last syncs, oldest first. The height of a bar is the duration, its colour the result; a sign repeats the result for
 * people who do not see colours.
 */
export function runChart(history: readonly SyncRun[]): SVGSVGElement {
  const runs = history.toReversed();
  const durations = runs.map(({ startedAt, endedAt }) => Date.parse(endedAt) - Date.parse(startedAt));
  const longest = Math.max(1, ...durations);
  const width = MOST_RUNS * SLOT;
  const bars = runs.flatMap((run, index) => {
    const height = 4 + ((durations[index] ?? 0) / longest) * (HEIGHT - 20);
    const x = width - (runs.length - index) * SLOT + 1;
    const y = HEIGHT - height;
    const title = svg("title", {}, `${run.state}, ${new Date(run.startedAt).toLocaleString()}`);
    const bar = svg("rect", { class: `run ${run.state}`, x, y, width: SLOT - 3, height, rx: 1.5 }, title);
    const sign = signs[run.state];
    return [bar, sign && svg("text", { x: x + 4.5, y: y - 4, class: `sign ${run.state}` }, sign)];
  });
  const viewBox = `0 0 ${width} ${HEIGHT}`;
  const label = { role: "img", "aria-label": summary(history) };
  return svg("svg", { class: "runs", viewBox, preserveAspectRatio: "xMaxYMax", ...label }, ...bars);
}

const signs: Partial<Record<SyncRun["state"], string>> = { failed: "×", quarantined: "!" };

function summary(history: readonly SyncRun[]): string {
  const count = (state: SyncRun["state"]) => history.filter((run) => run.state === state).length;
  const states = ["committed", "unchanged", "quarantined", "failed"] as const;
  const parts = states.filter((state) => count(state) > 0).map((state) => `${count(state)} ${state}`);
  return `The last ${plural(history.length, "sync")}: ${parts.join(", ") || "none yet"}.`;
}
