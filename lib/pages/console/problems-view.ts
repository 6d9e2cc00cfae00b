import type { SyncStatus } from "../../contract/sync.ts";
import { byId, element } from "../shared/element.ts";
import type { Problem } from "./api.ts";
import { problemLink, show, table, withCode } from "./views.ts";
import { clockTime } from "./words.ts";

interface Tally {
  code: string;
  count: number;
  lastAt: string;
  from: string;
  detail: string;
  isListed: boolean;
}

/** Recent problems by code, with their details: those of the last syncs, and those of requests by this page. */
export class ProblemsView {
  #met = new Map<string, Tally>();

  /** Counts a failed request of this page. */
  meet({ code, title, detail, requestId, isListed }: Problem, at: number): void {
    const text = requestId === undefined ? detail : `${detail} (request ${requestId})`;
    const lastAt = new Date(at).toISOString();
    count(this.#met, { code, lastAt, from: "this page", detail: text || title, isListed });
  }

  forget(): void {
    this.#met.clear();
  }

  /** @param statuses undefined while they are unknown */
  show(statuses: readonly SyncStatus[] | undefined, now: number): void {
    const synced = new Map<string, Tally>();
    for (const { problem } of (statuses ?? []).flatMap(({ history }) => history.toReversed())) {
      if (problem === undefined) continue;
      const { code, at: lastAt, detail } = problem;
      count(synced, { code, lastAt, from: "a sync", detail, isListed: true });
    }
    const tallies = [...this.#met.values(), ...synced.values()];
    tallies.sort((a, b) => b.lastAt.localeCompare(a.lastAt));
    show(byId("problems"), [tallies, statuses === undefined], () => {
      const unknown = statuses === undefined ? "Problems of the syncs are unknown." : undefined;
      const note = unknown === undefined ? [] : [element("p", { class: "quiet" }, unknown)];
      if (tallies.length === 0) return unknown ? note : [element("p", { class: "quiet" }, "None.")];
      const rows = tallies.map(({ code, count, lastAt, from, detail, isListed }) => [
        problemLink(code, isListed),
        String(count),
        clockTime(lastAt, now),
        from,
        element("span", {}, ...withCode(detail)),
      ]);
      return [...note, table("Recent problems by code", ["Code", "Times", "Last", "Source", "Detail"], rows)];
    });
  }
}

/** Counts a problem that is later than those counted before. */
function count(tallies: Map<string, Tally>, latest: Omit<Tally, "count">): void {
  tallies.set(latest.code, { ...latest, count: (tallies.get(latest.code)?.count ?? 0) + 1 });
}
