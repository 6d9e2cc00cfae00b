import type { Limits } from "../../contract/limits.ts";
import type { SyncStatus } from "../../contract/sync.ts";
import { mountAccess } from "../shared/access.ts";
import { byId, element } from "../shared/element.ts";
import { createApi } from "./api.ts";
import { createBudgetsView } from "./budgets-view.ts";
import { type Known, showHeadline } from "./headline.ts";
import { showMet } from "./met-view.ts";
import { ProblemsView } from "./problems-view.ts";
import { afterRead, isCurrent, type Reading, timeOf } from "./reading.ts";
import { closeReview, createSyncView } from "./sync-view.ts";
import { showToken } from "./token-view.ts";
import { showUsers } from "./users-view.ts";
import { problemLink, runbook, show, withCode } from "./views.ts";
import { clockTime, relative } from "./words.ts";

/** How often the page looks whether what it shows has become old. */
const TICK_MS = 5_000;

const problems = new ProblemsView();
let known: Known = { limits: {}, sync: {} };
let timer: ReturnType<typeof setTimeout> | undefined;
/** Counts polls and tokens: the results of an earlier one are dropped. */
let polling = 0;

const form = byId("access");
form.addEventListener("submit", (event) => event.preventDefault());
const purpose = "With the scopes ops:read and sync:read. It stays in this page.";
const { who, send } = mountAccess(form, purpose, restart);
const api = createApi(send);
const showBudgets = createBudgetsView();
const showSync = createSyncView({
  start: () => act("/v1/sync", "A sync is queued."),
  confirm: (revision) =>
    act(`/v1/sync/quarantine/confirm?${new URLSearchParams({ revision })}`, "Confirmed; a sync is queued."),
});

const period = byId("period");
period.addEventListener("change", render);
const pace = byId("pace");
pace.addEventListener("change", schedule);
byId("refresh").onclick = () => void poll();
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return clearTimeout(timer);
  render();
  void poll();
});
setInterval(() => {
  if (document.visibilityState === "visible") render();
}, TICK_MS);

/** Drops all data: another token or person may belong to another account. */
function restart(): void {
  polling += 1;
  problems.forget();
  closeReview();
  known = { limits: {}, sync: {} };
  byId("action").textContent = "";
  render();
  void poll();
}

async function poll(): Promise<void> {
  clearTimeout(timer);
  if (who() === undefined) return;
  const mine = ++polling;
  const [limits, sync] = await Promise.all([
    api.get<Limits>("/v1/limits"),
    api.get<readonly SyncStatus[]>("/v1/sync"),
  ]);
  // The token has changed, or another poll has started.
  if (mine !== polling) return;
  const now = Date.now();
  known = { limits: afterRead(known.limits, limits, now), sync: afterRead(known.sync, sync, now) };
  for (const { problem } of [known.limits, known.sync]) if (problem) problems.meet(problem, now);
  render();
  schedule();
}

/** Shows what is known, or that it cannot be shown, as where the API is of another release: never what was there before. */
function render(): void {
  const now = Date.now();
  showReadAt(now);
  try {
    showKnown(now);
  } catch (error) {
    byId("board").hidden = true;
    const text = `This page cannot show what the API responded (${String(error)}). Reload the page.`;
    show(byId("summary"), text, () => [element("ul", { class: "bad" }, element("li", {}, text))]);
  }
}

/** Old data is marked as such, and shown as of its reading. */
function showKnown(now: number): void {
  const { limits, sync } = known;
  const limitsAt = timeOf(limits, now);
  byId("board").hidden = who() === undefined;
  showBudgets(limits.data?.budgets, limitsAt);
  showToken(limits.data, limitsAt);
  showLimitedMode(limits.data?.limitedMode, limitsAt);
  showUsers(limits.data?.users, limitsAt);
  showCallHandling(limits.data?.callHandling, limitsAt);
  showMet(limits, period instanceof HTMLSelectElement ? period.value : "", limitsAt);
  showSync(sync.data, timeOf(sync, now));
  problems.show(sync.data, now);
  showState("limits", limits, now);
  showState("sync", sync, now);
  if (who() === undefined) show(byId("summary"), "", () => [element("p", {}, "Pick or enter a token.")]);
  else showHeadline(known, now);
}

/** Why the data of a route is missing or old, at each section that shows it. */
function showState(source: keyof Known, reading: Reading<unknown>, now: number): void {
  const { problem, readAt } = reading;
  const notice = byId(`${source}-missing`);
  notice.hidden = problem === undefined;
  show(notice, problem, () =>
    problem === undefined
      ? []
      : [
          element(
            "p",
            {},
            ...withCode(`${problem.title}. ${problem.detail} `),
            problemLink(problem.code, problem.isListed),
          ),
        ],
  );
  const isOld = readAt !== undefined && !isCurrent(reading, now);
  if (isOld && source === "sync") closeReview();
  for (const section of document.querySelectorAll<HTMLElement>(`[data-source="${source}"]`)) {
    section.classList.toggle("old", isOld);
    for (const button of section.querySelectorAll("[data-needs-current]")) {
      button.toggleAttribute("disabled", isOld);
    }
    const asOf = section.querySelector<HTMLElement>(".as-of");
    if (asOf === null) continue;
    asOf.hidden = !isOld;
    asOf.textContent = isOld ? `Old figures, read at ${clockTime(readAt, now)}.` : "";
  }
}

function showReadAt(now: number): void {
  const readAt = Math.max(known.limits.readAt ?? 0, known.sync.readAt ?? 0);
  const datetime = new Date(readAt).toISOString();
  show(byId("read-at"), [readAt, relative(datetime, now)], () =>
    readAt === 0
      ? []
      : [
          "Last read at ",
          element("time", { datetime }, clockTime(readAt, now)),
          ` (${relative(datetime, now)}).`,
        ].map((part) => (typeof part === "string" ? document.createTextNode(part) : part)),
  );
}

/** RingCentral's maintenance, which explains rejected writes and needs no action. */
function showLimitedMode(mode: Limits["limitedMode"], now: number): void {
  const banner = byId("limited-mode");
  banner.hidden = mode === undefined;
  show(banner, mode, () => {
    if (mode === undefined) return [];
    const times = `since ${clockTime(mode.since, now)} (last seen at ${clockTime(mode.seenAt, now)})`;
    const text = `RingCentral has been in limited mode ${times}. It accepts no changes, so writes get 503 `;
    const rest = ". Lists still work, some from the cache. It ends by itself.";
    return [
      element("p", {}, text, problemLink("upstream_limited_mode"), rest, runbook("upstream-limited-mode")),
    ];
  });
}

/** How many of the extensions met so far RingCentral has moved. */
function showCallHandling(survey: Limits["callHandling"], now: number): void {
  byId("call-handling").hidden = survey === undefined;
  byId("call-handling-counts").textContent = "";
  if (survey === undefined) return;
  const { legacy, new: moved, unknown, checkedAt } = survey;
  const rest = unknown === 0 ? "" : `, ${unknown} unknown`;
  byId("call-handling-counts").textContent =
    `Extensions met so far: ${moved} on RingCentral's new backend, ${legacy} on the former one${rest}. Last asked at ${clockTime(checkedAt, now)}.`;
}

async function act(path: string, done: string): Promise<void> {
  const sentWith = who();
  const result = await api.post(path);
  if (who() !== sentWith) return;
  if ("problem" in result) problems.meet(result.problem, Date.now());
  const text = "problem" in result ? `${result.problem.title}. ${result.problem.detail}` : done;
  byId("action").replaceChildren(...withCode(text));
  await poll();
}

function schedule(): void {
  clearTimeout(timer);
  const seconds = pace instanceof HTMLSelectElement ? Number(pace.value) : 0;
  if (seconds === 0 || document.visibilityState !== "visible") return;
  timer = setTimeout(() => void poll(), seconds * 1000);
}

restart();
