import type { Limits } from "../../contract/limits.ts";
import type { SyncStatus } from "../../contract/sync.ts";
import { byId, element } from "../shared/element.ts";
import { isPaused } from "./budgets-view.ts";
import { faultTroubles } from "./met-view.ts";
import { isCurrent, type Reading, timeOf, unknownParts } from "./reading.ts";
import { areLoginsPaused, areTokenCallsPaused } from "./token-view.ts";
import { runbook, show } from "./views.ts";

/** What the console knows, by the route that it read. */
export interface Known {
  limits: Reading<Limits>;
  sync: Reading<readonly SyncStatus[]>;
}

/** Something that needs an operator's attention. */
interface Trouble {
  text: string;
  runbook?: string;
}

/** The alarm `sync-late` starts then. */
const SYNC_LATE_MS = 2 * 60 * 60_000;

/** What is unknown, then what needs attention, most urgent first. All is in order only when all is known. */
export function showHeadline({ limits, sync }: Known, now: number): void {
  const parts = { "The budgets and the access token are": limits, "The number sync is": sync };
  const isUnread = [limits, sync].every(
    ({ readAt, problem }) => readAt === undefined && problem === undefined,
  );
  const isDown = [limits, sync].some(({ problem }) => problem?.isFault);
  const troubles = [
    ...unknownParts(parts, now).map((text) => ({ text, ...(isDown && { runbook: "api-faults" }) })),
    ...asKnown(sync, now, syncTroubles),
    ...asKnown(limits, now, limitTroubles),
  ];
  const isLimited = limits.data?.limitedMode !== undefined;
  const fine = isLimited ? "Everything in Ringfront is in order." : "Everything is in order.";
  show(byId("summary"), [troubles, isUnread, fine], () => {
    if (isUnread) return [element("p", {}, "Reading …")];
    if (troubles.length === 0) return [element("p", { class: "good" }, fine)];
    const items = troubles.map(({ text, runbook: page }: Trouble) =>
      element("li", {}, text, page === undefined ? undefined : runbook(page)),
    );
    return [element("ul", { class: "bad" }, ...items)];
  });
}

/** The troubles of a reading; those of an old one are the last known ones. */
function asKnown<Data>(
  reading: Reading<Data>,
  now: number,
  find: (data: Data, now: number) => Trouble[],
): Trouble[] {
  if (reading.data === undefined) return [];
  const troubles = find(reading.data, timeOf(reading, now));
  if (isCurrent(reading, now)) return troubles;
  return troubles.map(({ text, ...rest }) => ({ text: `Last known: ${text}`, ...rest }));
}

function syncTroubles(statuses: readonly SyncStatus[], now: number): Trouble[] {
  return statuses.flatMap((status) => {
    const { accountId, state, quarantine, problem, lastSuccessAt } = status;
    const also = state === "running" ? ", while another one runs" : "";
    const isLate = lastSuccessAt !== undefined && now - Date.parse(lastSuccessAt) > SYNC_LATE_MS;
    return [
      quarantine && {
        text: `A sync of account ${accountId} waits for a decision${also}.`,
        runbook: "sync-quarantined",
      },
      problem && { text: `The last sync of account ${accountId} failed.`, runbook: "sync-late" },
      lastSuccessAt === undefined && {
        text: `No sync of account ${accountId} has succeeded yet.`,
        runbook: "sync-late",
      },
      isLate && {
        text: `The last successful sync of account ${accountId} was over 2 hours ago.`,
        runbook: "sync-late",
      },
    ].filter((trouble) => typeof trouble === "object");
  });
}

function limitTroubles(limits: Limits, now: number): Trouble[] {
  const { budgets } = limits;
  const logins = areLoginsPaused(limits, now);
  const runbook = "upstream-paused";
  return [
    ...(logins ? [{ text: "Logins at RingCentral are paused.", runbook: "token-failures" }] : []),
    ...(areTokenCallsPaused(limits.tokenCalls, now)
      ? [{ text: "RingCentral has paused the calls for access tokens.", runbook: "token-failures" }]
      : []),
    ...budgets
      .filter(({ pause }) => isPaused(pause, now))
      .map(({ group }) => ({ text: `RingCentral has paused ${group} calls.`, runbook })),
    ...budgets
      .filter(({ pause, remaining, limit }) => pause.state === "none" && limit > 0 && remaining === 0)
      .map(({ group }) => ({ text: `No ${group} calls are left for now.`, runbook })),
    ...faultTroubles(limits.problems),
    ...(budgets.some(({ seenBy }) => seenBy === "process")
      ? [
          {
            text: "The table is unavailable: each function counts its own calls.",
            runbook: "table-unavailable",
          },
        ]
      : []),
  ];
}
