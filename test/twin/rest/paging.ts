import type { Call } from "./call.ts";
import { invalidParameter, outOfRange } from "./errors.ts";

const defaultPerPage = 100;

/** The requested page, as applied. */
export interface PageRequest {
  page: number;
  /** 0 requests an empty page. */
  perPage: number;
}

function readInt32(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null || text === "") return fallback;
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value > 2 ** 31 - 1) throw invalidParameter(name, text);
  return value;
}

/**
 * Reads `page` and `perPage`. A `perPage` above the maximum is clamped, text or a negative number is CMN-101, 0 is
 * rejected or an
 * empty page: the description has a minimum of 1, and a note on what 0 returns [spec] [unsure].
 * @param maxPage pages beyond it are rejected, in lists with a limit
 */
export function readPageRequest(call: Call, maxPage?: number): PageRequest {
  const { query } = call.request;
  const page = readInt32(query, "page", 1);
  const perPage = Math.min(readInt32(query, "perPage", defaultPerPage), call.settings.maxPerPage);
  if (page < 1) throw invalidParameter("page", page);
  if (perPage < 1 && call.settings.perPageZero !== "empty") throw invalidParameter("perPage", perPage);
  if (maxPage !== undefined && page > maxPage) throw outOfRange("page", String(page), `1..${maxPage}`);
  return { page, perPage };
}

interface ListBody {
  uri: string;
  records: unknown[];
  paging: Record<string, number>;
  navigation: Record<string, { uri: string }>;
}

/**
 * The body of a list call.
 * @param uri the list's, without a query
 * @param all every row that fits the filters, in order
 * @param filters applied filters, for the canonical URIs: defaults filled in [docs: FMT resources]
 */
export function listBody<T>(
  uri: string,
  all: readonly T[],
  { page, perPage }: PageRequest,
  filters: readonly (readonly [string, string])[],
  toRecord: (row: T) => unknown,
): ListBody {
  const address = (number: number) => {
    const query = new URLSearchParams([
      ["page", String(number)],
      ["perPage", String(perPage)],
      ...filters.map(([name, value]): [string, string] => [name, value]),
    ]);
    return { uri: `${uri}?${query}` };
  };
  const totalElements = all.length;
  const canonical = address(page).uri;
  if (perPage === 0) {
    return { uri: canonical, records: [], paging: { perPage, totalElements }, navigation: {} };
  }
  const totalPages = Math.max(1, Math.ceil(totalElements / perPage));
  const navigation = { firstPage: address(1), lastPage: address(totalPages) };
  // Past the end: 200, no rows, and a paging without the members of a page [spec].
  if (page > totalPages) {
    return { uri: canonical, records: [], paging: { perPage, totalPages, totalElements }, navigation };
  }
  const pageStart = (page - 1) * perPage;
  const rows = all.slice(pageStart, pageStart + perPage);
  const span = rows.length > 0 ? { pageStart, pageEnd: pageStart + rows.length - 1 } : {};
  return {
    uri: canonical,
    records: rows.map(toRecord),
    paging: { page, perPage, ...span, totalPages, totalElements },
    navigation: {
      ...navigation,
      ...(page > 1 && { previousPage: address(page - 1) }),
      ...(page < totalPages && { nextPage: address(page + 1) }),
    },
  };
}
