import type { Page, PageRequest } from "../../contract/paging.ts";
import { omitUndefined } from "../../platform/omit-undefined.ts";
import type { CallContext, Operation, OperationInput, RingCentral } from "../../ringcentral/api/operation.ts";
import type { WireList } from "../../ringcentral/api/wire.ts";
import { withNextPage } from "../../ringcentral/api/wire-list.ts";
import { type FetchPage, type PageSlice, readSlice, slicePosition } from "./page-slice.ts";
import type { NumbersDeps } from "./request.ts";

/** The pages of one upstream list. */
export function pagesOf<Wire>(
  ringcentral: RingCentral,
  list: Operation<WireList<Wire>>,
  { query, ...input }: OperationInput,
  call: CallContext,
): FetchPage<Wire> {
  return async (page, perPage) => {
    const paging = { page, perPage };
    const received = await ringcentral.call(list, { ...input, query: { ...paging, ...query } }, call);
    return withNextPage(received, paging);
  };
}

/** One page of ours from an upstream list. @param accept a filter that RingCentral does not offer */
export async function listPage<Wire, Item>(
  { clock }: Pick<NumbersDeps, "clock">,
  { limit, position }: PageRequest,
  fetchPage: FetchPage<Wire>,
  toItem: (wire: Wire) => Item,
  accept?: (wire: Wire) => boolean,
): Promise<Page<Item>> {
  const asOf = clock.now();
  const slice = await readSlice(fetchPage, limit, slicePosition(position), accept);
  return livePage(slice, toItem, asOf);
}

export function livePage<Wire, Item>(
  { records, next, total }: PageSlice<Wire>,
  toItem: (wire: Wire) => Item,
  asOf: number,
): Page<Item> {
  return { items: records.map(toItem), ...omitUndefined({ next, total }), source: "live", asOf };
}

const PAGE_SIZE = 1000;

/** The first record of a whole upstream list that matches. */
export async function findInList<Wire>(fetchPage: FetchPage<Wire>, matches: (wire: Wire) => boolean) {
  for (let page = 1; ; page += 1) {
    const { records, hasNextPage } = await fetchPage(page, PAGE_SIZE);
    const found = records.find(matches);
    if (found !== undefined || !hasNextPage) return found;
  }
}

/** Every record of an upstream list. */
export async function readWholeList<Wire>(fetchPage: FetchPage<Wire>): Promise<Wire[]> {
  const all: Wire[] = [];
  await findInList(fetchPage, (wire) => {
    all.push(wire);
    return false;
  });
  return all;
}
