import type { Limits } from "../../contract/limits.ts";
import { byId, element, part } from "../shared/element.ts";
import { budgetChart, type Samples, spanMs } from "./budget-chart.ts";
import { keyedViews, show, table } from "./views.ts";
import { duration, plural, relative } from "./words.ts";

type Budget = Limits["budgets"][number];

/** One card per budget: calls left, their history, the pause, and the routes that spent them. */
export function createBudgetsView(samples: Samples): (budgets: readonly Budget[], now: number) => void {
  return keyedViews(
    byId("budgets"),
    "budget-card",
    ({ group }: Budget) => group,
    (card, budget, now) => fillCard(card, budget, samples, now),
    "RingCentral has not been called yet.",
  );
}

function fillCard(card: HTMLElement, budget: Budget, samples: Samples, now: number): void {
  const { group, limit, remaining, windowSeconds, granted, external, confirmed, spentByRoute } = budget;
  card.setAttribute("aria-label", `Budget ${group}`);
  part(card, "group").textContent = group;
  part(card, "figure").replaceChildren(
    element("strong", {}, remaining.toLocaleString()),
    ` of ${plural(limit, "call")} left in ${duration(windowSeconds * 1000)}`,
  );
  const { words, tone } = pauseWords(budget, now);
  const badge = part(card, "pause");
  badge.textContent = words;
  badge.className = `badge ${tone}`;
  const label = `${group}: ${remaining} of ${limit} calls left. ${words}.`;
  part(card, "chart").replaceChildren(budgetChart(samples.of(group), limit, now, label));
  part(card, "since").textContent = `${duration(spanMs(samples.of(group), now))} ago`;
  part(card, "note").textContent = [
    `${granted} granted`,
    `${external} used by others`,
    ...(confirmed ? [] : ["limit assumed, RingCentral has not confirmed it"]),
    ...(budget.seenBy === "process" ? ["seen by one function only: the table is unavailable"] : []),
  ].join(" · ");
  show(part(card, "spending"), spentByRoute, () => [spendingTable(budget)]);
}

function spendingTable({ group, spentByRoute }: Budget): Node {
  if (spentByRoute.length === 0) return element("p", { class: "quiet" }, "No calls in this window.");
  const rows = spentByRoute
    .toSorted((a, b) => b.interactive + b.sync - a.interactive - a.sync)
    .map(({ route, interactive, sync }) => [route, String(interactive), String(sync)]);
  return table(`Calls by operation, ${group}`, ["Operation", "For callers", "For the sync"], rows);
}

function pauseWords({ pause }: Budget, now: number): { words: string; tone: string } {
  const until = pause.until === undefined ? "" : `, resumes ${relative(pause.until, now)}`;
  switch (pause.state) {
    case "none":
      return { words: "Not paused", tone: "good" };
    case "paused":
      return { words: `Paused${until}`, tone: "bad" };
    case "probing":
      return { words: "Paused, one call probes", tone: "warn" };
    case "probe_due":
      return { words: "Paused, the next call probes", tone: "warn" };
  }
}
