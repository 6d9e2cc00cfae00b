import type { SyncRun, SyncStatus } from "../../contract/sync.ts";
import { byId, element, part } from "../shared/element.ts";
import { runChart } from "./run-chart.ts";
import { keyedViews, problemLink, show, table } from "./views.ts";
import { clockTime, duration, plural, relative } from "./words.ts";

const tones: Record<SyncStatus["state"], string> = {
  idle: "good",
  queued: "warn",
  running: "warn",
  quarantined: "bad",
  failed: "bad",
};

/** Actions of the operator. */
interface SyncActions {
  start(): Promise<void>;
  /** @param revision of the quarantine that the operator has seen */
  confirm(revision: string): Promise<void>;
}

/** The sync of each account: state, progress, a pending decision, and the last runs. */
export function createSyncView(actions: SyncActions) {
  return keyedViews(
    byId("sync"),
    "sync-card",
    ({ accountId }: SyncStatus) => accountId,
    (card, status, now) => fill(card, status, actions, now),
    "No account is synced.",
  );
}

function fill(card: HTMLElement, status: SyncStatus, actions: SyncActions, now: number): void {
  const { accountId, state, lastSuccessAt, history } = status;
  card.setAttribute("aria-label", `Sync of account ${accountId}`);
  part(card, "account").textContent = `Account ${accountId}`;
  const badge = part(card, "state");
  const isAlsoQuarantined = status.quarantine !== undefined && state !== "quarantined";
  badge.textContent = isAlsoQuarantined ? `${state}, quarantined` : state;
  badge.className = `badge ${tones[isAlsoQuarantined ? "quarantined" : state]}`;
  part(card, "last").textContent =
    lastSuccessAt === undefined ? "No success yet." : `Last success ${relative(lastSuccessAt, now)}.`;
  part(card, "progress").replaceChildren(...progressOf(status, now));
  fillQuarantine(card, status, actions, now);
  show(part(card, "chart"), history, () => [runChart(history)]);
  show(part(card, "history"), history, () => [historyTable(status, now)]);
  onClick(part(card, "start"), actions.start);
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
  shrink:
    "More numbers are missing than a sync may remove without confirmation. A second full scan that finds the same settles it.",
  permissions: "The RingCentral credential or its permissions have changed since the last sync.",
  main_numbers: "Every main company number is missing from RingCentral's list.",
};

type Quarantine = NonNullable<SyncStatus["quarantine"]>;

/** The quarantine in the dialog. */
let reviewed: string | undefined;

function fillQuarantine(
  card: HTMLElement,
  { quarantine }: SyncStatus,
  { confirm }: SyncActions,
  now: number,
): void {
  part(card, "quarantine").hidden = quarantine === undefined;
  // What a person confirms is what the list shows.
  if (reviewed !== undefined && reviewed !== keyOf(quarantine)) closeReview();
  if (quarantine === undefined) return;
  const { reason, removed, since } = quarantine;
  const lost = removed === undefined ? "" : ` ${plural(removed, "number")} would be removed.`;
  part(card, "reason").textContent =
    `${reasons[reason] ?? reason}${lost} Quarantined ${clockTime(since, now)}. Nothing was changed; callers still see the previous numbers.`;
  part(card, "review").onclick = () => review(quarantine, confirm);
}

const keyOf = (quarantine: Quarantine | undefined) => JSON.stringify(quarantine);

/** Shows what would be removed, and asks again before it is. */
function review(quarantine: Quarantine, confirm: SyncActions["confirm"]): void {
  const dialog = byId("confirm");
  if (!(dialog instanceof HTMLDialogElement)) return;
  const { removed, numbers = [] } = quarantine;
  reviewed = keyOf(quarantine);
  dialog.onclose = () => {
    reviewed = undefined;
  };
  const what = removed === undefined ? "what the sync found" : `that ${plural(removed, "number")} are gone`;
  part(dialog, "question").textContent = `Confirm ${what}?`;
  part(dialog, "numbers").replaceChildren(...numbersOf(numbers, removed ?? numbers.length));
  onClick(part(dialog, "confirm"), () => confirm(quarantine.revision).finally(closeReview));
  dialog.showModal();
}

/** Closes the dialog, because what it shows is no longer so. */
export function closeReview(): void {
  const dialog = byId("confirm");
  if (dialog instanceof HTMLDialogElement) dialog.close();
}

function numbersOf(numbers: NonNullable<Quarantine["numbers"]>, removed: number): Node[] {
  if (numbers.length === 0) return [element("p", {}, "The sync that found them recorded no list.")];
  const rows = numbers.map(({ id, phoneNumber, name = "–", usageType }) => [
    phoneNumber,
    name,
    usageType,
    id,
  ]);
  const rest = removed - numbers.length;
  const more = rest > 0 ? [element("p", { class: "quiet" }, `And ${rest.toLocaleString()} more.`)] : [];
  return [table("Numbers that would be removed", ["Number", "Name", "Use", "Id"], rows), ...more];
}

/** Sets the action of a button, which is disabled meanwhile. */
function onClick(button: HTMLElement, act: () => Promise<void>): void {
  button.onclick = async () => {
    button.toggleAttribute("disabled", true);
    await act().finally(() => button.toggleAttribute("disabled", false));
  };
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
