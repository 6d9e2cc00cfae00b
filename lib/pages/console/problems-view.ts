import type { SyncStatus } from "../../contract/sync.ts";
import { byId, element } from "../shared/element.ts";
import type { Problem } from "./api.ts";
import { problemLink, show, table } from "./views.ts";
import { clockTime } from "./words.ts";

interface Tally {
  code: string;
  count: number;
  lastAt: string;
  from: string;
  detail: string;
}

/**
 * Recent problems by code: those of the last syncs, and those of requests by this page. Problems of other callers are in
 * the log and its metrics; no route returns them.
 */
export class ProblemsView {
  #met: Tally[] = [];

  /** Counts a failed request of this page. */
  meet({ code, title, detail, requestId }: Problem, at: number): void {
    const known = this.#met.find((tally) => tally.code === code);
    const text = requestId === undefined ? detail : `${detail} (request ${requestId})`;
    const lastAt = new Date(at).toISOString();
    if (known === undefined)
      this.#met.push({ code, count: 1, lastAt, from: "this page", detail: text || title });
    else Object.assign(known, { count: known.count + 1, lastAt, detail: text });
  }

  forget(): void {
    this.#met = [];
  }

  show(statuses: readonly SyncStatus[], now: number): void {
    const tallies = [...this.#met, ...syncTallies(statuses)].sort((a, b) => b.lastAt.localeCompare(a.lastAt));
    show(byId("problems"), tallies, () => {
      if (tallies.length === 0) return [element("p", { class: "quiet" }, "None.")];
      const rows = tallies.map(({ code, count, lastAt, from, detail }) => [
        problemLink(code, element("code", {}, code)),
        String(count),
        clockTime(lastAt, now),
        from,
        detail,
      ]);
      return [table("Recent problems by code", ["Code", "Times", "Last", "Source", "Detail"], rows)];
    });
  }
}

function syncTallies(statuses: readonly SyncStatus[]): Tally[] {
  const tallies = new Map<string, Tally>();
  for (const { problem } of statuses.flatMap(({ history }) => history)) {
    if (problem === undefined) continue;
    const { code, at, detail } = problem;
    const known = tallies.get(code);
    // Newest first, so the first one of a code is the latest.
    if (known === undefined) tallies.set(code, { code, count: 1, lastAt: at, from: "a sync", detail });
    else known.count += 1;
  }
  return [...tallies.values()];
}
