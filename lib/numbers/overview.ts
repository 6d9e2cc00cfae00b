import { OVERVIEW_LIMIT, type Overview, type OverviewPartName, overviewParts } from "../contract/overview.ts";
import type { Page } from "../contract/paging.ts";
import type { Reading } from "../ringcentral/api/operation.ts";
import { type BlockedNumbersDeps, listBlockedNumbers } from "./blocked-numbers.ts";
import { listCallerBlockingNumbers } from "./caller-blocking.ts";
import { listDirectNumbers } from "./direct-numbers.ts";
import { listForwardingNumbers } from "./forwarding-numbers.ts";
import { failsAsAWhole, type PartProblem } from "./overview-problems.ts";
import type { NumbersRequest } from "./request.ts";

export interface OverviewRequest extends NumbersRequest {
  query: { parts?: readonly OverviewPartName[] | undefined; mode: "partial" | "strict" };
  /** An error in the words of the error catalogue. */
  problemOf: (error: unknown) => PartProblem;
}

/**
 * One screen of an extension's numbers: the parts are read at the same time, under one deadline, so that the whole
 * takes as long as the slowest. A part that fails says so and takes nothing from the others; a part RingCentral
 * cannot give now, but gave before, is `stale`.
 *
 * @throws what the most telling part failed with: with `mode=strict` when one is not current, and with
 * `mode=partial` when all were refused for the same reason
 */
export async function getOverview(deps: BlockedNumbersDeps, request: OverviewRequest): Promise<Overview> {
  const { parts = overviewParts, mode } = request.query;
  const read = { blocked, allowed, forwarding: listForwardingNumbers, direct: listDirectNumbers };
  const wanted = overviewParts.filter((name) => parts.includes(name));
  const outcomes = await Promise.all(wanted.map((name) => readPart(name, read[name])));
  const failures = outcomes.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  const fatal = failsAsAWhole(mode, failures, wanted.length);
  if (fatal !== undefined) throw fatal.error;
  const answered = Object.fromEntries(outcomes.map(({ name, part }) => [name, part]));
  const complete = outcomes.every(({ part }) => part.status === "ok");
  return { extensionId: request.extensionId, complete, ...answered };

  async function readPart<Item>(name: OverviewPartName, list: List<Item>) {
    const readings: Reading[] = [];
    try {
      const page = await list(deps, {
        ...request,
        page: { limit: OVERVIEW_LIMIT },
        // The answer as a whole has no one age: each part tells its own.
        onReading: (reading) => void readings.push(reading),
        ...(mode === "strict" && { freshness: { ...request.freshness, staleIfErrorMs: 0 } }),
      });
      return { name, part: readingOf(page, readings) };
    } catch (error) {
      const problem = request.problemOf(error);
      return { name, part: { status: "error" as const, problem }, failure: { error, problem } };
    }
  }
}

type List<Item> = (
  deps: BlockedNumbersDeps,
  request: NumbersRequest & { page: { limit: number } },
) => Promise<Page<Item>>;

const blocked: List<unknown> = listBlockedNumbers;
const allowed: List<unknown> = (deps, request) =>
  listCallerBlockingNumbers(deps, { ...request, query: { status: "allowed" } });

function readingOf<Item>({ items, next, total, asOf }: Page<Item>, readings: readonly Reading[]) {
  const isCached = readings.some(({ source }) => source === "cache");
  const at = readings.length === 0 ? asOf : Math.min(...readings.map((reading) => reading.asOf));
  return {
    status: readings.some(({ isStale }) => isStale) ? ("stale" as const) : ("ok" as const),
    source: isCached ? ("cache" as const) : ("live" as const),
    asOf: new Date(at).toISOString(),
    data: items,
    hasMore: next !== undefined,
    ...(total !== undefined && { total }),
  };
}
