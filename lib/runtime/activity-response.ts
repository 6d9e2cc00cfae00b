import type { ProblemHistory } from "../contract/activity.ts";
import { problems } from "../contract/problems.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { type ActivityCounts, firstStep, steps } from "./activity-counts.ts";

const statuses = new Map<string, number>(
  Object.entries(problems).map(([code, { status }]) => [code, status]),
);

type ProblemPart = "fiveMinutes" | "hours";

export function problemsMet(counts: ActivityCounts, now: number) {
  return {
    lastHour: historyOf(counts, "fiveMinutes", now),
    lastDay: historyOf(counts, "hours", now),
  };
}

function historyOf(counts: ActivityCounts, part: ProblemPart, now: number): ProblemHistory {
  const { stepMs, kept } = steps[part];
  const first = firstStep(part, now);
  const series = Object.entries(counts[part]).map(([name, byStep]) => {
    const [route = "", code = ""] = name.split(" ");
    const counts = Array.from({ length: kept }, (_, index) => byStep[first + index] ?? 0);
    return omitUndefined({ route, code, status: statuses.get(code), counts });
  });
  return { from: iso(first * stepMs), stepSeconds: stepMs / 1000, series };
}

/** The minutes of the last hour in which there were calls of the budget, the oldest first. */
export function minutesOf({ minutes }: ActivityCounts, group: string) {
  return Object.entries(minutes[group] ?? {})
    .map(([step, [calls, rejected, leastRemaining]]) =>
      omitUndefined({ at: iso(Number(step) * steps.minutes.stepMs), calls, rejected, leastRemaining }),
    )
    .sort((one, other) => one.at.localeCompare(other.at))
    .slice(-steps.minutes.kept);
}

const iso = (epochMs: number) => new Date(epochMs).toISOString();
