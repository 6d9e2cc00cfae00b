import type { Limits } from "../../contract/limits.ts";
import type { SyncStatus } from "../../contract/sync.ts";
import { byId, element } from "../shared/element.ts";
import { mountTokenPicker } from "../shared/token-picker.ts";
import { createApi, type Result } from "./api.ts";
import { Samples } from "./budget-chart.ts";
import { createBudgetsView } from "./budgets-view.ts";
import { ProblemsView } from "./problems-view.ts";
import { createSyncView } from "./sync-view.ts";
import { showToken } from "./token-view.ts";
import { problemLink, show } from "./views.ts";
import { clockTime } from "./words.ts";

interface Seen {
  limits?: Limits | undefined;
  sync?: readonly SyncStatus[] | undefined;
}

const samples = new Samples();
const problems = new ProblemsView();
/** The last results, without those that failed. */
let seen: Seen = {};
let timer: ReturnType<typeof setTimeout> | undefined;
let polling = 0;

const access = byId("access");
access.addEventListener("submit", (event) => event.preventDefault());
const purpose = "With the scopes ops:read and sync:read. It stays in this page.";
const token = mountTokenPicker(access, purpose, restart);
const api = createApi(token);
const showBudgets = createBudgetsView(samples);
const showSync = createSyncView({
  start: () => act("/v1/sync", "A sync is queued."),
  confirm: () => act("/v1/sync/quarantine/confirm", "Confirmed; a sync is queued."),
});

const pace = byId("pace");
pace.addEventListener("change", schedule);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void poll();
  else clearTimeout(timer);
});

/** Clears the board: another token may belong to another account. */
function restart(): void {
  samples.clear();
  problems.forget();
  seen = {};
  byId("limited-mode").hidden = true;
  byId("board").hidden = token() === undefined;
  byId("action").textContent = "";
  if (token() === undefined) byId("summary").replaceChildren("Pick or enter a token.");
  else void poll();
}

async function poll(): Promise<void> {
  clearTimeout(timer);
  if (token() === undefined) return;
  const mine = ++polling;
  const [limits, sync] = await Promise.all([
    api.get<Limits>("/v1/limits"),
    api.get<readonly SyncStatus[]>("/v1/sync"),
  ]);
  // The token has changed, or another poll has started.
  if (mine !== polling) return;
  const now = Date.now();
  seen = { limits: received(limits, "limits-missing", now), sync: received(sync, "sync-missing", now) };
  if (seen.limits !== undefined) {
    samples.add(seen.limits, now);
    showBudgets(seen.limits.budgets, now);
    showToken(seen.limits, now);
  }
  if (seen.sync !== undefined) showSync(seen.sync, now);
  problems.show(seen.sync ?? [], now);
  showLimitedMode(seen.limits?.limitedMode, now);
  showCallHandling(seen.limits?.callHandling, now);
  showSummary();
  byId("read-at").textContent = `Read at ${new Date(now).toLocaleTimeString()}.`;
  schedule();
}

/** The data of a result. A problem is shown in the data's place, and the data shown before stays on the screen. */
function received<Data>(result: Result<Data>, noticeId: string, now: number): Data | undefined {
  const notice = byId(noticeId);
  const problem = "problem" in result ? result.problem : undefined;
  notice.hidden = problem === undefined;
  show(notice, problem?.code, () =>
    problem === undefined
      ? []
      : [element("p", {}, `${problem.title}. ${problem.detail} `, problemLink(problem.code))],
  );
  if (problem !== undefined) problems.meet(problem, now);
  return "data" in result ? result.data : undefined;
}

/** RingCentral's maintenance, which explains rejected writes and needs no action. */
function showLimitedMode(mode: Limits["limitedMode"], now: number): void {
  const banner = byId("limited-mode");
  banner.hidden = mode === undefined;
  if (mode === undefined) return;
  const times = `since ${clockTime(mode.since, now)} (last seen at ${clockTime(mode.seenAt, now)})`;
  const text = `RingCentral has been in limited mode ${times}. It accepts no changes, so writes get 503 `;
  show(banner, mode, () => [
    element(
      "p",
      {},
      text,
      problemLink("upstream_limited_mode"),
      ". Lists still work, some from the cache. It ends by itself.",
    ),
  ]);
}

/** How many of the extensions met so far RingCentral has moved. */
function showCallHandling(survey: Limits["callHandling"], now: number): void {
  byId("call-handling").hidden = survey === undefined;
  if (survey === undefined) return;
  const { legacy, new: moved, unknown, checkedAt } = survey;
  const rest = unknown === 0 ? "" : `, ${unknown} unknown`;
  byId("call-handling-counts").textContent =
    `Extensions met so far: ${moved} on RingCentral's new backend, ${legacy} on the former one${rest}. Last asked at ${clockTime(checkedAt, now)}.`;
}

function showSummary(): void {
  const found = concerns(seen);
  const isBlind = seen.limits === undefined && seen.sync === undefined;
  const isLimited = seen.limits?.limitedMode !== undefined;
  const words = isBlind
    ? "This token cannot read limits or syncs."
    : isLimited
      ? "Everything of ours is in order."
      : "Everything is in order.";
  show(byId("summary"), [found, words], () =>
    found.length === 0
      ? [element("p", { class: isBlind ? "warn" : "good" }, words)]
      : [element("ul", { class: "bad" }, ...found.map((text) => element("li", {}, text)))],
  );
}

/** The points that need an operator's attention, most urgent first. It holds no times, so it rarely changes. */
function concerns({ limits, sync = [] }: Seen): string[] {
  const { budgets = [], token } = limits ?? {};
  return [
    ...sync
      .filter(({ state }) => state === "quarantined")
      .map(({ accountId }) => `A sync of account ${accountId} waits for a decision.`),
    ...(token?.coolDownUntil === undefined ? [] : ["Logins at RingCentral are paused."]),
    ...budgets
      .filter(({ pause }) => pause.state === "paused")
      .map(({ group }) => `RingCentral has paused ${group} calls.`),
    ...sync
      .filter(({ state }) => state === "failed")
      .map(({ accountId }) => `The last sync of account ${accountId} failed.`),
    ...budgets
      .filter(({ pause, remaining, limit }) => pause.state !== "paused" && limit > 0 && remaining === 0)
      .map(({ group }) => `No ${group} calls are left.`),
    ...(budgets.some(({ seenBy }) => seenBy === "process")
      ? ["The table is unavailable: each function counts its own calls."]
      : []),
  ];
}

async function act(path: string, done: string): Promise<void> {
  const result = await api.post(path);
  if ("problem" in result) problems.meet(result.problem, Date.now());
  byId("action").textContent =
    "problem" in result ? `${result.problem.title}. ${result.problem.detail}` : done;
  await poll();
}

function schedule(): void {
  clearTimeout(timer);
  const seconds = pace instanceof HTMLSelectElement ? Number(pace.value) : 0;
  if (seconds === 0 || document.visibilityState !== "visible") return;
  timer = setTimeout(() => void poll(), seconds * 1000);
}

restart();
