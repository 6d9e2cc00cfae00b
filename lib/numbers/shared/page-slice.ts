import type { Position } from "../../contract/paging.ts";
import { ProblemError } from "../../contract/problems.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { WirePage } from "../../ringcentral/api/wire.ts";
import { receivedRecords } from "../../ringcentral/api/wire-list.ts";

/** The position of a traversal in one upstream list, in elements, and the page size that addresses them. */
export type SlicePosition = { offset: number; pageSize: number };

export interface PageSlice<Wire> {
  records: Wire[];
  /** The page size RingCentral applied. */
  pageSize: number;
  /** Present exactly when RingCentral says that there is more. */
  next?: SlicePosition;
  /** `paging.totalElements`, where RingCentral gives it and it fits what is shown. */
  total?: number;
}

export type FetchPage<Wire> = (page: number, perPage: number) => Promise<WirePage<Wire>>;

/**
 * A call costs the same whatever its size, and RingCentral counts pages to 1000 only [spec: OAS]. Small limits are
 * slices of a page of this size, so that no traversal reaches that cap.
 */
const SMALLEST_PAGE = 100;

/** The largest page. A traversal that filters here reads as much as one call can. */
const LARGEST_PAGE = 1000;

/** Page sizes tried within one reading before it fails. */
const READDRESS_LIMIT = 3;

/**
 * Reads up to `limit` records of a paged upstream list from a position, with one upstream call.
 *
 * RingCentral addresses by page number and clamps `perPage` without an error; the page number then counts clamped
 * pages. So a position counts elements, not pages, and keeps the page size that was applied. A short page is not
 * the last one unless `navigation` or the totals say so.
 *
 * @param accept a filter RingCentral does not offer; the slice may then hold fewer than `limit` and still have a `next`
 */
export async function readSlice<Wire>(
  fetchPage: FetchPage<Wire>,
  limit: number,
  position?: SlicePosition,
  accept?: (record: Wire) => boolean,
): Promise<PageSlice<Wire>> {
  const offset = position?.offset ?? 0;
  let pageSize = position?.pageSize ?? (accept ? LARGEST_PAGE : Math.max(limit, SMALLEST_PAGE));
  for (let attempt = 0; attempt < READDRESS_LIMIT; attempt += 1) {
    const page = Math.floor(offset / pageSize) + 1;
    const list = await fetchPage(page, pageSize);
    const applied = list.perPage !== undefined && list.perPage > 0 ? list.perPage : pageSize;
    const start = (page - 1) * applied;
    pageSize = applied;
    if (offset < start || offset >= start + applied) continue;
    const { records, examined, exhausted } = take(list.records.slice(offset - start), limit, accept);
    // The next element is the first one of the next page, even if this page was short.
    const nextOffset = exhausted ? start + applied : offset + examined;
    return omitUndefined({
      records,
      pageSize,
      next: !exhausted || list.hasNextPage ? { offset: nextOffset, pageSize } : undefined,
      total: accept ? undefined : shownTotal(list, start),
    });
  }
  throw new ProblemError("upstream_error", {
    detail: "RingCentral's page size kept changing while the list was read.",
  });
}

/** The length of the list without what is left out; undefined where that is not known, or RingCentral contradicts itself. */
function shownTotal(list: WirePage<unknown>, start: number): number | undefined {
  const { totalElements, skippedRecords = 0, hasNextPage } = list;
  const received = receivedRecords(list);
  if (totalElements === undefined || (received > 0 && totalElements < start + received)) return undefined;
  if (!hasNextPage && totalElements > start + received) return undefined;
  const isWhole = start === 0 && !hasNextPage;
  return skippedRecords === 0 || isWhole ? totalElements - skippedRecords : undefined;
}

/** `exhausted`: no acceptable record follows the `examined` ones. */
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

/** The position in a cursor that this module filled. @throws ProblemError `cursor_invalid` */
export function slicePosition(position: Position | undefined): SlicePosition | undefined {
  if (position === undefined) return undefined;
  const { offset, pageSize } = position;
  if (typeof offset !== "number" || typeof pageSize !== "number" || offset < 0 || pageSize < 1) {
    throw new ProblemError("cursor_invalid");
  }
  return { offset, pageSize };
}
