import type { Limits } from "../../contract/limits.ts";
import { byId, element, part } from "../shared/element.ts";
import { budgetChart, type Samples, spanMs } from "./budget-chart.ts";
import { keyedViews, show, table } from "./views.ts";
import { duration, plural, relative } from "./words.ts";

type Budget = Limits["budgets"][number];

/** One card per budget: calls left, their history, the pause, and the routes that spent them. */
export function createBudgetsView(samples: Samples) {
  return keyedViews(
    byId("budgets"),
    "budget-card",
    ({ group }: Budget) => group,
    (card, budget, now) => fillCard(card, budget, samples, now),
    "RingCentral has not been called yet.",
  );
}

function fillCard(card: HTMLElement, budget: Budget, samples: Samples, now: number): void {
  const {
    group,
    limit,
    remaining,
    windowSeconds,
    granted,
    external,
    confirmed,
    spentByRoute,
    spentByCaller,
  } = budget;
  card.setAttribute("aria-label", `Budget ${group}`);
  part(card, "group").textContent = group;
  const isFree = budget.pause.state === "none";
  const calls = `${plural(limit, "call")}${isFree ? " left" : ""} in ${duration(windowSeconds * 1000)}`;
  part(card, "figure").replaceChildren(
    // During a pause no count of calls left is true.
    ...(isFree
      ? [element("strong", {}, remaining.toLocaleString()), ` of ${calls}`]
      : [`The limit is ${calls}.`]),
  );
  const { words, tone } = pauseWords(budget, now);
  const badge = part(card, "pause");
  badge.textContent = words;
  badge.className = `badge ${tone}`;
  const label = `${group}: ${isFree ? `${remaining} of ${limit} calls left. ` : ""}${words}.`;
  part(card, "chart").replaceChildren(budgetChart(samples.of(group), limit, now, label));
  part(card, "since").textContent = `${duration(spanMs(samples.of(group), now))} ago`;
  part(card, "note").textContent = [
    `${granted} granted`,
    `${external} used by others`,
    ...(confirmed ? [] : ["RingCentral has not confirmed this limit yet"]),
    ...(budget.seenBy === "process"
      ? ["counted by one function only, because the table is unavailable"]
      : []),
  ].join(" · ");
  show(part(card, "spending"), [spentByRoute, spentByCaller], () => [
    spendingTable(budget),
    ...(spentByCaller.length === 0 ? [] : [callersTable(budget)]),
  ]);
}

function spendingTable({ group, spentByRoute }: Budget): Node {
  if (spentByRoute.length === 0) return element("p", { class: "quiet" }, "No calls in this window.");
  const rows = spentByRoute
    .toSorted((a, b) => b.interactive + b.sync - a.interactive - a.sync)
    .map(({ route, interactive, sync }) => [route, String(interactive), String(sync)]);
  return table(`Calls by operation, ${group}`, ["Operation", "For callers", "For the sync"], rows);
}

function callersTable({ group, spentByCaller }: Budget): Node {
  const rows = spentByCaller.map(({ caller, calls }) => [element("code", {}, caller), String(calls)]);
  return table(`Calls by caller, ${group}`, ["Caller (as in the access log)", "Calls"], rows);
}

/** Calls are held back: during the pause, and while the call that tests its end is under way. */
export function isPaused({ state, until }: Budget["pause"], now: number): boolean {
  return (state === "paused" || state === "probing") && (until === undefined || Date.parse(until) > now);
}

function pauseWords({ pause }: Budget, now: number): { words: string; tone: string } {
  if (pause.state === "none") return { words: "Not paused", tone: "good" };
  if (!isPaused(pause, now)) return { words: "Pause over, the next call tests it", tone: "warn" };
  if (pause.state === "probing") return { words: "Paused, a test call is under way", tone: "warn" };
  const until = pause.until === undefined ? "" : `, test call ${relative(pause.until, now)}`;
  return { words: `Paused${until}`, tone: "bad" };
}
