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
    const title = svg("title", {}, `${run.state}, ${new Date(run.startedAt).toLocaleString()}`);
    const sign = signs[run.state];
    return [
      svg(
        "rect",
        {
          class: `run ${run.state}`,
          x: String(x),
          y: String(HEIGHT - height),
          width: String(SLOT - 3),
          height: String(height),
          rx: "1.5",
        },
        title,
      ),
      sign === undefined
        ? undefined
        : svg(
            "text",
            { x: String(x + 4.5), y: String(HEIGHT - height - 4), class: `sign ${run.state}` },
            sign,
          ),
    ];
  });
  return svg(
    "svg",
    {
      class: "runs",
      viewBox: `0 0 ${width} ${HEIGHT}`,
      preserveAspectRatio: "xMaxYMax",
      role: "img",
      "aria-label": summary(history),
    },
    ...bars,
  );
}

const signs: Partial<Record<SyncRun["state"], string>> = { failed: "×", quarantined: "!" };

function summary(history: readonly SyncRun[]): string {
  const count = (state: SyncRun["state"]) => history.filter((run) => run.state === state).length;
  const parts = (["committed", "unchanged", "quarantined", "failed"] as const).flatMap((state) =>
    count(state) > 0 ? [`${count(state)} ${state}`] : [],
  );
  return `The last ${plural(history.length, "sync", "syncs")}: ${parts.join(", ") || "none yet"}.`;
}
