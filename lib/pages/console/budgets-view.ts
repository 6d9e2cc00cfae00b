import type { Limits } from "../../contract/limits.ts";
import { byId, element, part } from "../shared/element.ts";
import { bars } from "./bars.ts";
import { keyedViews, show, table } from "./views.ts";
import { clockTime, duration, plural, relative } from "./words.ts";

type Budget = Limits["budgets"][number];

/** One card per budget: calls left, their history, the pause, and the routes that spent them. */
export function createBudgetsView() {
  return keyedViews(
    byId("budgets"),
    "budget-card",
    ({ group }: Budget) => group,
    fillCard,
    "RingCentral has not been called yet.",
  );
}

function fillCard(card: HTMLElement, budget: Budget, now: number): void {
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
  const hour = hourInWords(budget);
  part(card, "hour").textContent = hour;
  const { lastHour } = budget;
  show(part(card, "chart"), [lastHour, limit, granted, external, Math.floor(now / MINUTE_MS)], () => [
    hourChart(budget, `${group}: ${hour}`, now),
  ]);
  part(card, "note").textContent = [
    `${granted} granted now`,
    `${external} used by other apps`,
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

const MINUTE_MS = 60_000;

function hourInWords({ lastHour }: Budget): string {
  if (lastHour === undefined) return "The last hour is unknown: the table is unavailable.";
  const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
  const calls = sum(lastHour.map((minute) => minute.calls));
  const rejected = sum(lastHour.map((minute) => minute.rejected));
  const least = Math.min(...lastHour.map(({ leastRemaining = Number.POSITIVE_INFINITY }) => leastRemaining));
  const fewest = Number.isFinite(least) ? `, fewest left ${least}` : "";
  const met = rejected === 0 ? "" : `, ${rejected} rejected by RingCentral`;
  return `The last hour: ${plural(calls, "call")}${fewest}${met}.`;
}

/** How much of the limit was used in each minute of the last hour, by other clients too. */
function hourChart({ lastHour = [], limit, granted, external }: Budget, label: string, now: number): Node {
  const minuteOf = (at: number | string) => Math.floor(new Date(at).getTime() / MINUTE_MS);
  const byMinute = new Map(lastHour.map((minute) => [minuteOf(minute.at), minute]));
  const heightOf = (used: number) => used / Math.max(1, limit);
  const steps = Array.from({ length: 60 }, (_, index) => {
    const minute = byMinute.get(minuteOf(now) - 59 + index);
    // What the present window holds is known before the functions report it.
    const present = index === 59 ? granted + external : 0;
    if (minute === undefined) return present === 0 ? undefined : { height: heightOf(present), title: "now" };
    const { at, calls, rejected, leastRemaining } = minute;
    const used = Math.max(present, leastRemaining === undefined ? calls : limit - leastRemaining);
    const left = leastRemaining === undefined ? "" : `, fewest left ${leastRemaining}`;
    const title = `${clockTime(at, now)}: ${plural(calls, "call")}${left}, ${rejected} rejected`;
    return { height: heightOf(used), title, isBad: rejected > 0 };
  });
  return bars(steps, label);
}

function spendingTable({ group, spentByRoute }: Budget): Node {
  if (spentByRoute.length === 0) return element("p", { class: "quiet" }, "No calls in this window.");
  const rows = spentByRoute
    .toSorted((a, b) => b.interactive + b.sync - a.interactive - a.sync)
    .map(({ route, interactive, sync }) => [route, String(interactive), String(sync)]);
  return table(`Calls by operation, ${group}`, ["Operation", "For callers", "For the sync"], rows);
}

function callersTable({ group, limit, spentByCaller }: Budget): Node {
  const rows = spentByCaller.map(({ caller, calls }) => [
    element("code", {}, caller),
    String(calls),
    (calls / Math.max(1, limit)).toLocaleString(undefined, { style: "percent" }),
  ]);
  const columns = ["Caller (as in the access log)", "Calls", "Of the limit"];
  return table(`Calls by caller, ${group}`, columns, rows);
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
