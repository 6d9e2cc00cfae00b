import { OVERVIEW_LIMIT, type Overview, type OverviewPartName, overviewParts } from "../contract/overview.ts";
import type { Page } from "../contract/paging.ts";
import type { ProblemCode } from "../contract/problems.ts";
import { tagged } from "../platform/content-tag.ts";
import { omitUndefined } from "../platform/omit-undefined.ts";
import { combined, type Reading } from "../ringcentral/api/operation.ts";
import * as operations from "../ringcentral/api/operations.ts";
import { type BlockedNumbersDeps, listBlockedPage } from "./blocked-numbers.ts";
import { listCallerBlockingPage } from "./caller-blocking.ts";
import { toPhoneNumber } from "./company-numbers.ts";
import type { ForwardingDeps } from "./forwarding/on-backend.ts";
import { listForwardingPage } from "./forwarding/read.ts";
import type { ListRequest, NumbersDeps, NumbersRequest } from "./shared/request.ts";
import { listPage, pagesOf } from "./shared/upstream-list.ts";

type OverviewDeps = BlockedNumbersDeps & ForwardingDeps;

interface OverviewRequest extends NumbersRequest {
  query: { parts?: readonly OverviewPartName[] | undefined; mode: "partial" | "strict" };
  /** An error as a problem of the catalogue. */
  problemOf: (error: unknown) => PartProblem;
}

/** A problem as the edge shows it. */
interface PartProblem {
  code: ProblemCode;
  status: number;
  retryable: boolean;
  [member: string]: unknown;
}

type PartFailure = { error: unknown; problem: PartProblem };

/**
 * One screen of an extension's numbers. The parts are read at the same time under one deadline. A failed part does not
 * affect the others. A part is `stale` when RingCentral fails now but returned it before.
 *
 * @throws the most specific failure: with `mode=strict` when one part is not current, and with `mode=partial` when all
 * parts failed for the same reason, or the user has to sign in again
 */
export async function getOverview(deps: OverviewDeps, request: OverviewRequest): Promise<Overview> {
  const { parts = overviewParts, mode } = request.query;
  const wanted = overviewParts.filter((name) => parts.includes(name));
  const outcomes = await Promise.all(wanted.map((name) => readPart(deps, request, name)));
  const failures = outcomes.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  const fatal = fatalFailure(mode, failures, wanted.length);
  if (fatal !== undefined) throw fatal.error;
  const complete = outcomes.every(({ part }) => part.status === "ok");
  const named = Object.fromEntries(outcomes.map(({ name, part }) => [name, part]));
  return { extensionId: request.extensionId, complete, ...named };
}

type List = (deps: OverviewDeps, request: ListRequest) => Promise<Page<unknown>>;

const lists: Record<OverviewPartName, List> = {
  blocked: listBlockedPage,
  allowed: (deps, request) => listCallerBlockingPage(deps, { ...request, query: { status: "allowed" } }),
  forwarding: listForwardingPage,
  direct: listDirectNumbers,
};

/** The numbers that ring this extension alone, from the Light list instead of a Heavy page of the company's. */
async function listDirectNumbers(deps: NumbersDeps, { extensionId, page, call }: ListRequest) {
  const input = { path: { extensionId }, query: { usageType: "DirectNumber" } };
  const pages = pagesOf(deps.ringcentral, operations.listExtensionPhoneNumbers, input, call);
  return listPage(deps, page, pages, toPhoneNumber);
}

async function readPart(
  deps: OverviewDeps,
  { extensionId, call, query, problemOf }: OverviewRequest,
  name: OverviewPartName,
) {
  const readings: Reading[] = [];
  const freshness = { ...call.freshness, ...(query.mode === "strict" && { staleIfErrorMs: 0 }) };
  // The parts differ in age, so each reports its own.
  const onReading = (reading: Reading) => void readings.push(reading);
  try {
    const page = await lists[name](deps, {
      extensionId,
      page: { limit: OVERVIEW_LIMIT },
      call: { ...call, freshness, onReading },
    });
    return { name, part: toPart(page, readings) };
  } catch (error) {
    const problem = problemOf(error);
    return { name, part: { status: "error" as const, problem }, failure: { error, problem } };
  }
}

function toPart(page: Page<unknown>, readings: readonly Reading[]) {
  const { items, next, total, callHandling } = page;
  const reading = combined(readings);
  const { source, asOf } = reading ?? page;
  return omitUndefined({
    status: readings.some(({ isStale }) => isStale) ? ("stale" as const) : ("ok" as const),
    source,
    asOf: new Date(asOf).toISOString(),
    limitedBy: reading?.limitedBy,
    callHandling,
    data: items.map(tagged),
    hasMore: next !== undefined,
    total,
  });
}

/**
 * The failure to report in place of the parts. With `strict`: any failure, the most specific one first. With `partial`:
 * when the user has to sign in again, whatever is still cached, and when every part failed for the same permanent reason,
 * because then the request is wrong and not one of the parts.
 */
function fatalFailure(mode: "partial" | "strict", failures: readonly PartFailure[], wanted: number) {
  const [first] = failures.toSorted((a, b) => specificity(b.problem) - specificity(a.problem));
  if (first === undefined || mode === "strict") return first;
  const ended = failures.find(({ problem }) => problem.code === "sign_in_required");
  if (ended !== undefined) return ended;
  const isSame =
    failures.length === wanted && failures.every(({ problem }) => problem.code === first.problem.code);
  return isSame && first.problem.status < 500 ? first : undefined;
}

/**
 * The order of failures: first those that the caller can fix (4xx), then those that an operator has to fix, then those
 * that state when to retry (503).
 */
function specificity({ status, retryable }: PartProblem): number {
  if (status < 500) return 4;
  if (!retryable) return 3;
  return status === 503 ? 2 : 1;
}
