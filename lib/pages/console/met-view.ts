import type { Limits } from "../../contract/limits.ts";
import { byId, element } from "../shared/element.ts";
import { bars } from "./bars.ts";
import type { Reading } from "./reading.ts";
import { problemLink, show, table } from "./views.ts";
import { clockTime, duration, plural } from "./words.ts";

type Met = NonNullable<Limits["problems"]>;
type History = Met["lastHour"];
type Series = History["series"][number];

const total = ({ counts }: Series) => counts.reduce((sum, count) => sum + count, 0);

/** What callers met in the period that the reader has chosen: a row and a chart for each operation and code. */
export function showMet({ data: limits, problem }: Reading<Limits>, period: string, now: number): void {
  const isDay = period === "lastDay";
  const history = isDay ? limits?.problems?.lastDay : limits?.problems?.lastHour;
  const reason = limits === undefined ? problem?.title : "the table is unavailable";
  show(byId("met"), [reason, isDay, history], () => {
    if (history === undefined) return reason === undefined ? [] : [element("p", {}, `Unknown: ${reason}.`)];
    const words = isDay ? "the last day" : "the last hour";
    if (history.series.length === 0) return [element("p", {}, `No problems in ${words}.`)];
    const most = Math.max(...history.series.flatMap(({ counts }) => counts));
    const step = duration(history.stepSeconds * 1000);
    const scale = `Each bar is ${step}, the newest on the right. The highest stands for ${most.toLocaleString()}.`;
    return [element("p", { class: "quiet" }, scale), problemTable(history, most, words, now)];
  });
}

function problemTable(history: History, most: number, words: string, now: number): Node {
  const rows = history.series
    .toSorted((one, other) => total(other) - total(one))
    .map((series) => [
      problemLink(series.code, series.status !== undefined),
      series.route,
      total(series).toLocaleString(),
      chartOf(series, history, most, now),
    ]);
  return table(`What callers met in ${words}`, ["Code", "Operation", "Times", "Over time"], rows);
}

function chartOf(series: Series, { from, stepSeconds }: History, most: number, now: number): Node {
  const at = (index: number) => clockTime(Date.parse(from) + index * stepSeconds * 1000, now);
  const words = series.counts.map((count, index) => `${at(index)}: ${count}`);
  const steps = series.counts.map((count, index) =>
    count === 0 ? undefined : { height: count / most, title: words[index] ?? "", isBad: isFault(series) },
  );
  const told = words.filter((_, index) => steps[index] !== undefined);
  return bars(steps, `${series.code} at ${series.route}: ${told.join(", ")}`);
}

/** A spent budget and limited mode are RingCentral's rules at work. The console shows them elsewhere. */
const announced = ["upstream_rate_limited", "upstream_limited_mode"];
const isFault = ({ status = 0, code }: Series) => status >= 500 && !announced.includes(code);

/** Fewer server errors than these are no trouble. */
const FEW = 5;
/** Of codes with one cause. */
const runbooks: Readonly<Record<string, string>> = {
  upstream_auth_failed: "token-failures",
  upstream_app_permission_missing: "app-permission-missing",
  storage_unavailable: "table-unavailable",
};

/** The server errors of the last two steps. None when there are few. */
export function faultTroubles(met: Met | undefined): { text: string; runbook: string }[] {
  const recent = (met?.lastHour.series ?? [])
    .filter(isFault)
    .map(({ code, counts }) => ({ code, count: counts.slice(-2).reduce((sum, count) => sum + count, 0) }))
    .sort((one, other) => other.count - one.count);
  const count = recent.reduce((sum, one) => sum + one.count, 0);
  if (count < FEW) return [];
  const code = recent[0]?.code ?? "";
  const text = `Callers met ${plural(count, "server error")} in the last 10 minutes, most often ${code}.`;
  return [{ text, runbook: runbooks[code] ?? "api-faults" }];
}
