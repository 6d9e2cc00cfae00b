import type { SyncRun, SyncStatus } from "../../contract/sync.ts";
import { byId, element } from "../shared/element.ts";
import { keyedViews, show } from "./redraw.ts";
import { runChart } from "./run-chart.ts";
import { problemLink, table } from "./table.ts";
import { clockTime, duration, plural, relative } from "./words.ts";

const tones: Record<SyncStatus["state"], string> = {
  idle: "good",
  queued: "warn",
  running: "warn",
  quarantined: "bad",
  failed: "bad",
};

/** Actions of the operator. */
export interface SyncActions {
  start(): Promise<void>;
  confirm(): Promise<void>;
}

/** The sync of each account: state, progress, a pending decision, and the last runs. */
export function createSyncView(actions: SyncActions): (statuses: readonly SyncStatus[], now: number) => void {
  return keyedViews(
    byId("sync"),
    ({ accountId }: SyncStatus) => accountId,
    (accountId) => makeView(accountId, actions),
    (view, status, now) => fill(view, status, actions, now),
    "No account is synced.",
  );
}

function makeView(accountId: string, actions: SyncActions) {
  const badge = element("p", { class: "badge" });
  const last = element("p", { class: "figure small" });
  const progress = element("div");
  const quarantine = element("div");
  const chart = element("div");
  const history = element("div");
  const button = element("button", { type: "button" }, "Start a sync now");
  button.addEventListener("click", () => void whileBusy(button, actions.start));
  const root = element(
    "article",
    { class: "card wide", "aria-label": `Sync of account ${accountId}` },
    element("div", { class: "row" }, element("h3", {}, `Account ${accountId}`), badge),
    last,
    progress,
    quarantine,
    chart,
    element(
      "p",
      { class: "legend quiet" },
      "Each bar is a sync. Its height is the duration; the newest is on the right.",
    ),
    element("details", {}, element("summary", {}, "Last syncs as a table"), history),
    button,
  );
  return { root, badge, last, progress, quarantine, chart, history };
}

function fill(
  view: ReturnType<typeof makeView>,
  status: SyncStatus,
  actions: SyncActions,
  now: number,
): void {
  view.badge.textContent = status.state;
  view.badge.className = `badge ${tones[status.state]}`;
  view.last.textContent =
    status.lastSuccessAt === undefined
      ? "No success yet."
      : `Last success ${relative(status.lastSuccessAt, now)}.`;
  view.progress.replaceChildren(...progressOf(status, now));
  show(view.quarantine, status.quarantine, () => quarantineOf(status, actions, now));
  show(view.chart, status.history, () => [runChart(status.history)]);
  show(view.history, status.history, () => [historyTable(status, now)]);
}

function progressOf({ progress }: SyncStatus, now: number): Node[] {
  if (progress === undefined) return [];
  const { pagesDone, totalPages, numbersSeen, etaSeconds, startedAt } = progress;
  const bar = element("progress", {
    "aria-label": "Progress of the current sync",
    ...(totalPages !== undefined && { max: Math.max(1, totalPages), value: pagesDone }),
  });
  const of = totalPages === undefined ? "" : ` of ${totalPages}`;
  const eta = etaSeconds === undefined ? "" : `, about ${duration(etaSeconds * 1000)} left`;
  const words = `${pagesDone}${of} pages, ${plural(numbersSeen, "number")}, started ${relative(startedAt, now)}${eta}.`;
  return [bar, element("p", { class: "quiet" }, words)];
}

const reasons: Record<string, string> = {
  shrink: "More numbers are missing than a sync may remove without confirmation.",
  permissions: "The RingCentral credential or its permissions have changed since the last sync.",
  main_numbers: "Every main company number is missing from RingCentral's list.",
};

function quarantineOf({ quarantine }: SyncStatus, actions: SyncActions, now: number): Node[] {
  if (quarantine === undefined) return [];
  const { reason, removed, since } = quarantine;
  const review = element("button", { type: "button", class: "primary" }, "Review and confirm …");
  review.addEventListener("click", () => confirmDialog(removed, actions));
  const lost = removed === undefined ? "" : ` ${plural(removed, "number")} would be removed.`;
  return [
    element(
      "section",
      { class: "notice bad", "aria-label": "Quarantine" },
      element("h4", {}, "A sync is quarantined"),
      element(
        "p",
        {},
        `${reasons[reason] ?? reason}${lost} Quarantined ${clockTime(since, now)}. Nothing was changed; callers still see the previous numbers.`,
      ),
      element(
        "p",
        {},
        "A second full scan that finds the same releases it. If the numbers are really gone, confirm it. If not, restore the permissions of the credential and start a sync.",
      ),
      review,
    ),
  ];
}

/** Asks again before a decision that removes data. */
function confirmDialog(removed: number | undefined, actions: SyncActions): void {
  const what = removed === undefined ? "what the sync found" : `that ${plural(removed, "number")} are gone`;
  const cancel = element("button", { type: "button" }, "Cancel");
  const confirm = element("button", { type: "button", class: "primary" }, "Confirm");
  const dialog = element(
    "dialog",
    { "aria-labelledby": "confirm-title" },
    element("h3", { id: "confirm-title" }, `Confirm ${what}?`),
    element("p", {}, "The next sync may then commit exactly this, and apps are notified of each removal."),
    element("div", { class: "row" }, cancel, confirm),
  );
  dialog.addEventListener("close", () => dialog.remove());
  cancel.addEventListener("click", () => dialog.close());
  confirm.addEventListener("click", () => {
    void whileBusy(confirm, actions.confirm).then(() => dialog.close());
  });
  document.body.append(dialog);
  dialog.showModal();
}

async function whileBusy(button: HTMLButtonElement, act: () => Promise<void>): Promise<void> {
  button.disabled = true;
  try {
    await act();
  } finally {
    button.disabled = false;
  }
}

function historyTable({ accountId, history }: SyncStatus, now: number): Node {
  const columns = ["Started", "Duration", "Result", "Numbers", "Added", "Updated", "Removed", "Trigger"];
  const rows = history.map((run) => [
    clockTime(run.startedAt, now),
    duration(Date.parse(run.endedAt) - Date.parse(run.startedAt)),
    outcome(run),
    ...[run.numbers, run.added, run.updated, run.removed].map((count) => count?.toLocaleString() ?? "–"),
    run.trigger,
  ]);
  return table(`The last syncs of account ${accountId}`, columns, rows);
}

function outcome({ state, problem }: SyncRun): Node {
  const badge = element("span", { class: `state ${state}` }, state);
  return problem === undefined ? badge : element("span", {}, badge, " ", problemLink(problem.code));
}
