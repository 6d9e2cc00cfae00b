import type { FetchPage } from "./upstream-window.ts";

const PAGE_SIZE = 1000;
/** RingCentral counts pages of an extension's lists to 1000 only [spec: OAS]. */
const MAX_PAGES = 1000;

/** The first record of a whole upstream list that matches, reading no further than it has to. */
export async function findInList<Wire>(
  fetchPage: FetchPage<Wire>,
  matches: (wire: Wire) => boolean,
): Promise<Wire | undefined> {
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const { records, hasNextPage } = await fetchPage(page, PAGE_SIZE);
    const found = records.find(matches);
    if (found !== undefined || !hasNextPage) return found;
  }
  return undefined;
}
