import type { Position } from "../contract/paging.ts";
import { ProblemError } from "../contract/problems.ts";
import type { WireList } from "../ringcentral/api/wire.ts";

/** Where a walk of one upstream list stands, in elements, and the page size it addresses them with. */
export interface WindowPosition {
  offset: number;
  pageSize: number;
}

export interface UpstreamWindow<Wire> {
  records: Wire[];
  /** The page size RingCentral applied. */
  pageSize: number;
  /** Present exactly when RingCentral says that there is more. */
  next?: WindowPosition;
  /** `paging.totalElements`, where RingCentral gives it. */
  total?: number;
}

export type FetchPage<Wire> = (page: number, perPage: number) => Promise<WireList<Wire>>;

/**
 * A call costs the same whatever its size, and RingCentral counts pages to 1000 only [spec: OAS]: small limits
 * are served as slices of a page of this size, so that no walk runs into that cap.
 */
const SMALLEST_PAGE = 100;

/** The most a page can hold; a walk that filters here reads as much as it can for its call. */
const LARGEST_PAGE = 1000;

/** How often the page size may turn out different within one reading before we give up. */
const READDRESS_LIMIT = 3;

export interface WindowOptions<Wire> {
  /** The most records to answer. */
  limit: number;
  position?: WindowPosition | undefined;
  /** A filter RingCentral does not offer. The answer may then hold fewer than `limit` and still have a `next`. */
  accept?: ((record: Wire) => boolean) | undefined;
}

/**
 * Reads up to `limit` records of a paged upstream list from a position, with one upstream call.
 *
 * RingCentral addresses by page number, and clamps `perPage` without an error; the page number then counts
 * clamped pages. So a walk remembers elements seen, not pages, and keeps the page size that was really applied.
 * A short page is never taken for the last one: only `navigation` and the totals say so.
 */
export async function readWindow<Wire>(
  fetchPage: FetchPage<Wire>,
  { limit, position, accept }: WindowOptions<Wire>,
): Promise<UpstreamWindow<Wire>> {
  const offset = position?.offset ?? 0;
  let pageSize = position?.pageSize ?? (accept ? LARGEST_PAGE : Math.max(limit, SMALLEST_PAGE));
  for (let attempt = 0; attempt < READDRESS_LIMIT; attempt += 1) {
    const page = Math.floor(offset / pageSize) + 1;
    const answer = await fetchPage(page, pageSize);
    const applied = answer.perPage !== undefined && answer.perPage > 0 ? answer.perPage : pageSize;
    const start = (page - 1) * applied;
    pageSize = applied;
    if (offset < start || offset >= start + applied) continue;
    const { records, examined, exhausted } = take(answer.records.slice(offset - start), limit, accept);
    // Beyond what this page holds, the next element is the first of the next page, even if this one was short.
    const nextOffset = exhausted ? start + applied : offset + examined;
    const total = accept ? undefined : answer.totalElements;
    return {
      records,
      pageSize,
      ...((!exhausted || answer.hasNextPage) && { next: { offset: nextOffset, pageSize } }),
      ...(total !== undefined && { total }),
    };
  }
  throw new ProblemError("upstream_error", {
    detail: "RingCentral's page size kept changing during the walk.",
  });
}

/** `exhausted`: nothing acceptable is left after the `examined` records. */
function take<Wire>(candidates: Wire[], limit: number, accept: (record: Wire) => boolean = () => true) {
  const records: Wire[] = [];
  let examined = 0;
  for (const candidate of candidates) {
    const accepted = accept(candidate);
    if (accepted && records.length === limit) return { records, examined, exhausted: false };
    if (accepted) records.push(candidate);
    examined += 1;
  }
  return { records, examined, exhausted: true };
}

/** Reads a position back from a cursor that this module filled. */
export function windowPosition(position: Position | undefined): WindowPosition | undefined {
  if (position === undefined) return undefined;
  const { offset, pageSize } = position;
  if (typeof offset !== "number" || typeof pageSize !== "number" || offset < 0 || pageSize < 1) {
    throw new ProblemError("cursor_invalid");
  }
  return { offset, pageSize };
}
